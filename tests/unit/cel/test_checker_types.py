"""What the checker lets through, the types it infers, and what it is told to expect."""

from __future__ import annotations

import pytest

from auditor.cel import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    CelCheckError,
    CelEvalError,
    Environment,
    Type,
    list_of,
    map_of,
    optional_of,
)
from auditor.cel.types import type_of

ENVIRONMENT = Environment(
    {"object": DYN, "x": DYN, "names": list_of(STRING), "limits": map_of(STRING, INT)},
)
WITH_FIELDS = Environment(
    {"object": DYN, "params": DYN},
    fields={"params": {"minimum": INT, "registries": list_of(STRING)}},
)
OPTIONAL = optional_of(DYN)

INFERRED = [
    ("what is not known", "object.a.b[0]", DYN),
    ("a constant", "2u", UINT),
    ("null", "null", NULL),
    ("a presence test", "has(object.a)", BOOL),
    ("an optional field", "object.?a", OPTIONAL),
    ("a field of an optional", "object.?a.b", OPTIONAL),
    ("an optional key", "limits[?'cpu']", optional_of(INT)),
    ("an element", "names[0]", STRING),
    ("a field of a map", "limits.cpu", INT),
    ("a default of something unknown", "object.?a.orValue('')", DYN),
    ("a default of the type", "limits[?'cpu'].orValue(0)", INT),
    ("a sum with something unknown", "x + 1", INT),
    ("a sum of unknowns", "x + x", DYN),
    ("the order of int and double", "1 < 2.5", BOOL),
    ("a time from a difference", "timestamp(0) - duration('1s')", TIMESTAMP),
    ("a span from a difference", "timestamp(0) - timestamp(1)", DURATION),
    ("a quotient", "1.0 / 3.0", DOUBLE),
    ("branches of one type", "x ? 1 : 2", INT),
    ("a branch that is unknown", "x ? object.a : 2", DYN),
    ("a branch that is null", "x ? null : timestamp(0)", NULL),
    ("an empty list", "[]", list_of(DYN)),
    ("lists, one of them empty", "[[], [1]]", list_of(list_of(INT))),
    ("an empty list and a full one", "[] + [1]", list_of(INT)),
    ("a map", "{'a': [1]}", map_of(STRING, list_of(INT))),
    ("optional elements", "[?limits[?'a'], 1]", list_of(INT)),
    ("elements that are kept", "names.filter(n, n != '')", list_of(STRING)),
    ("elements of something unknown", "x.filter(i, i.a)", list_of(DYN)),
    ("what elements are mapped to", "names.map(n, size(n))", list_of(INT)),
    ("keys", "limits.map(k, k)", list_of(STRING)),
    ("index and element", "names.transformMap(i, n, n)", map_of(INT, STRING)),
    ("entries", "names.transformMapEntry(i, n, {n: i})", map_of(STRING, INT)),
    ("key and value", "limits.transformList(k, v, v > 1, v)", list_of(INT)),
    ("a bound name", "cel.bind(n, names[0], n.size())", INT),
    ("a mapped optional", "limits[?'a'].optMap(v, v > 1)", optional_of(BOOL)),
    ("a flat optional", "object.?a.optFlatMap(a, limits[?a])", optional_of(INT)),
    ("the first of a list", "names.first()", optional_of(STRING)),
    ("the values of optionals", "[limits[?'a']].unwrapOpt()", list_of(INT)),
    ("a type", "type(1)", type_of(INT)),
    ("the name of a type", "google.protobuf.Timestamp", type_of(TIMESTAMP)),
    ("types of one kind compared", "type(x) == string", BOOL),
    ("something that forgets its type", "dyn(1) == 'a'", BOOL),
    ("unknowns of one literal", "[dyn(1), dyn('a')]", list_of(DYN)),
    ("a name that hides a type", "names.exists(string, string == 'a')", BOOL),
    ("a name that hides a variable", "names.all(x, x.size() > 0)", BOOL),
]


@pytest.mark.parametrize(
    ("source", "kind"), [case[1:] for case in INFERRED], ids=[case[0] for case in INFERRED]
)
def test_inferred(source: str, kind: Type) -> None:
    assert ENVIRONMENT.compile(source).result_type == kind


def refusal(environment: Environment, source: str, expect: Type = DYN) -> CelCheckError:
    with pytest.raises(CelCheckError) as caught:
        environment.compile(source, expect=expect)
    return caught.value


EXPECTED = [
    ("a bool", "names == []", BOOL),
    ("something unknown", "object.a", BOOL),
    ("something unknown, chosen", "x ? object.a : true", BOOL),
    ("a text", "names.filter(n, true)[0]", STRING),
    ("a list", "names + x", list_of(STRING)),
    ("a list of unknowns", "object.a.filter(i, true)", list_of(STRING)),
]


@pytest.mark.parametrize(
    ("source", "expect"), [case[1:] for case in EXPECTED], ids=[case[0] for case in EXPECTED]
)
def test_expected(source: str, expect: Type) -> None:
    assert ENVIRONMENT.compile(source, expect=expect).source == source


UNEXPECTED = [
    ("an int for a bool", "size(x)", BOOL, "the result is int, not bool", 1),
    ("an optional for a bool", "object.?a", BOOL, "the result is optional(dyn), not bool", 7),
    ("null for a bool", "null", BOOL, "the result is null, not bool", 1),
    ("a bool for a text", "x == 1", STRING, "the result is bool, not string", 3),
    ("ints for texts", "[1]", list_of(STRING), "the result is list(int), not list(string)", 1),
]


@pytest.mark.parametrize(
    ("source", "expect", "message", "column"),
    [case[1:] for case in UNEXPECTED],
    ids=[case[0] for case in UNEXPECTED],
)
def test_unexpected(source: str, expect: Type, message: str, column: int) -> None:
    error = refusal(ENVIRONMENT, source, expect)
    assert (error.message, error.column) == (message, column)


def test_a_parameter_has_its_type() -> None:
    assert WITH_FIELDS.compile("params.registries").result_type == list_of(STRING)
    assert WITH_FIELDS.compile("has(params.minimum)").result_type == BOOL


def test_an_unknown_parameter() -> None:
    error = refusal(WITH_FIELDS, "object.a < params.minimun")
    assert (error.message, error.column) == ("params has no 'minimun'", 18)
    assert error.hint == "did you mean 'minimum'?"


def test_a_presence_test_of_an_unknown_parameter() -> None:
    assert refusal(WITH_FIELDS, "has(params.a)").message == "params has no 'a'"


def test_a_parameter_of_another_type() -> None:
    error = refusal(WITH_FIELDS, "params.minimum == '1'")
    assert error.message == "int == string has no overload"


def test_a_macro_variable_hides_the_parameters() -> None:
    assert WITH_FIELDS.compile("object.a.all(params, params.anything)").result_type == BOOL


def test_without_a_check_errors_are_those_of_the_evaluation() -> None:
    program = Environment({"x": DYN}, checked=False).compile("x == 1 || 'a' < 1")
    assert program.result_type == DYN
    assert program.run(1) is True
    with pytest.raises(CelEvalError, match="no such overload"):
        program.run(2)
