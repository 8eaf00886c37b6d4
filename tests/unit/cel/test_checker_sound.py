"""What passes the check has the type that was inferred, and never fails for want of an overload.

Random expressions over variables of known types: nothing is ``dyn`` unless it is made so. Most are
refused, which is as it should be; those that are not are evaluated. There is no null among them: it
may stand for an optional or a time, and then what is asked of it fails, as in cel-go.
"""

from __future__ import annotations

import re
from random import Random
from typing import Final

import pytest

from auditor.cel import (
    BOOL,
    DOUBLE,
    INT,
    STRING,
    CelCheckError,
    CelEvalError,
    Environment,
    Program,
    Type,
    list_of,
    map_of,
)
from auditor.cel.ops import type_name
from auditor.cel.values import OptionalValue

VARIABLES: Final = {
    "b": BOOL,
    "n": INT,
    "d": DOUBLE,
    "s": STRING,
    "names": list_of(STRING),
    "ports": list_of(INT),
    "limits": map_of(STRING, INT),
    "groups": map_of(STRING, list_of(STRING)),
}
VALUES: Final[dict[str, tuple[object, ...]]] = {
    "b": (True, False),
    "n": (0, 1, -3, 2**63 - 1),
    "d": (0.0, -1.5, 1e300),
    "s": ("", "a", "12", "true", "Größe"),
    "names": ([], ["a"], ["a", "b", "12"]),
    "ports": ([], [80, 443]),
    "limits": ({}, {"a": 1, "b": 2}),
    "groups": ({}, {"a": ["x", "a"], "b": []}),
}
ATOMS: Final = (
    *("1", "2u", "0.5", "'a'", "b'a'", "true", "[]", "[1]", "{'a': 1}", "timestamp(0)"),
    *("duration('1s')", "optional.of('a')", "limits[?'z']", "int", *VARIABLES, *VARIABLES),
)
FUNCTIONS: Final = ("size", "int", "string", "double", "type", "bool", "optional.of", "timestamp")
METHODS: Final = (
    *("size()", "hasValue()", "value()", "first()", "last()", "getHours()", "lowerAscii()"),
    *("trim()", "join()", "contains({})", "startsWith({})", "orValue({})", "or({})"),
    *("split({})", "indexOf({})", "charAt({})", "unwrapOpt()"),
)
MACROS: Final = ("all", "exists", "exists_one", "filter", "map", "optMap", "optFlatMap")
TRIES: Final = 2000
LONGEST: Final = 300
NOTHING: Final = object()


class Pool:
    """Expressions that passed the check, put together to larger ones without regard for types."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._environment = Environment(VARIABLES)
        self._sources = list(ATOMS)

    def grow(self) -> Program | None:
        """One more expression, or None if it did not pass."""
        source = self._combine()
        if len(source) > LONGEST:
            return None
        try:
            program = self._environment.compile(source)
        except CelCheckError:
            return None
        self._sources.append(source)
        return program

    def _any(self) -> str:
        return self.random.choice(self._sources)

    def _combine(self) -> str:
        random = self.random
        match random.randrange(12):
            case 0 | 1:
                operator = random.choice(("==", "!=", "<", ">=", "in", "&&", "||", "+", "-", "*"))
                return f"({self._any()} {operator} {self._any()})"
            case 2:
                return f"({self._any()} ? {self._any()} : {self._any()})"
            case 3:
                return f"{random.choice('!-')}({self._any()})"
            case 4:
                return f"{random.choice(FUNCTIONS)}({self._any()})"
            case 5 | 6:
                method = random.choice(METHODS).replace("{}", self._any())
                return f"({self._any()}).{method}"
            case 7:
                return f"[{self._any()}, {random.choice(('', '?'))}{self._any()}]"
            case 8:
                return f"{{{self._any()}: {self._any()}}}"
            case 9:
                part = random.choice((".a", ".?a", f"[{self._any()}]", f"[?{self._any()}]"))
                return f"({self._any()}){part}"
            case 10:
                return f"has(({self._any()}).a)"
            case _:
                return self._macro()

    def _macro(self) -> str:
        """A macro whose variable takes the place of a variable in a known expression."""
        name = self.random.choice(("i", "j"))
        hidden = self.random.choice(tuple(VARIABLES))
        body = re.sub(rf"\b{hidden}\b(?!')", name, self._any())
        return f"({self._any()}).{self.random.choice(MACROS)}({name}, {body})"


def conforms(value: object, kind: Type) -> bool:
    """Whether a value is of a type."""
    if kind.name == "dyn":
        return True
    if type_name(value) != kind.name:
        return False
    match value, kind.args:
        case list(), (element,):
            return all(conforms(item, element) for item in value)
        case dict(), (key, content):
            return all(
                conforms(name, key) and conforms(item, content) for name, item in value.items()
            )
        case OptionalValue(), (inner,):
            return not value.present or conforms(value.value, inner)
        case _:
            return True


def compare(seed: int) -> tuple[int, int]:
    """How many expressions passed the check, and how many evaluations had a value."""
    pool = Pool(seed)
    passed = valued = 0
    for _ in range(TRIES):
        program = pool.grow()
        if program is None:
            continue
        passed += 1
        for _ in range(3):
            args = [pool.random.choice(VALUES[name]) for name in VARIABLES]
            value = value_of(program, args)
            if value is NOTHING:
                continue
            valued += 1
            assert conforms(value, program.result_type), f"{program.source}: {value!r} on {args}"
    return passed, valued


def value_of(program: Program, args: list[object]) -> object:
    """The value, or NOTHING where the language has an error that types do not prevent."""
    try:
        return program.run(*args)
    except CelEvalError as error:
        if "no such overload" in str(error):
            raise AssertionError(f"{program.source}: {error} on {args}") from error
        return NOTHING


@pytest.mark.parametrize("seed", range(1))
def test_what_passes_has_its_type(seed: int) -> None:
    passed, valued = compare(seed)
    assert passed > TRIES // 10
    assert valued > passed // 2


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 32))
def test_more_of_what_passes_has_its_type(seed: int) -> None:
    compare(seed)
