"""What ``auditor merge`` takes out of parts: each is verified, copied, and let go of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from auditor.cli.believed import Believed, believed
from auditor.cli.configured import named_in
from auditor.cli.places import Place
from auditor.cli.wiring import CollectorOptions, wired
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.assembly import write_json
from auditor.evidence.blocks import BlockReader
from auditor.evidence.entries import read_entries
from auditor.evidence.layout import ANSWERS, BODIES, PARTS, Collected, Division, PartEntry
from auditor.evidence.reading import records_of
from auditor.evidence.taking import place_targets, read_by, take, take_policy
from auditor.evidence.trust import Trust
from auditor.model.answers import AnswerEntry
from auditor.ports import Collector, Live
from auditor.removal import remove
from auditor.runner.known import read_known
from auditor.runner.uniting import Expected, PartRead, United
from auditor.runner.waiving import read_waivers

_STAGED: Final = ".staged"


class Taken:
    """The parts of a bundle that is to be at ``root``; ``scratch`` is for what is in between."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root = root
        self._scratch = scratch
        self._parts: dict[str, PartRead] = {}
        self._number = 0
        self.twice: list[Place] = []

    @property
    def parts(self) -> Sequence[PartRead]:
        """What was taken, in the order of the digests of manifests: of no command line."""
        return [part for _, part in sorted(self._parts.items())]

    def add(self, place: Place, whom: Trust | None) -> None:
        """Verify a part, and copy what it read.

        Raises:
            UsageError: there is no such bundle, or it is none that can be a part.
            IntegrityError: it does not verify.
        """
        with self._opened() as folder:
            found = believed(place, whom, folder)
            if found.digest in self._parts:
                self.twice.append(place)
                return
            if any(each.role == "parts" for each in found.manifest.files):
                raise UsageError(f"{place} was merged itself", hint="merge its parts, all at once")
            self._parts[found.digest] = _part_of(found, self._number)
            take(found.root, found.manifest, self._root, self._root / _STAGED, self._number)
            if not self._number:
                take_policy(found.root, found.manifest, self._scratch)
            self._number += len(found.manifest.targets)

    @contextmanager
    def _opened(self) -> Iterator[Path]:
        folder = self._scratch / "opened"
        folder.mkdir()
        yield folder
        remove(folder)

    def policy(self) -> tuple[Path, ...]:
        """The folders of the policy that all parts were judged by."""
        return tuple(self._scratch / name for name in self.parts[0].evaluation.folders)

    def settle(self, together: United) -> list[Collector]:
        """Give targets their numbers, say which parts they are of; what reads their evidence."""
        numbers = {
            taken: number for number, (taken, _) in enumerate(together.targets) if taken >= 0
        }
        place_targets(self._root / _STAGED, self._root, numbers)
        entries = tuple(part.entry for part in self.parts)
        write_json(self._root / PARTS, Division(entries, together.missing))
        bodies = BlockReader(self._root / BODIES)
        return [
            wired().reader_of(Collected(entry, tuple(records_of(self._root, number))), bodies)
            for number, (_, entry) in enumerate(together.targets)
        ]


def expected_in(file: Path, settings: CollectorOptions) -> Iterator[Expected]:
    """The targets of a file, by the URIs that they have in a run; none of them is entered.

    Raises:
        UsageError: the file can't be read, or has what is no target.
        PolicyErrors: everything that is wrong with it, each with its line.
    """
    for text, value in named_in(file).items():
        found = wired().collector_for(text, settings) if "://" in text else None
        yield Expected(found.uri if isinstance(found, Live) else text, text, value.labels)


def _part_of(found: Believed, first: int) -> PartRead:
    manifest, evaluation = found.manifest, found.manifest.evaluation
    if evaluation is None:
        raise IntegrityError(f"{found.place}: it was changed while it was read")
    return PartRead(
        place=str(found.place),
        entry=PartEntry(
            manifest=f"sha256:{found.digest}",
            run=manifest.run.id,
            finished=manifest.run.finished,
            key=found.key,
            part=evaluation.part,
            targets=tuple(each.uri for each in manifest.targets),
        ),
        version=manifest.version,
        started=manifest.run.started,
        evaluation=evaluation,
        policy=tuple(each for each in manifest.files if each.role == "policy"),
        targets=manifest.targets,
        read=tuple(read_by(manifest, number) for number, _ in enumerate(manifest.targets)),
        first=first,
        waivers=read_waivers(found.root),
        answers=read_entries(found.root, ANSWERS, tuple[AnswerEntry, ...]),
        known=read_known(found.root),
    )
