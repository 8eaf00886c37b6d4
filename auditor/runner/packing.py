"""What caches keep of results, in a tenth of its room: compressed with zstandard.

Lines of findings are much alike, and what packs and unpacks them is faster than a disk is. What is
small stays as it is, so that a scan of a few files does not load the library::

    82 a5 66 69 6c 65 ...     a map of msgpack, as it was encoded
    28 b5 2f fd ...           a frame of zstandard (RFC 8878): the same, packed
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditor.policy.cachefile import Unverified

if TYPE_CHECKING:
    from zstandard import ZstdDecompressionObj

FEW_BYTES: Final = 1 << 16
"""What is no longer is kept as it is."""
MOST_BYTES: Final = 1 << 30
"""No more comes out of what was packed as a whole."""

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_LEVEL: Final = 1
_PIECE: Final = 1 << 16
"""Bytes that are unpacked at once: some ten times as many come out."""


def packed(data: bytes) -> bytes:
    """Pack what was encoded, if it is worth it."""
    if len(data) <= FEW_BYTES:
        return data
    import zstandard  # noqa: PLC0415 - small scans do without

    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def unpacked(data: memoryview) -> memoryview:
    """Get back what was packed; no bytes where it is damaged, or more than ``MOST_BYTES``."""
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        return data
    import zstandard  # noqa: PLC0415 - as above

    try:
        if zstandard.frame_content_size(data) > MOST_BYTES:
            return memoryview(b"")
        return memoryview(zstandard.ZstdDecompressor().decompress(data))
    except (zstandard.ZstdError, MemoryError):
        return memoryview(b"")


def packing(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Pack parts one after the other, holding none of them."""
    import zstandard  # noqa: PLC0415 - as above

    packer = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


class Unpacking:
    """Reads what :func:`packing` made of the rest of a cache file, piece by piece.

    Like the file itself, nothing of it counts before the file was found whole.
    """

    def __init__(self, file: Unverified) -> None:
        """``file`` was read up to where the packed bytes begin."""
        import zstandard  # noqa: PLC0415 - as above

        self._file = file
        self._unpacker: ZstdDecompressionObj = zstandard.ZstdDecompressor().decompressobj()
        self._damage = zstandard.ZstdError
        self._held = b""

    def copy(self, place: Path, size: int) -> None:
        """Write the next bytes to a new file, fewer where there are no more."""
        with place.open("xb", buffering=0) as file:
            while size > 0 and (self._held or self._more()):
                file.write(self._held[:size])
                size, self._held = size - len(self._held[:size]), self._held[size:]

    def _more(self) -> bool:
        """Unpack the next bytes; whether there are any."""
        while not self._held and (data := self._file.read(_PIECE)):
            try:
                self._held = self._unpacker.decompress(data)
            except (self._damage, EOFError):
                return False
        return bool(self._held)
