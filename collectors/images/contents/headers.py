"""The headers of a tar archive, one after the other; what the files hold is skipped.

::

    offset  0  name                 offset 156  type: 0 file, 1 hard link, 5 folder, …
    offset 100 mode, in octal       offset 345  what stands before the name (ustar)
    offset 124 size, in octal or, with a first byte of 0x80, in base 256

A header of pax (``x``) or GNU (``L``, ``K``) says more of the next one. An archive that somebody
else made may say anything: each number is bounded, nothing is kept but what is yielded. It is read
as Go's reader does, by which engines unpack layers, or it is refused: what is taken for something
else than they take it for hides a file.

Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from collectors.images.contents.extended import EXTENDED, GLOBAL, More, check_global
from collectors.images.contents.fields import BLOCK, Header, header
from collectors.images.contents.limits import (
    MalformedError,
    TooLargeError,
    UnsupportedError,
)

_MOST_EXTENDED: Final = 1 << 18
"""Bytes of a header that says more of the next one: a path of Linux has 4,096."""
_EMPTY: Final = bytes(BLOCK)
FILE, LINK, SYMLINK, FOLDER, OTHER = "file", "link", "symlink", "folder", ""
_TYPES: Final = {b"0": FILE, b"\0": FILE, b"1": LINK, b"2": SYMLINK, b"5": FOLDER}
_TYPES.update({b"3": OTHER, b"4": OTHER, b"6": OTHER})


class Stream(Protocol):
    """Bytes that come in order."""

    def exactly(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            MalformedError: they end before.
        """
        ...

    def skip(self, count: int) -> None:
        """Leave out the next bytes; raises as :meth:`exactly`."""
        ...

    def at_end(self) -> bool:
        """Whether there are no more."""
        ...


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What an archive says of one file: ``kind`` is "" for devices and pipes.

    ``path`` is plain, ``target`` of a link is as it is written.
    """

    path: str
    kind: str
    mode: int
    owner: int
    size: int
    target: str


def entries(stream: Stream, most: int) -> Iterator[Entry]:
    """Yield what an archive has, up to its end; whoever asks for the next one skips the data.

    Raises:
        MalformedError: it is no tar archive, or ends too early.
        UnsupportedError: it has a file in a form that is not read.
        TooLargeError: it has more entries than ``most``, or a header of more than is read.
    """
    more = More()
    for _ in range(most):
        block = _next_block(stream)
        if block is None:
            _check_nothing_is_open(more)
            return
        found = header(block)
        if found.kind in EXTENDED:
            more.add(found.kind, _content(stream, found.size))
            continue
        if found.kind == GLOBAL:
            _check_nothing_is_open(more)
            check_global(_content(stream, found.size))
            continue
        entry = _entry(more.of(found))
        yield entry
        more = More()
        stream.skip(-(-entry.size // BLOCK) * BLOCK)
    raise TooLargeError(f"an archive of more than {most:,} entries")


def _next_block(stream: Stream) -> bytes | None:
    """The next header; the end is that of the stream, or two blocks of nothing."""
    if stream.at_end():
        return None
    block = stream.exactly(BLOCK)
    if block != _EMPTY:
        return block
    if not stream.at_end() and stream.exactly(BLOCK) != _EMPTY:
        raise MalformedError("an archive that goes on after a block of nothing")
    return None


def _check_nothing_is_open(more: More) -> None:
    if more.said:
        raise MalformedError("an archive that says more of a file that does not follow")


def _entry(found: Header) -> Entry:
    """What a header says; of other types than are known nobody knows if data follow."""
    kind = _TYPES.get(found.kind)
    if kind is None:
        sparse = "a sparse file of old GNU tar" if found.kind == b"S" else f"a {found.kind!r}"
        raise UnsupportedError(f"an archive with {sparse}")
    if kind == FILE and found.name.endswith("/"):
        if found.kind == b"0":
            raise UnsupportedError("an archive with a file whose name is that of a folder")
        kind = FOLDER
    size = found.size if kind == FILE else 0
    if size < 0 or found.mode < 0 or found.owner < 0:
        raise MalformedError("an archive with a number out of range")
    return Entry(
        path=plain(found.name),
        kind=kind,
        mode=found.mode & 0o7777,
        owner=found.owner,
        size=size,
        target=found.target,
    )


def plain(path: str) -> str:
    """A path within an image, as it is found there: ``./usr//bin/su`` is ``usr/bin/su``.

    What leads out of the image stays in it, as it does for who unpacks one.
    """
    found: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del found[-1:]
        elif part not in {"", "."}:
            found.append(part)
    return "/".join(found)


def _content(stream: Stream, size: int) -> bytes:
    if size < 0:
        raise MalformedError("an archive with a number out of range")
    if size > _MOST_EXTENDED:
        raise TooLargeError("an archive with a name that is too long")
    data = stream.exactly(size)
    stream.skip(-size % BLOCK)
    return data
