"""One shard: read, derive, judge, and leave sorted lines of findings in a file."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from auditor.analysis import accounts, namespaces
from auditor.analysis.parts import named
from auditor.analysis.workloads import controlled_by
from auditor.engine.lines import FORMAT, covering
from auditor.engine.outcome import Judgement
from auditor.engine.tally import from_bytes, to_bytes
from auditor.model.enums import GapCause
from auditor.model.resource import MOST_NAMED, Gap, Resource
from auditor.ports import Reading, Shard
from auditor.runner.cache import FileResult, ResultCache, open_cache
from auditor.runner.job import Context, Job, Keep, context_of
from auditor.runner.mishaps import FORESEEN, Mishap, Mishaps, readings
from auditor.secrets.redact import clean
from auditor.version import VERSION

if TYPE_CHECKING:
    from auditor.runner.notes import Notes


MOST_LINES = 8_192
"""Lines, of about 700 bytes, that a shard holds before it puts them into a file."""


class ShardResult(msgspec.Struct, gc=False):
    """What one shard came to; the lines are in the files ``spools``, each of them in order.

    ``digests`` are the sha256 of the sources of what is in ``kept``; ``unread`` are the gaps in
    place of files; ``others`` are the first places of what is no object; ``mishap`` is the first
    thing that nobody foresaw.
    """

    number: int
    spools: list[str]
    tally: bytes
    gaps: list[Gap]
    kept: list[Resource]
    digests: dict[str, str]
    census: list[tuple[str, str, int]]
    evaluated: list[tuple[str, int]]
    files: int
    skipped: int
    cached: int
    unread: list[Gap]
    others: list[tuple[str, int]]
    mishap: Mishap | None = None


class _Group(msgspec.Struct):
    """Resources of one controller that got one judgement: listed once, counted all."""

    judgement: Judgement
    lines: list[bytes]
    covers: int


class _Tallies(msgspec.Struct):
    """What a file or a shard adds up to."""

    lines: list[bytes] = msgspec.field(default_factory=list)
    tally: int = 0
    gaps: list[Gap] = msgspec.field(default_factory=list)
    kept: list[Resource] = msgspec.field(default_factory=list)
    census: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    skipped: int = 0
    others: list[tuple[str, int]] = msgspec.field(default_factory=list)


class _Spool:
    """Puts lines into sorted files named after a shard."""

    def __init__(self, folder: Path, number: int) -> None:
        self._start = str(folder / f"shard-{number:06d}")
        self.paths: list[str] = []

    def put(self, lines: list[bytes]) -> None:
        """Write a file; none for no lines."""
        if not lines:
            return
        lines.sort()
        path = f"{self._start}-{len(self.paths):04d}"
        Path(path).write_bytes(b"".join(lines))
        self.paths.append(path)


class ShardRun:
    """Works through one shard."""

    def __init__(
        self,
        context: Context,
        target_uri: str,
        spool: _Spool,
        mishaps: Mishaps,
        notes: Notes | None = None,
    ) -> None:
        """``notes`` take down all that is read."""
        self._spool = spool
        self._mishaps = mishaps
        self._context = context
        self._notes = notes
        self._unread: list[Gap] = []
        self._uri = target_uri
        self._total = _Tallies()
        self._groups: dict[tuple[object, ...], _Group] = {}
        self._grouped = False
        self._digests: dict[str, str] = {}
        self.files = 0
        self.cached = 0

    def take(self, reading: Reading | Gap, cache: ResultCache | None) -> None:
        """Judge one file, or take what the cache knows of it."""
        if isinstance(reading, Gap):
            self._total.gaps.append(reading)
            self._unread.append(reading)
            if self._notes is not None:
                self._notes.refused(reading)
            return
        self.files += 1
        known = cache.get(reading.source, reading.evidence.sha256) if cache is not None else None
        if known is not None:
            self.cached += 1
            self._add_known(known)
            self._note(reading, known.kept)
            return
        self._grouped = False
        before = self._mishaps.count
        part = self._judge(reading)
        self._add(part)
        if len(self._total.lines) > MOST_LINES:
            self._spool.put(self._total.lines)
            self._total.lines = []
        self._note(reading, part.kept)
        if cache is not None and not self._grouped and self._mishaps.count == before:
            cache.put(reading.source, reading.evidence.sha256, _as_known(part))

    def _note(self, reading: Reading, kept: list[Resource]) -> None:
        for resource in kept:
            self._digests[resource.source] = reading.evidence.sha256

    def _judge(self, reading: Reading) -> _Tallies:
        part = _Tallies()
        notes = self._notes
        draft = notes.begin(reading) if notes is not None else None
        try:
            for resource in reading.resources():
                if draft is not None:
                    draft.add(resource)
                self._take_resource(resource, reading, part)
        except FORESEEN:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours costs what is left of this file
            what = "it" if reading.scope == reading.source else reading.source
            broken = self._mishaps.gap(reading.scope, f"{what} was read", error)
            part.gaps.append(broken)
            if draft is not None:
                draft.broken = (broken,)
        part.kept = accounts.merged(part.kept)
        part.gaps.extend(reading.gaps())
        part.skipped += reading.skipped()
        part.others += [(reading.source, line) for line in reading.skipped_lines()]
        if notes is not None and draft is not None:
            notes.end(reading, draft)
        return part

    def _take_resource(self, resource: Resource, reading: Reading, part: _Tallies) -> None:
        """Count and judge one object; one that can't be judged is a gap of its own."""
        part.census[resource.kind, resource.namespace] += 1
        try:
            self._judge_resource(resource, reading, part)
        except RecursionError:
            detail = f"{resource.name}: nested too deeply"
            gap = Gap(self._uri, resource.source, GapCause.MALFORMED, detail, line=resource.line)
            part.gaps.append(self._placed(gap, resource))
        except FORESEEN:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours costs this object only
            what = f"{resource.name} was judged"
            gap = self._mishaps.gap(resource.source, what, error, resource.line)
            part.gaps.append(self._placed(gap, resource))

    def _judge_resource(self, resource: Resource, reading: Reading, part: _Tallies) -> None:
        if resource.kind in namespaces.READS:
            part.kept.append(namespaces.brief(_cleaned(resource)))
        tokens = self._context.plans.get(accounts.KIND) is not None
        if tokens and resource.kind == accounts.ACCOUNT:
            part.kept.append(accounts.brief(_cleaned(resource)))
        subjects = [resource]
        for fact in named(resource, self._context.workloads.derive(resource)):
            if isinstance(fact, Gap):
                part.gaps.append(self._placed(fact, resource))
            else:
                part.census[fact.kind, fact.namespace] += 1
                subjects.append(fact)
                used = accounts.use(fact) if tokens else None
                if used is not None:
                    part.kept.append(used)
        looked = [self._judge_one(subject, reading, part) for subject in subjects]
        if any(looked) and not looked[0]:
            part.evaluated[resource.kind] += 1

    def _placed(self, gap: Gap, resource: Resource) -> Gap:
        """A gap in an object: of its place in a file, or of its kind where there are no files.

        What an object of a cluster only names is made in the cluster, and seen there.
        """
        if "://" not in self._uri:
            return msgspec.structs.replace(gap, target=self._uri)
        return msgspec.structs.replace(gap, target=self._uri, scope=resource.kind, line=0)

    def _judge_one(self, subject: Resource, reading: Reading, part: _Tallies) -> bool:
        """Judge an object or a fact; whether there are rules that look at it."""
        plan = self._context.plans.get(subject.kind)
        if plan is None:
            return False
        controller = controlled_by(subject)
        repeated = controller is not None
        try:
            judgements = plan.judge(subject.body, clean=subject.clean, repeated=repeated)
        except msgspec.DecodeError as error:
            gap = Gap(self._uri, subject.source, GapCause.MALFORMED, f"{subject.name}: {error}")
            part.gaps.append(self._placed(gap, subject.parent or subject))
            return True
        part.evaluated[subject.kind] += 1
        for judgement in judgements:
            part.tally += judgement.tally
            if not judgement.outcomes:
                continue
            if controller is None:
                part.lines += self._lines(subject, judgement, reading)
                continue
            self._grouped = True
            owner = (controller.api_version, controller.kind, controller.namespace, controller.name)
            key = (owner, subject.part, subject.heuristic, id(judgement))
            group = self._groups.get(key)
            if group is None:
                lines = self._lines(subject, judgement, reading)
                self._groups[key] = _Group(judgement, lines, 1)
            else:
                group.covers += 1
        return True

    def _lines(self, subject: Resource, judgement: Judgement, reading: Reading) -> list[bytes]:
        def line_of(pointer: str) -> int:
            return reading.line(subject.document, pointer)

        return self._context.writer.lines(
            subject, judgement.outcomes, line_of, reading.evidence.sha256
        )

    def _add(self, part: _Tallies) -> None:
        total = self._total
        total.lines += part.lines
        total.tally += part.tally
        total.gaps += part.gaps
        total.kept += part.kept
        total.census.update(part.census)
        total.evaluated.update(part.evaluated)
        total.skipped += part.skipped
        total.others = first_of(total.others + part.others)

    def _add_known(self, known: FileResult) -> None:
        total = self._total
        total.lines += known.lines
        total.tally += from_bytes(known.tally)
        total.gaps += known.gaps
        total.kept += known.kept
        for kind, namespace, number in known.census:
            total.census[kind, namespace] += number
        for kind, number in known.evaluated:
            total.evaluated[kind] += number
        total.skipped += known.skipped
        total.others = first_of(total.others + known.others)

    def finish(self, number: int) -> ShardResult:
        """Write the lines that are left and return the rest."""
        total = self._total
        lines = total.lines
        for group in self._groups.values():
            lines += _covering(group)
        self._spool.put(lines)
        return ShardResult(
            number=number,
            spools=self._spool.paths,
            tally=to_bytes(total.tally),
            gaps=total.gaps,
            kept=accounts.merged(total.kept),
            digests=self._digests,
            census=[(kind, where, count) for (kind, where), count in total.census.items()],
            evaluated=list(total.evaluated.items()),
            files=self.files,
            skipped=total.skipped,
            cached=self.cached,
            unread=self._unread,
            others=total.others,
            mishap=self._mishaps.first,
        )


def _cleaned(resource: Resource) -> Resource:
    """A resource that may be kept: its body without secrets."""
    if resource.clean:
        return resource
    return msgspec.structs.replace(resource, body=clean(resource.body), clean=True)


def _covering(group: _Group) -> Iterator[bytes]:
    if group.covers == 1:
        yield from group.lines
        return
    for line in group.lines:
        yield covering(line, group.covers)


def _as_known(part: _Tallies) -> FileResult:
    return FileResult(
        lines=part.lines,
        tally=to_bytes(part.tally),
        gaps=part.gaps,
        kept=part.kept,
        census=[(kind, where, count) for (kind, where), count in part.census.items()],
        evaluated=list(part.evaluated.items()),
        skipped=part.skipped,
        others=part.others,
    )


def first_of(places: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """As many places as are named, the first by file and line: the same whoever read what."""
    return sorted(places)[:MOST_NAMED] if places else places


def scope_of(job: Job, context: Context) -> str:
    """What the results of a file depend on besides its content and path."""
    target = job.collector.target
    parts = (VERSION, FORMAT, context.profile.digest, target.uri, target.uid, str(job.list_all))
    return "\n".join(parts)


def run_shard(job: Job, shard: Shard) -> ShardResult:
    """Read and judge one shard; the same shard always leaves the same bytes."""
    context = context_of(job)
    notes = _notes(job.keep, shard.number) if job.keep is not None else None
    uri = job.collector.target.uri
    mishaps = Mishaps(uri, shard.number)
    run = ShardRun(context, uri, _Spool(job.spool, shard.number), mishaps, notes)
    scope = scope_of(job, context)
    with _no_collections(), open_cache(job.result_cache, scope, shard.number) as cache:
        for reading in readings(job.collector, shard, mishaps):
            run.take(reading, cache)
        if notes is not None:
            notes.close()
        return run.finish(shard.number)


def _notes(keep: Keep, part: int) -> Notes:
    """What takes down a shard."""
    from auditor.evidence.commitments import committing  # noqa: PLC0415 - most runs keep nothing
    from auditor.evidence.writing import PartWriter  # noqa: PLC0415 - most runs keep nothing
    from auditor.runner.notes import Notes  # noqa: PLC0415 - most runs keep nothing

    commit = committing(keep.commitments)
    return Notes(PartWriter(keep.folder, keep.target, part), keep.moment, commit)


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Decoded objects hold no cycles, and looking for some in them would double the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
