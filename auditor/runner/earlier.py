"""What a target came to in an earlier scan, taken as a whole where nothing of it has changed.

The cache of files (:mod:`auditor.runner.cache`) saves reading and judging them one by one. What
takes many objects was derived all the same, and all lines were put in order again; of the same
files both come to the same::

    scan 1   shard 0: a.yaml b.yaml  3f2a...    judged; kept are the digests of both shards, and
             shard 1: c.yaml         77c0...    what came of all
    scan 2   files are read and hashed: 3f2a..., 77c0...: what was kept is what comes of them
    scan 3   shard 0 is 91be... now, b.yaml has changed: no other is looked at, all is judged

There is one such file for a scope, beside those of its shards. Its *stamp* covers what else the
facts rest on: what the target could not be read of, whether it is the only one, what was asked of
analyses. What may go right another time (a worker that died, a bug of ours, too little memory) is
never kept. Lines and rows are copied to files of this run while the digest over them is computed;
before that is right, nothing of what was read is used.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from auditor.engine.tally import from_bytes, to_bytes
from auditor.model.resource import Gap
from auditor.model.results import ListedFact
from auditor.policy.cachefile import CacheFolder, Unverified
from auditor.ports import Plan
from auditor.runner.cache import folder_of
from auditor.runner.job import Context, Job
from auditor.runner.mishaps import FORESEEN
from auditor.runner.packing import Unpacking, packing
from auditor.runner.seen import Seen
from auditor.runner.state import TargetRun
from auditor.runner.worker import scope_of

FORMAT: Final = 2
"""Changes when other facts are derived of the same rows without the version doing so."""
MOST_BYTES: Final = 1 << 30
"""Of a larger target nothing is kept as a whole."""

_NAME: Final = "whole.bin"
_LENGTH: Final = 8
_PIECE: Final = 1 << 20


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What came of a target beside the lines and rows, of which it says how long each part is."""

    seen: tuple[bytes, ...]
    lines: tuple[int, ...]
    later: tuple[int, ...]
    tally: bytes
    gaps: tuple[Gap, ...]
    unread: tuple[Gap, ...]
    census: dict[str, int]
    evaluated: dict[str, int]
    listed: tuple[tuple[str, str, tuple[str, ...], bytes], ...]
    files: int
    skipped: int
    others: tuple[tuple[str, int], ...]


class Earlier:
    """What earlier scans found of one target, as it is to be read now."""

    def __init__(
        self, job: Job, context: Context, plan: Plan, gaps: Sequence[Gap], *, alone: bool
    ) -> None:
        """``gaps`` are those that are known before anything is read; ``alone`` as in the run.

        Raises:
            ValueError: the job has no cache.
        """
        if job.result_cache is None:
            raise ValueError("nothing is kept without a cache")
        scope = scope_of(job, context)
        self._job = job
        self._plan = plan
        self._folder: CacheFolder = folder_of(job.result_cache, scope)
        rest = (alone, job.chosen.analyses.given, [each.name for each in job.chosen.platforms])
        told = repr((*rest, sorted(gaps))).encode("utf-8", "surrogatepass")
        self._stamp = f"whole {FORMAT} {hashlib.sha256(told).hexdigest()}\n{scope}"

    def recall(self, run: TargetRun) -> bool:
        """Fill in what is known of the target, if all of it is as it was."""
        with self._folder.reading(_NAME, self._stamp) as file:
            kept = None if file is None else _read(file)
            if file is None or kept is None or not self._is_as_it_was(kept.seen):
                return False
            rest = Unpacking(file)
            lines = self._copied(rest, "lines", kept.lines)
            later = self._copied(rest, "later", kept.later)
            if not file.is_whole():
                for path in (*lines, *later):
                    path.unlink()
                return False
        _fill(run, kept, lines, later)
        self._folder.used()
        return True

    def _is_as_it_was(self, seen: Sequence[bytes]) -> bool:
        """Whether shards are of the same files; the first that is not ends the reading."""
        if len(seen) != len(self._plan.shards):
            return False
        try:
            for shard, before in zip(self._plan.shards, seen, strict=True):
                now = Seen()
                for reading in self._job.collector.read(shard):
                    now.add(reading)
                if now.digest() != before:
                    return False
        except FORESEEN:
            raise
        except Exception:  # noqa: BLE001 - a bug of ours is met again, and told, where files are judged
            return False
        return True

    def _copied(self, file: Unpacking, what: str, sizes: Sequence[int]) -> list[Path]:
        """Put parts of the file into files of the run."""
        paths = []
        for number, size in enumerate(sizes):
            path = self._job.spool / f"earlier-{what}-{number:04d}"
            file.copy(path, size)
            paths.append(path)
        return paths

    def keep(self, run: TargetRun) -> None:
        """Keep what came of the target, if that is all of it, and not too much."""
        seen = tuple(run.seen.get(shard.number, b"") for shard in self._plan.shards)
        if not run.lucky or not all(seen):
            return
        lines = _Parts([Path(spool) for spool in run.spools], run.lines)
        later = _Parts(run.later_spools, sorted(run.later_rows))
        if sum(lines.sizes) + sum(later.sizes) > MOST_BYTES:
            return
        head = msgspec.msgpack.encode(_kept(run, seen, lines.sizes, later.sizes))
        self._folder.write_parts(_NAME, self._stamp, _all(head, lines, later))


class _Parts:
    """Sorted lines: those of some files, each a part, and those that are held, one more."""

    def __init__(self, paths: Sequence[Path], held: Sequence[bytes]) -> None:
        self._paths = paths
        self._held = held
        sizes = [path.stat().st_size for path in paths]
        self.sizes = (*sizes, sum(map(len, held))) if held else tuple(sizes)

    def __iter__(self) -> Iterator[bytes]:
        for path in self._paths:
            with path.open("rb", buffering=0) as file:
                while data := file.read(_PIECE):
                    yield data
        yield from self._held


def _all(head: bytes, lines: _Parts, later: _Parts) -> Iterator[bytes]:
    yield len(head).to_bytes(_LENGTH, "big") + head
    yield from packing(chain(lines, later))


def _read(file: Unverified) -> _Kept | None:
    """What the file says before its lines; it is not known to be true yet."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        head = file.read(int.from_bytes(file.read(_LENGTH), "big"))
        return msgspec.msgpack.decode(head, type=_Kept)
    return None


def _kept(
    run: TargetRun, seen: tuple[bytes, ...], lines: tuple[int, ...], later: tuple[int, ...]
) -> _Kept:
    return _Kept(
        seen=seen,
        lines=lines,
        later=later,
        tally=to_bytes(run.tally),
        gaps=tuple(run.gaps),
        unread=tuple(run.unread),
        census=run.census,
        evaluated=run.evaluated,
        listed=tuple((kind, fact.target, fact.key, bytes(fact.body)) for kind, fact in run.listed),
        files=run.files,
        skipped=run.skipped,
        others=tuple(run.others),
    )


def _fill(run: TargetRun, kept: _Kept, lines: Sequence[Path], later: Sequence[Path]) -> None:
    run.spools = [str(path) for path in lines]
    run.later_spools = [*later]
    run.tally = from_bytes(kept.tally)
    run.gaps, run.unread = [*kept.gaps], [*kept.unread]
    run.census, run.evaluated = Counter(kept.census), Counter(kept.evaluated)
    run.listed = [
        (kind, ListedFact(target, key, msgspec.Raw(body)))
        for kind, target, key, body in kept.listed
    ]
    run.files, run.skipped, run.others = kept.files, kept.skipped, [*kept.others]
