"""Static limits on an expression, refused before anything is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """``source`` in code points, ``nodes`` of the tree, ``depth`` of nesting, and of macros."""

    source: int = 100_000
    nodes: int = 50_000
    depth: int = 250
    comprehensions: int = 6


DEFAULT_LIMITS: Final = Limits()
