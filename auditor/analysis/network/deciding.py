"""What policies decide of the connections of one pod: what is accepted for sure, and what may be.

Each connection begins undecided, and rules move it on. Where nobody knows whether a rule matches, a
connection stays where it was *and* moves on, so that it may end in several places::

                 admin tier                        NetworkPolicies            baseline tier
    undecided ──────────────▶ accepted, denied
        │  Pass, or no rule ─────────────────▶ selected: accepted by a rule, else denied
        │                                      not selected ───────────────▶ accepted, denied
        ▼                                                                    no rule: accepted

Accepted for sure is what can't end denied. Of policies with one priority in one tier any may come
first ("there is no way for the user to reliably determine which one it will choose").

Sources: networking.k8s.io/v1 NetworkPolicySpec; policy.networking.k8s.io/v1alpha2
ClusterNetworkPolicySpec, Tier and Priority.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TypeAlias, assert_never

import msgspec

from auditor.analysis.network.policies import Action, Direction, Policy, Rule, Tier
from auditor.analysis.network.relations import Piece, Relation

Match: TypeAlias = tuple[Sequence[Piece], Sequence[Piece]]
"""The connections that a rule matches for sure, and those that it may."""
Matcher: TypeAlias = Callable[[Policy, Rule], Match]


class Selecting(msgspec.Struct, frozen=True):
    """A policy that selects a pod, or may."""

    policy: Policy
    sure: bool


class Decision(msgspec.Struct, frozen=True):
    """The connections of a pod in one direction: those accepted for sure, and those that may be."""

    sure: Relation
    possible: Relation


class Deciding:
    """Decides one direction of one pod."""

    def __init__(self, direction: Direction, everything: Piece, matcher: Matcher) -> None:
        """``everything`` are all ports to all peers; ``matcher`` says what a rule matches."""
        self._direction = direction
        self._everything = everything
        self._matcher = matcher
        self._undecided = Relation([everything])
        self._accepted, self._denied, self._passed = Relation(), Relation(), Relation()

    def decide(self, selecting: Sequence[Selecting]) -> Decision:
        """Ask the policies that select the pod, tier by tier."""
        by_tier: dict[Tier, list[Selecting]] = {tier: [] for tier in Tier}
        for each in selecting:
            by_tier[each.policy.tier].append(each)
        self._ordered(by_tier[Tier.ADMIN])
        self._next_tier()
        self._networks(by_tier[Tier.NETWORK])
        self._baseline(by_tier[Tier.BASELINE])
        self._next_tier()
        self._accepted.add_all(self._undecided)
        return Decision(self._accepted.less(self._denied), self._accepted)

    def _next_tier(self) -> None:
        self._undecided.add_all(self._passed)
        self._passed = Relation()

    def _ordered(self, selecting: Iterable[Selecting]) -> None:
        """Ask policies by their priorities; first those of which nobody knows one."""
        in_order = sorted(selecting, key=priority_of)
        for _, same in groupby(in_order, key=priority_of):
            self._together(list(same))

    def _baseline(self, selecting: Sequence[Selecting]) -> None:
        """Ask the policies of the baseline; one of an API without priorities comes anywhere."""
        if any(each.policy.priority is None and not each.policy.doubt for each in selecting):
            self._together(selecting)
        else:
            self._ordered(selecting)

    def _together(self, selecting: Sequence[Selecting]) -> None:
        """Ask policies of which any may come first: what none of them decides goes on."""
        before, after = self._undecided, None
        for each in selecting:
            self._undecided = before.copy()
            self._one(each)
            left = self._undecided
            after = left if after is None else Relation(after.within(left))
        self._undecided = before if after is None else after

    def _one(self, each: Selecting) -> None:
        if each.policy.doubt:
            for outcome in (self._accepted, self._denied, self._passed):
                outcome.add_all(self._undecided)
            return
        for rule in each.policy.rules(self._direction) or ():
            sure, possible = self._matched(each.policy, rule)
            self._outcome(rule).add_all(self._undecided.within(possible))
            for ports, peers in sure if each.sure else ():
                self._undecided.cut(ports, peers)

    def _matched(self, policy: Policy, rule: Rule) -> Match:
        if not rule.closed:
            return self._matcher(policy, rule)
        found = () if rule.action is Action.ACCEPT else (self._everything,)
        return found, found

    def _outcome(self, rule: Rule) -> Relation:
        match rule.action:
            case Action.ACCEPT:
                return self._accepted
            case Action.DENY:
                return self._denied
            case Action.PASS:
                return self._denied if rule.closed else self._passed
            case _:
                assert_never(rule.action)

    def _networks(self, selecting: Iterable[Selecting]) -> None:
        """Ask NetworkPolicies: what one of their rules lets through is accepted, all else denied.

        What no policy selects for sure goes on as well.
        """
        found = [each for each in selecting if self._is_about(each.policy)]
        if not found:
            return
        allowed = Relation()
        for each in found:
            if each.policy.doubt:
                self._accepted.add_all(self._undecided)
            for rule in each.policy.rules(self._direction) or ():
                sure, possible = self._matcher(each.policy, rule)
                self._accepted.add_all(self._undecided.within(possible))
                allowed.add_all(sure if each.sure else ())
        self._denied.add_all(self._undecided.less(allowed))
        if any(each.sure and not each.policy.doubt for each in found):
            self._undecided = Relation()

    def _is_about(self, policy: Policy) -> bool:
        return bool(policy.doubt) or policy.rules(self._direction) is not None


def priority_of(each: Selecting) -> int:
    """Say when a policy of a tier is asked; one of which nobody knows when, first."""
    priority = each.policy.priority
    return -1 if priority is None or each.policy.doubt else priority
