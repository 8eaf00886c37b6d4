"""The findings of a run in one file: any number of them, read again as often as needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from auditor.model.finding import Finding

_CHUNK = 1 << 20
_BLOCK = 512


class StoredFindings:
    """Findings written once, one JSON object a line, in their order."""

    def __init__(self, path: Path, objects: Iterable[bytes]) -> None:
        self._path = path
        self._count = 0
        digest = hashlib.sha256()
        left = iter(objects)
        with path.open("wb", buffering=0) as file:
            while block := list(islice(left, _BLOCK)):
                self._count += len(block)
                block.append(b"")
                data = b"\n".join(block)
                file.write(data)
                digest.update(data)
        self.sha256 = digest.hexdigest()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Finding]:
        decode = msgspec.json.Decoder(Finding).decode
        return map(decode, self.encoded())

    def encoded(self) -> Iterator[bytes]:
        """The JSON object of each finding."""
        with self._path.open("rb", buffering=_CHUNK) as file:
            for line in file:
                yield line[:-1]
