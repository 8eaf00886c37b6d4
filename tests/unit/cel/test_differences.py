"""What means something else here than in Kubernetes 1.35, each row of the README by example.

``there`` is what the API server's own packages answered for the expression, in CEL's notation, or
the beginning of their message. The README has a row for each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import pytest

import auditor.cel
from auditor.cel import Environment
from auditor.cel.errors import CelCompileError, CelEvalError
from auditor.cel.types import DYN

README: Final = (Path(auditor.cel.__file__).parent / "README.md").read_text(encoding="utf-8")
BIG: Final = 9007199254740992.0


class Row(NamedTuple):
    name: str
    source: str
    x: object
    there: str
    here: object


VALUES: Final = [
    Row("key of a double", "x == 9007199254740993", BIG, "true", False),
    Row("order beyond 2^53", "9007199254740993 > 9007199254740992.0", None, "false", True),
    Row("element beyond 2^53", "x in [9007199254740993]", BIG, "true", False),
    Row("bytes as a key", "b'a' in x", {"a": 1}, "error: hash of unhashable type", False),
    Row("backquotes", "x.`a-b` == 1", {"a-b": 1}, "refused: unsupported syntax: '`'", True),
    Row("cel.bind", "cel.bind(a, x, a + a)", 1, "refused: undeclared reference to 'cel'", 2),
    Row("greatest", "math.greatest(x, 2)", 1, "refused: undeclared reference to 'math'", 2),
    Row("base64", "base64.encode(b'a')", None, "refused: undeclared reference to 'base64'", "YQ=="),
    Row("reversed text", "'ab'.reverse()", None, "refused: no matching overload", "ba"),
    Row("URL and text", "url('/a') == x", "/a", "error: no such overload", False),
    Row("address and text", "ip('::1') == x", "::1", "error: no such overload", False),
    Row("address of a text", "x.ip().family()", "::1", "error: no such overload: ip(string)", 6),
    Row(
        "sum on the right",
        "quantity('3') == quantity('1').add(2)",
        None,
        "error: no such overload",
        True,
    ),
    Row("bytes that are not UTF-8", "url('x://%ff').getHost()", None, "b'\\xff'", "\ufffd"),
    Row(
        "name of a type",
        "type(x) == kubernetes.Quantity",
        1,
        "refused: undeclared reference to 'kubernetes'",
        False,
    ),
    Row("optional element", "[?x].size()", {}, "the server panics", "error"),
    Row("leading dot in a macro", "['a'].map(x, .x)", "b", "['a'], since 1.37 ['b']", ["b"]),
    Row("order of a map", "x.map(k, k)", {"b": 1, "a": 2}, "['b', 'a'] or ['a', 'b']", ["b", "a"]),
]
ERRORS: Final = [
    Row("field of a string", "has(x.f)", "a", "false", "does not support field selection"),
    Row("optional field of a bool", "x.?f.hasValue()", True, "false", "support field selection"),
    Row("optional index of a string", "x[?0].hasValue()", "ab", "false", "no such overload"),
    Row("key twice", "{'a': 1, 'a': 2}", None, "{'a': 2}", "duplicate map key: a"),
    Row("numbers that are one key", "{dyn(1): 'a', dyn(1u): 'b'}", None, "both", "duplicate"),
    Row("key of a double", "{x: 1}", 1.0, "{1.0: 1}", "unsupported key type: double"),
    Row("key of null", "{x: 1}", None, "{null: 1}", "unsupported key type: null_type"),
    Row("zone of a machine", "timestamp(0).getHours('Local')", None, "0", "unknown time zone"),
    Row("in an empty list", "x.a in []", {}, "false", "no such key: a"),
]
REFUSED: Final = [
    Row(
        "message",
        "google.protobuf.Int32Value{value: 1}",
        None,
        "1",
        "messages cannot be built here",
    ),
    Row(
        "authorizer",
        "authorizer.path('/a').check('get').allowed()",
        None,
        "true or false",
        "undeclared name 'authorizer'",
    ),
    Row("dot before a variable", "[1].all(.x, true)", None, "true", "takes a variable name here"),
    Row("deep calls", "string(" * 220 + "x" + ")" * 220, 1, "'1'", "nested too deeply"),
    Row(
        "absurd cost",
        "x.all(a, x.all(b, x.all(c, x.all(d, x.all(e, a == b || b == c || c == d || d == e)))))",
        [],
        "true",
        "an evaluation may cost",
    ),
]
ENVIRONMENT: Final = Environment({"x": DYN})


def listed(row: Row) -> bool:
    return f"`{row.source}`" in README or f"`` {row.source} ``" in README


@pytest.mark.parametrize("row", VALUES, ids=[row.name for row in VALUES])
def test_values(row: Row) -> None:
    program = ENVIRONMENT.compile(row.source)
    if row.here == "error":
        with pytest.raises(CelEvalError, match="optional"):
            program.run(row.x)
    else:
        assert repr(program.run(row.x)) == repr(row.here)
    assert listed(row)


@pytest.mark.parametrize("row", VALUES, ids=[row.name for row in VALUES])
def test_what_kubernetes_refuses_is_in_no_version(row: Row) -> None:
    refused = row.there.startswith("refused")
    assert (ENVIRONMENT.compile(row.source).since() == "never") is refused


@pytest.mark.parametrize("row", ERRORS, ids=[row.name for row in ERRORS])
def test_errors(row: Row) -> None:
    with pytest.raises(CelEvalError, match=str(row.here)):
        ENVIRONMENT.compile(row.source).run(row.x)
    assert listed(row)


@pytest.mark.parametrize("row", REFUSED, ids=[row.name for row in REFUSED])
def test_refused(row: Row) -> None:
    with pytest.raises(CelCompileError, match=str(row.here)):
        ENVIRONMENT.compile(row.source)
    assert listed(row) or row.name in ("deep calls", "absurd cost")
