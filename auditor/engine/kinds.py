"""All rules of one resource kind, and the memo that keeps equal work from being done twice.

Most pods of a cluster are made of few templates, and most rules read a small part of a pod. So the
rules of a kind are grouped into tiers by how much what they read differs between equal resources
(``Shape.volatile``), and each tier remembers its judgements by the slice that it reads. Here are
three rules on two pods of one Deployment, of which a secret was rotated in between::

    tier 0   k8s-container-privileged   reads spec.containers[*].{name, securityContext}
             k8s-host-network           reads spec.hostNetwork
    tier 1   k8s-secret-in-environment  reads spec.containers[*].{name, env}

    pod web-1   slice of tier 0  a41f…   judged            slice of tier 1  77c0…   judged
    pod web-2   slice of tier 0  a41f…   remembered        slice of tier 1  d2b9…   judged

A slice is cut out of the JSON without decoding the rest (:mod:`auditor.engine.slices`), and its
sha256 is the key. What may be in a judgement is in the slice: that a rule reads nothing else is
known when it is compiled. The names of what a finding is about are in neither, and are put into
messages last (:mod:`auditor.engine.naming`). Four things bound the cost where the memo would not
help:

* a tier beyond the last volatile set is never remembered, since no two of its slices are equal;
* each memo is on trial: if 256 lookups hit fewer than 64 times, it pauses for 4,096 bodies, and
  rules judge the decoded body;
* before any slice is cut, :class:`_OriginMemo` asks whether the field that resources of one origin
  share byte for byte (the spec of a pod) was seen with the same small rest: one digest answers for
  all tiers that remember;
* the first body of a kind is judged as it is, and tiers are made for the second: of most kinds a
  few files have one.

``--no-memo`` judges every body anew, and must come to the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cached_property, partial

import msgspec

from auditor.analysis.shapes import prepare, quiet, replaced
from auditor.cel import Environment, ReadTree
from auditor.engine.judge import Judge
from auditor.engine.naming import Naming
from auditor.engine.outcome import Judgement
from auditor.engine.partial import Partial
from auditor.engine.slices import (
    Divider,
    Slicer,
    touches,
    unite,
)
from auditor.engine.templates import may_hold
from auditor.engine.tiers import last_tier, rule_reads, tier_of
from auditor.model.enums import About
from auditor.platforms import PLATFORMS, Platforms
from auditor.platforms.shape import Shape
from auditor.policy.compile import VARIABLES
from auditor.policy.compiled import ActiveRule
from auditor.secrets import redact

MEMO_LIMIT = 512
"""Distinct slices that one group remembers before it starts anew."""

_TRIAL = 256
_LEAST_HITS = 64
_PAUSE = 4096
"""A group whose memo answers fewer of the lookups of one trial judges so many without it."""


class KindPlan:
    """The rules that apply to one kind, ready to judge bodies of it."""

    def __init__(
        self,
        shape: Shape,
        rules: Sequence[tuple[int, ActiveRule]],
        *,
        list_all: frozenset[int],
        memo: bool,
    ) -> None:
        self._shape = shape
        self._rules = rules
        self._list_all = list_all
        self._memo = memo
        self._is_first = memo
        self._partial = Partial(rules, shape, listed=list_all)

    @cached_property
    def _tiers(self) -> _Tiers:
        return _Tiers(self._shape, self._rules, list_all=self._list_all, memo=self._memo)

    def judge(
        self, body: bytes, *, clean: bool = True, repeated: bool = False
    ) -> tuple[Judgement, ...]:
        """Judge one body; one that is not ``clean`` is only when it has to be decoded whole.

        ``repeated`` says that there are likely others of the same origin.

        Raises:
            msgspec.DecodeError: the body is not valid JSON.
        """
        lazy = _Body(self._shape, body, clean=clean)
        if self._is_first:
            self._is_first = False
            judge = Judge(self._rules, self._shape, list_all=self._list_all)
            return (judge.judge(lazy.value(), templated=lazy.templated),)
        return self._tiers.judge(lazy, clean=clean, repeated=repeated)

    def judge_partial(self, body: bytes, *, clean: bool = True) -> tuple[Judgement, ...]:
        """Judge what is written in a body that only changes another one.

        Raises:
            msgspec.DecodeError: the body is not valid JSON.
        """
        lazy = _Body(self._shape, body, clean=clean)
        return (self._partial.judge(lazy.value(), templated=lazy.templated),)


class _Tiers:
    """The rules of a kind by what they read, for many bodies."""

    def __init__(
        self,
        shape: Shape,
        rules: Sequence[tuple[int, ActiveRule]],
        *,
        list_all: frozenset[int],
        memo: bool,
    ) -> None:
        self._naming = Naming(shape)
        grouped: dict[int, list[tuple[int, ActiveRule]]] = {}
        read: dict[int, list[ReadTree]] = {}
        for index, rule in ((index, self._naming.without(rule)) for index, rule in rules):
            reads = rule_reads(rule, shape)
            tier = tier_of(reads, shape)
            grouped.setdefault(tier, []).append((index, rule))
            read.setdefault(tier, []).append(reads)
        self._groups = [
            _Tier(
                grouped[tier],
                unite(read[tier]),
                shape,
                self._naming,
                list_all=list_all,
                memo=memo and tier < last_tier(shape),
                alone=len(grouped) == 1,
            )
            for tier in sorted(grouped)
        ]
        self._without_memo = [group for group in self._groups if not group.remembers]
        lasting = [group for group in self._groups if group.remembers]
        self._origins: _OriginMemo | None = None
        if lasting and shape.repeated:
            reads = unite(group.reads for group in self._groups)
            divider = None if reads.whole else Divider(reads, shape.repeated)
            self._origins = _OriginMemo(lasting, shape, divider)

    def judge(self, body: _Body, *, clean: bool, repeated: bool) -> tuple[Judgement, ...]:
        """Judge one body; see :meth:`KindPlan.judge`."""
        if not repeated or self._origins is None:
            found = [group.judge(body) for group in self._groups]
        else:
            found = [*self._origins.judge(body)]
            found += [group.judge(body) for group in self._without_memo]
        return self._naming.named(found, body.raw, clean=clean)


class _Body:
    """One body, decoded and prepared at most once for all groups."""

    __slots__ = ("_clean", "_shape", "_templated", "_value", "brief", "raw")

    def __init__(self, shape: Shape, raw: bytes, *, clean: bool) -> None:
        self.raw = raw
        self._shape = shape
        self._clean = clean
        self._value: dict[str, object] | None = None
        self._templated: bool | None = None
        self.brief: bytes | None = None
        """The body without the field that repeats, once that has been parted from it."""

    @property
    def templated(self) -> bool:
        """Whether there may be text of a template in it that was not rendered."""
        if self._templated is None:
            self._templated = may_hold(self.raw)
        return self._templated

    def part(self, slicer: Slicer, *, brief: bool) -> dict[str, object]:
        """As much of the value as one group reads, when no other has needed all of it.

        A group that reads nothing of the field that repeats is content with a ``brief`` body.
        """
        if self._value is not None:
            return self._value
        raw = self.brief if brief and self.brief is not None else self.raw
        value = slicer.value(quiet(self._shape, raw), clean=self._clean)
        return prepare(self._shape, value)

    def value(self) -> dict[str, object]:
        if self._value is None:
            raw = quiet(self._shape, self.raw)
            decoded = msgspec.json.decode(raw) if self._clean else redact.decode(raw)
            self._value = prepare(self._shape, decoded if isinstance(decoded, dict) else {})
        return self._value


class _Tier:
    """Rules that read equally volatile fields: one slice, one memo."""

    def __init__(
        self,
        rules: Sequence[tuple[int, ActiveRule]],
        reads: ReadTree,
        shape: Shape,
        naming: Naming,
        *,
        list_all: frozenset[int],
        memo: bool,
        alone: bool,
    ) -> None:
        """``alone``: there is no other group that could need more of a body than its ``reads``."""
        self._quiet = partial(quiet, shape)
        self._alone = alone
        self._rules = Judge(rules, shape, list_all=list_all)
        self._naming = naming
        self.reads = reads
        self._brief = bool(shape.repeated) and not touches(self.reads, (shape.repeated,))
        self.remembers = memo
        self._slicer = Slicer(self.reads)
        self._memo: dict[bytes, Judgement] = {}
        self._lookups = 0
        self._hits = 0
        self._pause = 0

    def judge(self, body: _Body) -> Judgement:
        if not self.remembers:
            return self._judged(body.part(self._slicer, brief=self._brief), body)
        if self._pause:
            self._pause -= 1
            value = body.part(self._slicer, brief=False) if self._alone else body.value()
            return self._judged(value, body)
        try:
            key = hashlib.sha256(self._quiet(self._slicer.cut(body.raw))).digest()
        except OverflowError:
            return self._judged(body.value(), body)
        judgement = self._memo.get(key)
        if judgement is None:
            judgement = self._judged(body.value(), body)
            if len(self._memo) >= MEMO_LIMIT:
                self._memo.clear()
            self._memo[key] = judgement
        else:
            self._hits += 1
        self._count()
        return judgement

    def _judged(self, value: dict[str, object], body: _Body) -> Judgement:
        return self._naming.marked(self._rules.judge(value, templated=body.templated))

    def _count(self) -> None:
        """End a trial: where few slices are equal, cutting them costs more than it saves."""
        self._lookups += 1
        if self._lookups == _TRIAL:
            if self._hits < _LEAST_HITS:
                self._pause = _PAUSE
                self._memo.clear()
            self._lookups = self._hits = 0


class _OriginMemo:
    """Judgements of the groups that remember, by the bytes of the field that repeats.

    Resources of one origin share that field byte for byte, which is cheaper to find out than what
    rules read of it. What else they read, they read little of.
    """

    def __init__(self, groups: Sequence[_Tier], shape: Shape, divider: Divider | None) -> None:
        self._groups = groups
        self._shape = shape
        self._divider = divider
        reads = unite(group.reads for group in groups)
        others = {name: tree for name, tree in reads.fields.items() if name != shape.repeated}
        self._slicer = Slicer(ReadTree(others, None, whole=False)) if others else None
        self._apart: tuple[bytes, re.Pattern[bytes]] | None = None
        if shape.apart is not None and not touches(reads, shape.apart[0]):
            self._apart = shape.apart[1:]
        self._memo: dict[bytes, tuple[Judgement, ...]] = {}

    def judge(self, body: _Body) -> tuple[Judgement, ...]:
        key = self._key(body)
        known = self._memo.get(key) if key is not None else None
        if known is not None:
            return known
        judged = tuple([group.judge(body) for group in self._groups])
        if key is not None:
            if len(self._memo) >= MEMO_LIMIT:
                self._memo.clear()
            self._memo[key] = judged
        return judged

    def _key(self, body: _Body) -> bytes | None:
        if self._divider is None:
            return None
        try:
            repeated, body.brief = self._divider.parts(body.raw)
            rest = self._slicer.cut(body.brief) if self._slicer is not None else b""
        except (msgspec.ValidationError, OverflowError):
            return None
        if self._apart is not None:
            repeated = replaced(repeated, *self._apart, b"")
        return hashlib.sha256(quiet(self._shape, repeated) + rest).digest()


class Plans:
    """The plan of each kind that a profile's rules apply to, made when the kind turns up.

    A rule with ``needs`` lists its passes too: whether a gap takes them back is known only when
    everything has been read.
    """

    def __init__(
        self,
        rules: Sequence[ActiveRule],
        *,
        list_all: bool,
        memo: bool,
        platforms: Platforms = PLATFORMS,
    ) -> None:
        """``platforms`` know the shapes of kinds."""
        self._memo = memo
        self._platforms = platforms
        self._listed = listed_of(rules, list_all=list_all)
        self._rules: dict[str, list[tuple[int, ActiveRule]]] = {}
        for index, rule in enumerate(rules):
            for kind in rule.rule.applies_to:
                self._rules.setdefault(kind, []).append((index, rule))
        self._plans: dict[tuple[str, bool], KindPlan] = {}

    def get(self, kind: str, *, kept: bool = True) -> KindPlan | None:
        """The plan of a kind, None when no rule applies to it.

        ``kept`` says that files hold the resources: else rules about commits do not apply.
        """
        rules = self._rules.get(kind)
        if rules is None:
            return None
        apart = not kept and any(rule.rule.about is About.COMMITS for _, rule in rules)
        plan = self._plans.get((kind, apart))
        if plan is None:
            plan = self._plans[kind, apart] = KindPlan(
                self._platforms.shape_of(kind),
                [(index, _of_no_commit(rule)) for index, rule in rules] if apart else rules,
                list_all=self._listed,
                memo=self._memo,
            )
        return plan

    def forget(self) -> None:
        """Let go of all plans and what they remember: one that is asked for is made again."""
        self._plans.clear()


def listed_of(rules: Sequence[ActiveRule], *, list_all: bool) -> frozenset[int]:
    """The numbers of the rules of which passes are listed too."""
    return frozenset(index for index, rule in enumerate(rules) if list_all or rule.rule.needs)


def _of_no_commit(rule: ActiveRule) -> ActiveRule:
    """A rule as it is for what no file holds."""
    if rule.rule.about is not About.COMMITS:
        return rule
    return msgspec.structs.replace(rule, when=Environment(VARIABLES).compile("false"))


def kinds_of(rules: Iterable[ActiveRule]) -> frozenset[str]:
    """The kinds that at least one rule applies to."""
    return frozenset(kind for rule in rules for kind in rule.rule.applies_to)
