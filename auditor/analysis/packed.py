"""Values that are kept packed until they are looked at: of a cluster's nodes one at a time.

An analysis may learn of each node in turn, and look at all of them again once the last is known.
What it keeps of a hundred thousand pods until then is many small objects, several hundred bytes a
pod; as packed JSON a node's pods are a tenth of that::

    shelf = Shelf(list[Origin])
    shelf.put("gpu-node-7", origins)     packed
    shelf.get("gpu-node-7")              unpacked again, an equal value; the last one is remembered
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
import zstandard

Value = TypeVar("Value")
_LEVEL = 1


class Shelf(Generic[Value]):
    """Values by a key, in the order in which they came."""

    def __init__(self, kind: type[Value]) -> None:
        """``kind`` is the type of a value: structs, lists and mappings of them."""
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._pack = zstandard.ZstdCompressor(level=_LEVEL).compress
        self._unpack = zstandard.ZstdDecompressor().decompress
        self._packed: dict[str, bytes] = {}
        self._unpackable: dict[str, Value] = {}
        self._last: tuple[str, Value] | None = None

    def put(self, key: str, value: Value) -> None:
        """Keep a value, in place of the one that the key had."""
        self._last = None
        self._unpackable.pop(key, None)
        try:
            # copied: what zstandard returns stays as large as it was before it was packed
            packed = bytes(memoryview(self._pack(msgspec.msgpack.encode(value))))
        except OverflowError:  # a number of more than 64 bits, which somebody wrote
            packed, self._unpackable[key] = b"", value
        self._packed[key] = packed

    def get(self, key: str) -> Value | None:
        """Give the value of a key; None where it has none."""
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        packed = self._packed.get(key)
        if packed is None:
            return None
        value = self._decode(self._unpack(packed)) if packed else self._unpackable[key]
        self._last = key, value
        return value

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        """Yield each key with its value, one unpacked at a time."""
        for key in self._packed:
            value = self.get(key)
            if value is not None:
                yield key, value
