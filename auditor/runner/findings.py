"""The findings of a run in one file: any number of them, read again as often as needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from auditor.model.results_finding import Finding

CHUNK = 1 << 20


class StoredFindings:
    """Findings written once, one JSON object a line, in their order."""

    def __init__(self, path: Path, blocks: Iterable[Sequence[bytes]]) -> None:
        self._path = path
        self._count = 0
        digest = hashlib.sha256()
        with path.open("wb", buffering=0) as file:
            for block in blocks:
                self._count += len(block)
                data = b"".join(block)
                file.write(data)
                digest.update(data)
        self.sha256 = digest.hexdigest()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Finding]:
        decode = msgspec.json.Decoder(Finding).decode
        with self._path.open("rb", buffering=CHUNK) as file:
            yield from map(decode, file)

    def encoded(self) -> Iterator[bytes]:
        """The JSON objects, many at a time, each on a line that ends; no object is cut."""
        with self._path.open("rb", buffering=0) as file:
            rest = b""
            while data := file.read(CHUNK):
                lines, end, rest = (rest + data).rpartition(b"\n")
                if end:
                    yield lines + end
