"""The interpreter against Google's C++ implementation, on random expressions and documents.

The comparison runs the interpreter in the dialect of cel-cpp (``dialect.py``), so that every result
and every error must be the same. What the dialect changes is asserted here row by row: our side by
the interpreter as it is, the other side by cel-cpp.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

import pytest

from auditor.cel.ast import Node
from auditor.cel.errors import CelEvalError
from auditor.cel.interpreter import evaluate, run
from auditor.cel.parser import parse
from auditor.cel.stdlib import STDLIB
from auditor.cel.tracing import trace
from tests.unit.cel.differential.conftest import SUMMARY
from tests.unit.cel.differential.dialect import FUNCTIONS, CppDialect
from tests.unit.cel.differential.documents import mutate, random_pod
from tests.unit.cel.differential.expressions import Generator
from tests.unit.cel.differential.oracle import ERROR, FATAL, Oracle, canonical
from tests.unit.cel.differential.texts import TextGenerator
from tests.unit.cel.language import NAMESPACED

DOCUMENTS: Final = 30
ORDERS: Final = 200
Record: TypeAlias = Callable[[str, object], None]


class Tally(NamedTuple):
    """What a comparison did: of its evaluations, how many were errors on both sides."""

    evaluations: int
    errors: int
    unordered: int
    differences: list[str]

    def __str__(self) -> str:
        return (
            f"{self.evaluations:,} evaluations compared with cel-cpp, {self.errors:,} of them"
            f" errors there; {self.unordered:,} equal for some order of their maps;"
            f" {len(self.differences):,} different"
        )


def documents(random: Random) -> list[dict[str, Any]]:
    """Pods: half of them as they should be, half mutated."""
    pods = [random_pod(random) for _ in range(DOCUMENTS)]
    half = DOCUMENTS // 2
    return [*pods[:half], *(mutate(random, pod, random.randrange(1, 5)) for pod in pods[half:])]


def in_dialect(
    node: Node, document: object, order: Random | None = None
) -> tuple[object, CppDialect]:
    """The outcome in the dialect of cel-cpp, and the evaluator with its notes."""
    evaluator = CppDialect({"object": document}, order)
    try:
        result = canonical(run(evaluator, node))
    except CelEvalError:
        result = ERROR
    return result, evaluator


def in_some_order(node: Node, document: object, expected: object) -> bool:
    """Whether an outcome is right if the maps of the expression are visited in some order."""
    order, sought = Random(1), bag(expected)
    outcomes = (in_dialect(node, document, order)[0] for _ in range(ORDERS))
    return any(bag(outcome) == sought for outcome in outcomes)


def bag(outcome: object) -> object:
    """An outcome without the order of its lists and maps."""
    match outcome:
        case "list", list() as items:
            return ("list", sorted((bag(item) for item in items), key=repr))
        case "map", dict() as items:
            entries = ((_key(key), bag(item)) for key, item in items.items())
            return ("map", sorted(entries, key=repr))
        case _:
            return outcome


def _key(key: object) -> object:
    return int(key) if isinstance(key, int) else key


def compare(
    seed: int, expressions: int, depth: int, make: Callable[[int], Generator] = Generator
) -> Tally:
    """Evaluate random expressions on random documents, here and there."""
    generator, oracle = make(seed), Oracle("object")
    pods = documents(generator.random)
    activations = [oracle.bind({"object": pod}) for pod in pods]
    errors = unordered = 0
    differences: list[str] = []
    for _ in range(expressions):
        source = generator.expression(depth)
        theirs = oracle.compile(source)
        node = parse(source, namespaced=NAMESPACED)
        for pod, activation in zip(pods, activations, strict=True):
            expected = theirs.outcome(activation)
            result, evaluator = in_dialect(node, pod)
            errors += expected in (ERROR, FATAL)
            if result == expected or (expected == FATAL and (result == ERROR or evaluator.fatal)):
                continue
            if evaluator.unordered and in_some_order(node, pod, expected):
                unordered += 1
            else:
                differences.append(
                    f"{source}\n  on {pod}\n  cel-cpp {expected}\n  here    {result}"
                )
    return Tally(expressions * len(pods), errors, unordered, differences)


def assert_same(tally: Tally, record: Record) -> None:
    """No difference but the order of maps; and the comparison was worth making."""
    record(SUMMARY, str(tally))
    assert not tally.differences, "\n".join(tally.differences[:3])
    assert tally.unordered < tally.evaluations // 200
    assert 0.2 < tally.errors / tally.evaluations < 0.85


def test_six_thousand_evaluations_agree(record_property: Record) -> None:
    assert_same(compare(seed=1, expressions=130, depth=3), record_property)
    assert_same(compare(seed=2, expressions=70, depth=5), record_property)


def test_three_thousand_evaluations_with_functions_on_strings_agree(
    record_property: Record,
) -> None:
    assert_same(compare(seed=3, expressions=100, depth=3, make=TextGenerator), record_property)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_million_evaluations_agree(seed: int, record_property: Record) -> None:
    assert_same(compare(seed, expressions=3400, depth=3 + seed % 4), record_property)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 203))
def test_many_evaluations_with_functions_on_strings_agree(
    seed: int, record_property: Record
) -> None:
    assert_same(compare(seed, 3400, depth=3 + seed % 2, make=TextGenerator), record_property)


def test_tracing_changes_neither_values_nor_errors() -> None:
    generator = Generator(7)
    pods = documents(generator.random)
    for _ in range(150):
        node = parse(generator.expression(4), namespaced=NAMESPACED)
        for pod in pods:
            traced = trace(node, {"object": pod}, STDLIB)
            try:
                expected = repr(evaluate(node, {"object": pod}, STDLIB)), None
            except CelEvalError as error:
                expected = repr(None), str(error)
            assert (repr(traced.value), traced.error) == expected


class Row(NamedTuple):
    """An expression that is not the same on both sides; ``x`` is null."""

    name: str
    source: str
    here: object
    there: object


TRUE, FALSE = ("bool", "True"), ("bool", "False")
DIFFERENCES = [
    Row("null has no fields and is not an error", "has(x.f)", FALSE, ERROR),
    Row("optional field of null", "x.?f.hasValue()", FALSE, ERROR),
    Row("optional key of null", "x[?'f'].hasValue()", FALSE, ERROR),
    Row("optional field of an optional null", "optional.of(x).?f.hasValue()", FALSE, ERROR),
    Row("error in an optional chain, absorbed", "optional.of(5).f.hasValue() || true", TRUE, FATAL),
    Row("orValue of no optional", "dyn(2).orValue(1)", ("int", "2"), ERROR),
    Row("or of no optional", "dyn(2).or(optional.of(1))", ("int", "2"), ERROR),
    Row("or with no optional", "optional.none().or(dyn(2))", ("int", "2"), ERROR),
    Row("null among keys", "x in {'a': 1}", FALSE, ERROR),
    Row("list among keys", "[1] in {'a': 1}", FALSE, ERROR),
    Row("key that is not a key", "{'a': 1}[?[1]].hasValue()", ERROR, FALSE),
    Row("list index that is a double", "[7][?0.0].hasValue()", TRUE, ERROR),
    Row("list index that is a uint", "[7][?0u].hasValue()", TRUE, ERROR),
    Row("order of NaN", "0.0 / 0.0 < 1.0", ERROR, FALSE),
    Row("negative span", "-duration('1s') == duration('-1s')", TRUE, ERROR),
    Row("int of a span", "int(duration('1us'))", ("int", "1000"), ERROR),
    Row("int of a bool", "int(true)", ERROR, ("int", "1")),
    Row(
        "text of a time in its zone",
        "string(timestamp('2020-01-01T00:00:00+05:00'))",
        ("string", "'2020-01-01T00:00:00+05:00'"),
        ("string", "'2019-12-31T19:00:00Z'"),
    ),
    Row(
        "digits of a fraction",
        "string(duration('1.5s'))",
        ("string", "'1.5s'"),
        ("string", "'1.500s'"),
    ),
    Row("zero of a time", "optional.ofNonZeroValue(timestamp(0)).hasValue()", TRUE, FALSE),
    Row(
        "milliseconds of a span",
        "duration('1.9s').getMilliseconds()",
        ("int", "1900"),
        ("int", "900"),
    ),
    Row("large int and double", "9007199254740993 == 9007199254740992.0", FALSE, TRUE),
    Row("double out of range", "double('1e400') > 1.0", ERROR, TRUE),
    Row("double with underscores", "double('1_0')", ("double", "10.0"), ERROR),
    Row("text of infinity", "string(1.0 / 0.0)", ("string", "'+Inf'"), ("string", "'inf'")),
    Row(
        "name bound after a macro that stopped early (a fault of cel-cpp)",
        "[7, 8].exists(v, true) ? cel.bind(b, 5, b) : 0",
        ("int", "5"),
        ("int", "8"),
    ),
    Row("not twice, of no bool", "!!x", ERROR, ("null_type", "None")),
    Row("minus twice, of no number", "--x", ERROR, ("null_type", "None")),
    Row("end of a text", "'ab'.substring(0, 2)", ("string", "'ab'"), ERROR),
    Row("search behind a text", "'ab'.indexOf('c', 3)", ("int", "-1"), ERROR),
    Row("search for nothing behind a text", "'ab'.indexOf('', 3)", ("int", "3"), ERROR),
    Row("search from the end", "'ab'.lastIndexOf('b', 2)", ("int", "-1"), ("int", "1")),
    Row("nothing split", "''.split('')", ("list", []), ("list", [("string", "''")])),
    Row(
        "thousands",
        "'%f'.format([1234567.5])",
        ("string", "'1,234,567.500000'"),
        ("string", "'1234567.500000'"),
    ),
    Row(
        "scientific, with a width",
        "'%.3e'.format([0.5])",
        ("string", "'5.000000\u00d710⁻⁰¹'"),
        ("string", "'5.000e-01'"),
    ),
    Row(
        "a list in a text",
        "'%s'.format([['a', 1.5]])",
        ("string", "'[\"a\", 1.500000]'"),
        ("string", "'[a, 1.5]'"),
    ),
    Row("a decimal double", "'%d'.format([1.5])", ERROR, ("string", "'1.500000'")),
    Row("an int at a point", "'%f'.format([1])", ERROR, ("string", "'1.000000'")),
    Row("repeated key, absorbed", "{'a': 1, 'a': 2} == x || true", TRUE, FATAL),
]


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.name)
def test_known_difference(row: Row) -> None:
    node = parse(row.source, namespaced=NAMESPACED)
    try:
        here = canonical(evaluate(node, {"x": None}, FUNCTIONS))
    except CelEvalError:
        here = ERROR
    oracle = Oracle("x")
    there = oracle.compile(row.source).outcome(oracle.bind({"x": None}))
    assert (here, there) == (row.here, row.there)
