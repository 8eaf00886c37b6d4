"""One shard: read, derive, judge, and leave sorted lines of findings in a file.

A shard is a few files, or a few pages of a live target. For each of them, in order::

    reading          the bytes and their digest; nothing below is done when the result cache
                     knows what came of the same bytes at the same path
    resources        each object, with its JSON as bytes; some wait for one another
                     (:mod:`auditor.runner.rounds`)
      facts          what analyses find in that one object (its pod templates)
      rows           what joining analyses take of the object and of its facts, and what waits
                     to be completed by other objects
      judgements     the rules of its kind, and of the kinds of its facts
        lines        a finding, encoded; what one controller made is one line with a count
    gaps             what of the file could not be understood

What adds up (:class:`auditor.runner.parts.Tallies`) is added up for the file first, so that it can
be remembered for the next run, then for the shard. Lines and rows go to sorted files when there are
many; the parent gets counts, gaps and names of files, and merges. An exception that nobody foresaw
costs the object or the file that it was met in (:mod:`auditor.runner.mishaps`); a worker that dies
costs its shard, which another one does again. The same shard always leaves the same bytes.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from auditor.analysis.protocol import OTHERS, Extracting, Held, Site
from auditor.engine.lines import FORMAT
from auditor.engine.lines_about import LinesAbout
from auditor.engine.tally import to_bytes
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource, Target
from auditor.ports import Reading, Shard
from auditor.runner.cache import ResultCache, open_cache
from auditor.runner.job import Context, EvidenceJob, Job
from auditor.runner.mishaps import FORESEEN, Mishaps, readings
from auditor.runner.parts import MOST_LINES, Group, ShardResult, Spool, Tallies, all_lines
from auditor.runner.rounds import File, Object, Round, Said, derive, judge
from auditor.runner.rows import Rows
from auditor.runner.seen import Seen
from auditor.runner.waiting import row_of
from auditor.secrets.messages import redact_texts
from auditor.version import VERSION

if TYPE_CHECKING:
    from auditor.runner.notes import Notes


MOST_ROWS = 8_192
"""Rows, of about 200 bytes, that a shard holds before it puts them into a file."""
MOST_HELD = 256
"""Rows that a shard hands over by themselves: a small run has no files of them."""


class ShardRun:
    """Works through one shard."""

    def __init__(
        self,
        context: Context,
        target: Target,
        spools: tuple[Spool, Spool],
        mishaps: Mishaps,
        notes: Notes | None = None,
    ) -> None:
        """``spools`` are for lines and for rows; ``notes`` take down all that is read."""
        self._spool, self._row_spool = spools
        self._mishaps = mishaps
        self._context = context
        self._notes = notes
        self._listed = context.profile.platforms.kinds
        self._unread: list[Gap] = []
        self._target = target
        self._uri = target.uri
        self._total = self._empty()
        self._groups: dict[tuple[object, ...], Group] = {}
        self._round = Round()
        self._seen = Seen()
        self.files = 0
        self.cached = 0

    def take(self, reading: Reading | Gap, cache: ResultCache | None) -> None:
        """Read one file, to judge it when its round is full, or take what the cache knows of it."""
        self._seen.add(reading)
        if isinstance(reading, Gap):
            self.settle()
            self._total.gaps.append(reading)
            self._unread.append(reading)
            if self._notes is not None:
                self._notes.refused(reading)
            return
        self.files += 1
        known = cache.get(reading.source, reading.evidence.key) if cache is not None else None
        if known is not None:
            self.settle()
            self.cached += 1
            self._total.add_known(known)
            self._total.rows.settle()
            self._put_rows()
            return
        self._read(reading, cache)

    def _empty(self) -> Tallies:
        return Tallies(Rows(self._context.analyses))

    def _put_rows(self) -> None:
        if len(self._total.rows) > MOST_ROWS:
            self._row_spool.put(self._total.rows.lines())
            self._total.rows = Rows(self._context.analyses)

    def _read(self, reading: Reading, cache: ResultCache | None) -> None:
        """Put the objects of a file into rounds."""
        site = Site(self._target, reading.evidence.sha256, reading.line, reading.on_one_line)
        draft = self._notes.begin(reading) if self._notes is not None else None
        file = File(reading, cache, site, self._empty(), draft)
        resources = reading.resources()
        while (resource := self._next(file, resources)) is not None:
            self._hold(file, resource)
        self._hold(file, None)

    def _next(self, file: File, resources: Iterator[Resource]) -> Resource | None:
        """Read the next object of a file; None at its end, or where its reading broke off."""
        try:
            resource = next(resources, None)
            if resource is not None and file.draft is not None:
                file.draft.add(resource)
        except FORESEEN:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours costs what is left of this file
            file.error = error
            return None
        return resource

    def _hold(self, file: File, resource: Resource | None) -> None:
        """Put an object, or the end of a file, into the round."""
        self._round.add(file, resource)
        if self._round.full:
            self.settle()

    @property
    def waiting(self) -> int:
        """How many objects, and ends of files, wait to be judged."""
        return len(self._round)

    def settle(self) -> None:
        """Judge what was read and waits for it; then count and tell it, in the order of reading."""
        objects = self._round.take()
        for each in objects:
            derive(each, self._context)
        judge((said for each in objects for said in each.said), self._context)
        for each in objects:
            if each.resource is None:
                self._end(each.file)
                continue
            self._take_resource(each, each.resource)
            each.file.part.rows.settle()

    def _end(self, file: File) -> None:
        """Close a file of which all objects were told."""
        reading, part, draft = file.reading, file.part, file.draft
        try:
            part.rows.write()
        except FORESEEN:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours costs what is left of this file
            file.error = file.error or error
        if file.error is not None:
            self._break(file, file.error)
        part.gaps.extend(reading.gaps())
        part.skipped += reading.skipped()
        part.others += [(reading.source, line) for line in reading.skipped_lines()]
        if self._notes is not None and draft is not None:
            self._notes.end(reading, draft)
        part.add_up()
        self._add(file)

    def _break(self, file: File, error: Exception) -> None:
        """Note a bug of ours that cost what was left of a file."""
        reading = file.reading
        what = "it" if reading.scope == reading.source else reading.source
        broken = self._mishaps.gap(reading.scope, f"{what} was read", error)
        file.mishap = True
        file.part.gaps.append(broken)
        if file.draft is not None:
            file.draft.broken = (broken,)

    def _add(self, file: File) -> None:
        """Add what a file came to, and remember it for the next run."""
        part = file.part
        self._total.add(part)
        if len(self._total.lines) > MOST_LINES:
            self._spool.put(self._total.lines)
            self._total.lines = []
        self._put_rows()
        if file.cache is not None and not file.grouped and not file.mishap:
            file.cache.put(file.reading.source, file.reading.evidence.key, part.as_known())

    def _take_resource(self, each: Object, resource: Resource) -> None:
        """Count and tell one object; one that can't be judged is a gap of its own."""
        part = each.file.part
        part.census[resource.kind] += 1
        try:
            self._tell(each, resource)
        except RecursionError:
            detail = f"{resource.name}: nested too deeply"
            gap = Gap(self._uri, resource.source, GapCause.MALFORMED, detail, line=resource.line)
            part.gaps.append(self._placed(gap, resource))
        except FORESEEN:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours costs this object only
            what = f"{resource.name} was judged"
            gap = self._mishaps.gap(resource.source, what, error, resource.line)
            each.file.mishap = True
            part.gaps.append(self._placed(gap, resource))

    def _tell(self, each: Object, resource: Resource) -> None:
        part = each.file.part
        for fact in each.derived:
            if isinstance(fact, Resource):
                part.census[fact.kind] += 1
            elif not resource.partial:
                part.gaps.append(self._placed(fact, resource))
        if each.error is not None:
            raise each.error
        if not resource.partial:  # a patch is no object of its own: no fact over many has it
            for said in each.said:
                for joining in self._takers(said.read.kind):
                    part.rows.extract(joining, said.read, each.file.site)
        looked = [self._tell_one(said, each.file) for said in each.said]
        if any(looked) and not looked[0]:
            part.evaluated[resource.kind] += 1

    def _takers(self, kind: str) -> tuple[Extracting, ...]:
        """Find the analyses that take something of resources of a kind."""
        found = self._context.joining.get(kind)
        if found is None:
            return () if kind in self._listed else self._context.joining.get(OTHERS, ())
        return found

    def _placed(self, gap: Gap, resource: Resource) -> Gap:
        """A gap in an object: of its place in a file, or of its kind where there are no files.

        What an object of a cluster only names is made in the cluster, and seen there.
        """
        gap = redact_texts(gap)  # an analysis may name what stands in a body that is not clean
        if "://" not in self._uri:
            return msgspec.structs.replace(gap, target=self._uri)
        return msgspec.structs.replace(gap, target=self._uri, scope=resource.kind, line=0)

    def _tell_one(self, said: Said, file: File) -> bool:
        """Count and tell what rules say of an object or a fact; whether any looks at it."""
        subject, controller, waits, part = said.subject, said.controller, said.waits, file.part
        if isinstance(said.error, msgspec.DecodeError):
            detail = f"{subject.name}: {said.error}"
            gap = Gap(self._uri, subject.source, GapCause.MALFORMED, detail)
            part.gaps.append(self._placed(gap, subject.parent or subject))
            return True
        if said.error is not None:
            raise said.error
        judgements = said.judgements
        if judgements is None:
            return False
        part.evaluated[subject.kind] += 1
        about = self._about(subject, file)
        if waits is not None:
            parted = [waits.rules.apart(judgement) for judgement in judgements]
            judgements = tuple(settled for settled, _ in parted)
            pending = [waiting for _, waiting in parted]
            lines = [line for each in pending for line in about.lines(each.outcomes)]
            held = Held(tuple(lines), waits.rules.held(pending))
            part.rows.add(
                waits.analysis, row_of(subject, waits, controller, file.site, held, about)
            )
        for judgement in judgements:
            part.count(judgement)
            if not judgement.outcomes:
                continue
            if controller is None:
                part.lines += about.lines(judgement.outcomes)
                continue
            file.grouped = True
            owner = (controller.kind, controller.namespace, controller.name)
            key = (owner, subject.part, subject.heuristic, id(judgement))
            group = self._groups.get(key)
            if group is None:
                lines = about.lines(judgement.outcomes)
                self._groups[key] = Group(judgement, lines, 1)
            else:
                group.covers += 1
        return True

    def _about(self, subject: Resource, file: File) -> LinesAbout:
        """What writes lines about a subject."""

        def line_of(pointer: str) -> int:
            return file.reading.line(subject.document, pointer)

        return LinesAbout(self._context.writer, subject, self._target, line_of, file.site.digest)

    def finish(self, number: int) -> ShardResult:
        """Write the lines that are left and return the rest."""
        self.settle()
        total = self._total
        lines = total.lines
        for group in self._groups.values():
            lines += all_lines(group)
        self._spool.put(lines)
        rows = total.rows.lines()
        if self._row_spool.paths or len(rows) > MOST_HELD:
            self._row_spool.put(rows)
            rows = []
        return ShardResult(
            number=number,
            spools=self._spool.paths,
            tally=to_bytes(total.tally),
            gaps=total.gaps,
            rows=rows,
            row_spools=self._row_spool.paths,
            census=list(total.census.items()),
            evaluated=list(total.evaluated.items()),
            files=self.files,
            skipped=total.skipped,
            cached=self.cached,
            unread=self._unread,
            others=total.others,
            mishap=self._mishaps.first,
            seen=b"" if self._mishaps.count else self._seen.digest(),
        )


def scope_of(job: Job, context: Context) -> str:
    """What the results of a file depend on besides its content and path."""
    target = job.collector.target
    analyses = context.analyses
    made = ",".join(
        [each.id for each in analyses.of_objects] + [each.id for each in analyses.with_rows]
    )
    parts = (VERSION, FORMAT, made, context.profile.digest, target.uri, target.uid)
    return "\n".join((*parts, str(job.list_all)))


def run_shard(job: Job, context: Context, shard: Shard) -> ShardResult:
    """Read and judge one shard; the same shard always leaves the same bytes."""
    notes = _notes(job.keep, shard.number) if job.keep is not None else None
    uri = job.collector.target.uri
    mishaps = Mishaps(uri, shard.number)
    spools = Spool(job.spool, "shard", shard.number), Spool(job.spool, "rows", shard.number)
    run = ShardRun(context, job.collector.target, spools, mishaps, notes)
    scope = scope_of(job, context)
    with _no_collections(), open_cache(job.result_cache, scope, shard.number) as cache:
        for reading in readings(job.collector, shard, mishaps):
            run.take(reading, cache)
        run.settle()
        if notes is not None:
            notes.close()
        return run.finish(shard.number)


def _notes(keep: EvidenceJob, part: int) -> Notes:
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
