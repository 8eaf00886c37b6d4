"""Compiled code against the interpreter on random expressions and values.

The fast path may give up, but what it answers must be the interpreter's value, classes and order of
maps included. Three sources of expressions: trees of our own shapes over values of any type, texts
over mutated pods as in the comparison with cel-cpp, and the tables of the language.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from random import Random
from types import ModuleType

import pytest

from auditor.cel import DYN, Environment
from auditor.cel.interpreter import evaluate
from auditor.cel.library import standard_library
from auditor.cel.parser import parse
from tests.sweeps import sweep
from tests.unit.cel.compiled import ERROR, LIMIT, fast_outcome, function_of, outcome
from tests.unit.cel.differential.documents import mutate, random_pod
from tests.unit.cel.differential.expressions import Generator
from tests.unit.cel.differential.texts import TextGenerator
from tests.unit.cel.generators import Trees, random_objects, random_value
from tests.unit.cel.language import NAMESPACED, Case

SEEDS = range(2)
MORE_SEEDS = range(2, 22)
TREES = 600
VALUES_FOR_A_TREE = 6
TEXTS = 500
PODS_FOR_A_TEXT = 4
TABLES = (
    "test_language_collections",
    "test_language_logic",
    "test_language_macros",
    "test_language_numbers",
)


@sweep(some=60, whole=600)
@pytest.mark.parametrize("seed", SEEDS)
def test_trees_of_our_shapes(seed: int, size: int) -> None:
    compare_trees(seed, size)


@pytest.mark.long
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_more_trees_of_our_shapes(seed: int) -> None:
    compare_trees(seed, TREES)


def compare_trees(seed: int, count: int) -> None:
    random = Random(seed)
    functions = standard_library()
    trees = Trees(random, ("x", "y"))
    answered = 0
    for number in range(count):
        node = trees.tree(random.choice((2, 3, 4, 5)))
        compiled, fast = function_of(node, ("x", "y"), functions)
        for _ in range(VALUES_FOR_A_TREE):
            make = random_objects if random.random() < 0.7 else random_value
            args = (make(random), make(random))
            before = repr(args)
            answer = fast_outcome(fast, *args)
            bindings = dict(zip("xy", args, strict=True))
            expected = outcome(evaluate, node, bindings, functions)
            if answer is not None:
                answered += 1
                assert answer == expected, f"tree {number}\n{compiled.text}\n{args}"
            assert repr(args) == before, f"tree {number} changed its arguments"
    assert answered > count * VALUES_FOR_A_TREE // 8


@sweep(some=50, whole=500)
@pytest.mark.parametrize("make", [Generator, TextGenerator])
@pytest.mark.parametrize("seed", SEEDS)
def test_texts_over_mutated_pods(seed: int, make: Callable[[int], Generator], size: int) -> None:
    compare_texts(seed, make, size)


@pytest.mark.long
@pytest.mark.parametrize("make", [Generator, TextGenerator])
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_more_texts_over_mutated_pods(seed: int, make: Callable[[int], Generator]) -> None:
    compare_texts(seed, make, TEXTS)


def compare_texts(seed: int, make: Callable[[int], Generator], count: int) -> None:
    random = Random(seed)
    texts = make(seed)
    environment = Environment({"object": DYN}, checked=False)
    answered = valued = 0
    for _ in range(count):
        source = texts.expression(random.choice((1, 2, 3, 4)))
        program = environment.compile(source)
        for changes in random.choices((0, 0, 1, 3, 6), k=PODS_FOR_A_TEXT):
            pod = mutate(random, random_pod(random), changes)
            expected = outcome(program.exact, pod)
            answer = fast_outcome(program.fast, pod)
            valued += expected not in (ERROR, LIMIT)
            if answer is not None:
                answered += 1
                assert answer == expected, f"{source}\n{program.code}\n{pod}"
    assert answered > (0.9 if count == TEXTS else 0.8) * valued, "few texts say less of all"


VISITS = "x.a.all(i, x.b.all(j, i == j))"
VISITED = [
    ("as many visits as are allowed", VISITS, {"a": [1] * 100, "b": [1] * 100}, False),
    ("visits that nothing absorbs", "x.map(i, x.map(j, j)) == [] || true", [1] * 101, True),
]


@pytest.mark.parametrize(
    ("source", "x", "limited"), [pytest.param(*case[1:], id=case[0]) for case in VISITED]
)
def test_visits(source: str, x: object, *, limited: bool) -> None:
    """The interpreter at a hundredth of what we ship; compiled code with ten times each list."""
    program = Environment({"x": DYN}, checked=False).compile(source)
    exact = partial(evaluate, budget=10_000)
    expected = outcome(exact, program.tree(), {"x": x}, standard_library())
    assert (expected == LIMIT) == limited
    many = {key: each * 10 for key, each in x.items()} if isinstance(x, dict) else [1] * 1001
    assert fast_outcome(program.fast, many) in (None, expected)


LIMITED = [
    ("the longest text", "x + 'a'", "a" * 16_777_215, False),
    ("a text that is too long", "x + 'ab'", "a" * 16_777_215, True),
    ("a list that is too long", "size(x + x + x)", [1] * 5_592_406, True),
]
MORE_LIMITED = [
    ("visits at the number that we ship", VISITS, {"a": [1] * 1000, "b": [1] * 1000}, False),
    ("as many, absorbed", "x.map(i, x.map(j, j)) == [] || true", [1] * 1001, True),
    ("one element too many", VISITS, {"a": [1] * 1000, "b": [1] * 1001}, True),
    ("a list of lists", "x.map(i, x.map(j, j))", [1] * 1001, True),
    ("visits in an operand", "x.filter(i, x.exists(j, j == 2)).all(k, k == 1)", [1] * 1001, True),
]
LIMITS = [
    *(pytest.param(*case[1:], id=case[0]) for case in LIMITED),
    *(pytest.param(*case[1:], id=case[0], marks=pytest.mark.long) for case in MORE_LIMITED),
]


@pytest.mark.parametrize(("source", "x", "limited"), LIMITS)
def test_limits(source: str, x: object, *, limited: bool) -> None:
    program = Environment({"x": DYN}, checked=False).compile(source)
    expected = outcome(program.exact, x)
    assert (expected == LIMIT) == limited
    assert outcome(program.run, x) == expected
    assert fast_outcome(program.fast, x) in (None, expected)


def _cases(module: ModuleType) -> list[Case]:
    tables = [table for table in vars(module).values() if isinstance(table, list)]
    return [case for table in tables for case in table if isinstance(case, Case)]


@pytest.mark.parametrize("table", TABLES)
def test_the_tables_of_the_language(table: str) -> None:
    """Unchecked, since some cases ask what happens to what the checker would refuse."""
    cases = _cases(importlib.import_module(f"tests.unit.cel.{table}"))
    functions = standard_library()
    for case in cases:
        node = parse(case.source, namespaced=NAMESPACED)
        expected = outcome(evaluate, node, {"x": case.x}, functions)
        _, fast = function_of(node, ("x",), functions)
        answer = fast_outcome(fast, case.x)
        assert answer is None or (case.name, answer) == (case.name, expected)
    assert len(cases) > 20
