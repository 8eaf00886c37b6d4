"""The collector of files: a file, a folder or standard input, of whatever platform."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Target
from auditor.ports import Plan, Reading, Shard, shards_of
from collectors.documents.blocks import Memory
from collectors.documents.globs import NO_GLOBS, Globs
from collectors.documents.guards import Limits
from collectors.documents.reading import FileReading
from collectors.documents.recognise import Recogniser, Survey, names_of
from collectors.documents.regular import read_regular
from collectors.documents.tree import FolderTree
from collectors.documents.walk import Found, Walker, passed_over, shown

STDIN = "-"
PARTIAL: Final = "\0partial"
"""How the item of a shard ends whose file only changes what is in others; no path has a NUL."""


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
        surveys = self._surveys(found)
        partial = frozenset[str]().union(*(each.partial for each in surveys))
        weight = sum(size for _, size in found.files) + len(found.files)
        goal = weight / max(shards(weight), 1)
        items = [
            ((f"{path}{PARTIAL}" if path in partial else path,), size + 1)
            for path, size in found.files
        ]
        return Plan(
            shards_of(items, goal),
            (*found.gaps, *(gap for each in surveys for gap in each.gaps)),
            passed_over(found),
        )

    def _surveys(self, found: Found) -> list[Survey]:
        if self.root is None or not found.templates:
            return []
        tree = FolderTree(self.root, self.target.uri, tuple(found.templates))
        return [each.survey(tree) for each in self.recognisers]

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
        return shown(item.removesuffix(PARTIAL))

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read the files of a shard, in order."""
        memory = Memory()
        if self.root is None:
            yield self._reading(STDIN, self.stdin or b"", memory)
            return
        folder = f"{self.root}{os.sep}" if self.root.is_dir() else ""
        for item in shard.items:
            path = item.removesuffix(PARTIAL)
            where = folder + path if folder else str(self.root)
            yield self._read(where, path, memory, partial=item.endswith(PARTIAL))

    def _read(self, location: str, path: str, memory: Memory, *, partial: bool) -> Reading | Gap:
        try:
            data = read_regular(location, self.limits.size)
        except OSError as error:
            cause = GapCause.DENIED if isinstance(error, PermissionError) else GapCause.UNREACHABLE
            return Gap(self.target.uri, shown(path), cause, f"{error.strerror}")
        return self._reading(shown(path), data, memory, partial=partial)

    def _reading(
        self, source: str, data: bytes, memory: Memory, *, partial: bool = False
    ) -> Reading:
        return FileReading(self.target.uri, source, data, self.recognisers, memory, partial=partial)
