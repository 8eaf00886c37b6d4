"""Where values come from: paths into the variables, and how operations carry them along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, TypeGuard

import msgspec

from auditor.cel.values import OptionalValue, UInt

_IDENTITIES: Final = frozenset({"dyn", "optional.of", "optional.ofNonZeroValue", "value"})
_UNWRAPPERS: Final = frozenset({"optional.unwrap", "unwrapOpt"})
_MOST_ELEMENTS: Final = 20_000
"""The elements of a larger list that a function makes have no origin."""


class Absent:
    """The class of :data:`ABSENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
"""The value of a field that was looked for and is not there."""


class Lacks:
    """The class of :data:`LACKS`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "LACKS"


LACKS: Final = Lacks()
"""The value of a list of which no element is as an expression wants one."""

Path: TypeAlias = tuple[str | int, ...]
Origin: TypeAlias = tuple[str, Path]
"""A root variable and the path from it, in field names, map keys and list indices."""


class Read(msgspec.Struct, frozen=True):
    """One field that an expression read; ``value`` is ABSENT when it is not there."""

    root: str
    path: Path
    value: object


def leaves(reads: Iterable[Read]) -> tuple[Read, ...]:
    """The reads whose path is not part of another's, each once, in order of the first."""
    found: dict[Origin, Read] = {}
    inner: set[Origin] = set()
    for read in reads:
        key = (read.root, read.path)
        if key not in found:
            found[key] = read
            inner.update((read.root, read.path[:length]) for length in range(len(read.path)))
    return tuple(read for key, read in found.items() if key not in inner)


class Parts(msgspec.Struct):
    """Where the elements of a made list came from.

    ``grounds`` are, for each element, the reads that put it there; ``others`` those of elements
    that were filtered out.
    """

    origins: list[Source] = msgspec.field(default_factory=list)
    grounds: list[tuple[Read, ...]] = msgspec.field(default_factory=list)
    others: list[Read] = msgspec.field(default_factory=list)

    def add(self, origin: Source, grounds: tuple[Read, ...] = ()) -> None:
        """Append an element."""
        self.origins.append(origin)
        self.grounds.append(grounds)


Source: TypeAlias = Origin | Parts | None
"""Where a value came from: one place, several (a made list), or nowhere."""


def is_origin(source: Source) -> TypeGuard[Origin]:
    """Whether a source is one place."""
    return source.__class__ is tuple


def step(source: Source, key: object) -> Source:
    """The source of an entry or element of a value from ``source``."""
    if key.__class__ is float and key.is_integer():
        key = int(key)
    if key.__class__ is UInt:
        key = int(key)
    if key.__class__ is not str and key.__class__ is not int:
        return None
    if source.__class__ is Parts:
        if key.__class__ is int and 0 <= key < len(source.origins):
            return source.origins[key]
        return None
    if is_origin(source):
        return source[0], (*source[1], key)
    return None


def sources_of(source: Source, value: Sequence[object]) -> list[Source]:
    """The sources of the elements of a list."""
    return [step(source, number) for number in range(len(value))]


def origins_of(source: Source, value: object) -> tuple[Origin | None, ...]:
    """The origins of the elements of a list; () for any other value."""
    if value.__class__ is not list:
        return ()
    return tuple(item if is_origin(item) else None for item in sources_of(source, value))


def grounds_of(source: Source, number: int) -> tuple[Read, ...]:
    """The reads that put element ``number`` into a made list."""
    return source.grounds[number] if source.__class__ is Parts else ()


def derive(
    function: str,
    value: object,
    args: Sequence[object],
    sources: Sequence[Source],
) -> Source:
    """The source of what a function or operator returned."""
    if function in _IDENTITIES:
        return sources[0]
    items = args[0] if args else None
    if items.__class__ is not list:
        return None
    if function == "first":
        return step(sources[0], 0)
    if function == "last":
        return step(sources[0], len(items) - 1)
    if value.__class__ is not list or len(value) > _MOST_ELEMENTS:
        return None
    if function == "_+_":
        return _concatenate(args, sources)
    if function in _UNWRAPPERS:
        return _choose_present(items, sources[0])
    return _recognise(value, args, sources)


def _concatenate(args: Sequence[object], sources: Sequence[Source]) -> Parts:
    parts = Parts()
    for items, source in zip(args, sources, strict=True):
        if items.__class__ is list:
            for number, origin in enumerate(sources_of(source, items)):
                parts.add(origin, grounds_of(source, number))
        if source.__class__ is Parts and len(parts.others) <= _MOST_ELEMENTS:
            parts.others.extend(source.others)
    return parts


def _choose_present(items: Sequence[object], source: Source) -> Parts:
    parts = Parts()
    for number, (item, origin) in enumerate(zip(items, sources_of(source, items), strict=True)):
        if item.__class__ is OptionalValue and item.present:
            parts.add(origin, grounds_of(source, number))
    return parts


def _recognise(value: object, args: Sequence[object], sources: Sequence[Source]) -> Parts:
    """Find the elements of a list made by a library function among those of its arguments.

    Maps and lists are recognised as the same object, also one list deeper (``flatten``); scalars
    are not recognised.
    """
    known: dict[int, Source] = {}
    for items, source in zip(args, sources, strict=True):
        if items.__class__ is list and len(items) <= _MOST_ELEMENTS:
            inner = sum(len(item) for item in items if item.__class__ is list)
            _remember(known, items, source, depth=2 if inner <= _MOST_ELEMENTS else 1)
    parts = Parts()
    if value.__class__ is list:
        for item in value:
            parts.add(known.get(id(item)))
    return parts


def _remember(
    known: dict[int, Source],
    items: Sequence[object],
    source: Source,
    *,
    depth: int,
) -> None:
    for item, origin in zip(items, sources_of(source, items), strict=True):
        if item.__class__ is dict or item.__class__ is list:
            known.setdefault(id(item), origin)
        if item.__class__ is list and depth > 1:
            _remember(known, item, origin, depth=depth - 1)
