"""The template of ``format``: where it has clauses, and which value each stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from auditor.cel.errors import CelEvalError
from auditor.cel.library.format_doubles import DEFAULT_PRECISION
from auditor.cel.values import INT_MAX

LETTERS: Final = "sdfebxXo"
"""What a clause can end in."""

_Value = TypeVar("_Value")

_CLAUSE: Final = re.compile(r"%(?:(%)|(?:\.([0-9]*))?(.)?)", re.DOTALL)
_LONGEST_PRECISION: Final = 19


class Clause(NamedTuple):
    """``template[start:end]``, such as ``%.2f``: its letter and its precision or the default."""

    start: int
    end: int
    letter: str
    precision: int


def clauses(template: str) -> Iterator[Clause]:
    """What stands for values; ``%%`` does not.

    Raises:
        CelEvalError: a clause is malformed.
    """
    for found in _CLAUSE.finditer(template):
        letter = found[3]
        if found[1]:
            continue
        if letter is None or letter not in LETTERS:
            raise CelEvalError(f"format: no such clause: {found[0][:80]}")
        yield Clause(*found.span(), letter, _precision(found[2]))


def value_of(number: int, clause: Clause, values: Sequence[_Value]) -> _Value:
    """The value that clause ``number`` stands for.

    Raises:
        CelEvalError: there are not so many.
    """
    if number < len(values):
        return values[number]
    raise CelEvalError(f"format: no value for %{clause.letter}: index {number} out of range")


def _precision(digits: str | None) -> int:
    if digits is None:
        return DEFAULT_PRECISION
    if digits and len(digits.lstrip("0")) <= _LONGEST_PRECISION:
        precision = int(digits[-_LONGEST_PRECISION:])
        if precision <= INT_MAX:
            return precision
    raise CelEvalError(f"format: no such precision: .{digits[:80]}")
