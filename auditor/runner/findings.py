"""The findings of a run in one file: any number of them, read again as often as needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from auditor.model.finding import Finding

_CHUNK = 1 << 20


class StoredFindings:
    """Findings written once, one JSON object a line, in their order."""

    def __init__(self, path: Path, objects: Iterable[bytes]) -> None:
        self._path = path
        self._count = 0
        digest = hashlib.sha256()
        with path.open("wb", buffering=_CHUNK) as file:
            for data in objects:
                file.write(data)
                file.write(b"\n")
                digest.update(data)
                self._count += 1
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
