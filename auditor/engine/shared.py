"""Equal values, kept once: two hundred controls say few things of each of ten thousand targets."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

Value = TypeVar("Value", bound=Hashable)


class Shared:
    """Values that were seen, of any kinds, for as long as this one lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[type, Any], Any] = {}

    def one(self, value: Value) -> Value:
        """Return the first value that was equal to this one, and of its type."""
        found: Value = self._known.setdefault((type(value), value), value)
        return found
