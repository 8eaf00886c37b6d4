"""What the compiler treats specially, value by value: never another value than the interpreter's.

Each case has values for ``x`` on which the fast path must answer, and values on which it may leave
the answer to the interpreter; on all of them, what it answers must be right.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from auditor.cel import DYN, Environment
from auditor.cel.values import Duration, OptionalValue, Timestamp, UInt
from tests.unit.cel.compiled import fast_outcome, outcome

NAN = float("nan")
ODD: tuple[object, ...] = (
    *(None, True, False, 0, 1, -1, 2, 5, 2**63 - 1, -(2**63), UInt(0), UInt(1), UInt(5)),
    *(0.0, -0.0, 1.0, 5.0, 0.5, NAN, float("inf"), "", "a", "b", "abc", "1", "é😀", b"", b"a"),
    *([], ["a"], ["a", "b"], [1], [True], [NAN], [[]], [None], {}, {"a": 1}, {"a": {"b": 2}}),
    *({"a": None}, {"a": {"b": None}}, {"a": {}}, {"a": ["a"]}, {"a": {"b": {"c": "d"}}}),
    *({"a": True, "b": False}, {"b": [1]}, {"a": [{"b": True}, {"b": False}]}, {"a": "a"}),
    *(Timestamp(0), Duration(0), OptionalValue({"a": 1}, present=True)),
    OptionalValue(None, present=False),
)
"""Values of every class; every case is tried on all of them."""


class Case(NamedTuple):
    """An expression over ``x`` and values that its fast path must answer for."""

    name: str
    source: str
    fast: tuple[object, ...] = ()


BOOL_OR_NUMBER = [
    Case("equals 1", "x == 1", (1, True, 1.0, UInt(1), "1", None, [1])),
    Case("equals 0", "x == 0", (0, False, 0.0, -0.0, "", None)),
    Case("equals 0, not", "!(x == 0)", (0, False, 1)),
    Case("differs from 1", "x != 1", (1, True, 1.0)),
    Case("differs from 0, not", "!(x != 0)", (0, False)),
    Case("equals 0.0", "x == 0.0", (0, False, -0.0)),
    Case("equals 1u", "x == 1u", (1, True, UInt(1))),
    Case("equals 5", "x == 5", (5, 5.0, UInt(5), "5")),
    Case("literal first", "1 == x", (1, True)),
    Case("equals true", "x == true", (True, 1, "true")),
    Case("equals false", "x != false", (False, 0)),
    Case("equals null", "x == null", (None, False, 0)),
    Case("two literals", "1 == true", (1,)),
    Case("a folded literal", "-1 == null", (1,)),
    Case("in a list of numbers", "x in [0, 1, 2]", (1, 2)),
    Case("in a list with a bool", "x in [true]", (1, True)),
    Case("a number in a list", "1 in x", ([1], ["a"])),
    Case("a bool as an operand", "x && true", (True, False)),
    Case("a bool as a predicate", "[x].exists(e, e)", (True, False)),
    Case("not", "!x", (True, False)),
    Case("not not", "!!x", (True, False)),
    Case("a condition", "x ? 'a' : 'b'", (True, False)),
    Case("or", "x || x", (True, False)),
    Case("order", "x > 0", (1, -1, 0)),
    Case("order, mirrored", "0 < x", (1, -1)),
    Case("order with nan", "x < 5.0", (0.5, 1)),
    Case("order of literals", "1 < 2", (1,)),
    Case("order with a string", "x >= 'a'", ("a", "")),
    Case("plus one", "x + 1", (1, 2)),
    Case("negated", "-x", (1, 0.5)),
    Case("divided", "x / 2", (5, -1)),
    Case("remainder", "x % -2", (5, -1)),
    Case("two values", "x == x", ("a", 1, [1])),
    Case("two values differ", "x != x", ("a", 1, [1])),
]
TEXTS = [
    Case("startsWith", "x.startsWith('a')", ("a", "b", "")),
    Case("endsWith", "x.endsWith('c')", ("abc",)),
    Case("contains", "x.contains('b')", ("abc", "é😀")),
    Case("matches", "x.matches('^a')", ("abc", "b")),
    Case("matches, global", "matches(x, 'b')", ("abc",)),
    Case("not matches", "!x.matches('b')", ("abc", "a")),
    Case("matches another", "x.matches(x)", ("a",)),
    Case("startsWith another", "x.startsWith(x)", ("a",)),
    Case("of a literal", "'abc'.startsWith('a') && 'abc'.contains(x)", ("b",)),
    Case("of a number", "1.startsWith('a')"),
    Case("size", "size(x)", ("é😀", [1], {"a": 1}, b"a", "")),
    Case("size, method", "x.size() == 2", ("é😀", ["a", "b"])),
    Case("size is a number", "x.size() + 1 > 1", ("a",)),
    Case("in strings", "x in ['a', 'b']", ("a", "c", 1, None)),
    Case("in many strings", "x in ['a', 'b', 'c', 'd', 'e']", ("a", "z", 1)),
    Case("in nothing", "x in []", (1,)),
    Case("not in strings", "!(x in ['a', 'b'])", ("a", "c")),
    Case("a string in", "'a' in x", (["a"], {"a": 1}, {}, [])),
    Case("itself in", "x in ['a', x]", ("a",)),
    Case("bound, in", "['a'].exists(e, e in x)", (["a"], {"a": 1})),
    Case("bytes", "x == b'a'", (b"a", "a")),
    Case("joined", "x + 'b' == 'ab'", ("a",)),
    Case("index of text", "x[0]", (["a"],)),
    Case("index out of range", "x[1] == 'b'", (["a", "b"],)),
    Case("negative index", "x[-1]"),
    Case("type", "type(x) == string", ("a", 1)),
    Case("conversion", "string(x) == '1'", ("1", 1)),
]
FIELDS = [
    Case("has", "has(x.a)", ({"a": 1}, {}, {"a": None}, None)),
    Case("has below", "has(x.a.b)", ({"a": {}}, {"a": {"b": 1}}, {"a": None})),
    Case("guarded", "!has(x.a) || x.a == 1", ({}, {"a": 1}, {"a": {}})),
    Case("guarded twice", "!has(x.a) || !has(x.a.b) || x.a.b == 2", ({}, {"a": {"b": 2}})),
    Case("guarded, both", "has(x.a) && has(x.a.b) && x.a.b.c == 'd'", ({"a": {"b": {"c": "d"}}},)),
    Case("the same path twice", "x.a == 1 || x.a == null", ({"a": 1}, {"a": None})),
    Case("a path after a loop over it", "x.a.all(k, k != 'z') && x.a.b == 2", ({"a": {"b": 2}},)),
    Case("a path after a branch", "(has(x.a) ? x.a == 1 : true) && has(x.b)", ({"a": 1, "b": 1},)),
    Case("a path in the other branch", "has(x.b) ? x.b == [1] : x.a == 1", ({"a": 1}, {"b": [1]})),
    Case("index by name", "x['a']['b']", ({"a": {"b": 2}},)),
    Case("a field of a list literal", "[x].a"),
    Case("a field of a literal", "'a'.a == x"),
    Case("a field of a map literal", "{'a': x}.a == 1", (1,)),
    Case("a field of a name", "cel.bind(y, x.a, y.b == 2 && x.a.b == 2)", ({"a": {"b": 2}},)),
    Case("a hidden name", "[{'a': 7}].exists(x, x.a == 7) && x.a == 1", ({"a": 1},)),
]
OPTIONALS = [
    Case("chain", "x.?a.?b.orValue(false)", ({"a": {"b": 2}}, {}, {"a": {}}, {"a": {"b": None}})),
    Case("null on the way", "x.?a.?b.orValue(7)", ({"a": None},)),
    Case("viral", "x.?a.b.orValue(1)", ({}, {"a": {"b": 2}})),
    Case("present", "x.?a.hasValue()", ({"a": None}, {})),
    Case("not present", "!x.?a.?b.hasValue()", ({"a": {"b": None}}, {"a": None})),
    Case("value", "x.?a.value()", ({"a": None},)),
    Case("value of none", "optional.none().value()"),
    Case("by index", "x[?0].orValue('z')", (["a"], [])),
    Case("by name", "x[?'a'].orValue('z')", ({"a": 1}, {})),
    Case("by a computed key", "x[?'a' + ''].orValue('z')", ({"a": 1}, {})),
    Case("a failing key on none", "x.?z[?1 / 0].hasValue()"),
    Case("has on an optional", "has(x.?a.b)", ({"a": {"b": 1}}, {}, {"a": None})),
    Case("as a value", "x.?a", ({"a": 1}, {})),
    Case("compared", "x.?a == optional.of(1)", ({"a": 1}, {})),
    Case("or", "x.?b.or(x.?a).orValue(3)", ({"a": 1}, {"b": [1]}, {})),
    Case("or of a value", "x.or(optional.of(1))"),
    Case("orValue of a value", "x.orValue(1)", (1, "a")),
    Case("orValue of a bound optional", "cel.bind(o, x.?a, o.orValue(1) == 1)", ({"a": 1}, {})),
    Case("a bound optional as a value", "cel.bind(o, x.?a, o)", ({"a": 1}, {})),
    Case("a bound optional, selected", "cel.bind(o, x.?a, o.b.orValue(4))", ({"a": {"b": 2}}, {})),
    Case("a failing default", "x.?a.orValue(1 / 0)", ({"a": 1},)),
    Case("optMap", "x.?a.optMap(v, v == 1).orValue(true)", ({"a": 1}, {}, {"a": 2})),
    Case("optFlatMap", "x.?a.optFlatMap(v, v.?b).orValue(9)", ({"a": {"b": 2}}, {})),
    Case("optFlatMap of no optional", "x.?a.optFlatMap(v, v)", ({"a": 1}, {})),
    Case("optMap of no optional", "x.optMap(v, v)"),
    Case("of and none", "[optional.of(x), optional.none()]", (1,)),
    Case("of a literal", "optional.of('b').hasValue()", (1,)),
    Case("nonzero", "optional.ofNonZeroValue(x).orValue(5)", (0, 1, "", [])),
    Case("chosen", "(x == 1 ? optional.of(x) : x.?a).orValue(0)", (1, {"a": 2}, {})),
    Case("first", "x.first().orValue(8)", ([1], [])),
    Case("spread in a list", "[?x.?a, 2]", ({"a": 1}, {})),
    Case("spread of no optional", "[?x]"),
    Case("spread in a map", "{?'k': x.?a, 'l': 1}", ({"a": 1}, {})),
    Case("a list of what may be missing", "x.?a.orValue([]).all(e, e.b)", ({}, {"a": []})),
    Case("an empty default as the result", "x.?a.orValue([])", ({}, {"a": [1]})),
]
LOOPS = [
    Case("all", "x.all(e, e == 'a')", (["a"], ["a", "b"], [])),
    Case("exists", "x.exists(e, e == 'b')", (["a", "b"], {})),
    Case("exists_one", "x.exists_one(e, e == 'b')", (["a", "b"], [])),
    Case("over keys", "x.all(k, k == 'a')", ({"a": 1}, {"b": [1]})),
    Case("over bool keys", "{true: 1}.all(k, k == true)", (1,)),
    Case("over constants", "['a', 'b'].exists(e, e == x)", ("b",)),
    Case("over text", "x.map(e, e)", (["a"],)),
    Case("over optionals", "x.?a.orValue([]).exists(e, e == 'a')", ({"a": ["a"]}, {})),
    Case("over a sum", "(x.a + x.?b.orValue([])).all(e, e == 1)", ({"a": [1], "b": [1]},)),
    Case("over a sum of odd things", "(x + x).all(e, e == 1)", ([1], [])),
    Case("filter", "x.filter(e, e == 'a')", (["a", "b"],)),
    Case("filter with a path", "x.a.filter(e, has(e.b) && e.b)", ({"a": [{"b": True}]},)),
    Case("map", "x.map(e, [e])", (["a"],)),
    Case("map with a test", "x.map(e, e == 'a', e + 'b')", (["a", "b"],)),
    Case("index and element", "x.all(i, e, i == 0 || e == 'b')", (["a", "b"],)),
    Case("key and value", "x.exists(k, v, k == 'a' && v == 1)", ({"a": 1},)),
    Case("transformList", "x.transformList(i, e, i)", (["a", "b"], {"a": 1})),
    Case("transformMap", "x.transformMap(k, v, [v])", ({"a": 1}, ["a"])),
    Case("transformMap, tested", "x.transformMap(k, v, v == 1, k)", ({"a": 1},)),
    Case("transformMapEntry", "x.transformMapEntry(k, v, {v: k})", ({"a": "a"}, ["a"])),
    Case("entries that repeat", "x.transformMapEntry(k, v, {'k': v})", ({"a": 1},)),
    Case("nested", "x.a.all(e, x.a.exists(f, f == e))", ({"a": ["a"]}, {"a": []})),
    Case("nested over itself", "x.all(e, e.all(f, f == 1))", ([[]],)),
    Case("nested in an operand", "x.filter(e, e != 1).all(e, e == 'a')", (["a"],)),
    Case("two loops in one test", "x.all(e, true) && x.exists(e, e == 'a')", (["a"],)),
    Case("a loop or a test", "x.exists(e, e == 'b') || x == ['a']", (["a"], ["a", "b"])),
    Case("a loop as an argument", "size(x.map(e, e)) == size(x)", (["a"],)),
    Case("a value before a loop", "[x[0], x.map(e, e)]", (["a"],)),
    Case("a loop in a branch", "has(x.a) ? x.a.all(e, e == 1) : false", ({}, {"a": [1]})),
    Case("a loop in a bind", "cel.bind(y, x.map(e, e), y == x)", (["a"],)),
    Case("an unused failing bind", "cel.bind(y, 1 / 0, x == 1)"),
    Case("a map literal", "{'a': x, 'b': x}", (1,)),
    Case("a map literal with odd keys", "{x: 1, 'a': 2}", ("b", 1)),
    Case("a list literal", "[x, [x], 1u, 1.5, b'a', null]", (1,)),
    Case("absorbed on the right", "x == 1 && x.a == 2", (0, {})),
    Case("absorbed on the left", "x.a == 2 || x != 1"),
    Case("absorbed in all", "x.all(e, e == 'b' && e.c)", (["a"],)),
]
GROUPS = {
    "number": BOOL_OR_NUMBER,
    "text": TEXTS,
    "field": FIELDS,
    "optional": OPTIONALS,
    "loop": LOOPS,
}
CASES = [
    pytest.param(case, id=f"{group}: {case.name}")
    for group, cases in GROUPS.items()
    for case in cases
]


@pytest.mark.parametrize("case", CASES)
def test_every_answer_of_the_fast_path_is_the_interpreters(case: Case) -> None:
    program = Environment({"x": DYN}, checked=False).compile(case.source)
    for x in (*case.fast, *ODD):
        answer = fast_outcome(program.fast, x)
        if answer is not None:
            assert (repr(x), answer) == (repr(x), outcome(program.exact, x))


@pytest.mark.parametrize("case", CASES)
def test_run_and_trace_come_to_what_the_interpreter_does(case: Case) -> None:
    program = Environment({"x": DYN}, checked=False).compile(case.source)
    for x in (*case.fast, *ODD):
        exact = outcome(program.exact, x)
        trace = program.trace(x)
        assert (repr(x), outcome(program.run, x)) == (repr(x), exact)
        traced = outcome(lambda found=trace: found.value) if trace.error is None else "no value"
        assert (repr(x), traced) == (repr(x), exact)


@pytest.mark.parametrize(
    "case", [pytest.param(p.values[0], id=p.id) for p in CASES if p.values[0].fast]
)
def test_the_fast_path_answers_where_it_should(case: Case) -> None:
    program = Environment({"x": DYN}, checked=False).compile(case.source)
    unanswered = [x for x in case.fast if fast_outcome(program.fast, x) is None]
    failing = [x for x in unanswered if outcome(program.exact, x) == "no value"]
    assert [x for x in unanswered if x not in failing] == []
