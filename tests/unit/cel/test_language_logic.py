"""Equality, order, logic and the conditional, as written in the language."""

from __future__ import annotations

import pytest

from tests.unit.cel.language import Case, check_error, check_value

POD = {"spec": {"containers": [{"name": "a", "image": "x:1"}], "hostNetwork": True}}

EQUALITY = [
    Case("int and double", "1 == 1.0", True),
    Case("int and uint", "1 == 1u", True),
    Case("uint and double", "1u == 1.0", True),
    Case("bool and int", "true == 1", False),
    Case("bool and int differ", "true != 1", True),
    Case("string and int", "'1' == 1", False),
    Case("null and null", "null == null", True),
    Case("null and zero", "null == 0", False),
    Case("lists of mixed numbers", "[1, 2u, 3.0] == [1.0, 2, 3u]", True),
    Case("nested bool and int", "[[true]] == [[1]]", False),
    Case("maps in any order", "{'a': 1, 'b': 2} == {'b': 2.0, 'a': 1u}", True),
    Case("maps with one key more", "{'a': 1} == {'a': 1, 'b': 2}", False),
    Case("NaN", "0.0 / 0.0 == 0.0 / 0.0", False),
    Case("NaN differs from itself", "0.0 / 0.0 != 0.0 / 0.0", True),
    Case("minus zero", "0.0 == -0.0", True),
    Case("types", "type(1) == int", True),
    Case("type of a type", "type(int) == type", True),
    Case("dotted type name", "type(timestamp(0)) == google.protobuf.Timestamp", True),
    Case("type of null", "type(null) == null_type", True),
    Case("a variable hides a type name", "[5].map(int, int)", [5]),
    Case("bytes and string", "b'a' == 'a'", False),
    Case("input and literal", "x == {'spec': 1}", True, {"spec": 1.0}),
    Case("input bool and int", "x.spec.hostNetwork == 1", False, POD),
    Case("integers one double cannot tell apart", "9007199254740993 == 9007199254740992.0", False),
]

ORDER = [
    Case("int below uint", "-1 < 1u", True),
    Case("uint above int", "18446744073709551615u > 9223372036854775807", True),
    Case("double between ints", "1 < 1.5 && 1.5 < 2", True),
    Case("exact past 2^53", "9007199254740993 > 9007199254740992.0", True),
    Case("strings by code point", "'Z' < 'a' && 'a' < 'é' && 'é' < '😀'", True),
    Case("bool", "false < true", True),
    Case("bytes", r"b'\x7f' < b'\x80'", True),
    Case("timestamps", "timestamp(1) >= timestamp(0)", True),
    Case("durations", "duration('1m') <= duration('60s')", True),
    Case("infinity", "1.0 / 0.0 > 9223372036854775807", True),
]

LOGIC = [
    Case("and", "true && true", True),
    Case("and with false on the left", "false && x", False, "no bool"),
    Case("and with false on the right", "x && false", False, "no bool"),
    Case("or with true on the left", "true || x", True, "no bool"),
    Case("or with true on the right", "x || true", True, "no bool"),
    Case("an error on the left absorbed by or", "1 / 0 == 1 || true", True),
    Case("an error on the left absorbed by and", "1 / 0 == 1 && false", False),
    Case("a missing field absorbed", "x.spec.nope || x.spec.hostNetwork", True, POD),
    Case("errors in the middle of a chain", "x.a && x.b && false && x.c", False, {}),
    Case("a chain of ors", "x.a || false || x.b || true", True, {}),
    Case("not", "!x.spec.hostNetwork", False, POD),
    Case("not twice", "!!true", True),
    Case("conditional", "x.spec.hostNetwork ? 'yes' : 'no'", "yes", POD),
    Case("conditional leaves the other branch alone", "true ? 1 : 1 / 0", 1),
    Case("nested conditionals", "false ? 1 : false ? 2 : 3", 3),
]

LOGIC_ERRORS = [
    Case("and of true and an error", "true && 1 / 0 == 1", "divide by zero"),
    Case("error and true", "1 / 0 == 1 && true", "divide by zero"),
    Case("or of false and an error", "false || x.nope", "no such key: nope", {}),
    Case("the first of two errors", "x.nope || 1 / 0 == 1", "no such key: nope", {}),
    Case("and of no bool", "true && x", "no such overload: expected bool, got string", "a"),
    Case("or of no bool", "x || false", "no such overload: expected bool, got null_type"),
    Case("not of no bool", "!x", "no such overload: !_(int)", 1),
    Case("no bool as a condition", "x ? 1 : 2", "no such overload: expected bool, got int", 1),
    Case("a condition does not absorb", "x.nope ? true : true", "no such key: nope", {}),
    Case("order of unlike types", "x < 'a'", "no such overload: _<_(int, string)", 1),
    Case("order of lists", "[1] < [2]", "no such overload: _<_(list, list)"),
    Case("order of nulls", "x <= null", "no such overload: _<=_(null_type, null_type)"),
    Case("order of NaN", "0.0 / 0.0 < 1.0", "NaN values cannot be ordered"),
    Case("bool and int have no order", "x > 0", "no such overload: _>_(bool, int)", True),
]


@pytest.mark.parametrize("case", EQUALITY, ids=lambda case: case.name)
def test_equality(case: Case) -> None:
    check_value(case)


@pytest.mark.parametrize("case", ORDER, ids=lambda case: case.name)
def test_order(case: Case) -> None:
    check_value(case)


@pytest.mark.parametrize("case", LOGIC, ids=lambda case: case.name)
def test_logic(case: Case) -> None:
    check_value(case)


@pytest.mark.parametrize("case", LOGIC_ERRORS, ids=lambda case: case.name)
def test_logic_without_a_value(case: Case) -> None:
    check_error(case)
