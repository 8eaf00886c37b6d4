"""Why a connection can be made or not: the policies that say something of it, rule by rule.

::

    egress of ml/train    no policy selects its pods
    ingress of web/db     NetworkPolicy web/closed isolates its pods
                          NetworkPolicy web/front, spec.ingress[0]: accepts it

A step that is not ``sure`` may be so or not: whom the policy selects, or whom its rule names,
depends on what nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import groupby

import msgspec

from auditor.analysis.network.deciding import Match, Matcher, Selecting, priority_of
from auditor.analysis.network.network import Network
from auditor.analysis.network.policies import Action, Direction, Policy, Rule, Tier


class Says(Enum):
    """What a step comes to."""

    ACCEPTS = "accepts"
    DENIES = "denies"
    PASSES = "passes"
    ISOLATES = "isolates"
    ANYTHING = "anything"
    NOTHING = "nothing"


class Step(msgspec.Struct, frozen=True):
    """What one policy says of one end; ``rule`` is the pointer of the rule, "" for the policy.

    ``policy`` is None where no policy says anything, and everything is accepted. ``why`` says why
    nobody knows what the policy does.
    """

    direction: Direction
    says: Says
    policy: Policy | None = None
    rule: str = ""
    sure: bool = True
    why: str = ""


_ACTIONS = {Action.ACCEPT: Says.ACCEPTS, Action.DENY: Says.DENIES, Action.PASS: Says.PASSES}


def explained(network: Network, source: int, target: int, ports: int) -> tuple[Step, ...]:
    """Say what decides whether an end can open a connection to another at some ports."""
    found: list[Step] = []
    for pod, other, direction in (
        (source, target, Direction.EGRESS),
        (target, source, Direction.INGRESS),
    ):
        if pod < network.ends.pods_count:
            found += _End(network, pod, other, direction, ports).steps()
    return tuple(found)


class _End:
    """One end of a connection, and what is asked of it."""

    def __init__(
        self, network: Network, pod: int, other: int, direction: Direction, ports: int
    ) -> None:
        self._selecting = network.selecting(pod)
        self._matcher: Matcher = network.matcher(pod, direction)
        self._other, self._ports, self._direction = other, ports, direction

    def steps(self) -> list[Step]:
        found = [*self._ordered(Tier.ADMIN)]
        if not _ended(found):
            found += self._networks()
        if not _ended(found) and not any(_isolated(each) for each in found):
            found += self._ordered(Tier.BASELINE)
        return found or [Step(self._direction, Says.NOTHING)]

    def _of(self, tier: Tier) -> list[Selecting]:
        return [each for each in self._selecting if each.policy.tier is tier]

    def _ordered(self, tier: Tier) -> Iterator[Step]:
        """Policies in their order, up to the first that decides for sure."""
        for _, same in groupby(sorted(self._of(tier), key=priority_of), key=priority_of):
            made = [step for each in same for step in self._first(each)]
            yield from made
            if any(step.sure for step in made):
                return

    def _first(self, each: Selecting) -> Iterator[Step]:
        """The rules of a policy, up to the first that matches for sure."""
        if each.policy.doubt:
            yield self._doubt(each.policy)
            return
        for rule in each.policy.rules(self._direction) or ():
            if rule.closed and rule.action is not Action.ACCEPT:
                yield self._step(each.policy, Says.DENIES, rule, sure=each.sure)
                sure = each.sure
            elif rule.closed:
                continue
            else:
                sure, possible = self._matches(self._matcher(each.policy, rule))
                sure = sure and each.sure
                if not possible:
                    continue
                yield self._step(each.policy, _ACTIONS[rule.action], rule, sure=sure)
            if sure:
                return

    def _networks(self) -> Iterator[Step]:
        for each in self._of(Tier.NETWORK):
            if each.policy.doubt:
                yield self._doubt(each.policy)
                continue
            rules = each.policy.rules(self._direction)
            if rules is None:
                continue
            yield self._step(each.policy, Says.ISOLATES, sure=each.sure)
            for rule in rules:
                sure, possible = self._matches(self._matcher(each.policy, rule))
                if possible:
                    sure = sure and each.sure
                    yield self._step(each.policy, Says.ACCEPTS, rule, sure=sure)

    def _doubt(self, policy: Policy) -> Step:
        return Step(self._direction, Says.ANYTHING, policy, sure=False, why=policy.doubt)

    def _step(self, policy: Policy, says: Says, rule: Rule | None = None, *, sure: bool) -> Step:
        return Step(self._direction, says, policy, rule.pointer if rule is not None else "", sure)

    def _matches(self, match: Match) -> tuple[bool, bool]:
        """Whether a match has all ports for sure, and whether it may have one."""
        sure, possible = (
            [ports & self._ports for ports, peers in pieces if peers >> self._other & 1]
            for pieces in match
        )
        left = self._ports
        for ports in sure:
            left &= ~ports
        return not left, any(possible)


def _ended(steps: Sequence[Step]) -> bool:
    """Whether the last step decides for sure, whatever follows."""
    return any(each.sure and each.says in {Says.ACCEPTS, Says.DENIES} for each in steps)


def _isolated(step: Step) -> bool:
    return step.sure and step.says is Says.ISOLATES
