"""What was read of a shard, as one digest: whether it is what an earlier scan read."""

from __future__ import annotations

import hashlib

from auditor.model.resource import Gap
from auditor.ports import Reading


class Seen:
    """A digest of files in their order, each with its path, and of what stands in for others."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, reading: Reading | Gap) -> None:
        """Add a file, or why there is none; nothing is parsed for it."""
        if isinstance(reading, Gap):
            told = f"gap {reading!r}\n"
        else:
            told = f"file {reading.source!r} {reading.scope!r} {reading.evidence.key!r}\n"
        self._digest.update(told.encode("utf-8", "surrogatepass"))

    def digest(self) -> bytes:
        """The digest of what was added so far."""
        return self._digest.digest()
