"""Static limits on an expression, refused before anything is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Sizes(msgspec.Struct, frozen=True):
    """How large the data is taken to be when the cost of an expression is estimated.

    Attributes:
        elements: Elements of a list and entries of a map.
        text: Characters of a string.
        total: All that is below one field of a variable, in fields and characters.
        declared: Other numbers for single lists, maps and strings, by the path from the variable,
            such as ``object.spec.containers`` or ``object.spec.containers[].name``.
    """

    elements: int = 64
    text: int = 256
    total: int = 512
    declared: Mapping[str, int] = msgspec.field(default_factory=lambda: MappingProxyType({}))


class Limits(msgspec.Struct, frozen=True):
    """What is refused when an expression is compiled.

    Attributes:
        source: Its length in code points.
        nodes: The number of its tokens, and with it of the nodes of its tree.
        depth: How deep it nests.
        comprehensions: How many macros are inside one another.
        cost: What an evaluation costs, as :mod:`auditor.cel.cost` estimates it.
    """

    source: int = 100_000
    nodes: int = 50_000
    depth: int = 250
    comprehensions: int = 6
    cost: int = 10_000_000_000


DEFAULT_LIMITS: Final = Limits()
DEFAULT_SIZES: Final = Sizes()
