"""The collector of files: a file, a folder or standard input, of whatever platform."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from auditor.model.resource import STDIN, Gap, Target
from auditor.ports import Plan, Reading, Shard, shards_of
from collectors.documents.blocks import Memory
from collectors.documents.globs import NO_GLOBS, Globs
from collectors.documents.guards import Limits
from collectors.documents.ledger import Beside
from collectors.documents.reading import FileReading
from collectors.documents.recognise import Recogniser, names_of
from collectors.documents.regular import read_regular
from collectors.documents.rendered import Rendered, RenderedReading, Rendering
from collectors.documents.tree import FolderTree
from collectors.documents.walk import Found, Walker, passed_over, shown

PARTIAL: Final = "\0partial"
"""How the item of a shard ends whose file only changes what is in others; no path has a NUL."""
RENDERED: Final = "\0rendered"
"""How one ends that is the number of a folder that was rendered."""


class FilesCollector(msgspec.Struct, frozen=True):
    """Reads files below ``root``, or from ``stdin`` when there is no root.

    ``recognisers`` say what is read and whose it is, in this order; there is at least one.
    ``globs`` say what of ``root`` is left out; standard input has no path that they could match.
    ``own`` are real paths of files that the run itself goes by: they are no evidence, but as
    ``root``. ``rendering`` is what came of what had to be rendered, None where nobody asked for it.
    ``memory`` is of all shards that one process reads.
    """

    target: Target
    root: Path | None
    recognisers: tuple[Recogniser, ...]
    stdin: bytes | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    globs: Globs = NO_GLOBS
    own: AbstractSet[str] = frozenset()
    rendering: Rendering | None = None
    memory: Memory = msgspec.field(default_factory=Memory)

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
        gaps, patches, rendered, replaced = self._surveyed(found)
        joined = self._joined(found)
        items = [
            ((f"{path}{PARTIAL}" if path in patches else path,), size + 1)
            for path, size in found.files
            if path not in replaced and path not in joined
        ]
        items += [((f"{number}{RENDERED}",), each.size + 1) for number, each in enumerate(rendered)]
        weight = sum(size for _, size in items)
        goal = weight / max(shards(weight), 1)
        return Plan(shards_of(items, goal), (*found.gaps, *gaps), passed_over(found))

    def _joined(self, found: Found) -> AbstractSet[str]:
        """The files that are read with another one."""
        if self.root is None or len(found.files) < 2:
            return frozenset()
        paths, tree = [path for path, _ in found.files], self._beside()
        return frozenset[str]().union(*(each.joined(paths, tree) for each in self.recognisers))

    def _beside(self) -> FolderTree:
        """What the files of the target may name: those of the folder, or beside a file."""
        root = self.root or Path()
        folder = root if root.is_dir() else root.parent
        return FolderTree(folder, self.target.uri, (), self.globs)

    def _surveyed(
        self, found: Found
    ) -> tuple[Sequence[Gap], AbstractSet[str], Sequence[Rendered], AbstractSet[str]]:
        """What is said of what has to be rendered, the partial files, and what was rendered."""
        if self.rendering is not None:
            made = self.rendering
            return made.gaps, made.partial, made.folders, made.replaced
        tree = self._tree_of(found)
        surveys = [] if tree is None else [each.survey(tree) for each in self.recognisers]
        gaps = [gap for each in surveys for gap in each.gaps]
        return gaps, {path for each in surveys for path in each.partial}, (), frozenset()

    def tree(self) -> FolderTree | None:
        """Walk the target, for what has to be rendered of it; None where there is nothing such.

        Raises:
            CollectionError: the whole target can't be read.
        """
        return self._tree_of(self._find())

    def _tree_of(self, found: Found) -> FolderTree | None:
        if self.root is None or not found.templates:
            return None
        return FolderTree(self.root, self.target.uri, tuple(found.templates))

    def _find(self) -> Found:
        if self.root is None:
            return Found(files=[(STDIN, len(self.stdin or b""))])
        try:
            mode = self.root.stat().st_mode
        except OSError as error:
            raise CollectionError(f"{self.target.uri}: {error.strerror}") from error
        names, hints = names_of(self.recognisers), self.recognisers[0].hints
        walker = Walker(self.root, self.target.uri, self.limits, names, hints, self.globs, self.own)
        if stat.S_ISDIR(mode):
            return walker.walk()
        walker.add_file(self.root.name, self.root.stat())
        return walker.found

    def scope(self, item: str) -> str:
        """The file; see :class:`auditor.ports.Collector`."""
        if item.endswith(RENDERED):
            return shown(self._rendered(item).source)
        return shown(item.removesuffix(PARTIAL))

    def _rendered(self, item: str) -> Rendered:
        folders = self.rendering.folders if self.rendering is not None else ()
        return folders[int(item.removesuffix(RENDERED))]

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read the files of a shard, in order."""
        memory = self.memory
        if self.root is None:
            yield self._reading(STDIN, self.stdin or b"", memory)
            return
        folder = f"{self.root}{os.sep}" if self.root.is_dir() else ""
        tree = self._beside()
        for item in shard.items:
            if item.endswith(RENDERED):
                yield self._read_rendered(self._rendered(item), folder, memory)
                continue
            path = item.removesuffix(PARTIAL)
            where = folder + path if folder else str(self.root)
            beside = Beside(tree, path)
            yield self._read(where, beside, memory, as_patch=item.endswith(PARTIAL))

    def _read(
        self, location: str, beside: Beside, memory: Memory, *, as_patch: bool
    ) -> Reading | Gap:
        path = beside.path
        try:
            data = read_regular(location, self.limits.size)
        except OSError as error:
            cause = GapCause.DENIED if isinstance(error, PermissionError) else GapCause.UNREACHABLE
            return Gap(self.target.uri, shown(path), cause, f"{error.strerror}")
        return self._reading(shown(path), data, memory, beside, as_patch=as_patch)

    def _read_rendered(self, rendered: Rendered, folder: str, memory: Memory) -> Reading | Gap:
        try:
            data = read_regular(rendered.text, self.limits.size)
        except OSError as error:
            detail = f"what came out is gone: {error.strerror}"
            return Gap(self.target.uri, shown(rendered.source), GapCause.UNREACHABLE, detail)
        read = partial(_read_below, folder, self.limits.size)
        uri, recognisers = self.target.uri, self.recognisers
        return RenderedReading(uri, rendered, data, recognisers, memory, read)

    def _reading(
        self,
        source: str,
        data: bytes,
        memory: Memory,
        beside: Beside | None = None,
        *,
        as_patch: bool = False,
    ) -> Reading:
        uri, recognisers = self.target.uri, self.recognisers
        return FileReading(uri, source, data, recognisers, memory, partial=as_patch, beside=beside)


def _read_below(folder: str, limit: int, path: str) -> bytes:
    return read_regular(folder + path, limit)
