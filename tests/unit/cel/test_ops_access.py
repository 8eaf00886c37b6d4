"""Membership, selection, indexing, presence and iteration, on Python values."""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

import pytest

from auditor.cel import ops
from auditor.cel.errors import CelEvalError
from auditor.cel.values import FALSE_KEY, NONE, TRUE_KEY, Duration, OptionalValue, UInt


def of(value: object) -> OptionalValue:
    return OptionalValue(value, present=True)


BOOL_MAP = {TRUE_KEY: "yes", FALSE_KEY: "no"}


class Access(NamedTuple):
    name: str
    operand: Any
    key: Any
    result: Any


MEMBERS = [
    Access("string in a list", ["a", "b"], "b", True),
    Access("no string in a list", ["a"], "A", False),
    Access("int among doubles", [0.5, 1.0], 1, True),
    Access("bool among ints", [1, 0], True, False),
    Access("int among bools", [True], 1, False),
    Access("list in a list", [[1], [2]], [2.0], True),
    Access("map in a list", [{"a": 1}], {"a": 1.0}, True),
    Access("NaN in a list", [nan], nan, False),
    Access("null in a list", [None], None, True),
    Access("nothing in an empty list", [], None, False),
    Access("string key", {"a": 1}, "a", True),
    Access("missing key", {"a": 1}, "b", False),
    Access("key, not value", {"a": "b"}, "b", False),
    Access("double key finds an int key", {1: "x"}, 1.0, True),
    Access("uint key finds an int key", {1: "x"}, UInt(1), True),
    Access("fraction finds no key", {1: "x"}, 1.5, False),
    Access("bool key", BOOL_MAP, True, True),
    Access("bool finds no int key", {1: "x"}, True, False),
    Access("int finds no bool key", BOOL_MAP, 1, False),
    Access("null is not a key", {"a": 1}, None, False),
    Access("list is not a key", {"a": 1}, [1], False),
    Access("map is not a key", {"a": 1}, {}, False),
]


@pytest.mark.parametrize("case", MEMBERS, ids=lambda case: case.name)
def test_membership(case: Access) -> None:
    assert ops.in_(case.key, case.operand) is case.result


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ("abc", "no such overload: @in(string, string)"),
        (None, "no such overload: @in(string, null_type)"),
        (of(["a"]), "no such overload: @in(string, optional_type)"),
    ],
    ids=["string", "null", "optional"],
)
def test_membership_of_what_holds_nothing(container: object, message: str) -> None:
    with pytest.raises(CelEvalError) as raised:
        ops.in_("a", container)
    assert str(raised.value) == message


INDEXED = [
    Access("list by int", ["a", "b"], 1, "b"),
    Access("list by uint", ["a", "b"], UInt(1), "b"),
    Access("list by whole double", ["a", "b"], 1.0, "b"),
    Access("map by string", {"a": 1}, "a", 1),
    Access("map by double", {1: "x"}, 1.0, "x"),
    Access("map by bool", BOOL_MAP, False, "no"),
    Access("null value", {"a": None}, "a", None),
    Access("optional list", of(["a"]), 0, of("a")),
    Access("optional list out of range", of(["a"]), 1, NONE),
    Access("optional map", of({"a": 1}), "a", of(1)),
    Access("none", NONE, "a", NONE),
]


@pytest.mark.parametrize("case", INDEXED, ids=lambda case: case.name)
def test_index(case: Access) -> None:
    assert ops.index(case.operand, case.key) == case.result


UNINDEXED = [
    Access("past the end", [1], 1, "index out of bounds: 1"),
    Access("before the start", [1], -1, "index out of bounds: -1"),
    Access("list by fraction", [1], 0.5, "unsupported index type: double"),
    Access("list by NaN", [1], nan, "unsupported index type: double"),
    Access("list by bool", [1], True, "unsupported index type: bool"),
    Access("list by string", [1], "0", "unsupported index type: string"),
    Access("list by null", [1], None, "unsupported index type: null_type"),
    Access("missing key", {"a": 1}, "privileged", "no such key: privileged"),
    Access("bool is not an int key", {1: "x"}, True, "no such key: true"),
    Access("null key", {"a": 1}, None, "no such key: null_type"),
    Access("string", "abc", 0, "no such overload: _[_](string, int)"),
    Access("null", None, 0, "no such overload: _[_](null_type, int)"),
    Access("optional of a scalar", of(1), 0, "no such overload: _[?_](int, int)"),
    Access("control characters in a key", {}, "a\x1b[2J", "no such key: a\\x1b[2J"),
    Access("a long key", {}, "k" * 200, "no such key: " + "k" * 79 + "…"),
]


@pytest.mark.parametrize("case", UNINDEXED, ids=lambda case: case.name)
def test_index_without_a_value(case: Access) -> None:
    with pytest.raises(CelEvalError) as raised:
        ops.index(case.operand, case.key)
    assert str(raised.value) == case.result


OPTIONALLY_INDEXED = [
    Access("list", ["a"], 0, of("a")),
    Access("out of range", ["a"], 1, NONE),
    Access("negative", ["a"], -1, NONE),
    Access("whole double", ["a"], 0.0, of("a")),
    Access("map", {"a": None}, "a", of(None)),
    Access("missing key", {"a": 1}, "b", NONE),
    Access("fraction finds no key", {1: "x"}, 1.5, NONE),
    Access("null operand", None, "a", NONE),
    Access("none", NONE, 0, NONE),
    Access("optional list", of(["a"]), 0, of("a")),
]


@pytest.mark.parametrize("case", OPTIONALLY_INDEXED, ids=lambda case: case.name)
def test_optional_index(case: Access) -> None:
    assert ops.optional_index(case.operand, case.key) == case.result


@pytest.mark.parametrize(
    ("operand", "key", "message"),
    [
        pytest.param({"a": 1}, None, "unsupported key type: null_type", id="null key"),
        pytest.param({"a": 1}, [1], "unsupported key type: list", id="list key"),
        pytest.param(
            {"a": 1}, Duration(1), "unsupported key type: google.protobuf.Duration", id="span"
        ),
        pytest.param([1], "a", "unsupported index type: string", id="string index"),
        pytest.param([1], 0.5, "unsupported index type: double", id="fraction index"),
        pytest.param("abc", 0, "no such overload: _[?_](string, int)", id="string operand"),
    ],
)
def test_optional_index_without_a_value(operand: object, key: object, message: str) -> None:
    with pytest.raises(CelEvalError) as raised:
        ops.optional_index(operand, key)
    assert str(raised.value) == message


SELECTED = [
    Access("field", {"f": 1}, "f", (1, of(1), True)),
    Access("null field", {"f": None}, "f", (None, of(None), True)),
    Access("field of an optional", of({"f": 1}), "f", (of(1), of(1), True)),
    Access("missing field of an optional", of({}), "f", (NONE, NONE, False)),
    Access("field of a none", NONE, "f", (NONE, NONE, False)),
    Access("field of an optional null", of(None), "f", (NONE, NONE, False)),
]


@pytest.mark.parametrize("case", SELECTED, ids=lambda case: case.name)
def test_select_optional_select_and_has(case: Access) -> None:
    plain, optional, present = case.result
    assert ops.select(case.operand, case.key) == plain
    assert ops.optional_select(case.operand, case.key) == optional
    assert ops.has_field(case.operand, case.key) is present


def test_missing_field_is_an_error_only_when_it_is_selected() -> None:
    with pytest.raises(CelEvalError, match=r"^no such key: f$"):
        ops.select({}, "f")
    assert ops.optional_select({}, "f") == NONE
    assert ops.has_field({}, "f") is False


def test_null_has_no_fields_and_does_not_stop_an_optional_chain() -> None:
    with pytest.raises(
        CelEvalError, match=r"^type 'null_type' does not support field selection: f$"
    ):
        ops.select(None, "f")
    assert ops.optional_select(None, "f") == NONE
    assert ops.has_field(None, "f") is False


@pytest.mark.parametrize("operand", [1, "s", True, [1], of(5)], ids=repr)
@pytest.mark.parametrize("function", [ops.select, ops.optional_select, ops.has_field])
def test_other_values_have_no_fields(function: Any, operand: object) -> None:
    with pytest.raises(CelEvalError, match="does not support field selection: f"):
        function(operand, "f")


@pytest.mark.parametrize("value", [None, 0, 1, "true", [], {}, of(True)], ids=repr)
def test_only_bools_are_conditions(value: object) -> None:
    with pytest.raises(CelEvalError, match="no such overload: expected bool, got "):
        ops.as_bool(value)
    with pytest.raises(CelEvalError, match="no such overload: !_"):
        ops.logical_not(value)


def test_bools_are_conditions() -> None:
    assert [ops.as_bool(True), ops.as_bool(False)] == [True, False]
    assert [ops.logical_not(True), ops.logical_not(False)] == [False, True]


def test_iteration_of_lists_and_maps() -> None:
    assert ops.iterate(["b", "a"]) == ["b", "a"]
    assert ops.iterate({"b": 1, 2: 2, TRUE_KEY: 3}) == ["b", 2, True]
    assert list(ops.iterate_pairs(["b", "a"])) == [(0, "b"), (1, "a")]
    assert list(ops.iterate_pairs({"b": 1, FALSE_KEY: 3})) == [("b", 1), (False, 3)]


@pytest.mark.parametrize("value", [None, "abc", 5, of([1])], ids=repr)
@pytest.mark.parametrize("function", [ops.iterate, ops.iterate_pairs])
def test_iteration_of_anything_else(function: Any, value: object) -> None:
    with pytest.raises(CelEvalError, match="expected a list or a map to iterate over"):
        function(value)


def test_map_literals_refuse_repeated_and_unsupported_keys() -> None:
    entries: dict[object, object] = {}
    ops.put(entries, 1, "a")
    with pytest.raises(CelEvalError, match=r"^duplicate map key: 1u$"):
        ops.put(entries, UInt(1), "b")
    with pytest.raises(CelEvalError, match=r"^unsupported key type: double$"):
        ops.put(entries, 2.0, "b")
    with pytest.raises(CelEvalError, match=r"^unsupported key type: null_type$"):
        ops.put(entries, None, "b")
    ops.merge_entry(entries, {"x": 1, TRUE_KEY: 2})
    with pytest.raises(CelEvalError, match=r"^duplicate map key: true$"):
        ops.merge_entry(entries, {TRUE_KEY: 3})
    with pytest.raises(CelEvalError, match=r"^no such overload: transformMapEntry\(int\)$"):
        ops.merge_entry(entries, 5)
    assert entries == {1: "a", "x": 1, TRUE_KEY: 2}


def test_optional_entries_of_literals_must_be_optionals() -> None:
    assert ops.spread(of(1)) == of(1)
    with pytest.raises(CelEvalError, match="cannot initialize optional entry from a int"):
        ops.spread(1)


def test_names_of_types_in_messages() -> None:
    class Quantity:
        cel_type = "kubernetes.Quantity"

    class Unnamed:
        pass

    names = [ops.type_name(value) for value in (Quantity(), Unnamed(), TRUE_KEY, UInt(1), b"")]
    assert names == ["kubernetes.Quantity", "Unnamed", "bool", "uint", "bytes"]
