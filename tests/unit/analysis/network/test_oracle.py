"""What is computed for classes of pods is what a slow reading of each pod and port says."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from auditor.analysis.label_selectors import More
from auditor.analysis.network.ends import BlockReach
from auditor.analysis.network.explaining import Says, Step, explained
from auditor.analysis.network.network import Cluster, Network, Verdict
from auditor.analysis.network.objects import blocks_of, nodes_of, pods_of, read_pod
from auditor.analysis.network.policies import Direction, Policy
from auditor.analysis.network.ports import PortRange, Protocol
from auditor.analysis.network.reading import network_policy
from auditor.analysis.network.reading_admin import admin_policy
from tests.sweeps import sweep
from tests.unit.analysis.network.clusters import OUTSIDE, PORTS, Made, cluster
from tests.unit.analysis.network.naive import Oracle

SOME, WHOLE = 120, 3_000
"""Clusters, of about sixty questions each that are asked at five ports."""
EXPLAINED = 60
"""Clusters of which each verdict is explained."""
FEATURES = {
    *("AdminNetworkPolicy Allow", "AdminNetworkPolicy Deny", "AdminNetworkPolicy Pass"),
    *("BaselineAdminNetworkPolicy Allow", "BaselineAdminNetworkPolicy Deny"),
    *("ClusterNetworkPolicy Accept", "ClusterNetworkPolicy Deny", "ClusterNetworkPolicy Pass"),
    *("In", "NotIn", "Exists", "DoesNotExist"),
    *("Pass in admin", "Pass in baseline", "equal priorities", "baseline of v1alpha1"),
    *("unknown peer, accept", "unknown peer, deny", "unknown peer, pass"),
    *("refused NetworkPolicy", "refused in admin", "refused in baseline"),
    *("let through by a NetworkPolicy", "isolated by a NetworkPolicy", "policyTypes filled in"),
    *("rule without peers", "rule without ports", "protocol alone", "endPort"),
    *("ipBlock", "except", "address that is excepted", "one of two addresses"),
    *("ipBlock and the cluster, outside", "ipBlock and the cluster, unknown"),
    "address not told, and none is outside",
    *("address not told", "address of IPv4", "address of IPv6"),
    *("namespaceSelector", "namespace that was not read"),
    *("namespaces of a cluster's policy", "pods of a cluster's policy"),
    *("networks", "nodes", "nodes, and a pod on the host", "domainNames"),
    *("portNumber", "portRange", "port of a protocol", "destinationNamedPort"),
    *("named port", "named port elsewhere", "named port of no pod"),
    "named port of a container that may be added",
    *("label that any may add", "label that controllers may add"),
    *("node of its own", "peer on the host", "NetworkPolicy selects a pod on the host"),
}
"""All that the slow reading tells apart."""


def policy_of(made: dict[str, Any]) -> Policy:
    name = made["metadata"]["name"]
    if made["kind"] == "NetworkPolicy":
        return network_policy(made, made["metadata"]["namespace"], name)
    return admin_policy(made, made["kind"], name)


def network_of(made: Made) -> Network:
    found = Cluster(
        pods=[
            pods_of(
                each["metadata"]["namespace"],
                read_pod(json.dumps(each).encode()),
                More(each["adds"]),
            )
            for each in made.pods
        ],
        policies=[policy_of(each) for each in made.policies],
        namespaces={name: labels for name, labels in made.namespaces.items() if labels is not None},
        nodes=[nodes_of(json.dumps(each).encode()) for each in made.nodes],
        blocks=BlockReach(made.blocks),
    )
    ports = [PortRange(Protocol(protocol), port, port) for protocol, port in PORTS]
    return Network(found, ports, blocks_of(OUTSIDE))


@sweep(SOME, WHOLE)
def test_every_answer_is_that_of_the_slow_reading(size: int) -> None:
    reached: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for seed in range(size):
        made = cluster(seed)
        network = network_of(made)
        oracle = Oracle(made.namespaces, made.policies, made.blocks, reached)
        ends, inside = made.ends, len(made.pods) + len(made.nodes)
        numbers = [*range(inside), *(_outside(network, each) for each in OUTSIDE)]
        for one, source in zip(numbers, ends, strict=True):
            for other, target in zip(numbers, ends, strict=True):
                if source.pod is None and target.pod is None:
                    continue
                for protocol, port in PORTS:
                    asked = PortRange(Protocol(protocol), port, port)
                    expected = oracle.ask(source, target, protocol, port)
                    found = network.verdict(one, other, asked).value
                    answers[found] += 1
                    assert found == expected, (seed, source, target, protocol, port)
    assert {name: reached[name] for name in FEATURES if not reached[name]} == {}
    assert set(reached) == FEATURES, "what is counted is listed"
    assert min(answers["allowed"], answers["denied"], answers["unknown"]) > size
    assert size < WHOLE or answers.total() >= 100_000


def test_an_explanation_has_what_the_verdict_rests_on() -> None:
    """Denied: one end denies it for sure, or isolates and lets nothing through. Allowed: none."""
    for seed in range(EXPLAINED):
        network = network_of(cluster(seed))
        for source in range(network.ends.first_outside):
            for target in range(network.ends.first_outside):
                for protocol, port in PORTS:
                    asked = PortRange(Protocol(protocol), port, port)
                    found = network.by_policy(source, target, asked)
                    steps = explained(network, source, target, network.ports.mask(asked))
                    if found is not Verdict.UNKNOWN:
                        assert refused(steps) is (found is Verdict.DENIED), (seed, steps)


def refused(steps: tuple[Step, ...]) -> bool:
    for direction in Direction:
        mine = [each for each in steps if each.direction is direction]
        says = [each.says for each in mine]
        isolated = Says.ISOLATES in says and Says.ACCEPTS not in says and Says.ANYTHING not in says
        if isolated or any(each.sure and each.says is Says.DENIES for each in mine):
            return True
    return False


def _outside(network: Network, text: str) -> int:
    (block,) = blocks_of([text])
    return network.ends.first_outside + network.addresses.piece_of(block)
