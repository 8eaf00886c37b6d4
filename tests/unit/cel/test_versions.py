"""Which version of Kubernetes an expression needs."""

from __future__ import annotations

import pytest

from auditor.cel import (
    DYN,
    INT,
    STRING,
    CelCheckError,
    Environment,
    Function,
    Signature,
    list_of,
)

NAMES = list_of(STRING)
ENVIRONMENT = Environment({"x": DYN, "names": NAMES})

SINCE = [
    ("what was there from the start", "x.name.startsWith('a') && size(x) > 1", ""),
    ("optional fields", "x.?a.hasValue()", "1.28"),
    ("an optional element", "[?x, x].size() == 1", "1.28"),
    ("an optional key", "x[?'a'].orValue(1) == 1", "1.28"),
    ("a mapped optional", "x.?a.optMap(a, a == 1).orValue(false)", "1.28"),
    ("a later function of optionals", "names.first().hasValue()", "1.33"),
    ("a later function of strings", "strings.quote('a')", "1.29"),
    ("macros of two variables", "names.all(i, n, n.size() > i)", "1.32"),
    ("the newest of several", "names.all(i, n, x.?a.hasValue())", "1.32"),
    ("what no server has", "cel.bind(a, x, a)", "never"),
    ("a field in backquotes", "x.`a-b` == 1", "never"),
    ("presence of a field in backquotes", "has(x.a.`b/c`)", "never"),
    ("a reserved word as a field", "x.while == 1", ""),
    ("a function that no server has", "'abc'.reverse()", "never"),
    ("the order of int and double", "size(names) < 2.5", "1.28"),
    ("the order of int and something unknown", "size(names) < x", ""),
    ("the order of ints", "size(names) < 2", ""),
]


@pytest.mark.parametrize(
    ("source", "since"), [case[1:] for case in SINCE], ids=[case[0] for case in SINCE]
)
def test_since(source: str, since: str) -> None:
    assert ENVIRONMENT.compile(source).since() == since


def count(value: object) -> int:
    return len(value) if isinstance(value, str | list) else -1


GROWN = {
    "count": Function(
        "count",
        count,
        (Signature(None, (STRING,), INT), Signature(None, (NAMES,), INT, since="1.34")),
        "test",
    )
}
GROWN_ENVIRONMENT = Environment({"x": DYN, "names": NAMES}, functions=GROWN)


@pytest.mark.parametrize(
    ("source", "since"),
    [("count('a')", ""), ("count(names)", "1.34"), ("count(x)", ""), ("count([x])", "1.34")],
    ids=["the old overload", "the new overload", "either", "the new one for an unknown element"],
)
def test_the_overload_decides(source: str, since: str) -> None:
    assert GROWN_ENVIRONMENT.compile(source).since() == since


REFUSED = [
    ("a macro", "names.all(i, n, true)", "1.31", "macros with two variables needs", 6),
    ("an order", "1 < 2.5", "1.27", "the order of numbers of two types needs", 3),
    ("a function", "strings.quote('a')", "v1.28", 'function "strings.quote" needs', 8),
]


@pytest.mark.parametrize(
    ("source", "version", "message", "column"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_refused_for_an_older_version(source: str, version: str, message: str, column: int) -> None:
    environment = Environment({"names": NAMES}, kubernetes=version)
    with pytest.raises(CelCheckError) as caught:
        environment.compile(source)
    assert caught.value.message.startswith(message)
    assert caught.value.message.endswith(f"not {version}")
    assert caught.value.column == column


def test_refused_for_every_version() -> None:
    environment = Environment({"x": DYN}, kubernetes="1.35")
    with pytest.raises(CelCheckError, match=r"cel\.bind is in no version of Kubernetes"):
        environment.compile("cel.bind(a, x, a)")
