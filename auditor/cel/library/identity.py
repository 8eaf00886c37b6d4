"""Keys that are equal exactly when the values are, so that finding one among many is one look."""

from __future__ import annotations

from auditor.cel.values import OptionalValue


def identity(value: object) -> object:
    """A hashable that equals the identity of another value if CEL's ``==`` holds between the two.

    NaN equals nothing, so neither does its identity. Numbers are equal across their types, and
    everything else only within its own.
    """
    if value.__class__ is list:
        return list, tuple(map(identity, value))
    if value.__class__ is dict:
        return dict, frozenset((key, identity(item)) for key, item in value.items())
    if value.__class__ is OptionalValue:
        return OptionalValue, value.present, identity(value.value) if value.present else None
    if isinstance(value, int | float) and value.__class__ is not bool:
        return value if value == value else object()  # noqa: PLR0124 - NaN
    return value.__class__, value
