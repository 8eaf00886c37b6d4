"""The collector of files: a file, a folder or standard input, of whatever platform."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Target
from auditor.ports import Plan, Reading, Shard, shards_of
from collectors.documents.blocks import Memory
from collectors.documents.globs import NO_GLOBS, Globs
from collectors.documents.guards import Limits
from collectors.documents.reading import FileReading
from collectors.documents.recognise import Recogniser, names_of
from collectors.documents.walk import Found, Walker, passed_over, shown

STDIN = "-"
_PIECE = 1 << 20


class FilesCollector(msgspec.Struct, frozen=True):
    """Reads files below ``root``, or from ``stdin`` when there is no root.

    ``recognisers`` say what is read and whose it is, in this order; there is at least one.
    ``globs`` say what of ``root`` is left out; standard input has no path that they could match.
    """

    target: Target
    root: Path | None
    recognisers: tuple[Recogniser, ...]
    stdin: bytes | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    globs: Globs = NO_GLOBS

    @property
    def asked(self) -> None:
        """Files are not asked for kinds."""

    @property
    def independent(self) -> bool:
        """Yes: see :class:`auditor.ports.Collector`."""
        return True

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """List the files, cut into shards; see :class:`auditor.ports.Collector`."""
        found = self._find()
        weight = sum(size for _, size in found.files) + len(found.files)
        goal = weight / max(shards(weight), 1)
        return Plan(
            shards_of((((path,), size + 1) for path, size in found.files), goal),
            tuple(found.gaps),
            passed_over(found),
        )

    def _find(self) -> Found:
        if self.root is None:
            return Found(files=[(STDIN, len(self.stdin or b""))])
        try:
            mode = self.root.stat().st_mode
        except OSError as error:
            raise CollectionError(f"{self.target.uri}: {error.strerror}") from error
        names, hints = names_of(self.recognisers), self.recognisers[0].hints
        walker = Walker(self.root, self.target.uri, self.limits, names, hints, self.globs)
        if stat.S_ISDIR(mode):
            return walker.walk()
        walker.add_file(self.root.name, self.root.stat())
        return walker.found

    def scope(self, item: str) -> str:
        """The file; see :class:`auditor.ports.Collector`."""
        return shown(item)

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read the files of a shard, in order."""
        memory = Memory()
        if self.root is None:
            yield self._reading(STDIN, self.stdin or b"", memory)
            return
        folder = f"{self.root}{os.sep}" if self.root.is_dir() else ""
        for path in shard.items:
            yield self._read(folder + path if folder else str(self.root), path, memory)

    def _read(self, location: str, path: str, memory: Memory) -> Reading | Gap:
        try:
            data = _read_regular(location, self.limits.size)
        except OSError as error:
            cause = GapCause.DENIED if isinstance(error, PermissionError) else GapCause.UNREACHABLE
            return Gap(self.target.uri, shown(path), cause, f"{error.strerror}")
        return self._reading(shown(path), data, memory)

    def _reading(self, source: str, data: bytes, memory: Memory) -> Reading:
        return FileReading(self.target.uri, source, data, self.recognisers, memory)


def _read_regular(path: str, limit: int) -> bytes:
    """Read a file that is still a regular one once it is open; never waits for a pipe."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        data = os.read(handle, min(status.st_size, limit) + 1)
        while len(data) != status.st_size and len(data) <= limit:
            more = os.read(handle, _PIECE)
            if not more:
                break
            data += more
        if len(data) > limit:
            raise OSError(0, f"more than {limit:,} bytes")
        return data
    finally:
        os.close(handle)
