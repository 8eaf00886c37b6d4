"""A tree with a policy for each workload: what their rules have in common is held once."""

from __future__ import annotations

import gc
import tracemalloc

from auditor.analysis.label_selectors import of_labels
from auditor.analysis.network.addresses import Block
from auditor.analysis.network.ends import Pods
from auditor.analysis.network.network import Cluster, Network
from auditor.analysis.network.policies import (
    Action,
    Anyone,
    BlocksPeer,
    Direction,
    PodsPeer,
    Policy,
    Rule,
    Tier,
)
from auditor.analysis.network.ports import PortRange, Protocol

TEN = Block(4, 10 << 24, (11 << 24) - 1)
NAMESPACES = 8


def policy(number: int) -> Policy:
    """Equal rules in each, and pods of its own that it selects."""
    web = PodsPeer(of_labels({"team": "web"}), ())
    port = PortRange(Protocol.TCP, 8080, 8080)
    return Policy(
        kind="NetworkPolicy",
        namespace=f"n{number % NAMESPACES}",
        name=f"p{number}",
        tier=Tier.NETWORK,
        subject=PodsPeer(None, of_labels({"app": f"a{number}"}) or ()),
        ingress=(Rule("/spec/ingress/0", Action.ACCEPT, (web,), (port,)),),
        egress=(Rule("/spec/egress/0", Action.ACCEPT, (BlocksPeer((TEN,)),), None),),
    )


def decided(count: int) -> Network:
    pods = [Pods(f"n{each % NAMESPACES}", {"app": f"a{each}"}) for each in range(count)]
    network = Network(Cluster(pods=pods, policies=[policy(each) for each in range(count)]))
    for pod in range(count):
        for direction in Direction:
            assert network.decision(pod, direction).possible
    return network


def test_policies_with_equal_rules_are_decided_once() -> None:
    network = decided(64)
    found = {
        direction: {id(network.decision(pod, direction)) for pod in range(64)}
        for direction in Direction
    }
    assert {direction: len(each) for direction, each in found.items()} == dict.fromkeys(
        Direction, NAMESPACES
    )


def test_equal_rules_of_another_namespace_are_another_decision() -> None:
    """The pods of *its* namespace are others."""
    here = Rule("/spec/ingress/0", Action.ACCEPT, (PodsPeer(None, ()),))
    rules = (here,)
    policies = [
        Policy("NetworkPolicy", name, name, Tier.NETWORK, PodsPeer(None, ()), ingress=rules)
        for name in ("a", "b")
    ]
    network = Network(Cluster(pods=[Pods("a"), Pods("b")], policies=policies))
    for pod in range(2):
        decision = network.decision(pod, Direction.INGRESS)
        assert decision.sure.peers(network.ports.all) == 1 << pod


def test_a_rule_in_both_directions_is_two() -> None:
    """Where one rule of ours stands in both, each matches as its direction says."""
    both = (Rule("", Action.ACCEPT, (Anyone(),), None),)
    policies = [Policy("NetworkPolicy", "a", "p", Tier.NETWORK, PodsPeer(None, ()), both, both)]
    network = Network(Cluster(pods=[Pods("a")], policies=policies))
    for direction in Direction:
        decision = network.decision(0, direction)
        assert decision.sure.has_all(network.ports.all, network.ends.all)


def test_four_times_as_many_policies_need_no_sets_of_their_own() -> None:
    """A set has a bit for every end: of each policy one would be sixteen times as much."""

    def peak(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        assert decided(count)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few = peak(1_000)
    assert peak(4_000) < 5 * few
