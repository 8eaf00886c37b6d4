"""Layers as streams: plain, by gzip or by zstd, as their first bytes say, within what is allowed.

Other packing that engines know is named and not read: it would look as no archive at all.

A layer of a few kilobytes may come to gigabytes. Nothing is held but the piece that is looked at;
what all layers of an image come to is counted, and so is the time.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import zstandard

from collectors.images.contents.limits import (
    MalformedError,
    TooLargeError,
    UnsupportedError,
)

PIECE: Final = 1 << 18
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SKIPPED: Final = b"\x2a\x4d\x18"
"""What follows the first byte, 0x50 to 0x5f, of a frame of zstd that has no data."""
_OTHERS: Final = {b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_MOST_START: Final = 5
_WINDOW: Final = 1 << 27
"""Bytes that a stream of zstd may refer back to: as the command line allows."""


class Budget:
    """What may still be read of one image: bytes, and until when."""

    def __init__(self, left: int, end: float, now: Callable[[], float]) -> None:
        self._left = left
        self._end = end
        self._now = now

    def spend(self, count: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            TooLargeError: there are more than are read, or it takes too long.
        """
        self._left -= count
        if self._left < 0:
            raise TooLargeError("its layers unpack to more than is read")
        if self._now() > self._end:
            raise TooLargeError("its layers take longer to unpack than is waited for")


class Unpacked:
    """Implements :class:`collectors.images.contents.headers.Stream` for one layer.

    ``digest`` is that of all that was read, once :meth:`finish` was called.
    """

    def __init__(self, pieces: Iterator[bytes], budget: Budget) -> None:
        self._pieces = _unpacked(pieces, budget)
        self._here = memoryview(b"")
        self._hash = hashlib.sha256()

    def exactly(self, count: int) -> bytes:
        """See :class:`collectors.images.contents.headers.Stream`."""
        if len(self._here) < count:
            return b"".join(self._parts(count))
        found, self._here = self._here[:count], self._here[count:]
        return bytes(found)

    def skip(self, count: int) -> None:
        """See :class:`collectors.images.contents.headers.Stream`."""
        for _ in self._parts(count):
            pass

    def at_end(self) -> bool:
        """See :class:`collectors.images.contents.headers.Stream`."""
        if not self._here:
            self._here = memoryview(self._next())
        return not self._here

    def finish(self) -> str:
        """Read what is left, and return the digest of all of it."""
        self._here = memoryview(b"")
        for piece in self._pieces:
            self._hash.update(piece)
        return f"sha256:{self._hash.hexdigest()}"

    def _parts(self, count: int) -> Iterator[memoryview]:
        while count:
            if self.at_end():
                raise MalformedError("a layer that ends too early")
            part, self._here = self._here[:count], self._here[count:]
            count -= len(part)
            yield part

    def _next(self) -> bytes:
        for piece in self._pieces:
            if piece:
                self._hash.update(piece)
                return piece
        return b""


def _unpacked(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    first = b""
    while len(first) < _MOST_START and (piece := next(pieces, b"")):
        first += piece
    for start, form in _OTHERS.items():
        if first.startswith(start):
            raise UnsupportedError(f"a layer that is packed by {form}")
    if first.startswith(_GZIP):
        parts = _gunzipped(first, pieces)
    elif first.startswith(_ZSTD) or _is_skipped(first):
        parts = _unzstd(first, pieces)
    else:
        parts = _joined(first, pieces)
    for part in parts:
        budget.spend(len(part))
        yield part


def _is_skipped(first: bytes) -> bool:
    return first[1:4] == _SKIPPED and first[0] >> 4 == 5


def _joined(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _gunzipped(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack members of gzip, as many as there are, never more than a piece at once."""
    member = zlib.decompressobj(31)
    for piece in _joined(first, pieces):
        left = piece
        while left:
            if member.eof:
                member = zlib.decompressobj(31)
            yield from _inflated(member, left)
            left = member.unused_data
    if not member.eof:
        raise MalformedError("a layer that ends too early")


def _inflated(member: Any, data: bytes) -> Iterator[bytes]:
    """Unpack what a member has of some bytes, never more than a piece at once."""
    while True:
        try:
            part = member.decompress(data, PIECE)
        except zlib.error as error:
            raise MalformedError(f"a layer that is no gzip: {error}") from error
        yield part
        data = member.unconsumed_tail
        if member.eof or (not data and len(part) < PIECE):
            return


class _Source(io.RawIOBase):
    """Pieces as a file, for who wants one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._here = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, place: Any) -> int:
        """Fill a place with the next bytes; 0 at the end."""
        if not self._here:
            self._here = next(self._pieces, b"")
        found, self._here = self._here[: len(place)], self._here[len(place) :]
        place[: len(found)] = found
        return len(found)


def _unzstd(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack frames of zstd, as many as there are."""
    made = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    source = io.BufferedReader(_Source(_joined(first, pieces)), PIECE)
    with made.stream_reader(source, read_across_frames=True, closefd=False) as reader:
        while True:
            try:
                piece = reader.read(PIECE)
            except zstandard.ZstdError as error:
                raise MalformedError(f"a layer that is no zstd: {error}") from error
            if not piece:
                return
            yield piece
