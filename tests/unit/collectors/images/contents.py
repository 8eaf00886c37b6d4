"""What is read of images that lie here: of a place, and of layers by themselves."""

from __future__ import annotations

import tarfile
from pathlib import Path

import msgspec

from auditor.model.evidence import TargetEntry
from auditor.model.images import Files
from auditor.platforms.images import HERE
from collectors.http.clock import Clock, system_clock
from collectors.images.contents.headers import entries
from collectors.images.contents.special import Overlaid
from collectors.images.contents.target import ContentTarget
from collectors.images.contents.unpacking import Budget, Unpacked
from tests.unit.collectors.images.layers import (
    File,
)
from tests.unit.collectors.images.scanners import Kept

SU = File("usr/bin/su", 0o4755)
BIN = File("bin", kind=tarfile.SYMTYPE, target="usr/bin")


def collected(path: Path, clock: Clock | None = None) -> tuple[TargetEntry, list[Files]]:
    """What a target comes to, and what it keeps of the files of its images."""
    kept = Kept(path.parent)
    target = ContentTarget(path, clock or system_clock())
    entry = target.collect(HERE, kept, _silent)
    bodies = [body for _, body in kept.answers if isinstance(body, bytes)]
    assert [record.complete for record, _ in kept.answers].count(True) == len(bodies)
    found = [
        msgspec.json.decode(body, type=Files)
        for record, body in kept.answers
        if isinstance(body, bytes) and record.kind == "image/Files"
    ]
    gaps = tuple(each for each in entry.gaps if each.scope == "image/Files")
    return msgspec.structs.replace(entry, gaps=gaps), found


def _silent(done: int, total: int) -> None:
    assert 0 <= done <= total


def read(path: Path) -> Files:
    """What is found of the only image of a place."""
    entry, (found,) = collected(path)
    assert entry.gaps == ()
    return found


def refused(path: Path) -> str:
    """Why the only image of a place was not read."""
    entry, found = collected(path)
    assert found == []
    (gap,) = entry.gaps
    return gap.detail


def listed(*layers: bytes) -> list[tuple[str, str]]:
    """The paths and modes that layers come to."""
    overlaid = Overlaid()
    for number, data in enumerate(layers):
        overlaid.add(entries(stream(data), 1_000), number)
    return [(each.path, each.mode) for each in overlaid.files]


def stream(*pieces: bytes, left: int = 1 << 30) -> Unpacked:
    return Unpacked(iter(pieces), Budget(left, 1.0, lambda: 0.0))
