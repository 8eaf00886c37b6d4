"""Which types an expression takes the fields that it reads to be, and of which it says nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auditor.cel import DYN, INT, STRING, UNUSABLE, CelEvalError, Environment, Wants, list_of
from auditor.cel.wants import EITHER

ENVIRONMENT = Environment(
    {"object": DYN, "item": DYN, "params": DYN},
    fields={"params": {"most": INT, "names": list_of(STRING)}},
)
CASES = {
    "==": ("object.a == 1", {"object.a": "int"}),
    "== the other way": ("'x' == object.a", {"object.a": "string"}),
    "!=": ("object.a != true", {"object.a": "bool"}),
    "optionals": ("object.?a.?b != optional.of(0)", {"object.a.b": "int"}),
    "a double": ("object.a == 0.5", {"object.a": "number"}),
    "an order takes any number": ("object.a < 3", {"object.a": "number"}),
    "a parameter": ("object.a >= params.most", {"object.a": "number"}),
    "in a list": ("object.a in ['x', 'y']", {"object.a": "string"}),
    "in a parameter": (
        "object.a in params.names",
        {"object.a": "string"},
    ),
    "a constant in a list": ("'x' in object.a", {"object.a[]": "string"}),
    "a key": ("object.a in {'x': 1}", {"object.a": "string"}),
    "a default": ("object.?a.orValue(true) || true", {"object.a": "bool"}),
    "a default list": ("size(object.?a.orValue([])) == 0", {"object.a": "list"}),
    "a default map": ("size(object.?a.orValue({})) == 0", {"object.a": "map"}),
    "the result": ("object.a", {"object.a": "bool"}),
    "not": ("!object.a.b", {"object.a.b": "bool"}),
    "a condition": (
        "object.a ? object.b : object.c",
        dict.fromkeys(("object.a", "object.b", "object.c"), "bool"),
    ),
    "a side of &&": ("object.a && object.b", {"object.a": "bool", "object.b": "bool"}),
    "elements": ("object.l.all(e, e.a == 'x')", {"object.l[].a": "string"}),
    "filtered elements": (
        "object.l.filter(e, e.a == 1).all(e, e.b)",
        {"object.l[].a": "int", "object.l[].b": "bool"},
    ),
    "mapped elements": ("object.l.map(e, e.a).exists(a, a == 'x')", {"object.l[].a": "string"}),
    "an element by its place": (
        "object.l[size(object.l) - 1].a == 'x'",
        {"object.l[].a": "string"},
    ),
    "values of a map": (
        "object.m.exists(k, object.m[k] == 'x')",
        {"object.m[]": "string", "object.m{}": "string"},
    ),
    "two variables": ("object.m.all(k, v, v == 1)", {"object.m[]": "int", "object.m{}": "int"}),
    "keys are not values": ("object.m.all(k, k != 'x')", {"object.m[]": "string"}),
    "a bound name": ("cel.bind(a, object.a, a == 1)", {"object.a": "int"}),
    "a list that is made": (
        "[object.a, object.b].all(x, x == 'y')",
        {"object.a": "string", "object.b": "string"},
    ),
    "lists put together": (
        "(object.?a.orValue([]) + object.?b.orValue([])).exists(x, x == 'y')",
        {"object.a": "list", "object.a[]": "string", "object.b": "list", "object.b[]": "string"},
    ),
    "what follows or()": (
        "object.?a.or(object.?b).orValue('') == ''",
        {"object.a": "string", "object.b": "string"},
    ),
    "int and any number": ("object.a == 1 || object.a > 0.5", {"object.a": "number"}),
    # and where nothing is said, or several types are
    "presence": ("has(object.a.b) && object.?c.hasValue()", {}),
    "null": ("object.?a.orValue(null) != null", {}),
    "two fields": ("object.a == object.b", {}),
    "its type is asked for": ("type(object.a) == int && object.a == 1", {"object.a": EITHER}),
    "converted": ("string(object.a) == '1' || object.a == 'x'", {"object.a": EITHER}),
    "dyn": ("dyn(object.a) == 1", {"object.a": EITHER}),
    "constants of two types": ("object.a == 1 || object.a == 'x'", {"object.a": EITHER}),
    "a list or a map": ("object.?a.orValue([]) == [] || object.a == {}", {"object.a": EITHER}),
    "below it there is one": (
        "type(object.a) == string ? true : object.a.b == 'x'",
        {"object.a": EITHER, "object.a.b": "string"},
    ),
    "a quantity": ("quantity(string(object.?a.orValue(0))) == quantity('1')", {"object.a": EITHER}),
    "a macro's own name": ("[1].all(object, object == 1)", {}),
}


def flat(wants: Wants, path: str) -> Iterator[tuple[str, str]]:
    if wants.kind:
        yield path, wants.kind
    for name, below in wants.fields.items():
        yield from flat(below, f"{path}.{name}")
    for end, inner in (("[]", wants.items), ("{}", wants.values)):
        if inner:
            yield from flat(inner, path + end)


@pytest.mark.parametrize("name", CASES)
def test_types(name: str) -> None:
    source, expected = CASES[name]
    program = ENVIRONMENT.compile(source, expect=Environment({}).compile("true").result_type)
    again = ENVIRONMENT.restore(program.dump())
    for each in (program, again):
        found = dict(pair for root, wants in each.wants.items() for pair in flat(wants, root))
        assert found == expected


def test_nothing_is_known_unchecked() -> None:
    unchecked = Environment({"object": DYN}, checked=False)
    assert unchecked.compile("object.a in params.names").wants == {}


@pytest.mark.parametrize(
    "source",
    [
        "object.a == 1",
        "1 != object.a",
        "object.a == object.a",
        "object.?a == optional.of(1)",
        "object.a in [1]",
        "object.a in {'x': 1}",
        "'x' in [object.a]",
        "1 in [object.a]",
        "[object.a] == [1]",
        "{'k': object.a} == {'k': 1}",
        "object.a < 1",
        "object.a + 1 == 2",
        "!object.a",
        "object.a ? 1 : 2",
        "[1, 2][object.a]",
        "{'x': 1}[?object.a].hasValue()",
        "{object.a: 1}",
        "object.a.b",
        "has(object.a.b)",
        "object.a.?b.hasValue()",
        "object.a.all(x, true)",
        "size(object.a)",
        "object.a.matches('a')",
        "string(object.a)",
        "quantity(object.a)",
    ],
)
def test_no_use_of_an_unusable_value(source: str) -> None:
    program = ENVIRONMENT.compile(source)
    with pytest.raises(CelEvalError):
        program.exact({"a": UNUSABLE}, None, {})
    assert program.trace({"a": UNUSABLE}, None, {}).error is not None


@pytest.mark.parametrize(
    "source", ["has(object.a)", "object.?a.hasValue()", "'a' in object", "object.a == 1 || true"]
)
def test_it_is_there_all_the_same(source: str) -> None:
    assert ENVIRONMENT.compile(source).exact({"a": UNUSABLE}, None, {}) is True
