"""The macros, as written in the language: what they visit, absorb and make."""

from __future__ import annotations

import pytest

from auditor.cel.values import OptionalValue
from tests.unit.cel.language import Case, check_error, check_value

PODS = [{"n": "a", "gpu": 1}, {"n": "b"}, {"n": "c", "gpu": 8}]

QUANTIFIERS = [
    Case("all", "x.all(p, p.n != 'z')", True, PODS),
    Case("all of nothing", "x.all(p, false)", True, []),
    Case("exists", "x.exists(p, p.n == 'c')", True, PODS),
    Case("exists of nothing", "x.exists(p, true)", False, {}),
    Case("exists_one", "x.exists_one(p, p.n == 'c')", True, PODS),
    Case("exists_one of two", "[1, 1].exists_one(i, i == 1)", False),
    Case("exists_one of none", "[1, 2].exists_one(i, i == 3)", False),
    Case("existsOne", "[1, 2].existsOne(i, v, v == 2)", True),
    Case("keys of a map", "x.all(k, k.startsWith('app'))", True, {"app/a": 1, "app/b": 2}),
    Case("bool keys", "{true: 1, false: 2}.exists(k, k == false)", True),
    Case("an error before the deciding element", "x.exists(p, p.gpu > 4)", True, PODS),
    Case("an error after nothing decided it", "x.all(p, p.gpu > 4)", False, PODS),
    Case("no bool absorbed by a deciding element", "x.exists(v, v)", True, [1, "a", True]),
    Case("all with an error and a false", "[1, 2].all(i, i / (i - 1) == 1)", False),
    Case("index and value", "['a', 'b'].exists(i, v, i == 1 && v == 'b')", True),
    Case("key and value", "x.all(k, v, k != '' && v > 0)", True, {"a": 1, "b": 2}),
    Case("nested, the inner name hides the outer", "[1, 2].all(i, [3].all(i, i == 3))", True),
    Case("nested, the outer name comes back", "[1, 2].all(i, [3].all(j, j == 3) && i < 3)", True),
    Case("a name hides a variable", "[5].all(x, x == 5)", True, 1),
    Case("the hidden variable comes back", "[5].all(x, x == 5) && x == 1", True, 1),
    Case("the operand is outside the scope", "[[1], [2]].all(x, x.all(x, x < 3))", True, 7),
]

QUANTIFIER_ERRORS = [
    Case("all with an undecided error", "x.all(p, p.gpu > 0)", "no such key: gpu", PODS),
    Case("exists with an undecided error", "x.exists(p, p.gpu > 9)", "no such key: gpu", PODS),
    Case(
        "the first of two errors",
        "[0, 1].all(i, i == 0 ? 1 / i == 1 : [1][5] == 1)",
        "divide by zero",
    ),
    Case("exists_one does not absorb", "x.exists_one(p, p.gpu == 8)", "no such key: gpu", PODS),
    Case("no bool", "[1].all(i, i)", "no such overload: expected bool, got int"),
    Case("null", "x.all(i, true)", "got 'null_type', expected a list or a map to iterate over"),
    Case(
        "string",
        "x.exists(i, true)",
        "got 'string', expected a list or a map to iterate over",
        "abc",
    ),
    Case(
        "number, two names",
        "x.all(i, v, true)",
        "got 'int', expected a list or a map to iterate over",
        5,
    ),
    Case(
        "optional",
        "x.?a.all(i, true)",
        "got 'optional_type', expected a list or a map to iterate over",
        {"a": [1]},
    ),
    Case("the operand's error", "x.nope.all(i, true)", "no such key: nope", {}),
    Case("the name is unknown outside", "[1].all(i, true) && i == 1", "no such variable: i"),
]

TRANSFORMS = [
    Case("filter", "x.filter(p, has(p.gpu)).map(p, p.n)", ["a", "c"], PODS),
    Case("map", "[1, 2].map(i, i * 2)", [2, 4]),
    Case("map with a filter", "[1, 2, 3].map(i, i > 1, i * 2)", [4, 6]),
    Case("map over keys", "x.map(k, k)", ["b", "a"], {"b": 1, "a": 2}),
    Case("filter over keys", "x.filter(k, x[k] > 1)", ["a"], {"b": 1, "a": 2}),
    Case("filter keeps bool keys bools", "{true: 1}.filter(k, k)", [True]),
    Case("transformList", "['a', 'b'].transformList(i, v, v + string(i))", ["a0", "b1"]),
    Case("transformList with a filter", "{'a': 1, 'b': 2}.transformList(k, v, v > 1, k)", ["b"]),
    Case("transformMap", "{'a': 1}.transformMap(k, v, v + 1)", {"a": 2}),
    Case("transformMap with a filter", "{'a': 1, 'b': 2}.transformMap(k, v, v > 1, k)", {"b": "b"}),
    Case("transformMap of a list", "['a'].transformMap(i, v, v)", {0: "a"}),
    Case("transformMapEntry", "['a', 'b'].transformMapEntry(i, v, {v: i})", {"a": 0, "b": 1}),
    Case(
        "transformMapEntry of several",
        "[1].transformMapEntry(i, v, {'x': i, 'y': v})",
        {"x": 0, "y": 1},
    ),
    Case("nested", "[1, 2].map(i, [10, 20].map(j, i * j))", [[10, 20], [20, 40]]),
    Case("of nothing", "[].map(i, 1 / 0)", []),
]

TRANSFORM_ERRORS = [
    Case("filter does not absorb", "x.filter(p, p.gpu > 0)", "no such key: gpu", PODS),
    Case("filter by no bool", "[1].filter(i, i)", "no such overload: expected bool, got int"),
    Case("map does not absorb", "[1, 0].map(i, 1 / i)", "divide by zero"),
    Case("map of null", "x.map(i, i)", "got 'null_type', expected a list or a map to iterate over"),
    Case("repeated key", "[5, 5].transformMapEntry(i, v, {v: i})", "duplicate map key: 5"),
    Case("no map", "[5].transformMapEntry(i, v, x)", "no such overload: transformMapEntry(int)", 5),
]

BINDINGS = [
    Case("bind", "cel.bind(a, 2, a * a)", 4),
    Case("bind in bind", "cel.bind(a, 2, cel.bind(b, a + 1, a * b))", 6),
    Case("the inner name hides the outer", "cel.bind(a, 1, cel.bind(a, a + 1, a))", 2),
    Case("an unused error", "cel.bind(a, 1 / 0, true)", True),
    Case("an error that is absorbed where it is used", "cel.bind(a, 1 / 0 == 1, a || true)", True),
    Case("bound once for all elements", "cel.bind(a, [1, 2], a.map(b, b + a[0]))", [2, 3]),
    Case("a value made in an outer scope", "cel.bind(y, x, [1].map(x, y))", [5], 5),
    Case(
        "optFlatMap passes the body on",
        "optional.of([1]).optFlatMap(v, v.first())",
        OptionalValue(1, present=True),
    ),
]

BINDING_ERRORS = [
    Case("the error where it is used", "cel.bind(a, x.nope, a == 1)", "no such key: nope", {}),
    Case("unknown outside", "cel.bind(a, 1, a) + a", "no such variable: a"),
]

VALUES = [*QUANTIFIERS, *TRANSFORMS, *BINDINGS]
ERRORS = [*QUANTIFIER_ERRORS, *TRANSFORM_ERRORS, *BINDING_ERRORS]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case.name}: {case.source}")
def test_value(case: Case) -> None:
    check_value(case)


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: f"{case.name}: {case.source}")
def test_error(case: Case) -> None:
    check_error(case)
