"""The content of results, plain or compressed, in pieces and lines that have a limit.

A few bytes of Zstandard can say gigabytes (RFC 8878, 3.1.1.2.2: a block of one repeated byte), and
a line can be as long as the whole, so neither is believed.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import zstandard

from auditor.errors import IntegrityError
from auditor.evidence import files

PIECE: Final = 1 << 20
_SMALL: Final = 1 << 17
"""Of what is taken apart at once, which is faster while it is near the processor."""
MOST_LINE: Final = 1 << 26
_TIMES: Final = 400
_BESIDES: Final = 1 << 28
"""Beside that: rows of some thousand targets of which every control says the same are each other's
repetition, as long as they fit into the window that we write by (half a MiB)."""
_MOST: Final = 1 << 35
_WINDOW: Final = 1 << 27


class Content:
    """What stands in a file of results, read once from its beginning."""

    def __init__(self, name: str, file: BinaryIO, most: int) -> None:
        self._name = name
        self._file = file
        self._left = most

    def pieces(self, size: int = PIECE) -> Iterator[bytes]:
        """The rest, in pieces of a size.

        Raises:
            IntegrityError: it can't be read, or there is more than can be true.
        """
        while piece := self._taken(size):
            yield piece

    def lines(self) -> Iterator[bytes]:
        """The rest, line by line, each with its LF.

        Raises:
            IntegrityError: as :meth:`blocks`.
        """
        for block in self.blocks():
            yield from io.BytesIO(block)

    def blocks(self) -> Iterator[bytes]:
        """The rest, in pieces of whole lines.

        Raises:
            IntegrityError: as :meth:`pieces`, or a line is too long.
        """
        begun: list[bytes] = []
        size = 0
        for piece in self.pieces(_SMALL):
            end = piece.rfind(b"\n") + 1
            if end:
                yield b"".join((*begun, piece[:end]))
                begun, size = [], 0
            begun.append(piece[end:])
            size += len(piece) - end
            if size > MOST_LINE:
                raise self._wrong(f"a line is longer than {MOST_LINE >> 20} MiB")
        if size:
            yield b"".join(begun)

    def _taken(self, size: int) -> bytes:
        try:
            data = self._file.read(size)
        except (OSError, zstandard.ZstdError, MemoryError) as error:
            raise self._wrong(str(error)) from error
        self._left -= len(data)
        if self._left < 0:
            raise self._wrong("decompresses to more than its size allows")
        return data

    def _wrong(self, what: str) -> IntegrityError:
        return IntegrityError(f"{self._name}: {what}")


@contextmanager
def content_of(path: Path) -> Iterator[Content]:
    """The content of results, whether they are compressed or not.

    Raises:
        IntegrityError: it can't be read.
    """
    with files.opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if path.suffix != ".zst":
            yield Content(path.name, file, _MOST)
            return
        most = min(_TIMES * size + _BESIDES, _MOST)
        unpack = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        with unpack.stream_reader(file, read_across_frames=True) as plain:
            yield Content(path.name, cast("BinaryIO", plain), most)


def digest_of(path: Path) -> str:
    """The sha256 of the content of results.

    Raises:
        IntegrityError: it can't be read.
    """
    digest = hashlib.sha256()
    with content_of(path) as content:
        for piece in content.pieces():
            digest.update(piece)
    return digest.hexdigest()
