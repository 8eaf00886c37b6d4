"""Strings, lists, maps and optionals, as written in the language."""

from __future__ import annotations

import pytest

from auditor.cel.values import NONE, OptionalValue, TypeValue
from tests.unit.cel.language import Case, check_error, check_value


def of(value: object) -> OptionalValue:
    return OptionalValue(value, present=True)


STRINGS = [
    Case("size by code point", "'héé😀'.size()", 4),
    Case("global size", "size('abc') + size(b'\\xff\\xff') + size([1]) + size({})", 6),
    Case("contains", "x.contains('/nvidia/')", True, "nvcr.io/nvidia/vllm:1"),
    Case("contains nothing", "'abc'.contains('')", True),
    Case("startsWith", "x.startsWith('nvcr.io/')", True, "nvcr.io/nvidia"),
    Case("endsWith", "x.endsWith(':latest')", False, "vllm:v1"),
    Case("matches anywhere", "x.matches('[0-9]+')", True, "gpu7"),
    Case("matches anchored", "x.matches('^[0-9]+$')", False, "gpu7"),
    Case("global matches", "matches('abc', 'b')", True),
    Case("raw string", r"r'\d' == '\\d'", True),
    Case("empty string is a string", "'' == ''", True),
]

STRING_ERRORS = [
    Case("size of a number", "size(x)", "no such overload: size(int)", 5),
    Case("size of null", "size(x)", "no such overload: size(null_type)"),
    Case("contains on null", "x.contains('a')", "no such overload: contains(null_type, string)"),
    Case("contains a number", "'1'.contains(x)", "no such overload: contains(string, int)", 1),
    Case(
        "startsWith on a list",
        "x.startsWith('a')",
        "no such overload: startsWith(list, string)",
        ["a"],
    ),
    Case("endsWith on bytes", "b'a'.endsWith(x)", "no such overload: endsWith(bytes, string)", "a"),
    Case("matches on a number", "x.matches('1')", "no such overload: matches(int, string)", 1),
]

LISTS = [
    Case("index", "[1, 2, 3][1]", 2),
    Case("index by double", "[1, 2, 3][x]", 3, 2.0),
    Case("index by uint", "[1, 2, 3][2u]", 3),
    Case("nested", "[[1], [2, 3]][1][0]", 2),
    Case("in", "x in ['a', 'b']", True, "b"),
    Case("in by value", "1.0 in [3, 2, 1]", True),
    Case("bool not in ints", "true in [1]", False),
    Case("NaN is in nothing", "0.0 / 0.0 in [0.0 / 0.0]", False),
    Case("optional elements", "[?optional.of(1), 2, ?optional.none()]", [1, 2]),
    Case("optional element of the input", "[?x.?a, ?x.?b]", [1], {"a": 1}),
]

LIST_ERRORS = [
    Case("out of range", "[1, 2][2]", "index out of bounds: 2"),
    Case("negative", "[1, 2][-1]", "index out of bounds: -1"),
    Case("fraction", "[1, 2][x]", "unsupported index type: double", 0.5),
    Case("string", "[1, 2][x]", "unsupported index type: string", "0"),
    Case("field of a list", "x.name", "type 'list' does not support field selection: name", [1]),
    Case("in a string", "'a' in x", "no such overload: @in(string, string)", "abc"),
    Case("in null", "'a' in x", "no such overload: @in(string, null_type)"),
    Case("no optional element", "[?x]", "cannot initialize optional entry from a int", 5),
]

MAPS = [
    Case("field", "{'a': 1}.a", 1),
    Case("index", "{'a': 1}['a']", 1),
    Case("int key by double", "{1: 'x'}[1.0]", "x"),
    Case("int key by uint", "{1: 'x'}[1u]", "x"),
    Case("bool key", "{true: 'x', 1: 'y'}[true]", "x"),
    Case("key in a map", "'a' in {'a': null}", True),
    Case("value not in a map", "1 in {'a': 1}", False),
    Case("null in a map", "null in x", False, {"a": 1}),
    Case("list in a map", "[1] in x", False, {"a": 1}),
    Case("has", "has(x.a)", True, {"a": 0}),
    Case("has not", "has(x.a)", False, {}),
    Case("has null", "has(x.a)", True, {"a": None}),
    Case("has of null", "has(x.a.b)", False, {"a": None}),
    Case(
        "optional entry", "{'a': 1, ?'b': optional.none(), ?'c': optional.of(2)}", {"a": 1, "c": 2}
    ),
    Case(
        "a variable named as a type part", "[{'Timestamp': 1}].map(google, google.Timestamp)", [1]
    ),
]

MAP_ERRORS = [
    Case("missing field", "x.spec.privileged", "no such key: privileged", {"spec": {}}),
    Case("missing index", "x['a b']", "no such key: a b", {}),
    Case("bool is not an int", "{1: 'x'}[true]", "no such key: true"),
    Case("has of a missing parent", "has(x.a.b)", "no such key: a", {}),
    Case(
        "has of a number", "has(x.a.b)", "type 'int' does not support field selection: b", {"a": 1}
    ),
    Case(
        "has of a list", "has(x.a.b)", "type 'list' does not support field selection: b", {"a": [1]}
    ),
    Case("field of null", "x.a", "type 'null_type' does not support field selection: a"),
    Case("repeated key", "{'a': 1, 'a': 2}", "duplicate map key: a"),
    Case("repeated key of two types", "{1: 1, 1u: 2}", "duplicate map key: 1u"),
    Case("repeated optional key", "{'a': 1, ?'a': optional.of(2)}", "duplicate map key: a"),
    Case("double key", "{x: 1}", "unsupported key type: double", 1.0),
    Case("null key", "{x: 1}", "unsupported key type: null_type"),
    Case("no optional entry", "{?'a': x}", "cannot initialize optional entry from a int", 5),
    Case("unknown variable", "nope.a", "no such variable: nope"),
]

OPTIONALS = [
    Case("present", "x.?a", of(1), {"a": 1}),
    Case("absent", "x.?b", NONE, {"a": 1}),
    Case("null is a value", "x.?a", of(None), {"a": None}),
    Case("viral selection", "x.?a.b.c", NONE, {"a": {}}),
    Case("viral selection to a value", "x.?a.b.c", of(1), {"a": {"b": {"c": 1}}}),
    Case("viral index", "x.?a[0]", of(7), {"a": [7]}),
    Case("index out of range", "x.?a[1]", NONE, {"a": [7]}),
    Case("optional index", "[x[?0], x[?1]]", [of(7), NONE], [7]),
    Case("optional key", "x[?'a b']", NONE, {}),
    Case("null on the way", "x.?a.?b.orValue(false)", False, {"a": None}),
    Case("orValue", "x.?a.orValue(5)", 1, {"a": 1}),
    Case("orValue of an absent field", "x.?b.orValue(5)", 5, {"a": 1}),
    Case("orValue evaluates only what it needs", "x.?a.orValue(1 / 0)", 1, {"a": 1}),
    Case("orValue on no optional passes it on", "x.orValue(5)", 3, 3),
    Case("or", "x.?b.or(x.?a)", of(1), {"a": 1}),
    Case("or evaluates only what it needs", "x.?a.or([1][5])", of(1), {"a": 1}),
    Case("chain of or", "x.?p.or(x.?q).or(x.?a).orValue(0)", 1, {"a": 1}),
    Case("hasValue", "[x.?a.hasValue(), x.?b.hasValue()]", [True, False], {"a": 1}),
    Case("value", "x.?a.value()", 1, {"a": 1}),
    Case("has through an optional", "[has(x.?a.b), has(x.?c.b)]", [True, False], {"a": {"b": 1}}),
    Case("ofNonZeroValue", "optional.ofNonZeroValue(x)", NONE, ""),
    Case("ofNonZeroValue of a value", "optional.ofNonZeroValue([0])", of([0])),
    Case("ofNonZeroValue of the epoch", "optional.ofNonZeroValue(timestamp(0)).hasValue()", True),
    Case(
        "ofNonZeroValue of year 1",
        "optional.ofNonZeroValue(timestamp('0001-01-01T00:00:00Z'))",
        NONE,
    ),
    Case("ofNonZeroValue of a type", "optional.ofNonZeroValue(int)", of(TypeValue("int"))),
    Case("optMap", "x.?a.optMap(v, v + 1)", of(2), {"a": 1}),
    Case("optMap of none", "x.?b.optMap(v, 1 / 0)", NONE, {"a": 1}),
    Case("optFlatMap", "x.?a.optFlatMap(v, v[?0])", of(7), {"a": [7]}),
    Case("equal by value", "optional.of(1) == optional.of(1.0)", True),
    Case("none equals none", "x.?a == optional.none()", True, {}),
    Case("unwrap", "optional.unwrap([x.?a, x.?b])", [1], {"a": 1}),
    Case("unwrapOpt", "[optional.of(1), optional.none()].unwrapOpt()", [1]),
    Case("first and last", "[[1, 2].first(), [1, 2].last(), [].first()]", [of(1), of(2), NONE]),
    Case("type", "type(optional.none()) == optional_type", True),
]

OPTIONAL_ERRORS = [
    Case("value of none", "x.?a.value()", "optional.none() has no value", {}),
    Case("hasValue of no optional", "x.hasValue()", "no such overload: hasValue(int)", 5),
    Case("value of no optional", "x.value()", "no such overload: value(int)", 5),
    Case("optMap of no optional", "x.optMap(v, v)", "no such overload: optMap(int)", 5),
    Case("an error in optMap", "optional.of(1).optMap(v, v / 0)", "divide by zero"),
    Case(
        "field of a string",
        "x.?a.?b",
        "type 'string' does not support field selection: b",
        {"a": "s"},
    ),
    Case("field of a list", "x.?a", "type 'list' does not support field selection: a", [1]),
    Case("index of a string", "x[?0]", "no such overload: _[?_](string, int)", "abc"),
    Case("null index", "x[?null]", "unsupported key type: null_type", {}),
    Case("an error in optional.of", "optional.of(1 / 0)", "divide by zero"),
    Case(
        "unwrap of no optional", "optional.unwrap([x])", "no such overload: optional.unwrap(int)", 5
    ),
    Case("first of a string", "x.first()", "no such overload: first(string)", "abc"),
]

VALUES = [*STRINGS, *LISTS, *MAPS, *OPTIONALS]
ERRORS = [*STRING_ERRORS, *LIST_ERRORS, *MAP_ERRORS, *OPTIONAL_ERRORS]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case.name}: {case.source}")
def test_value(case: Case) -> None:
    check_value(case)


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: f"{case.name}: {case.source}")
def test_error(case: Case) -> None:
    check_error(case)
