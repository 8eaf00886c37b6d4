"""Parts of one audit put together: which targets there are, what is missing, by what to judge.

A part is the bundle of a run over some of the targets. Nothing of its verdicts is taken: the
evidence of all is judged again, together, by the policy that all were judged by, so that what
joins several targets is found and no part can say something that its evidence does not give::

    part 0/3: k8s://a, docker://d      part 2/3: k8s://c
    expected:  k8s://a, k8s://b, k8s://c, docker://d
    united:    k8s://a, k8s://b (no part has it: unreachable), k8s://c, docker://d

What people wrote counts where it was given. A waiver of every part is one of the whole. One that
some parts had and others had not is about the targets of those parts alone, so it must name them;
the single target of a single part is named for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from glob import escape
from itertools import pairwise
from typing import Final, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from auditor.errors import UsageError
from auditor.evidence.layout import Evaluation, FileEntry, PartEntry
from auditor.model.answers import AnswerEntry
from auditor.model.enums import GapCause
from auditor.model.evidence import Principal, TargetEntry
from auditor.model.waivers import WaiverEntry
from auditor.runner.known import UNREACHABLE
from auditor.runner.settings import Known

_Entry = TypeVar("_Entry")
_AGAIN: Final = "audit every part by the same profile, policies and options"
_ABSENT: Final = "audit it, and merge again with its part"


class PartRead(msgspec.Struct, frozen=True):
    """One part: ``place`` is what it is called in errors, ``read`` tells evidence from evidence.

    ``first`` is the number of its first target among all that were taken over.
    """

    place: str
    entry: PartEntry
    version: str
    started: str
    evaluation: Evaluation
    policy: tuple[FileEntry, ...]
    targets: tuple[TargetEntry, ...]
    read: tuple[tuple[tuple[str, str], ...], ...]
    first: int
    waivers: tuple[WaiverEntry, ...] | None = None
    answers: tuple[AnswerEntry, ...] | None = None
    known: Known | None = None


class Expected(msgspec.Struct, frozen=True):
    """A target that a part should have: its URI, as it was typed, and what it is called besides."""

    uri: str
    text: str
    labels: tuple[tuple[str, str], ...] = ()


class United(msgspec.Struct, frozen=True):
    """The targets in order, each with the number it was taken over as, -1 for what is missing."""

    targets: tuple[tuple[int, TargetEntry], ...]
    started: str
    finished: str

    @property
    def entries(self) -> tuple[TargetEntry, ...]:
        """The targets alone."""
        return tuple(entry for _, entry in self.targets)

    @property
    def missing(self) -> tuple[str, ...]:
        """What no part has."""
        return tuple(entry.uri for number, entry in self.targets if number < 0)


def united(
    parts: Sequence[PartRead], expected: Sequence[Expected] | None, number: int | None, ours: str
) -> United:
    """Find the order of the targets, and what is missing of those that are ``expected``.

    Without them it is ``number`` parts that should be there, None for as many as they say
    themselves. ``ours`` is the version of this program.

    Raises:
        UsageError: parts were judged in different ways, two have one target with different
            evidence, or one has a target that nobody expects.
    """
    _refuse_other_ways(parts)
    started = max(part.started for part in parts)
    finished = max(part.entry.finished for part in parts)
    found = {
        entry.uri: (taken, _told(entry, part.version, ours))
        for taken, entry, part in _in_order(parts)
    }
    if expected is None:
        absent = (_missing(uri, (), started) for uri in _absent(parts, number))
        return United((*found.values(), *((-1, each) for each in absent)), started, finished)
    wanted = {each.uri: each for each in expected}
    for uri in found:
        if uri not in wanted:
            raise UsageError(
                f"{uri} is in a part, and not among the targets that are expected",
                hint="add it to the file of targets, or leave the part out",
            )
    targets = tuple(
        found.get(uri) or (-1, _missing(uri, each.labels, started)) for uri, each in wanted.items()
    )
    return United(targets, started, finished)


def _in_order(parts: Sequence[PartRead]) -> Iterator[tuple[int, TargetEntry, PartRead]]:
    """Every target once: parts that are numbered were dealt out one by one, others go by name."""
    every = [(place, part, entry) for part in parts for place, entry in enumerate(part.targets)]
    if all(part.entry.index >= 0 for part in parts):
        every.sort(key=lambda each: (each[0], each[1].entry.index))
    else:
        every.sort(key=lambda each: each[2].uri)
    seen: dict[str, tuple[PartRead, int]] = {}
    for place, part, entry in every:
        other = seen.setdefault(entry.uri, (part, place))
        if other == (part, place):
            yield part.first + place, entry, part
        elif (other[0].read[other[1]], other[0].targets[other[1]]) != (part.read[place], entry):
            older, newer = sorted(
                (other[0], part), key=lambda each: (each.entry.finished, each.place)
            )
            raise UsageError(
                f"{entry.uri} is in {older.place} and in {newer.place}, with other evidence",
                hint=f"leave one out ({newer.place} is the later one); two targets of one name "
                "need a name each",
            )


def _told(entry: TargetEntry, version: str, ours: str) -> TargetEntry:
    if version == ours:
        return entry
    return replace(entry, notes=(*entry.notes, f"read by auditor {version}"))


def _absent(parts: Sequence[PartRead], number: int | None) -> Iterator[str]:
    """What to call the parts that are missing, when nobody says which targets they had."""
    there = {part.entry.index for part in parts}
    known = max((part.entry.of for part in parts), default=0)
    if -1 not in there:
        if number is not None and number != known:
            raise UsageError(
                f"the parts say that they are of {known}, not of {number}",
                hint=f"--parts {known}, or none: they say it themselves",
            )
        yield from _gaps_in(sorted(there), known)
    elif number is not None:
        if len(parts) > number:
            raise UsageError(f"{len(parts)} parts, more than {number}", hint="--parts N")
        if len(parts) < number:
            yield f"{number - len(parts)} of {number} parts"


def _gaps_in(there: Sequence[int], of: int) -> Iterator[str]:
    """The parts that are missing; those in a row are one, for there may be thousands."""
    for before, after in pairwise((-1, *there, of)):
        first, last = before + 1, after - 1
        if first == last:
            yield f"part {first}/{of}"
        elif first < last:
            yield f"parts {first}-{last}/{of}"


def _missing(uri: str, labels: tuple[tuple[str, str], ...], moment: str) -> TargetEntry:
    """A target of which there is no evidence at all."""
    return TargetEntry(
        uri=uri,
        uid=UNREACHABLE,
        version="",
        authority="",
        principal=Principal(""),
        started=moment,
        ended=moment,
        failure="it is in none of the parts that were merged",
        hint=_ABSENT,
        cause=GapCause.UNREACHABLE,
        labels=labels,
    )


def _refuse_other_ways(parts: Sequence[PartRead]) -> None:
    """Make sure that all parts were judged by one policy, in one way, and are of one division."""
    first = parts[0]
    for part in parts[1:]:
        for what, of in _WAYS:
            if of(part) != of(first):
                raise UsageError(
                    f"{part.place} and {first.place} were judged by different {what}", hint=_AGAIN
                )
        if part.entry.index >= 0 and first.entry.index >= 0 and part.entry.of != first.entry.of:
            raise UsageError(
                f"{part.place} is one of {part.entry.of} parts, {first.place} one of "
                f"{first.entry.of}",
                hint="merge parts of one division",
            )


_WAYS: Final[Sequence[tuple[str, Callable[[PartRead], object]]]] = (
    ("profiles", lambda part: part.evaluation.profile),
    ("parameters", lambda part: part.evaluation.parameters),
    ("gates", lambda part: part.evaluation.gate),
    ("lists of findings (--all)", lambda part: part.evaluation.list_all),
    ("policies", lambda part: [(each.path, each.sha256) for each in part.policy]),
    ("baselines", lambda part: part.known),
)
"""What has to be the same, and what it is called."""


class _Way(msgspec.Struct, Generic[_Entry], frozen=True):
    """How entries of one kind are looked at: those of a part, whom one is about, its name."""

    of: Callable[[PartRead], tuple[_Entry, ...] | None]
    is_about: Callable[[_Entry, str], bool]
    named: Callable[[_Entry, str], _Entry]
    called: Callable[[_Entry], str]


_WAIVERS: Final = _Way[WaiverEntry](
    of=lambda part: part.waivers,
    is_about=lambda entry, uri: entry.select.is_about(uri),
    named=lambda entry, uri: replace(entry, select=replace(entry.select, target=uri)),
    called=lambda entry: f"waiver {entry.id}",
)
_ANSWERS: Final = _Way[AnswerEntry](
    of=lambda part: part.answers,
    is_about=lambda entry, uri: entry.fits(uri),
    named=lambda entry, uri: replace(entry, target=uri),
    called=lambda entry: f"the answer to {entry.control}",
)


def waivers_of(parts: Sequence[PartRead]) -> tuple[WaiverEntry, ...] | None:
    """The waivers of all parts, each where it was given; None where no part was given any.

    Raises:
        UsageError: one id means two things, or one that not all parts had names no target.
    """
    found = _entries(parts, _WAIVERS)
    ids = Counter(each.id for each in found or ())
    for name, times in ids.items():
        if times > 1:
            raise UsageError(
                f"waiver {name}: parts mean different things by it",
                hint="give all parts one file of waivers",
            )
    return found


def answers_of(parts: Sequence[PartRead]) -> tuple[AnswerEntry, ...] | None:
    """The answers of all parts, each where it was given; None where no part was given any.

    Raises:
        UsageError: one that not all parts had names no target.
    """
    return _entries(parts, _ANSWERS)


def _entries(parts: Sequence[PartRead], way: _Way[_Entry]) -> tuple[_Entry, ...] | None:
    if all(way.of(part) is None for part in parts):
        return None
    had: dict[_Entry, list[PartRead]] = {}
    for part in parts:
        for entry in way.of(part) or ():
            had.setdefault(entry, []).append(part)
    return tuple(_where_it_counts(entry, some, parts, way) for entry, some in had.items())


def _where_it_counts(
    entry: _Entry, had: Sequence[PartRead], parts: Sequence[PartRead], way: _Way[_Entry]
) -> _Entry:
    """An entry as one of all parts: it can be about no target of those that had it not."""
    others = [part for part in parts if part not in had]
    reached = [uri for uri in _uris(others) if way.is_about(entry, uri)]
    if not reached:
        return entry
    mine = list(_uris(had))
    if len(mine) == 1 and way.is_about(entry, mine[0]):
        return way.named(entry, escape(mine[0]))
    raise UsageError(
        f"{way.called(entry)} was given to {had[0].place} and not to {others[0].place}, and could "
        f"be about {reached[0]}",
        hint="give all parts the same file, or name its target in it",
    )


def _uris(parts: Iterable[PartRead]) -> Iterator[str]:
    for part in parts:
        yield from (target.uri for target in part.targets)
