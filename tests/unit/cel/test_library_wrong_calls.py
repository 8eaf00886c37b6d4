"""Every library function, called unchecked with anything at all: a value, or CelEvalError."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from auditor.cel import DYN, UNUSABLE, Environment
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import takes
from auditor.cel.library import standard_library
from tests.cases import every
from tests.unit.cel.compiled import ERROR, LIMIT, fast_outcome, outcome

FUNCTIONS: Final = standard_library()
NAMES: Final = {name: name for name in sorted(FUNCTIONS)}
ENVIRONMENT: Final = Environment({"x": DYN}, checked=False)
VALUES: Final = {
    "nan": float("nan"),
    "inf": float("inf"),
    "large": 1e300,
    "digits": "9" * 5_000,
    "odd": "\ud800\x00",
    "nested": [[[["a"]]]],
    "mixed": [1, "a", None],
    "map": {"a": 1, "b": [None]},
}
ARGUMENTS: Final = (
    *(f"x.{name}" for name in VALUES),
    *("1", "-1", "9223372036854775807", "-9223372036854775808", "7u", "18446744073709551615u"),
    *("1.5", "true", "null", "b'a'", "[]", "{}", "[[1]]", "['1.2.3.4']", "[1.5, x.nan]", "int"),
    *("'a'", "''", "'('", "'%d %s'", "'%.999999999f'", "'+25:00'", "'10.0.0.0/8'", "'1Ki'"),
    *("timestamp(0)", "timestamp('9999-12-31T23:59:59Z')", "duration('-9223372036s')"),
    *("optional.of(1)", "optional.none()", "[optional.of(1)]", "{'a': optional.none()}"),
    *("ip('::1')", "[ip('1.2.3.4')]", "cidr('::/0')", "quantity('9e18')", "semver('1.2.3')"),
    *("url('http://a')", "format.dns1123Label()"),
)
CALLS: Final = 8
MOST: Final = 6


def call(name: str, args: list[str], *, method: bool) -> str:
    if not method or not args or "." in name:
        return f"{name}({', '.join(args)})"
    return f"({args[0]}).{name}({', '.join(args[1:])})"


def decided(source: str) -> object:
    """What all evaluators come to; anything but a value or CelEvalError is raised."""
    program = ENVIRONMENT.compile(source)
    expected = outcome(program.exact, VALUES)
    assert outcome(program.run, VALUES) == expected, source
    assert fast_outcome(program.fast, VALUES) in (None, expected), source
    assert (program.trace(VALUES).error is None) is (expected not in (ERROR, LIMIT)), source
    outcome(program.grounds, VALUES)
    return expected


def compare(name: str, seed: int, calls: int) -> None:
    random = Random(f"{name} {seed}")
    fitting = [count for count in range(MOST) if takes(FUNCTIONS[name], count)]
    for _ in range(calls):
        count = random.choice((*fitting, *fitting, random.randrange(MOST)))
        source = call(name, random.choices(ARGUMENTS, k=count), method=random.random() < 0.6)
        decided(f"[1].map(q, {source})" if random.random() < 0.3 else source)


def test_any_arguments() -> None:
    every(NAMES, lambda name: compare(name, seed=1, calls=CALLS))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_many_arguments(name: str) -> None:
    compare(name, seed=2, calls=300)


def test_another_number_of_arguments() -> None:
    every(NAMES, takes_no_other_number)


def takes_no_other_number(name: str) -> None:
    for count in range(MOST):
        if not takes(FUNCTIONS[name], count):
            for method in (False, True):
                assert decided(call(name, ["'a'"] * count, method=method)) == ERROR


TOLD: Final = {
    "split": ("'a,b'.split(',', 1, 1)", "no such overload: split(string, string, int, int)"),
    "replace": ("'a'.replace('a', 'b', 1, 2)", "no such overload: replace("),
    "substring": ("'abc'.substring(0, 1, 2)", "no such overload: substring(string, int, int, int)"),
    "none": ("size()", "no such overload: size()"),
    "too many": ("'a'.size(1)", "no such overload: size(string, int)"),
    "inside a macro": ("[1].map(e, 'a'.trim(e))", "no such overload: trim(string, int)"),
}


def _message(evaluate: Callable[..., object]) -> str:
    with pytest.raises(CelEvalError) as caught:
        evaluate(VALUES)
    return str(caught.value)


@pytest.mark.parametrize(("source", "message"), TOLD.values(), ids=TOLD.keys())
def test_what_is_told(source: str, message: str) -> None:
    program = ENVIRONMENT.compile(source)
    assert message in _message(program.run)
    assert message in _message(program.exact)
    assert message in str(program.trace(VALUES).error)


def test_an_error_that_another_operand_outweighs() -> None:
    assert ENVIRONMENT.compile("'a'.size(1) == 1 || true").run(VALUES) is True


def test_a_value_that_cant_be_used() -> None:
    """It may stand among the elements of a list; a trace says what came of it, and never raises."""
    every(NAMES, is_traced_with_what_cant_be_used)


def is_traced_with_what_cant_be_used(name: str) -> None:
    random = Random(f"{name} unusable")
    given = {**VALUES, "bad": UNUSABLE, "some": [UNUSABLE, "a", 1]}
    arguments = (*ARGUMENTS, *(("x.bad", "x.some", "[x.some]") * 8))
    fitting = [count for count in range(1, MOST) if takes(FUNCTIONS[name], count)]
    for _ in range(CALLS if fitting else 0):
        args = random.choices(arguments, k=random.choice(fitting))
        ENVIRONMENT.compile(call(name, args, method=random.random() < 0.6)).trace(given)
