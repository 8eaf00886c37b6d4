"""Bodies of evidence in compressed blocks: found one by one, stored once.

A block is a file ``<sha256 of its content>.zst`` of one Zstandard frame (RFC 8878) whose header
tells the size of the content. A large body, such as a page of pods, is a block of its own; small
ones, such as files, stand one behind the other. To read a body one block is opened, never all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from auditor.errors import IntegrityError
from auditor.evidence import files
from auditor.model.evidence import Record

BLOCK: Final = 1 << 20
"""Bodies are put together up to so many bytes."""
MOST_BYTES: Final = 1 << 28
"""A block that says it holds more is not opened."""
LEVEL: Final = 1
"""Of Zstandard: on pods and results it is faster than 3, and not larger."""
SUFFIX: Final = ".zst"
TIMES: Final = 400
"""A content that is more often as large as its file is stored as it is: see ``weight.py``."""
_HEADER: Final = 18
"""Bytes that the header of a frame has at most (RFC 8878, 3.1.1.1)."""
_PLAIN: Final = 1 << 17
"""A block of a frame holds at most so much (RFC 8878, 3.1.1.2.4)."""


class BlockWriter:
    """Puts bodies into a folder; equal ones once, in one writer. Without a body it makes none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_content_size=True)
        self._waiting: list[bytes] = []
        self._last = ""
        self._size = 0
        self._places: dict[str, tuple[int, int]] = {}
        self._blocks: list[str] = []

    def add(self, body: bytes) -> tuple[str, int, int]:
        """Keep a body: its sha256, the number of its block in this writer, its place in that."""
        name = hashlib.sha256(body).hexdigest()
        found = self._places.get(name)
        if found is None:
            if self._waiting and self._size + len(body) > BLOCK:
                self.flush()
            found = self._places[name] = (len(self._blocks), self._size)
            self._waiting.append(body)
            self._last = name
            self._size += len(body)
            if self._size >= BLOCK:
                self.flush()
        return name, *found

    def flush(self) -> None:
        """Write what waits for more."""
        if self._waiting:
            content = b"".join(self._waiting)
            # a body that is a block of its own, such as a page of pods, has its digest already
            alone = len(self._waiting) == 1
            name = self._last if alone else hashlib.sha256(content).hexdigest()
            path = self._folder / f"{name}{SUFFIX}"
            if not path.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._packed(content))
            self._blocks.append(name)
            self._waiting.clear()
            self._size = 0

    def _packed(self, content: bytes) -> bytes:
        packed = self._compressor.compress(content)
        return packed if len(content) <= TIMES * len(packed) else b"".join(_as_it_is(content))

    def placed(self, record: Record, place: int) -> Record:
        """A record that knows the block of its body; all must be written."""
        return msgspec.structs.replace(record, block=self._blocks[place])


def _as_it_is(content: bytes) -> Iterator[bytes]:
    """A frame that holds a content uncompressed (RFC 8878, 3.1.1)."""
    # a single segment, whose size stands in eight bytes
    yield b"\x28\xb5\x2f\xfd\xe0" + len(content).to_bytes(8, "little")
    for start in range(0, len(content), _PLAIN):
        piece = content[start : start + _PLAIN]
        last = start + _PLAIN >= len(content)
        yield (len(piece) << 3 | last).to_bytes(3, "little") + piece


class BlockReader:
    """Implements :class:`auditor.ports.Bodies`: the bodies of a folder, by their records.

    It keeps the block that it read last, also that it is none, and can be pickled. Two of one
    folder are equal. Targets that are read at once may share one: what is kept is one value, a name
    with its content, so that nobody takes the block of another thread for its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last: tuple[str, bytes | None] = ("", None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BlockReader) and self.folder == other.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "_last": ("", None)}

    def body(self, record: Record) -> bytes | None:
        """The body of a record; None when there is none or it is not what was recorded."""
        content = self._block(record.block)
        if content is None:
            return None
        found = content[record.at : record.at + record.size]
        if record.at < 0 or len(found) != record.size:
            return None
        whole = len(found) == len(content)
        known = record.block if whole else hashlib.sha256(found).hexdigest()
        return found if known == record.sha256 else None

    def _block(self, name: str) -> bytes | None:
        """The content of a block; None when it is not what its name says, or none."""
        known, content = self._last
        if name != known:
            content = self._read(name)
            self._last = name, content
        return content

    def _read(self, name: str) -> bytes | None:
        try:
            content = read_block(self.folder / f"{name}{SUFFIX}")
        except (OSError, IntegrityError, ValueError, zstandard.ZstdError, MemoryError):
            return None
        return content if hashlib.sha256(content).hexdigest() == name else None


def read_block(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a block.

    Raises:
        OSError: it can't be read.
        IntegrityError, ValueError, zstandard.ZstdError: it is none, or larger than ``most``.
    """
    data = files.read(path, most + _HEADER)
    size = _content_size(path, data)
    if size > most:
        raise ValueError(f"{path.name}: its content would be {size:,} bytes")
    return zstandard.ZstdDecompressor().decompress(
        data, max_output_size=size, allow_extra_data=False
    )


def block_size(path: Path) -> int:
    """What the header of a block says of the size of its content; nothing else of it is read.

    Raises:
        IntegrityError: it is not a block.
    """
    with files.opened(path) as file:
        head = file.read(_HEADER)
    try:
        return _content_size(path, head)
    except (ValueError, zstandard.ZstdError) as error:
        raise IntegrityError(f"{path} is not a block: {error}") from error


def _content_size(path: Path, data: bytes) -> int:
    size = zstandard.get_frame_parameters(data).content_size
    if size == zstandard.CONTENTSIZE_UNKNOWN:
        raise ValueError(f"{path.name}: it does not say how much it holds")
    return size
