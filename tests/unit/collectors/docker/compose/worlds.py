"""Projects for tests: files by their paths, resolved, and scanned as a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from auditor.model.resource import Gap, Resource, Target
from auditor.ports import Reading
from collectors.docker.compose.interpolation import Interpolation
from collectors.docker.compose.project import Project, Resolver, main_of
from collectors.docker.compose.recogniser import COMPOSE
from collectors.documents.collector import FilesCollector
from collectors.documents.globs import Globs
from collectors.documents.tree import FolderTree
from collectors.kubernetes.manifests.recogniser import MANIFESTS


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        (folder / path).write_bytes(data)
    return folder


def resolved(folder: Path, files: Mapping[str, str | bytes], main: str = "") -> Project:
    """Resolve the project in a folder, or that of a file."""
    tree = FolderTree(write(folder, files), "t", ())
    main = main or main_of("", tree)
    return Resolver(tree, main, Interpolation()).project(tree.read(main, 1 << 22))


def service(folder: Path, files: Mapping[str, str | bytes], name: str = "a") -> Any:
    """One service of a project that has no problems."""
    project = resolved(folder, files)
    assert [problem.detail for problem in project.problems] == []
    return project.services[name].plain()


class Scan(msgspec.Struct):
    """What a folder was read as."""

    resources: list[Resource] = msgspec.field(default_factory=list)
    gaps: list[Gap] = msgspec.field(default_factory=list)
    readings: list[Reading] = msgspec.field(default_factory=list)
    skipped: int = 0

    def named(self, name: str) -> tuple[Resource, Any]:
        """The one service of that name, and its body."""
        found = [each for each in self.resources if each.name == name]
        assert len(found) == 1, [each.uid for each in found]
        return found[0], msgspec.json.decode(found[0].body)

    def at(self, name: str, pointer: str) -> str:
        """Where a field stands, as a finding would say it."""
        for reading in self.readings:
            for found in reading.resources():
                if found.name == name:
                    line = reading.line(found.document, pointer)
                    return f"{found.file_of(pointer)}:{line}"
        raise AssertionError(name)


def scan(root: Path, exclude: tuple[str, ...] = ()) -> Scan:
    """Read a folder, or a file, as a run does."""
    globs = Globs.of(exclude)
    collector = FilesCollector(Target("t", "files"), root, (MANIFESTS, COMPOSE), globs=globs)
    plan = collector.plan(lambda _: 1)
    found = Scan(gaps=list(plan.gaps))
    for shard in plan.shards:
        for reading in collector.read(shard):
            if isinstance(reading, Gap):
                found.gaps.append(reading)
                continue
            assert reading.evidence.sha256
            found.readings.append(reading)
            found.resources += reading.resources()
            found.gaps += reading.gaps()
            found.skipped += reading.skipped()
    return found
