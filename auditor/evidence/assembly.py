"""What goes into a bundle besides evidence: the policy, the results, how they came about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from auditor.errors import IntegrityError, UsageError
from auditor.evidence.blocks import LEVEL
from auditor.evidence.layout import BODIES, INVENTORY, LARGE_RESULTS, POLICY, RESULTS
from auditor.evidence.population import enumerated, population
from auditor.evidence.reading import records_of
from auditor.evidence.shape import is_name
from auditor.model.evidence import TargetEntry
from auditor.model.finding import Report
from auditor.policy.policyset import digest_files, read_files

PLAIN: Final = 8 << 20
"""Results up to so many bytes are written as they are, for people to look at."""
_PIECE: Final = 1 << 20


def store_policy(root: Path, folders: Sequence[Path], digest: str) -> tuple[str, ...]:
    """Copy the policy files as they were evaluated; the folders that hold them now.

    Raises:
        IntegrityError: they are not those any more that were evaluated.
        UsageError: one is called as no file of a bundle may be.
    """
    files = read_files(folders)
    if digest_files(files) != digest:
        raise IntegrityError(
            "the policy files were changed while the audit ran", hint="run it again"
        )
    names = tuple(f"{POLICY}/{number:02d}" for number, _ in enumerate(folders))
    for name in names:
        (root / name).mkdir(parents=True)
    made: set[Path] = set()
    for file in files:
        inside = f"{names[file.folder]}/{file.name}"
        if not is_name(inside):
            raise UsageError(
                f"{file.name}: a policy file of this name can't be kept in a bundle",
                hint="without control characters, colons, backslashes and leading dots",
            )
        path = root / inside
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(file.data)
    return names


def write_results(root: Path, chunks: Iterable[bytes], plain: int = PLAIN) -> None:
    """Write what came of it; more than ``plain`` bytes are compressed.

    How many they are is known when they are written: then they are read again, piece by piece.
    """
    begun, size = root / RESULTS, 0
    rest = iter(chunks)
    with begun.open("wb") as file:
        for chunk in rest:
            file.write(chunk)
            size += len(chunk)
            if size > plain:
                break
        else:
            return
    compressor = zstandard.ZstdCompressor(level=LEVEL)
    with (
        begun.open("rb") as first,
        (root / LARGE_RESULTS).open("wb") as file,
        compressor.stream_writer(file) as packed,
    ):
        for chunk in chain(iter(lambda: first.read(_PIECE), b""), rest):
            packed.write(chunk)
    begun.unlink()


def write_inventory(root: Path, report: Report, entries: Sequence[TargetEntry]) -> None:
    """Write what was enumerated, evaluated, excluded, and what failed.

    Blocks that no record needs are removed: a worker that was killed may leave one.
    """
    used: set[str] = set()
    kinds = {
        kind.kind: {"seen": kind.seen, "evaluated": kind.evaluated, "excluded": kind.excluded}
        for kind in report.coverage.kinds
    }
    targets = [
        enumerated(entry, target.state.value, population(records_of(root, number), used))
        for number, (target, entry) in enumerate(zip(report.targets, entries, strict=True))
    ]
    for path in (root / BODIES).glob("*"):
        if path.stem not in used:
            path.unlink()
    write_json(root / INVENTORY, {"kinds": kinds, "targets": targets})


def write_json(path: Path, value: object) -> None:
    """Write JSON for people and programs: sorted, indented."""
    encoded = msgspec.json.encode(value, order="deterministic")
    path.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")
