"""What the checker refuses: message, place and hint; and what it must let through.

The verdicts were compared with the checker inside the API server of Kubernetes 1.35 on 70,000
random expressions; ``auditor/cel/README.md`` lists where they differ.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from auditor.cel import DYN, INT, STRING, CelCheckError, Environment, list_of, map_of

ENVIRONMENT = Environment(
    {"object": DYN, "x": DYN, "names": list_of(STRING), "limits": map_of(STRING, INT)},
)


class Refused(NamedTuple):
    """A wrong expression; the caret stands under the character at ``column``, from 1."""

    name: str
    source: str
    message: str
    column: int
    hint: str = ""


NAMES = [
    Refused("a name", "objekt.a", "undeclared name 'objekt'", 1, "did you mean 'object'?"),
    Refused("a name like nothing", "1 + qqq", "undeclared name 'qqq'", 5),
    Refused("a name outside its macro", "names.map(n, n) + n", "undeclared name 'n'", 19),
    Refused(
        "a name of cel.bind in its own value",
        "cel.bind(a, a, a)",
        "undeclared name 'a'",
        13,
    ),
    Refused(
        "a function",
        "x.startWith('a')",
        "unknown function 'startWith'",
        2,
        "did you mean 'startsWith'?",
    ),
    Refused("a function like nothing", "qqq(1)", "unknown function 'qqq'", 1),
    Refused(
        "a method that is called as a function",
        "startsWith(x, 'a')",
        "startsWith() is a method",
        1,
        "write string.startsWith(string)",
    ),
    Refused(
        "a function that is called as a method",
        "x.int()",
        "int() is not a method",
        2,
        "write int(int), int(uint), int(double), int(string), int(timestamp) or int(duration)",
    ),
    Refused(
        "too few arguments",
        "x.contains()",
        "contains() does not take 0 arguments here",
        2,
        "write string.contains(string)",
    ),
    Refused(
        "too many arguments",
        "size(x, x)",
        "size() does not take 2 arguments here",
        1,
        "write size(string), size(bytes), size(list(A)) or size(map(A, B))",
    ),
]
OPERATORS = [
    Refused(
        "a sum of number and text",
        "size(names) + 'a'",
        "int + string has no overload",
        13,
        "+ takes int + int or string + string; convert one, for example with string()",
    ),
    Refused(
        "a sum of bools",
        "true + false",
        "bool + bool has no overload",
        6,
        "+ takes bytes + bytes, double + double, duration + duration, duration + timestamp,"
        " timestamp + duration, int + int, ...",
    ),
    Refused(
        "the remainder of doubles",
        "5.0 % 2.0",
        "double % double has no overload",
        5,
        "% takes int % int or uint % uint",
    ),
    Refused("minus a text", "-'a'", "-string has no overload", 1, "- takes -double or -int"),
    Refused(
        "not a number",
        "!size(names)",
        "!int has no overload",
        1,
        "! takes a bool; compare with == to get one",
    ),
    Refused(
        "order of number and text",
        "size(names) < '3'",
        "int < string has no overload",
        13,
        "< takes string < string, int < int, int < uint or int < double;"
        " convert one, for example with string()",
    ),
    Refused(
        "equality of number and text",
        "size(names) == '3'",
        "int == string has no overload",
        13,
        "both sides must be of one type; convert one, for example with string()",
    ),
    Refused(
        "equality of int and double",
        "size(names) != 3.0",
        "int != double has no overload",
        13,
        "both sides must be of one type; convert one, for example with double()",
    ),
    Refused(
        "equality of lists",
        "names == [1]",
        "list(string) == list(int) has no overload",
        7,
        "both sides must be of one type",
    ),
    Refused(
        "in a text",
        "'a' in 'abc'",
        "string in string has no overload",
        5,
        "for a part of a text write text.contains(part)",
    ),
    Refused(
        "in a list of another type",
        "1 in names",
        "int in list(string) has no overload",
        3,
        "the right side is a list, or a map with keys, of what is on the left",
    ),
    Refused("and of a number", "x && 1", "a side of && is int, not bool", 6),
    Refused("or of a text", "'a' || x", "a side of || is string, not bool", 1),
    Refused(
        "a condition that is a text", "'a' ? 1 : 2", "the condition of ?: is string, not bool", 1
    ),
    Refused(
        "branches of two types",
        "x ? 1 : 'a'",
        "the branches of ?: are int and string",
        3,
        "both must be of one type; dyn() around one hides its type",
    ),
    Refused(
        "an index of a text",
        "'abc'[0]",
        "string[int] has no overload",
        6,
        "a list takes an int, a map takes a key of its own type",
    ),
    Refused(
        "a text as index of a list",
        "names[?'a']",
        "list(string)[?string] has no overload",
        6,
        "a list takes an int, a map takes a key of its own type",
    ),
    Refused(
        "a number as key",
        "limits[1]",
        "map(string, int)[int] has no overload",
        7,
        "a list takes an int, a map takes a key of its own type",
    ),
]
CALLS = [
    Refused(
        "a number as text",
        "x.startsWith(1)",
        "dyn.startsWith(int) has no overload",
        2,
        "write string.startsWith(string)",
    ),
    Refused(
        "a method of an optional",
        "x.?name.contains('a')",
        "optional(dyn).contains(string) has no overload",
        8,
        "write string.contains(string)",
    ),
    Refused(
        "a default of another type",
        "limits[?'a'].orValue('none')",
        "optional(int).orValue(string) has no overload",
        13,
        "write optional(A).orValue(A)",
    ),
    Refused(
        "an element of a list of texts",
        "names.all(n, n.getHours() > 1)",
        "string.getHours() has no overload",
        15,
        "write timestamp.getHours(), timestamp.getHours(string) or duration.getHours()",
    ),
    Refused(
        "a conversion that does not exist",
        "duration(1.5)",
        "duration(double) has no overload",
        1,
        "write duration(duration) or duration(string)",
    ),
    Refused("a field of a number", "size(x).a", "int has no fields, so no 'a'", 8),
    Refused("a field of a list", "has(names.a)", "list(string) has no fields, so no 'a'", 1),
    Refused("a field behind a field", "limits.cpu.unit", "int has no fields, so no 'unit'", 11),
]
MACROS = [
    Refused(
        "a condition that is a number",
        "names.all(n, size(n))",
        "the condition of all() is int, not bool",
        14,
    ),
    Refused(
        "a filter that is a text",
        "names.filter(n, n)",
        "the condition of filter() is string, not bool",
        17,
    ),
    Refused(
        "a condition of map that is a text",
        "names.map(n, n, 1)",
        "the condition of map() is string, not bool",
        14,
    ),
    Refused("a text", "'abc'.exists(c, true)", "exists() visits a list or a map, not string", 6),
    Refused(
        "an optional",
        "x.?items.all(i, true)",
        "all() visits a list or a map, not optional(dyn)",
        9,
        "add .orValue([])",
    ),
    Refused(
        "the keys of a map",
        "limits.map(k, k + 1)",
        "string + int has no overload",
        17,
        "+ takes int + int or string + string; convert one, for example with string()",
    ),
    Refused(
        "the index of a list",
        "names.exists(i, n, i == 'a')",
        "int == string has no overload",
        22,
        "both sides must be of one type; convert one, for example with string()",
    ),
    Refused(
        "optMap of a list",
        "names.optMap(n, n)",
        "optMap() is a method of optionals, not of list(string)",
        6,
    ),
    Refused(
        "optFlatMap to a number",
        "limits[?'a'].optFlatMap(n, n + 1)",
        "optFlatMap() makes int, no optional",
        30,
        "optMap() may do",
    ),
    Refused(
        "an entry that is a number",
        "names.transformMapEntry(i, n, i)",
        "transformMapEntry() makes int, no map",
        6,
        "it must be one entry, such as {key: value}",
    ),
]
LITERALS = [
    Refused(
        "a list of two types",
        "x in [1, 'a']",
        "the elements of one literal are int and string",
        10,
        "Kubernetes takes one type only; dyn() around each hides their types",
    ),
    Refused(
        "a list with something unknown",
        "['a', x]",
        "the elements of one literal are string and dyn",
        7,
        "Kubernetes takes one type only; dyn() around each hides their types",
    ),
    Refused(
        "values of two types",
        "{'a': 1, 'b': true}",
        "the values of one literal are int and bool",
        15,
        "Kubernetes takes one type only; dyn() around each hides their types",
    ),
    Refused(
        "keys of two types",
        "{'a': 1, 2: 1}",
        "the keys of one literal are string and int",
        10,
        "Kubernetes takes one type only; dyn() around each hides their types",
    ),
    Refused("an optional element that is none", "[?1]", "what follows ? is int, no optional", 3),
    Refused("a number", "x || int('a') == 1", "cannot convert the string 'a' to int", 10),
    Refused("a large number", "int(9.3e18)", "int overflow", 5),
    Refused("a text", "string(b'\\xff')", "invalid UTF-8 in bytes, cannot convert to string", 8),
    Refused("a span", "duration('5 minutes')", "invalid duration: '5 minutes'", 10),
    Refused("a time", "timestamp('yesterday')", "invalid timestamp: 'yesterday'", 11),
]
TABLES = [*NAMES, *OPERATORS, *CALLS, *MACROS, *LITERALS]


def refusal(source: str) -> CelCheckError:
    with pytest.raises(CelCheckError) as caught:
        ENVIRONMENT.compile(source)
    return caught.value


@pytest.mark.parametrize("case", TABLES, ids=[case.name for case in TABLES])
def test_refused(case: Refused) -> None:
    error = refusal(case.source)
    assert (error.message, error.column, error.hint) == (case.message, case.column, case.hint)


def test_a_constant_pattern_is_compiled() -> None:
    error = refusal("x.matches('a(b')")
    assert "a(b" in error.message
    assert error.column == 11


def test_a_place_in_several_lines() -> None:
    error = refusal("names.all(n,\n  // what must hold\n  n.size() > 1 &&\n  n + 1 == n)")
    assert (error.line, error.column) == (4, 5)
    assert error.excerpt() == "  n + 1 == n)\n    ^"


def test_columns_are_counted_in_code_points() -> None:
    error = refusal("x == 'Größe 😀' && 1")
    assert error.excerpt() == "x == 'Größe 😀' && 1\n                  ^"
