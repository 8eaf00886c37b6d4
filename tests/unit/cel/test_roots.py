"""A leading dot inside a macro: the variable of the environment, for everyone who evaluates.

The values are those of cel-go 0.29 for the same expressions; the random ones have their oracle in
the same expression with the root under a name that no macro has.
"""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from auditor.cel import DYN, INT, STRING, Environment, list_of
from auditor.cel.ast import Ident
from auditor.cel.errors import CelCheckError, CelSyntaxError
from auditor.cel.library import standard_library
from auditor.cel.mutate import mutants
from auditor.cel.parser import parse
from auditor.cel.unparse import unparse
from tests.sweeps import sweep
from tests.unit.cel.compiled import canonical, outcome

NAMESPACED = frozenset(name for name in standard_library() if "." in name)
ENVIRONMENT: Final = Environment({"y": STRING, "z": STRING, "o": DYN})
VALUES: Final = ("b", "c", {"y": "n", "l": ["p"], "metadata": {"name": "n"}})

TRUE: Final = {
    "exists": "['a'].exists(y, .y == 'b')",
    "all": "['a'].all(y, .y == 'b' && y == 'a')",
    "exists_one": "['a'].exists_one(y, .y == 'b')",
    "existsOne with two variables": "['a'].existsOne(i, y, .y == 'b' && y == 'a')",
    "the index": "['a'].all(y, e, .y == 'b' && y == 0)",
    "map": "['a'].map(y, .y + y) == ['ba']",
    "the condition of map": "['a'].map(y, .y == 'b', y) == ['a']",
    "filter": "['a', 'b'].filter(y, .y == y) == ['b']",
    "transformList": "['a'].transformList(i, y, .y + y) == ['ba']",
    "transformMap": "{'k': 'a'}.transformMap(y, v, .y + y + v) == {'k': 'bka'}",
    "transformMapEntry": "{'k': 'a'}.transformMapEntry(k, y, {.y: y}) == {'b': 'a'}",
    "cel.bind": "cel.bind(y, 'a', .y + y) == 'ba'",
    "the value of cel.bind": "cel.bind(y, .y + 'x', y) == 'bx'",
    "optMap": "optional.of('a').optMap(y, .y + y) == optional.of('ba')",
    "an optional under the name": "cel.bind(y, o.?l, .y + y.orValue([])[0]) == 'bp'",
    "optFlatMap": "optional.of('a').optFlatMap(y, optional.of(.y)) == optional.of('b')",
    "twice the name": "['a'].exists(y, ['d'].exists(y, .y == 'b' && y == 'd'))",
    "two roots": "['a'].exists(y, ['d'].exists(z, .y + .z + y + z == 'bcad'))",
    "the outer macro's name": "['a'].exists(y, ['d'].map(z, .y + y)[0] == 'ba')",
    "what the inner macro visits": "['a'].exists(y, [.y].all(y, y == 'b'))",
    "literals": "['a'].exists(y, .y in ['b'] && [.y] == ['b'] && {.y: 1}['b'] == 1)",
    "selections": "[1].exists(o, .o.y == 'n' && has(.o.y) && .o['y'] == 'n' && .o.?y == .o[?'y'])",
    "a macro over a root": "[1].exists(o, .o.l.exists(o, o == 'p' && .o.y == 'n'))",
    "as admission has it": "['x'].exists(o, .o.metadata.name == 'n')",
    "nothing hides it": ".o.l.exists(e, e == 'p' && .y == 'b' && . z == 'c')",
    "name of a type": "[1].exists(int, type(int) == .int)",
    "dotted name of a type": "[1].all(net, type(ip('::1')) == .net.IP && net == 1)",
    "a function": "[1].exists(int, .int(1.5) == 1)",
    "a namespaced function": "[1].exists(math, .math.greatest(1, 2) == 2)",
    "after a sign, in ?:": "['a'].all(y, !(.y == y) && (y == 'a' ? .y : y) == 'b')",
}


@pytest.mark.parametrize("source", TRUE.values(), ids=TRUE.keys())
def test_all_evaluators_agree(source: str) -> None:
    for environment in (ENVIRONMENT, Environment(ENVIRONMENT.variables, checked=False)):
        program = environment.compile(source)
        traced = program.trace(*VALUES)
        assert program.exact(*VALUES) is True
        assert program.fast(*VALUES) is True
        assert (traced.value, traced.error) == (True, None)
        assert set(program.reads) >= {read.root for read in traced.reads}
        assert set(ENVIRONMENT.variables) >= set(program.reads)
        program.grounds(*VALUES)


@pytest.mark.parametrize("source", TRUE.values(), ids=TRUE.keys())
def test_text_and_mutants(source: str) -> None:
    tree = parse(source, namespaced=NAMESPACED)
    assert parse(unparse(tree), namespaced=NAMESPACED) == tree
    for mutant in mutants(tree):
        assert parse(unparse(mutant.tree), namespaced=NAMESPACED) == mutant.tree


def test_reads_and_grounds_name_the_variable() -> None:
    program = ENVIRONMENT.compile("['x'].exists(o, .o.metadata.name == o)")
    assert list(program.reads) == ["o"]
    assert list(program.reads["o"].fields) == ["metadata"]
    expected = [("o", ("metadata", "name"), "n")]
    assert [tuple_of(read) for read in program.trace(*VALUES).reads] == expected
    assert [tuple_of(read) for read in program.grounds(*VALUES)] == expected


def tuple_of(read: object) -> tuple[object, ...]:
    return tuple(getattr(read, name) for name in ("root", "path", "value"))


def test_a_dot_that_hides_nothing_is_dropped() -> None:
    assert parse(".x") == Ident("x")
    assert parse("[1].map(e, .x)") == parse("[1].map(e, x)")
    assert parse("[1].map(x, .x)") != parse("[1].map(x, x)")
    assert parse("[.x].map(x, x)") == parse("[x].map(x, x)")


COMPLAINTS: Final = {
    "the variable is of another type": ("[1].exists(y, .y == 1)", "string == int"),
    "no such variable": ("['a'].exists(q, .q == 'a')", "undeclared name '.q'"),
    "no list": ("['a'].exists(y, .y.exists(y, true))", "visits a list or a map, not string"),
    "no macro": (".cel.bind(a, 1, 2) == 2", "undeclared name 'a'"),
}


@pytest.mark.parametrize(("source", "message"), COMPLAINTS.values(), ids=COMPLAINTS.keys())
def test_the_checker_sees_the_variable(source: str, message: str) -> None:
    with pytest.raises(CelCheckError) as caught:
        ENVIRONMENT.compile(source)
    assert message in caught.value.message


def test_a_hint_has_a_dot_where_the_mistake_has_one() -> None:
    environment = Environment({"names": list_of(INT)})
    with pytest.raises(CelCheckError) as caught:
        environment.compile("[1].all(nams, .nams == 1)")
    assert caught.value.hint == "did you mean '.names'?"


@pytest.mark.parametrize("source", ["[1].all(.x, true)", "cel.bind(.x, 1, 2)"])
def test_no_variable_of_a_macro_has_a_dot(source: str) -> None:
    with pytest.raises(CelSyntaxError, match="takes a variable name"):
        parse(source)


def test_older_servers_read_it_otherwise() -> None:
    assert ENVIRONMENT.compile("['a'].exists(y, .y == 'b')").since() == "1.37"
    assert ENVIRONMENT.compile("['a'].exists(e, .y == 'b')").since() == ""
    environment = Environment({"y": STRING}, kubernetes="1.36")
    with pytest.raises(
        CelCheckError, match=r"\.y under a macro of that name needs Kubernetes 1\.37"
    ):
        environment.compile("['a'].exists(y, .y == 'b')")


NAMES: Final = ("x", "y")


def random_text(random: Random, depth: int) -> str:
    """An expression over x and y in which ``@x`` stands for the x of the environment."""
    if depth == 0:
        return random.choice(("x", "y", "@x", "@y", "1", "[2, 1]", "@x.a", "@y['a']", "x.?a"))
    one, two, three = (random_text(random, depth - 1) for _ in range(3))
    name = random.choice(NAMES)
    other = "x" if name == "y" else "y"
    return random.choice(
        (
            f"[{one}, {two}].map({name}, {three})",
            f"[{one}, {two}].exists({name}, {two} == {three})",
            f"({one} == {two} || [{one}].all({name}, {other}, {three} == {two}))",
            f"({one} == {two} ? {three} : {two})",
            f"cel.bind({name}, {one}, [{two}, {three}])",
            f"optional.of({one}).optMap({name}, {two})",
            f"[{one}].filter({name}, {two} != {three})",
            f"{{'a': {one}}}.transformMap({name}, {other}, {three})",
            f"[{one}, {two}]",
        )
    )


@sweep(some=40, whole=400)
@pytest.mark.parametrize("seed", range(3))
def test_random_expressions(seed: int, size: int) -> None:
    random = Random(seed)
    plain = Environment({"x": DYN, "y": DYN}, checked=False)
    renamed = Environment(dict.fromkeys(("x", "y", "root_x", "root_y"), DYN), checked=False)
    valued = 0
    for _ in range(size):
        text = random_text(random, random.choice((1, 2, 3)))
        program = plain.compile(text.replace("@", "."))
        oracle = renamed.compile(text.replace("@", "root_"))
        values = [random.choice((1, {"a": 1}, {"a": [2]}, [1, 2])) for _ in NAMES]
        expected = outcome(oracle.exact, *values, *values)
        assert outcome(program.exact, *values) == expected, text
        assert outcome(program.run, *values) == expected, text
        trace, wanted = program.trace(*values), oracle.trace(*values, *values)
        assert canonical(trace.value) == canonical(wanted.value), text
        assert trace.error == wanted.error, text
        assert set(program.reads) == {name.removeprefix("root_") for name in oracle.reads}, text
        assert program.cost.cost == oracle.cost.cost, text
        valued += trace.error is None
    assert valued > size // 4
