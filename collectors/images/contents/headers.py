"""The headers of a tar archive, one after the other; what the files hold is skipped.

::

    offset  0  name                 offset 156  type: 0 file, 1 hard link, 5 folder, …
    offset 100 mode, in octal       offset 345  what stands before the name (ustar)
    offset 124 size, in octal or, with a first byte of 0x80, in base 256

A header of pax (``x``) or GNU (``L``, ``K``) says more of the next one. An archive that somebody
else made may say anything: each number is bounded, nothing is kept but what is yielded.

Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from collectors.images.contents.limits import (
    MalformedError,
    TooLargeError,
    UnsupportedError,
)

BLOCK: Final = 512
_MOST_EXTENDED: Final = 1 << 18
"""Bytes of a header that says more of the next one: a path of Linux has 4,096."""
_EMPTY: Final = bytes(BLOCK)
FILE, LINK, SYMLINK, FOLDER = "file", "link", "symlink", "folder"
_TYPES: Final = {b"0": FILE, b"\0": FILE, b"7": FILE, b"1": LINK, b"2": SYMLINK}
_TYPES[b"5"] = FOLDER
_DATA: Final = frozenset({b"0", b"\0", b"7", b"x", b"g", b"L", b"K"})
"""Types that are followed by as many bytes as their size says; of others it is no size."""

_KEYS: Final = {"path": "path", "GNU.sparse.name": "path", "linkpath": "linkpath", "size": "size"}


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
    more: dict[str, str] = {}
    for _ in range(most):
        if stream.at_end() or (header := stream.exactly(BLOCK)) == _EMPTY:
            return
        _check(header)
        kind, size = header[156:157], _number(header[124:136])
        if kind == b"S":
            raise UnsupportedError("an archive with a sparse file of old GNU tar")
        if kind in {b"x", b"L", b"K"}:
            more |= _extended(kind, _content(stream, size))
            continue
        if kind == b"g":
            _content(stream, size)
            continue
        size = _size(more["size"]) if "size" in more else size
        size = size if kind in _DATA else 0
        yield _entry(header, _TYPES.get(kind, ""), size, more)
        more = {}
        stream.skip(-(-size // BLOCK) * BLOCK)
    raise TooLargeError(f"an archive of more than {most:,} entries")


def _entry(header: bytes, kind: str, size: int, more: dict[str, str]) -> Entry:
    name = _text(header[:100])
    if header[257:263] == b"ustar\0" and (before := _text(header[345:500])):
        name = f"{before}/{name}"
    name = more.get("path", name)
    return Entry(
        path=plain(name),
        kind=FOLDER if kind == FILE and name.endswith("/") else kind,
        mode=_number(header[100:108]) & 0o7777,
        owner=_number(header[108:116]),
        size=size,
        target=more.get("linkpath", _text(header[157:257])),
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


def _check(header: bytes) -> None:
    """Hold the sum of a header against what it says; either sign of bytes is in use."""
    said = _number(header[148:156])
    found = sum(header) - sum(header[148:156]) + 8 * 32
    high = sum(256 for each in (*header[:148], *header[156:]) if each > 127)
    if said not in {found, found - high}:
        raise MalformedError("no tar archive, or one that is damaged")


def _number(field: bytes) -> int:
    """A number in octal, or in base 256 where the first bit is set."""
    if field[:1] >= b"\x80":
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if value > 1 << 62:
            raise MalformedError("an archive with a number out of range")
        return value
    digits = field.partition(b"\0")[0].strip(b" ")
    if digits.strip(b"01234567"):
        raise MalformedError("an archive with a number that is none")
    return int(digits or b"0", 8)


def _content(stream: Stream, size: int) -> bytes:
    if size > _MOST_EXTENDED:
        raise TooLargeError("an archive with a name that is too long")
    data = stream.exactly(size)
    stream.skip(-size % BLOCK)
    return data


def _extended(kind: bytes, data: bytes) -> dict[str, str]:
    if kind == b"x":
        return {_KEYS[key]: value for key, value in _records(data) if key in _KEYS}
    return {"path" if kind == b"L" else "linkpath": _text(data)}


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the records of pax: ``30 path=usr/bin/su`` and a line end, each with its length."""
    at = 0
    while at < len(data):
        length, blank, _ = data[at : at + 20].partition(b" ")
        if not blank or not length.isdigit() or int(length) <= len(length) + 1:
            raise MalformedError("an archive with a record of pax that is none")
        record = data[at + len(length) + 1 : at + int(length)]
        key, _, value = record.removesuffix(b"\n").partition(b"=")
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "replace")
        at += int(length)


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise MalformedError("an archive with a size that is none")
    return int(text)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
