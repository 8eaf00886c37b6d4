"""Which connections a rule matches: the peers that it names, at the ports that it names.

A port that goes by a name is one at the end that accepts: at the pod that the policy selects for
ingress, at each peer for egress. What has no such name is not matched.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.analysis.network.deciding import Match, Matcher
from auditor.analysis.network.ends import Ends, Pods, PortNames
from auditor.analysis.network.policies import Direction, Policy, Rule, Tier
from auditor.analysis.network.ports import NamedPort, PortSpace
from auditor.analysis.network.relations import Piece


class Matching:
    """Says what rules match, and remembers it where that is the same for all pods.

    Policies of one namespace may share a rule.
    """

    def __init__(self, ends: Ends, ports: PortSpace, names: PortNames) -> None:
        """``ends`` are all that there are, ``names`` what the names of ports come to."""
        self._ends, self._ports, self._names = ends, ports, names
        self._known: dict[tuple[int, Direction, str, Tier], tuple[Rule, Match]] = {}

    def of(self, direction: Direction, subject: Pods) -> Matcher:
        """Make what says of the rules of a direction what they match at a pod."""

        def match(policy: Policy, rule: Rule) -> Match:
            key = id(rule), direction, policy.namespace, policy.tier
            found = self._known.get(key)
            if found is not None and found[0] is rule:
                return found[1]
            made = self._match(direction, subject, policy, rule)
            if direction is Direction.EGRESS or not names_ports(rule):
                self._known[key] = rule, made
            return made

        return match

    def _match(self, direction: Direction, subject: Pods, policy: Policy, rule: Rule) -> Match:
        sure = possible = 0
        for peer in rule.peers:
            one, other = self._ends.sets(peer, policy.namespace, policy.tier)
            sure, possible = sure | one, possible | other
        if rule.ports is None:
            return ((self._ports.all, sure),), ((self._ports.all, possible),)
        numbers = names_sure = names_possible = 0
        at_peers: tuple[list[Piece], list[Piece]] = [], []
        for each in rule.ports:
            if not isinstance(each, NamedPort):
                numbers |= self._ports.mask(each)
            elif direction is Direction.INGRESS:
                found = self._names.at(each, subject)
                names_sure |= found
                names_possible |= self._names.possible(each) if subject.more_ports else found
            else:
                at_peers[0].extend(self._at_peers(each, sure, more=False))
                at_peers[1].extend(self._at_peers(each, possible, more=True))
        return (
            ((numbers | names_sure, sure), *at_peers[0]),
            ((numbers | names_sure | names_possible, possible), *at_peers[1]),
        )

    def _at_peers(self, wanted: NamedPort, peers: int, *, more: bool) -> Iterator[Piece]:
        """The ports of a name at some peers; ``more`` has those that it may come to as well."""
        ports, may_have_more = self._names.of(wanted)
        for mask, pods in ports.items():
            if pods & peers:
                yield mask, pods & peers
        if more and may_have_more & peers:
            yield self._names.possible(wanted), may_have_more & peers


def names_ports(rule: Rule) -> bool:
    """Whether a rule names a port by anything but its number."""
    return any(isinstance(each, NamedPort) for each in rule.ports or ())
