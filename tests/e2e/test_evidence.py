"""No verdict without evidence: what was not read never turns anything into a pass."""

from __future__ import annotations

import json
from collections import UserDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.enums import GapCause
from auditor.model.policy import Rule
from auditor.model.resource import Gap
from auditor.policy import load, policies_folder, resolve
from auditor.ports import Reading, Shard
from tests.e2e.passing import Passing
from tests.e2e.runs import Run, collector_of

POLICY = load((policies_folder(),))
FILES = {
    "ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: ml}\n",
    "ns2.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}\n",
    "deny.yaml": (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: deny, namespace: ml}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
    ),
    "quota.yaml": (
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: ml}\n"
        'spec: {hard: {pods: "4"}}\n'
    ),
    "limits.yaml": (
        "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: ml}\nspec: {limits: []}\n"
    ),
    "good.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: good, namespace: ml}\n"
        "spec: {containers: [{name: c, image: r.io/a}]}\n"
    ),
    "bad.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: bad, namespace: ml}\n"
        "spec: {hostPID: true, containers: [{name: c, image: r.io/a}]}\n"
    ),
    "odd.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: odd, namespace: ml}\n"
        "spec: {hostPID: 3, containers: [{name: c, image: 7}]}\n"
    ),
}
KINDS = ("k8s/NetworkPolicy", "k8s/ResourceQuota", "k8s/Deployment")


@dataclass(frozen=True, slots=True)
class LossyCollector(Passing):
    """Reads all but some files, of which it says so; and says that some kinds were denied."""

    lost: frozenset[str]
    denied: frozenset[str]

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        for kind in sorted(self.denied):
            yield Gap(self.target.uri, kind, GapCause.DENIED, "forbidden")
        for path in shard.items:
            if path in self.lost:
                yield Gap(self.target.uri, path, GapCause.UNREACHABLE, "gone")
            else:
                yield from self.inner.read(Shard(shard.number, (path,), 0))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("evidence") / "tree"
    root.mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def whole(tree: Path) -> Whole:
    return Whole(results(tree, frozenset(), frozenset()))


class Whole(UserDict[str, Any]):
    """Results with a short name, for when a property does not hold."""

    def __repr__(self) -> str:
        return "whole"


def results(tree: Path, lost: frozenset[str], denied: frozenset[str]) -> dict[str, Any]:
    collector = LossyCollector(collector_of(tree), lost, denied)
    document: dict[str, Any] = json.loads(Run(list_all=True).results(collector))
    return document


def having(document: Mapping[str, Any], verdict: str) -> set[str]:
    """Fingerprints: of one rule on one element."""
    return {item["fingerprint"] for item in document["findings"] if item["verdict"] == verdict}


def satisfied(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    return in_state(document, "satisfied") | in_state(document, "supported")


def in_state(document: Mapping[str, Any], state: str) -> set[tuple[str, str]]:
    return {
        (control["framework"], control["id"])
        for control in document["controls"]
        if control["state"] == state
    }


def test_whole(whole: Whole) -> None:
    """What the property below compares with: there are passes of rules that need others."""
    passed = {item["rule"] for item in whole["findings"] if item["verdict"] == "pass"}
    assert {rule.id for rule in POLICY.rules.values() if rule.needs} & passed
    assert satisfied(whole)
    assert whole["gaps"] == []


LOST = st.sets(st.sampled_from(sorted(FILES))).map(frozenset)
DENIED = st.sets(st.sampled_from(KINDS)).map(frozenset)


@given(LOST, DENIED)
@settings(max_examples=8, deadline=None)
def test_removing_evidence(
    tree: Path, whole: Whole, lost: frozenset[str], denied: frozenset[str]
) -> None:
    compare(tree, whole, lost, denied)


@pytest.mark.long
@given(LOST, DENIED)
@settings(max_examples=300, deadline=None)
def test_removing_evidence_at_length(
    tree: Path, whole: Whole, lost: frozenset[str], denied: frozenset[str]
) -> None:
    compare(tree, whole, lost, denied)


def compare(tree: Path, whole: Whole, lost: frozenset[str], denied: frozenset[str]) -> None:
    less = results(tree, lost, denied)
    assert having(less, "pass") <= having(whole, "pass")
    assert having(less, "not-applicable") <= having(whole, "not-applicable")
    assert satisfied(less) <= satisfied(whole)
    if not (lost or denied):
        assert less["gate"] == whole["gate"]
        return
    assert less["gate"]["decision"] in {"incomplete", "fail"}
    assert less["gate"]["exit"] in {1, 3}
    for item in less["findings"]:
        rule = POLICY.rules[item["rule"]]
        covered = not lost or not rule.needs
        covered = covered and denied.isdisjoint(needed_by(rule))
        assert covered or item["verdict"] == "unknown", item
    for scope in denied:
        for rule in blinded_by(scope):
            assert less["counts"][rule]["unknown"] > 0, (scope, rule)
    named = {gap["scope"]: set(gap["rules"]) for gap in less["gaps"]}
    assert named.keys() == lost | denied
    for scope, rules in named.items():
        assert rules == blinded_by(scope), scope


def blinded_by(scope: str) -> set[str]:
    """The rules of the default profile that a gap blinds, by the words of the design."""
    ids = {chosen.rule.id for chosen in resolve(POLICY, "ai-platform", {}).rules}
    return {
        rule.id
        for rule in POLICY.rules.values()
        if rule.id in ids and (rule.needs if scope in FILES else scope in rests_on(rule))
    }


def needed_by(rule: Rule) -> set[str]:
    """What must be there for any verdict at all: whether a namespace has workloads, all of them."""
    sources = (rule.check.source, rule.when.source if rule.when is not None else "")
    counting = any("object.workloads" in source for source in sources)
    templates = counting or "k8s/PodTemplate" in rule.needs
    return {*rule.needs, *(("k8s/Deployment",) if templates else ())}


def rests_on(rule: Rule) -> set[str]:
    """What is needed, and what is judged; a Deployment is judged by its template."""
    if rule.about.of_files:
        return set()
    judged = {kind for fact in rule.applies_to for kind in RESTING.get(fact, ())}
    return {*needed_by(rule), *rule.applies_to, *judged}


RESTING = {
    "k8s/PodTemplate": ("k8s/Deployment",),
    "k8s/AccountUse": ("k8s/Deployment",),
    "gpu/Sharing": ("k8s/Deployment",),
    "image/Scanned": ("k8s/Deployment",),
    "stack/Image": ("k8s/Deployment",),
    "stack/Pack": ("k8s/Deployment",),
    "k8s/NamedNamespace": ("k8s/Deployment", "k8s/Namespace"),
    "k8s/PublicGrant": ("k8s/RoleBinding", "k8s/ClusterRoleBinding"),
    "k8s/PolicySelection": ("k8s/NetworkPolicy",),
    "k8s/ServiceSelection": ("k8s/Service",),
    "k8s/RouteBackends": ("k8s/Ingress",),
    "k8s/SecondaryNetworks": ("k8s/Deployment",),
    "network/Policy": ("k8s/NetworkPolicy",),
    "network/Enforcement": ("k8s/NetworkPolicy",),
}
"""What a fact is derived of; without it there is none."""


_OF_NO_RULE = ("not-assessed", "not-covered", "manual")


def test_a_control_waits_for_all_files(tree: Path, whole: Whole) -> None:
    """A file that was not read could hold what violates any control."""
    less = results(tree, frozenset({"good.yaml"}), frozenset())
    assert satisfied(whole)
    assert satisfied(less) == set()
    states = {control["state"] for control in less["controls"]}
    assert states == {"not-satisfied", "undetermined", *_OF_NO_RULE}
    for state in _OF_NO_RULE:
        assert in_state(less, state) == in_state(whole, state), "of no rule"


def test_nothing_to_audit_is_no_pass(tmp_path: Path) -> None:
    document = json.loads(Run().results(collector_of(tmp_path)))
    assert document["gate"] == {
        "expression": "high",
        "decision": "incomplete",
        "reasons": ["nothing was audited"],
        "exit": 3,
    }
    assert document["coverage"]["ratio"] == 0
    assert satisfied(document) == set()


def test_evidence_outlives_a_missing_target(tree: Path, tmp_path: Path) -> None:
    """One target of two can't be read: the other's findings stand, and no control is satisfied."""
    gone = collector_of(tmp_path / "gone", "gone")
    document = json.loads(Run().results(collector_of(tree), gone))
    assert [target["state"] for target in document["targets"]] == ["complete", "unreachable"]
    assert [gap["scope"] for gap in document["gaps"]] == ["gone"]
    assert {item["resource"]["target"] for item in document["findings"]} == {"tree"}
    assert satisfied(document) == set()
