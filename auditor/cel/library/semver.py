"""Semantic versions, as the API server compares them (kubernetes/apiserver ``semverlib.go``).

Syntax and order are those of semver.org 2.0.0: build metadata has no part in either order or
equality. With ``normalize`` a leading ``v``, leading zeros and missing parts are forgiven.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Function
from auditor.cel.library.define import LINEAR, function, member, plain
from auditor.cel.types import BOOL, INT, SEMVER, STRING
from auditor.cel.values import INT_MAX, UINT_MAX

_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") | _DIGITS
_LONGEST_NUMBER: Final = len(str(UINT_MAX))
_PARTS: Final = 3
_SINCE: Final = "1.33"


@dataclass(frozen=True, slots=True, order=True)
class Semver:
    """A version; its order is that of the fields.

    Attributes:
        numbers: major, minor and patch.
        release: whether there are no ``identifiers``: a release comes after its pre-releases.
        identifiers: of the pre-release; a number is ``(0, n, "")``, which comes before any text.
    """

    cel_type: ClassVar[str] = "kubernetes.Semver"

    numbers: tuple[int, int, int]
    release: bool
    identifiers: tuple[tuple[int, int, str], ...]
    build: str = field(default="", compare=False)


def semver(text: object, normalize: object = False) -> Semver:  # noqa: FBT002 - as CEL calls it
    """``semver(text)``, ``semver(text, normalize)``.

    Raises:
        CelEvalError: ``text`` is not a version.
    """
    if text.__class__ is not str or normalize.__class__ is not bool:
        return no_overload("semver", text, normalize)
    return _parse(_normalized(text) if normalize else text)


def is_semver(text: object, normalize: object = False) -> bool:  # noqa: FBT002 - as CEL calls it
    """``isSemver(text)``, ``isSemver(text, normalize)``."""
    if text.__class__ is not str or normalize.__class__ is not bool:
        return no_overload("isSemver", text, normalize)
    try:
        semver(text, normalize)
    except CelEvalError:
        return False
    return True


def _parse(text: str) -> Semver:
    parts = text.split(".", _PARTS - 1)
    if len(parts) != _PARTS:
        raise CelEvalError("semver: there are no major, minor and patch numbers")
    rest, plus, build = parts[2].partition("+")
    patch, dash, pre = rest.partition("-")
    numbers = (_number("major", parts[0]), _number("minor", parts[1]), _number("patch", patch))
    identifiers = tuple(map(_identifier, pre.split("."))) if dash else ()
    for each in build.split(".") if plus else ():
        if not each or not _LETTERS.issuperset(each):
            raise CelEvalError("semver: the build metadata is empty or has odd characters")
    return Semver(numbers, not dash, identifiers, build)


def _number(name: str, digits: str) -> int:
    if not digits or not _DIGITS.issuperset(digits):
        raise CelEvalError(f"semver: the {name} version is not a number")
    if digits[0] == "0" and len(digits) > 1:
        raise CelEvalError(f"semver: the {name} version has leading zeros")
    if len(digits) > _LONGEST_NUMBER or int(digits) > UINT_MAX:
        raise CelEvalError(f"semver: the {name} version is out of range")
    return int(digits)


def _identifier(text: str) -> tuple[int, int, str]:
    if text and _DIGITS.issuperset(text):
        return 0, _number("pre-release", text), ""
    if not text or not _LETTERS.issuperset(text):
        raise CelEvalError("semver: the pre-release is empty or has odd characters")
    return 1, 0, text


def _normalized(text: str) -> str:
    parts = [_without_zeros(part) for part in text.removeprefix("v").split(".", _PARTS - 1)]
    if len(parts) < _PARTS and ("+" in parts[-1] or "-" in parts[-1]):
        raise CelEvalError("semver: a short version has no pre-release and no build metadata")
    return ".".join(parts + ["0"] * (_PARTS - len(parts)))


def _without_zeros(part: str) -> str:
    if len(part) <= 1:
        return part
    stripped = part.lstrip("0")
    return stripped if stripped[:1] in _DIGITS else "0" + stripped


def _component(name: str, index: int, value: object) -> int:
    if value.__class__ is not Semver:
        return no_overload(name, value)
    number = value.numbers[index]
    return number if number <= INT_MAX else number - (UINT_MAX + 1)


def compare_to(a: object, b: object) -> int:
    """``a.compareTo(b)``: -1, 0 or 1."""
    if a.__class__ is not Semver or b.__class__ is not Semver:
        return no_overload("compareTo", a, b)
    return (a > b) - (a < b)


def is_less_than(a: object, b: object) -> bool:
    """``a.isLessThan(b)``."""
    if a.__class__ is not Semver or b.__class__ is not Semver:
        return no_overload("isLessThan", a, b)
    return a < b


def is_greater_than(a: object, b: object) -> bool:
    """``a.isGreaterThan(b)``."""
    if a.__class__ is not Semver or b.__class__ is not Semver:
        return no_overload("isGreaterThan", a, b)
    return a > b


_define = partial(function, "semver")

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define(
        "semver",
        semver,
        plain(STRING, result=SEMVER, since=_SINCE),
        plain(STRING, BOOL, result=SEMVER, since=_SINCE),
        cost=LINEAR,
    ),
    _define(
        "isSemver",
        is_semver,
        plain(STRING, result=BOOL, since=_SINCE),
        plain(STRING, BOOL, result=BOOL, since=_SINCE),
        cost=LINEAR,
    ),
    *[
        _define(name, partial(_component, name, index), member(SEMVER, result=INT, since=_SINCE))
        for index, name in enumerate(("major", "minor", "patch"))
    ],
    _define("compareTo", compare_to, member(SEMVER, SEMVER, result=INT, since=_SINCE)),
    _define("isLessThan", is_less_than, member(SEMVER, SEMVER, result=BOOL, since=_SINCE)),
    _define("isGreaterThan", is_greater_than, member(SEMVER, SEMVER, result=BOOL, since=_SINCE)),
)
"""The functions of this module."""
