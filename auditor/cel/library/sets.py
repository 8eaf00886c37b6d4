"""Lists taken as sets, as cel-go's ``ext/sets.go`` has them; order and repetition do not count."""

from __future__ import annotations

from functools import partial
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.functions import Function
from auditor.cel.library.define import LINEAR, function, plain
from auditor.cel.library.identity import identity
from auditor.cel.types import BOOL, VAR_A, list_of

_SINCE: Final = "1.29"


def _as_sets(name: str, a: object, b: object) -> tuple[set[object], set[object]]:
    if a.__class__ is not list or b.__class__ is not list:
        return no_overload(name, a, b)
    return set(map(identity, a)), set(map(identity, b))


def contains(a: object, b: object) -> bool:
    """``sets.contains(a, b)``: whether each element of ``b`` equals one of ``a``."""
    have, want = _as_sets("sets.contains", a, b)
    return want <= have


def equivalent(a: object, b: object) -> bool:
    """``sets.equivalent(a, b)``: whether each contains the other."""
    have, want = _as_sets("sets.equivalent", a, b)
    return want == have


def intersects(a: object, b: object) -> bool:
    """``sets.intersects(a, b)``: whether an element of one equals one of the other."""
    have, want = _as_sets("sets.intersects", a, b)
    return not have.isdisjoint(want)


_define = partial(function, "sets", cost=LINEAR)
_PAIR: Final = plain(list_of(VAR_A), list_of(VAR_A), result=BOOL, since=_SINCE)

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("sets.contains", contains, _PAIR),
    _define("sets.equivalent", equivalent, _PAIR),
    _define("sets.intersects", intersects, _PAIR),
)
"""The functions of this module."""
