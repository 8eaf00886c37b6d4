"""What rules may read of a kind beyond its body: lists joined from parts, and fields that vary.

A shape is data, so that the engine joins, slices and points back without naming a platform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

Path = tuple[str, ...]
Steps = tuple[str | int, ...]

NAMES: frozenset[Path] = frozenset(
    {("name",), ("kind",), ("metadata", "name"), ("metadata", "namespace"), ("owner", "name")}
)


class Shape(msgspec.Struct, frozen=True):
    """``joined`` maps a virtual field to the lists that it concatenates, in order.

    ``volatile`` are sets of paths (``*`` is any element) whose values differ between otherwise
    equal resources, those that differ most last; a rule is memoised by the last that it reads of.
    ``names`` are paths to what only says whom a finding is about, when its message shows it: names,
    and the first few users of an account, who come and go.
    ``noise`` are names with a random ending: their beginning, by pattern, and the name that rules
    see instead.
    ``repeated`` is the field that is the same, byte for byte, in resources of one origin, but for
    noise and for ``apart``: a path in it that tells them apart, with the beginning of its JSON and
    a pattern for it.
    """

    joined: Mapping[str, tuple[Path, ...]] = MappingProxyType({})
    named: Mapping[str, tuple[Path, str]] = MappingProxyType({})
    volatile: tuple[tuple[Path, ...], ...] = ()
    names: frozenset[Path] = NAMES
    noise: tuple[bytes, re.Pattern[bytes], bytes] | None = None
    repeated: str = ""
    apart: tuple[Path, bytes, re.Pattern[bytes]] | None = None

    def parts_of(self, path: Path) -> tuple[Path, ...]:
        """The lists that the one at a path is joined from; itself when it is not joined."""
        return self.joined.get(path[0], (path,)) if len(path) == 1 else (path,)


PLAIN: Final = Shape()
"""A kind that is judged as it was read."""
