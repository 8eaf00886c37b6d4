"""Documents in, facts out: what they say is what a slow reading of each pod and port says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from auditor.analysis.network.places import port_in
from auditor.analysis.network.questions import Question
from tests.sweeps import sweep
from tests.unit.analysis.network.clusters import OUTSIDE, PORTS, Made, cluster
from tests.unit.analysis.network.documents import derived, documents, of_kind
from tests.unit.analysis.network.naive import End, Json, Oracle
from tests.unit.analysis.network.test_oracle import FEATURES

SOME, WHOLE = 60, 2_500
"""Clusters, of some sixty questions each that are asked at five ports."""
OF_THE_ENGINE = {
    "ipBlock and the cluster, outside",
    "address not told, and none is outside",
}
"""What only one who knows the network plugin could ask for."""


def made_of(seed: int) -> Made:
    """A cluster as files hold it: what only a template is of has no address."""
    found = cluster(seed)
    for each in found.pods:
        if each["adds"] != "none":
            each.pop("status")
    return Made(found.namespaces, found.pods, found.nodes, found.policies, "unknown")


def named(end: End, made: Made) -> str:
    if end.pod is not None:
        return f"{end.pod['metadata']['namespace']}/{end.pod['metadata']['name']}"
    if end.node is not None:
        return f"node/n{made.nodes.index(end.node)}"
    return end.address


def pairs_of(made: Made) -> list[tuple[End, End]]:
    return [
        (source, target)
        for source in made.ends
        for target in made.ends
        if source.pod is not None or target.pod is not None
    ]


@sweep(SOME, WHOLE)
def test_each_answer_is_that_of_the_slow_reading(size: int) -> None:
    reached: Counter[str] = Counter()
    asked = 0
    for seed in range(size):
        made = made_of(seed)
        if not all(each["status"]["addresses"] for each in made.nodes):
            continue
        oracle = Oracle(made.namespaces, made.policies, made.blocks, reached)
        pairs = [(source, target, port) for source, target in pairs_of(made) for port in PORTS]
        questions = [
            Question(named(source, made), named(target, made), f"{number}/{protocol}")
            for source, target, (protocol, number) in pairs
        ]
        facts = derived(list(documents(made)), *questions)
        answers = [each for each in facts if getattr(each, "kind", "") == "network/Answer"]
        by_question: dict[int, set[str]] = {}
        for fact, body in zip(answers, of_kind(facts, "Answer"), strict=True):
            by_question.setdefault(int(fact.key[0]), set()).add(body["verdict"])
        for number, (source, target, port) in enumerate(pairs):
            expected = oracle.ask(source, target, *port)
            assert by_question[number] == {expected}, (seed, questions[number])
            asked += 1
    assert {name: reached[name] for name in FEATURES - OF_THE_ENGINE if not reached[name]} == {}
    assert size < WHOLE or asked >= 100_000, asked


@sweep(24, 1_500)
def test_each_row_has_what_some_pair_of_its_pods_has(size: int) -> None:
    """A zone is reached at a port for sure if some pod of it is, and perhaps if some may be."""
    seen: Counter[str] = Counter()
    for seed in range(size):
        made = made_of(seed)
        oracle = Oracle(made.namespaces, made.policies, made.blocks, Counter())
        rows = {
            f"{fact['namespace']}/{name.partition(' ')[2]}": fact
            for fact in of_kind(derived(list(documents(made))), "Reach")
            for name in fact["workloads"]
        }
        assert set(rows) == {named(End(pod=each), made) for each in made.pods}, seed
        for each in made.pods:
            row = rows[named(End(pod=each), made)]
            for direction in ("ingress", "egress"):
                _compare(oracle, made, each, row, direction, seen, seed)
    assert min(seen[name] for name in ("sure", "perhaps", "not", "metadata", "world")) > size // 4


def _compare(
    oracle: Oracle,
    made: Made,
    pod: Json,
    row: dict[str, Any],
    direction: str,
    seen: Counter[str],
    seed: int,
) -> None:
    zones = {each["zone"]: each for each in row[direction]["peers"]}
    for zone, others in _zones(made, pod).items():
        for protocol, number in PORTS:
            verdicts = {
                oracle.ask(
                    *((end, End(pod=pod)) if direction == "ingress" else (End(pod=pod), end)),
                    protocol,
                    number,
                )
                for end in others
            }
            told = zones.get(zone, {"ports": [], "perhaps": []})
            sure = _has(told["ports"], protocol, number)
            perhaps = sure or _has(told["perhaps"], protocol, number)
            said = "sure" if sure else "perhaps" if perhaps else "not"
            seen[said] += 1
            place = (seed, pod["metadata"]["name"], direction, zone, protocol, number, verdicts)
            if zone in {"world", "private"}:
                assert sure or "allowed" not in verdicts, place
                seen[zone] += 1
                continue
            assert sure is ("allowed" in verdicts), place
            hosts = any(end.on_host for end in (*others, End(pod=pod)))
            assert perhaps or hosts or "unknown" not in verdicts, place
            assert not perhaps or verdicts != {"denied"}, place
    if direction == "egress":
        verdict = oracle.ask(End(pod=pod), End(address="169.254.169.254"), "TCP", 80)
        told = next((x for x in row["egress"]["places"] if x["of"] == "metadata"), None)
        said = "denied" if told is None else "allowed" if told["ports"] else "unknown"
        if not End(pod=pod).on_host:
            assert said == verdict, (seed, pod["metadata"]["name"])
        seen["metadata"] += 1


def _zones(made: Made, pod: Json) -> dict[str, list[End]]:
    mine = pod["metadata"]["namespace"]
    return {
        "namespace": [End(pod=x) for x in made.pods if x["metadata"]["namespace"] == mine],
        "tenants": [End(pod=x) for x in made.pods if x["metadata"]["namespace"] != mine],
        "world": [End(address=x) for x in OUTSIDE if x in {"203.0.113.9", "2001:db8::1"}],
        "private": [End(address=x) for x in OUTSIDE if x not in {"203.0.113.9", "2001:db8::1"}],
    }


def _has(ports: list[str], protocol: str, number: int) -> bool:
    for text in ports:
        known, _, numbers = text.partition(" ")
        if known != protocol:
            continue
        found = port_in(text) if numbers else None
        if found is None or found.first <= number <= found.last:
            return True
    return False
