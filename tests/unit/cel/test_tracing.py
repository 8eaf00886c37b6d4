"""What a trace reports: the fields that decided, and where the results came from."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pytest

from auditor.cel.parser import parse
from auditor.cel.stdlib import STDLIB
from auditor.cel.tracing import ABSENT, Read, Trace, trace
from tests.unit.cel.language import NAMESPACED

POD: Final[dict[str, Any]] = {
    "a": [{"n": "a0", "x": False}, {"n": "a1", "x": False}],
    "b": [{"n": "b0", "x": True}, {"n": "b1"}],
    "ports": [80, 22, 443],
    "labels": {"app": "vllm", "tier": ""},
    "spec": {"host": True, "pid": False, "empty": {}, "nothing": None},
}


def run(source: str, **bindings: object) -> Trace:
    """Trace with the pod as ``o``."""
    return trace(parse(source, namespaced=NAMESPACED), {"o": POD, **bindings}, STDLIB)


def reads(traced: Trace) -> dict[str, object]:
    """The reads as ``o.a[0].x`` and the value."""
    return {f"{read.root}{spell(read.path)}": read.value for read in traced.reads}


def spell(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


class Case(NamedTuple):
    name: str
    source: str
    value: object
    reads: dict[str, object]


FIELDS = [
    Case("a field", "o.spec.host", True, {"o.spec.host": True}),
    Case("a field once", "o.spec.host == o.spec.host", True, {"o.spec.host": True}),
    Case("the longest path", "o.spec != {} && o.spec.host", True, {"o.spec.host": True}),
    Case("a variable", "o == 1", False, {"o": POD}),
    Case("an element", "o.ports[1] == 22", True, {"o.ports[1]": 22}),
    Case("an element by double", "o.ports[1.0] == 22", True, {"o.ports[1]": 22}),
    Case("a key", "o['labels']['app'] == 'vllm'", True, {"o.labels.app": "vllm"}),
    Case(
        "a key that is read too",
        "o.labels[o.a[0].n]",
        None,
        {"o.a[0].n": "a0", "o.labels.a0": ABSENT},
    ),
    Case("present", "has(o.spec.host)", True, {"o.spec.host": True}),
    Case("absent", "has(o.spec.nope)", False, {"o.spec.nope": ABSENT}),
    Case("an argument", "size(o.labels) == 2", True, {"o.labels": POD["labels"]}),
    Case("membership", "22 in o.ports", True, {"o.ports[1]": 22}),
    Case("membership of another type", "22.0 in o.ports", True, {"o.ports": POD["ports"]}),
    Case("no membership", "23 in o.ports", False, {"o.ports": POD["ports"]}),
    Case(
        "membership in a made list",
        "'b0' in o.b.map(b, b.?n.orValue(''))",
        True,
        {"o.b[0].n": "b0", "o.b[1].n": "b1"},
    ),
    Case("no variable", "1 + 1 == 2", True, {}),
    Case("a made map", "{'k': o.spec.host}.k", True, {"o.spec.host": True}),
    Case("a type name", "type(o.spec.host) == bool", True, {"o.spec.host": True}),
]

OPTIONALS = [
    Case("present", "o.spec.?host.orValue(false)", True, {"o.spec.host": True}),
    Case("absent", "o.spec.?nope.orValue(false)", False, {"o.spec.nope": ABSENT}),
    Case(
        "the whole path that was looked for",
        "o.?spec.?x.?y.z.orValue(1)",
        1,
        {"o.spec.x.y.z": ABSENT},
    ),
    Case("beyond null", "o.spec.?nothing.?y.orValue(1)", 1, {"o.spec.nothing.y": ABSENT}),
    Case("an index out of range", "o.ports[?9].orValue(0)", 0, {"o.ports[9]": ABSENT}),
    Case("hasValue", "o.spec.?host.hasValue()", True, {"o.spec.host": True}),
    Case(
        "or",
        "o.spec.?nope.or(o.spec.?host).orValue(false)",
        True,
        {"o.spec.nope": ABSENT, "o.spec.host": True},
    ),
    Case("optMap", "o.?spec.optMap(s, s.pid).orValue(true)", False, {"o.spec.pid": False}),
    Case("optMap of none", "o.?nope.optMap(s, s.pid).orValue(true)", True, {"o.nope": ABSENT}),
    Case("optFlatMap", "o.?spec.optFlatMap(s, s.?x).orValue(1)", 1, {"o.spec.x": ABSENT}),
    Case("value", "o.?spec.value().pid", False, {"o.spec.pid": False}),
    Case("has through an optional", "has(o.?spec.pid)", True, {"o.spec.pid": False}),
]

LOGIC = [
    Case("and: the left decides", "o.spec.pid && o.spec.host", False, {"o.spec.pid": False}),
    Case("and: the right decides", "o.spec.host && o.spec.pid", False, {"o.spec.pid": False}),
    Case(
        "and: both are needed",
        "o.spec.host && !o.spec.pid",
        True,
        {"o.spec.host": True, "o.spec.pid": False},
    ),
    Case("or: the left decides", "o.spec.host || o.spec.pid", True, {"o.spec.host": True}),
    Case("or: the right decides", "o.spec.pid || o.spec.host", True, {"o.spec.host": True}),
    Case(
        "or: both are needed",
        "o.spec.pid || !o.spec.host",
        False,
        {"o.spec.pid": False, "o.spec.host": True},
    ),
    Case(
        "a chain: the last decides",
        "o.spec.host && !o.spec.pid && o.labels.app == ''",
        False,
        {"o.labels.app": "vllm"},
    ),
    Case("an absorbed error", "o.nope || o.spec.host", True, {"o.spec.host": True}),
    Case(
        "then", "o.spec.host ? o.ports[0] : o.ports[1]", 80, {"o.spec.host": True, "o.ports[0]": 80}
    ),
    Case(
        "otherwise",
        "o.spec.pid ? o.ports[0] : o.ports[1]",
        22,
        {"o.spec.pid": False, "o.ports[1]": 22},
    ),
]

QUANTIFIERS = [
    Case("all: one decides", "o.ports.all(p, p != 22)", False, {"o.ports[1]": 22}),
    Case("all: none decides", "o.a.all(c, !c.x)", True, {"o.a[0].x": False, "o.a[1].x": False}),
    Case("exists: one decides", "o.b.exists(c, c.x)", True, {"o.b[0].x": True}),
    Case(
        "exists: none decides", "o.a.exists(c, c.x)", False, {"o.a[0].x": False, "o.a[1].x": False}
    ),
    Case(
        "exists_one",
        "o.ports.exists_one(p, p > 400)",
        True,
        {"o.ports[0]": 80, "o.ports[1]": 22, "o.ports[2]": 443},
    ),
    Case(
        "an error that another outweighs", "o.b.exists(c, c.x || c.nope)", True, {"o.b[0].x": True}
    ),
    Case("nothing to visit", "o.spec.empty.all(k, false)", True, {"o.spec.empty": {}}),
    Case("keys", "o.labels.all(k, k == 'app')", False, {"o.labels.tier": ""}),
    Case("keys and values", "o.labels.all(k, v, v != '')", False, {"o.labels.tier": ""}),
    Case("keys of two names", "o.labels.exists(k, v, k == 'app')", True, {"o.labels.app": "vllm"}),
    Case("indices", "o.ports.exists(i, p, i == 1)", True, {"o.ports": POD["ports"]}),
    Case("elements of two names", "o.ports.exists(i, p, p == 22)", True, {"o.ports[1]": 22}),
    Case(
        "nested",
        "o.b.exists(c, o.ports.exists(p, c.x && p == 22))",
        True,
        {"o.b[0].x": True, "o.ports[1]": 22},
    ),
    Case(
        "other fields of the deciding element",
        "o.b.exists(c, c.n == 'b0' && c.x)",
        True,
        {"o.b[0].n": "b0", "o.b[0].x": True},
    ),
    Case(
        "outside and inside",
        "o.spec.host && o.ports.exists(p, p == 22)",
        True,
        {"o.spec.host": True, "o.ports[1]": 22},
    ),
]

LISTS = [
    Case("sum of lists", "(o.a + o.?b.orValue([])).all(c, !c.x)", False, {"o.b[0].x": True}),
    Case(
        "sum with an absent list",
        "(o.a + o.?z.orValue([])).exists(c, c.n == 'a1')",
        True,
        {"o.a[1].n": "a1"},
    ),
    Case(
        "filter",
        "o.a.filter(c, c.n == 'a1').exists(c, !c.x)",
        True,
        {"o.a[1].n": "a1", "o.a[1].x": False},
    ),
    Case(
        "filter of a filter",
        "o.a.filter(c, c.n != '').filter(c, !c.x).exists(c, c.n == 'a1')",
        True,
        {"o.a[1].n": "a1", "o.a[1].x": False},
    ),
    Case("map", "o.a.map(c, c.n).exists(n, n == 'a1')", True, {"o.a[1].n": "a1"}),
    Case("list literal", "[o.a[1], o.b[0]].exists(c, c.x)", True, {"o.b[0].x": True}),
    Case("optional elements", "[?o.?z, ?o.?ports].exists(l, l[1] == 22)", True, {"o.ports[1]": 22}),
    Case("first", "o.a.first().n.orValue('')", "a0", {"o.a[0].n": "a0"}),
    Case(
        "last of a sum", "(o.a + o.b).last().value().n", "b1", {"o.a": POD["a"], "o.b[1].n": "b1"}
    ),
    Case("unwrap", "optional.unwrap([o.?z, o.?spec]).all(s, s.pid)", False, {"o.spec.pid": False}),
    Case("bind", "cel.bind(l, o.a + o.b, l.exists(c, c.x))", True, {"o.b[0].x": True}),
    Case(
        "bind that is not used",
        "cel.bind(h, o.spec.host, o.spec.pid)",
        False,
        {"o.spec.pid": False},
    ),
    Case(
        "bind on the side that did not decide",
        "cel.bind(h, o.spec.host, h && o.spec.pid)",
        False,
        {"o.spec.pid": False},
    ),
    Case(
        "a condition in the operand",
        "(o.spec.host ? o.a + o.b : []).exists(c, c.x)",
        True,
        {"o.spec.host": True, "o.b[0].x": True},
    ),
    Case("a name that hides the variable", "[{'spec': 1}].all(o, o.spec == 1)", True, {}),
]

CASES = [*FIELDS, *OPTIONALS, *LOGIC, *QUANTIFIERS, *LISTS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}: {case.source}")
def test_reads_that_decided(case: Case) -> None:
    traced = run(case.source)
    assert reads(traced) == case.reads
    assert traced.value == case.value


class Failure(NamedTuple):
    name: str
    source: str
    error: str
    reads: dict[str, object]


FAILURES = [
    Failure("missing field", "o.spec.nope", "no such key: nope", {"o.spec.nope": ABSENT}),
    Failure(
        "missing field of an element", "o.b.all(c, c.x)", "no such key: x", {"o.b[1].x": ABSENT}
    ),
    Failure(
        "of a sum of lists",
        "(o.a + o.b).all(c, !c.x || c.x)",
        "no such key: x",
        {"o.b[1].x": ABSENT},
    ),
    Failure("out of range", "o.ports[9] == 1", "index out of bounds: 9", {"o.ports[9]": ABSENT}),
    Failure(
        "wrong type",
        "o.ports.n",
        "type 'list' does not support field selection: n",
        {"o.ports": POD["ports"]},
    ),
    Failure(
        "operator",
        "o.labels.app + 1",
        "no such overload: _+_(string, int)",
        {"o.labels.app": "vllm"},
    ),
    Failure(
        "the operand that failed",
        "o.spec.host && o.spec.nope",
        "no such key: nope",
        {"o.spec.nope": ABSENT},
    ),
    Failure(
        "the first that failed",
        "o.spec.nope || o.spec.pid || o.q",
        "no such key: nope",
        {"o.spec.nope": ABSENT},
    ),
    Failure(
        "in a filter",
        "o.b.filter(c, c.x)",
        "no such key: x",
        {"o.b[0].x": True, "o.b[1].x": ABSENT},
    ),
    Failure("of a bound name", "cel.bind(b, o.nope, b)", "no such key: nope", {"o.nope": ABSENT}),
]


@pytest.mark.parametrize("case", FAILURES, ids=lambda case: case.name)
def test_reads_of_an_error(case: Failure) -> None:
    traced = run(case.source)
    assert (traced.value, traced.error) == (None, case.error)
    assert reads(traced) == case.reads
    assert (traced.elements, traced.origin) == ((), None)


ELEMENTS = [
    ("o.a", ["o.a[0]", "o.a[1]"]),
    ("o.a + o.b", ["o.a[0]", "o.a[1]", "o.b[0]", "o.b[1]"]),
    ("o.a + [{}]", ["o.a[0]", "o.a[1]", None]),
    ("o.a.filter(c, c.n == 'a1')", ["o.a[1]"]),
    ("o.a.map(c, c.n)", ["o.a[0].n", "o.a[1].n"]),
    ("o.a.map(c, c.n + '!')", [None, None]),
    ("[o.spec, ?o.?nope, ?o.?labels]", ["o.spec", "o.labels"]),
    ("o.?a.orValue([])", ["o.a[0]", "o.a[1]"]),
    ("o.?z.orValue(o.b)", ["o.b[0]", "o.b[1]"]),
    ("o.spec.host ? o.a : o.b", ["o.a[0]", "o.a[1]"]),
    ("cel.bind(l, o.b, l)", ["o.b[0]", "o.b[1]"]),
    ("o.?a.optMap(l, l + o.b).value()", ["o.a[0]", "o.a[1]", "o.b[0]", "o.b[1]"]),
    ("o.labels.map(k, o.labels[k])", ["o.labels.app", "o.labels.tier"]),
    ("o.labels.filter(k, true)", [None, None]),
    ("o.labels.transformList(k, v, v)", ["o.labels.app", "o.labels.tier"]),
    ("optional.unwrap([o.?z, o.?spec])", ["o.spec"]),
    ("dyn(o.ports)", ["o.ports[0]", "o.ports[1]", "o.ports[2]"]),
    ("[[o.spec]][0]", ["o.spec"]),
    ("[]", []),
    ("o.spec", []),
]


@pytest.mark.parametrize(("source", "origins"), ELEMENTS, ids=[source for source, _ in ELEMENTS])
def test_origins_of_the_elements_of_the_result(source: str, origins: list[str | None]) -> None:
    traced = run(source)
    assert traced.error is None
    assert [item and item[0] + spell(item[1]) for item in traced.elements] == origins


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("o.spec", ("o", ("spec",))),
        ("o", ("o", ())),
        ("o.?spec", ("o", ("spec",))),
        ("o.a.filter(c, !c.x)[1]", ("o", ("a", 1))),
        ("o.?z.orValue(o.b)[0].n", ("o", ("b", 0, "n"))),
        ("o.a.first().value()", ("o", ("a", 0))),
        ("(o.a + o.b)[3]", ("o", ("b", 1))),
        ("o.spec.host == true", None),
        ("o.ports[0] + 1", None),
        ("{'k': o.spec}", None),
    ],
)
def test_origin_of_the_result(source: str, origin: object) -> None:
    assert run(source).origin == origin


def test_elements_recognised_through_a_library_function() -> None:
    """A function that this module does not know still passes on the maps it was given."""

    def reverse(items: list[object]) -> list[object]:
        return items[::-1]

    known = STDLIB["first"].__class__("reverse", reverse, (), "test")
    traced = trace(parse("(o.a + o.b).reverse()"), {"o": POD}, {**STDLIB, "reverse": known})
    assert [item and item[1] for item in traced.elements] == [
        ("b", 1),
        ("b", 0),
        ("a", 1),
        ("a", 0),
    ]


def test_a_sample_of_thirty_two_when_no_element_decides() -> None:
    many = [{"x": number} for number in range(5000)]
    traced = trace(parse("l.all(e, e.x >= 0)"), {"l": many}, STDLIB)
    assert traced.reads == tuple(Read("l", (number, "x"), number) for number in range(32))


def test_the_last_of_many_elements_decides_alone() -> None:
    many = [{"x": number} for number in range(5000)]
    traced = trace(parse("l.exists(e, e.x == 4999)"), {"l": many}, STDLIB)
    assert traced.reads == (Read("l", (4999, "x"), 4999),)


def test_two_variables() -> None:
    traced = run("o.spec.host && params.allowed", params={"allowed": False})
    assert traced.reads == (Read("params", ("allowed",), False),)


def test_limits_are_reported_as_errors() -> None:
    node = parse("l.all(a, l.all(b, true))")
    traced = trace(node, {"l": list(range(100))}, STDLIB, budget=10)
    assert traced.error == "the macros of the expression visit too many elements"


def test_absent_is_named() -> None:
    assert repr(ABSENT) == "ABSENT"
