"""What takes many objects of a target: derived and judged, analysis by analysis.

No analysis knows of another one, so each may be done by another process
(:mod:`auditor.runner.helping`). What came of each is a share, and shares are put together in the
order of the analyses, so nobody sees who derived them.

What waits for other objects is judged with all gaps known. Those that analyses of facts find come
up meanwhile; where there are any, what waits is judged again with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import msgspec

from auditor.analysis.completing import CompletingAnalysis
from auditor.analysis.protocol import JoiningAnalysis
from auditor.model.resource import Gap
from auditor.runner.facts import Blind, JudgedFacts, completed_by, facts_of
from auditor.runner.job import Context
from auditor.runner.mishaps import Mishaps
from auditor.runner.rows import SetApart, analysis_of, groups_of
from auditor.runner.state import SortedRows
from auditor.runner.waiting import Missing


class Share(msgspec.Struct):
    """What came of one analysis, by its number."""

    number: int
    judged: JudgedFacts
    mishaps: Mishaps


class Done(msgspec.Struct):
    """What came of some analyses; lines may be in sorted files, those of what waited in ``waited``.

    A share that was done by a process of its own has none of its lines.
    """

    shares: list[Share] = msgspec.field(default_factory=list)
    spools: list[str] = msgspec.field(default_factory=list)
    waited: list[str] = msgspec.field(default_factory=list)

    def add(self, other: Done) -> None:
        """Add what somebody else has done."""
        self.shares += other.shares
        self.spools += other.spools
        self.waited += other.waited


class Derived(msgspec.Struct):
    """What came of all analyses; some of the lines are in the sorted files ``spools``."""

    judged: JudgedFacts
    spools: list[str]
    mishaps: Mishaps


class Deriving(msgspec.Struct, frozen=True):
    """The analyses of one target, and what they are given.

    ``gaps`` are all that are known of the target, ``taking`` the ids of analyses of the run that
    take what others hand on; ``shard`` is where in the run it is that something goes wrong.
    """

    analyses: Sequence[JoiningAnalysis]
    completing: Sequence[CompletingAnalysis]
    context: Context
    blind: Blind
    gaps: Sequence[Gap]
    taking: Sequence[str]
    target: str
    shard: int

    @property
    def ordered(self) -> list[bytes]:
        """The names of all analyses as their rows are sorted: the place of each is its number."""
        return sorted(each.id.encode() for each in (*self.analyses, *self.completing))

    @property
    def waiting(self) -> list[int]:
        """The numbers of those that complete what waits."""
        names = {each.id.encode() for each in self.completing}
        return [number for number, name in enumerate(self.ordered) if name in names]

    def walk(
        self, rows: SortedRows, numbers: Iterable[int], apart: SetApart | None = None
    ) -> list[Share]:
        """Go through all rows; those that are for the whole run are set ``apart`` on the way."""
        with ExitStack() as stack:
            lines = rows.opened(stack)
            if apart is None:
                return list(self.shares(lines, numbers))
            rest = apart.rest_of(lines)
            shares = list(self.shares(rest, numbers))
            for _ in rest:
                pass
            return shares

    def shares(self, lines: Iterable[bytes], numbers: Iterable[int]) -> Iterator[Share]:
        """Derive of sorted rows by some analyses; their numbers rise, and are asked for when due.

        An analysis without rows has a share of nothing.
        """
        places = {name: number for number, name in enumerate(self.ordered)}
        left = iter(numbers)
        due = next(left, None)
        for name, rows in groupby(lines, analysis_of):
            if due is None:
                return
            place = places.get(name, -1)
            while due is not None and due < place:
                yield self.nothing(due)
                due = next(left, None)
            if due == place:
                yield self._share(place, name.decode(), rows)
                due = next(left, None)
        while due is not None:
            yield self.nothing(due)
            due = next(left, None)

    def nothing(self, number: int) -> Share:
        """A share of nothing."""
        return Share(number, JudgedFacts(), Mishaps(self.target, self.shard))

    def _share(self, number: int, name: str, rows: Iterable[bytes]) -> Share:
        share = self.nothing(number)
        mishaps, context = share.mishaps, self.context
        for joining in self.analyses:
            if joining.id == name:
                groups, blind = groups_of(joining, rows), self.blind
                share.judged = facts_of(joining, groups, context, blind, mishaps, self.taking)
        for completing in self.completing:
            if completing.id == name:
                missing = Missing(self.gaps, context.profile.platforms)
                groups = groups_of(completing, rows)
                share.judged = completed_by(completing, groups, context, missing, mishaps)
        return share


def derived(
    deriving: Deriving, rows: SortedRows, apart: SetApart, folder: Path, helpers: int
) -> Derived:
    """Derive and judge what takes many objects; ``folder`` is for the lines of helpers."""
    if helpers:
        from auditor.runner.helping import helped  # noqa: PLC0415 - small runs do without

        done = helped(deriving, rows, apart, folder, helpers)
    else:
        done = Done(deriving.walk(rows, range(len(deriving.ordered)), apart))
    waiting, shares = deriving.waiting, sorted(done.shares, key=attrgetter("number"))
    facts = [share for share in shares if share.number not in waiting]
    waited = [share for share in shares if share.number in waiting]
    if gaps := [gap for share in facts for gap in share.judged.gaps]:
        known = msgspec.structs.replace(deriving, gaps=(*deriving.gaps, *gaps))
        waited, done.waited = known.walk(rows, waiting), []
    whole = deriving.nothing(0)
    for share in (*facts, *waited):
        whole.judged.add(share.judged)
        whole.mishaps.add(share.mishaps)
    return Derived(whole.judged, done.spools + done.waited, whole.mishaps)
