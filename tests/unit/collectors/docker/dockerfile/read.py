"""Dockerfiles for tests: the body that comes of a text, and of files in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from auditor.model.resource import Gap, Resource, Target
from auditor.ports import Reading
from collectors.docker.dockerfile.content import body_of
from collectors.docker.dockerfile.recogniser import DOCKERFILES
from collectors.docker.dockerfile.stages import AROUND
from collectors.documents.collector import FilesCollector
from collectors.kubernetes.manifests.recogniser import MANIFESTS


def body(text: str) -> Any:
    """What a file is read as."""
    return body_of(text, AROUND, {})


def instruction(line: str, before: str = "") -> Any:
    """One instruction of a stage."""
    return body(f"FROM a\n{before}{line}\n")["stages"][0]["instructions"][-1]


class Scan(msgspec.Struct):
    """What a folder was read as."""

    resources: list[Resource]
    gaps: list[Gap]
    readings: list[Reading]


def scan(folder: Path, files: Mapping[str, bytes]) -> Scan:
    """Read files of a folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    collector = FilesCollector(Target("t", "files"), folder, (MANIFESTS, DOCKERFILES))
    found = Scan([], [], [])
    plan = collector.plan(lambda _: 1)
    for shard in plan.shards:
        for reading in collector.read(shard):
            if isinstance(reading, Gap):
                found.gaps.append(reading)
                continue
            found.readings.append(reading)
            found.resources += reading.resources()
            found.gaps += reading.gaps()
    return found
