"""The rules of a kind that look at what other objects complete, apart from the others.

All rules judge a body once, where it is read. Where some of it may be completed
(:mod:`auditor.analysis.completing`), what those rules said is taken out of the judgement and held;
they judge the body again once it is complete. Which rules these are follows from what they read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec

from auditor.analysis.completing import Aspect
from auditor.analysis.shapes import quiet
from auditor.cel import ReadTree
from auditor.engine.kinds import KindPlan
from auditor.engine.outcome import BodyPath, Judgement, Outcome
from auditor.engine.slices import Slicer, touches, unite
from auditor.engine.tally import from_bytes, gathered, lane, lanes, scattered, to_bytes
from auditor.engine.tiers import rule_reads
from auditor.model.enums import Verdict
from auditor.model.pointers import token
from auditor.platforms.shape import Shape
from auditor.policy.compiled import ActiveRule

_KEPT: Final = 512
_CUTS_KEPT: Final = 256
"""Pods of one template stand together in a list."""
_MOST_PATHS: Final = 400
"""Fields of one body of which the lines are looked up."""
_NAMING: Final = frozenset({"name", "owner"})
_COUNTED: Final = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


def aspects_read(rule: ActiveRule, aspects: Iterable[Aspect], shape: Shape) -> list[Aspect]:
    """Those of some aspects of which a rule reads what they are about."""
    reads = rule_reads(rule, shape)
    return [each for each in aspects if any(touches(reads, path) for path in each.paths)]


class Doubt(msgspec.Struct, frozen=True):
    """What a body could be as well, and why that is not known.

    ``worse``: only a verdict that would fail there is in doubt, and no failure is.
    """

    body: object
    why: str
    worse: bool = False


class Again(msgspec.Struct, frozen=True):
    """What rules say of a completed body: what is to be listed, and counted."""

    outcomes: tuple[Outcome, ...]
    tally: int


class Cut(msgspec.Struct, frozen=True):
    """What rules read of a body, and the paths of what is in it; nobody changes it."""

    body: dict[str, object]
    paths: tuple[BodyPath, ...]


class Reserved:
    """Rules whose verdicts on a body wait until it is complete.

    What judges is made when it is first asked for: mostly nothing completes anything.
    """

    def __init__(
        self,
        rules: Sequence[tuple[int, ActiveRule]],
        shape: Shape,
        *,
        listed: frozenset[int],
        memo: bool,
    ) -> None:
        """``listed`` are the rules of which passes are listed too."""
        self._waiting = rules
        self._rules = frozenset(number for number, _ in rules)
        self._order = sorted(self._rules)
        self._lanes = lanes(self._rules)
        self._shape = shape
        self._listed = listed
        self._memo = memo
        self._apart: dict[int, tuple[Judgement, Judgement, Judgement]] = {}
        self._tallies: dict[int, tuple[int, int, int]] = {}
        self._cuts: dict[tuple[bytes, bool], Cut] = {}
        self._counted: dict[bytes, int] = {}

    @cached_property
    def _plan(self) -> KindPlan:
        return KindPlan(self._shape, self._waiting, list_all=self._rules, memo=self._memo)

    @cached_property
    def _reads(self) -> ReadTree:
        return unite(rule_reads(rule, self._shape) for _, rule in self._waiting)

    @cached_property
    def _slicer(self) -> Slicer:
        return Slicer(self._reads)

    @cached_property
    def _fields(self) -> frozenset[str] | None:
        return None if self._reads.whole else frozenset(map(token, self._reads.fields))

    def apart(self, judgement: Judgement) -> tuple[Judgement, Judgement]:
        """Take a judgement apart: what stands, and what waits, which counts these rules alone."""
        known = self._apart.get(id(judgement))
        if known is None:
            if len(self._apart) >= _KEPT:
                self._apart.clear()
            # the judgement is kept, so that no other one gets its id
            known = self._apart[id(judgement)] = (judgement, *self._parted(judgement))
        return known[1:]

    def _parted(self, judgement: Judgement) -> tuple[Judgement, Judgement]:
        waiting = tuple(each for each in judgement.outcomes if each.rule in self._rules)
        others = tuple(each for each in judgement.outcomes if each.rule not in self._rules)
        tallies = [self._tallies_apart(each) for each in judgement.tallies]
        stands, waits = tuple([each for each, _ in tallies]), tuple([each for _, each in tallies])
        return Judgement(others, stands), Judgement(waiting, waits)

    def _tallies_apart(self, tally: int) -> tuple[int, int]:
        """The tally of what stands, and that of these rules; the same integers for the same one.

        Elements that are judged alike share an integer, which has kilobytes: too many to hash.
        """
        known = self._tallies.get(id(tally))
        if known is None:
            if len(self._tallies) >= _KEPT:
                self._tallies.clear()
            waits = tally & self._lanes
            # the tally is kept, so that no other one gets its id
            known = tally, tally - waits, gathered(waits, self._order)
            self._tallies[id(tally)] = known
        return known[1:]

    def held(self, judgements: Iterable[Judgement]) -> bytes:
        """Write the tally of what waits, as each row has one."""
        return to_bytes(sum(each.tally for each in judgements))

    def counted(self, held: bytes) -> int:
        """Read what :meth:`held` wrote, as a tally of all rules."""
        known = self._counted.get(held)
        if known is None:
            if len(self._counted) >= _KEPT:
                self._counted.clear()
            known = self._counted[held] = scattered(from_bytes(held), self._order)
        return known

    def cut(self, body: bytes, *, clean: bool) -> Cut:
        """Return what these rules read of a body, without secrets.

        It is the same for equal slices, which pods of one template have.

        Raises:
            msgspec.DecodeError: the body is not valid JSON.
        """
        raw = quiet(self._shape, body)
        try:
            key = self._slicer.cut(raw), clean
        except OverflowError:
            return _cut_of(self._slicer.value(raw, clean=clean))
        known = self._cuts.get(key)
        if known is None:
            known = _cut_of(
                msgspec.msgpack.decode(key[0]) if clean else self._slicer.value(raw, clean=clean)
            )
            if len(self._cuts) >= _CUTS_KEPT:
                self._cuts.clear()
            self._cuts[key] = known
        return known

    def looks_at(self, pointer: str) -> bool:
        """Whether these rules may read something at, above or below a pointer of a body."""
        if self._fields is None or not pointer:
            return True
        return pointer[1:].partition("/")[0] in self._fields

    def judge(self, body: object, doubts: Sequence[Doubt] = ()) -> Again:
        """Judge a completed body; a verdict that differs where it is in doubt is unknown."""
        outcomes, tally = self._judged(body)
        for doubt in doubts:
            verdicts = {_outcome_key(each): each.verdict for each in self._judged(doubt.body)[0]}
            for index, outcome in enumerate(outcomes):
                verdict, other = outcome.verdict, verdicts.get(_outcome_key(outcome))
                if not _differs(verdict, other, worse=doubt.worse):
                    continue
                outcomes[index] = msgspec.structs.replace(
                    outcome, verdict=Verdict.UNKNOWN, message=f"not decided: {doubt.why}"
                )
                tally += lane(outcome.rule, Verdict.UNKNOWN) - lane(outcome.rule, verdict)
        told = [
            each for each in outcomes if each.verdict not in _COUNTED or each.rule in self._listed
        ]
        return Again(tuple(told), tally)

    def _judged(self, body: object) -> tuple[list[Outcome], int]:
        judgements = self._plan.judge(msgspec.json.encode(body))
        outcomes = [outcome for judgement in judgements for outcome in judgement.outcomes]
        return outcomes, sum(judgement.tally for judgement in judgements)


def _cut_of(value: object) -> Cut:
    body = value if isinstance(value, dict) else {}
    return Cut(body, tuple(paths_in(body)))


def _differs(verdict: Verdict, other: Verdict | None, *, worse: bool) -> bool:
    """Whether a verdict is another one than where it is in doubt."""
    if verdict is Verdict.UNKNOWN:
        return False
    if worse:
        return verdict in _COUNTED and other is Verdict.FAIL
    return verdict is not other


def _outcome_key(outcome: Outcome) -> tuple[int, str]:
    return outcome.rule, outcome.key


def paths_in(body: Mapping[str, object]) -> Iterator[BodyPath]:
    """The paths of a body and of its fields, outer ones first, and no more than can be told.

    Without names: they stand where what they name begins.
    """
    found: list[tuple[BodyPath, object]] = [((), body)]
    for path, value in found:
        yield path
        if len(found) > _MOST_PATHS:
            continue
        if isinstance(value, dict):
            found += [((*path, name), value[name]) for name in value if name not in _NAMING]
        elif isinstance(value, list):
            found += [((*path, index), below) for index, below in enumerate(value)]
