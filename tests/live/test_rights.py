"""A right that is taken away is missed by exactly the rules that need it, and never a pass."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.conclude import rules_blinded_by
from auditor.model.resource import Gap
from auditor.policy import policies_folder
from auditor.runner.job import Prepared, prepared
from auditor.runner.settings import Chosen
from collectors.kubernetes.live.unread import UNREAD
from tests.e2e.runs import Run, compiled_policies
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran, results, unknown
from tests.sweeps import sweep

SEED = 4
ALWAYS = {
    *(("", "pods"), ("", "namespaces"), ("", "resourcequotas"), ("apps", "deployments")),
    *(("networking.k8s.io", "networkpolicies"), ("ray.io", "rayclusters")),
}
"""The group and the resource of rights that are taken away in each run."""


@pytest.fixture(scope="module")
def profile() -> Prepared:
    return prepared(Chosen((policies_folder(),), "ai-platform", (), compiled_policies()))


def test_which_cluster_it_is_may_not_be_told(cluster: Cluster) -> None:
    """No verdict on a whole cluster rests on the right to get kube-system, only its identity."""
    rules = clusters.rules_of(cluster.client)
    (get,) = (rule for rule in rules if rule["verbs"] == ["get"])
    scan = ("scan", "k8s://", "--format", "json", "--fail-on", "never")
    whole = results(ran(cluster, *scan))
    try:
        clusters.limit_to(cluster.client, [rule for rule in rules if rule != get], get)
        told = ran(cluster, "doctor", "k8s://")
        less = ran(cluster, *scan)
    finally:
        clusters.limit_to(cluster.client, rules, None)
    assert (told.code, less.code) == (0, whole["gate"]["exit"])
    assert "unknown: get namespaces in kube-system is refused" in told.out
    assert "it can't be told from others" in told.out
    (known,), (unsure,) = whole["targets"], results(less)["targets"]
    assert (len(known["uid"]), unsure["uid"][:3]) == (36, "ca:")
    assert (unknown(results(less)), results(less)["gaps"]) == (unknown(whole), [])


def test_a_right_to_named_namespaces_is_enough(cluster: Cluster, tmp_path: Path) -> None:
    """A review that named none would say that it is refused."""
    kinds = frozenset({"k8s/Namespace"})
    rules = clusters.rules_of(cluster.client)
    (get,) = (rule for rule in rules if rule["verbs"] == ["get"])
    named = {**get, "resourceNames": ["serving", "kube-system"]}
    try:
        clusters.limit_to(cluster.client, [named, *(rule for rule in rules if rule != get)], get)
        one, two = (
            clusters.collector(cluster.least, f"k8s://?namespace={names}")
            for names in ("serving", "serving,training")
        )
        (told,) = one.examine(kinds, tmp_path).reads
        assert (told.served, told.allowed) == (True, True)
        assert clusters.read(one, kinds, tmp_path / "one").entry.gaps == ()
        (told,) = two.examine(kinds, tmp_path).reads
        assert (told.allowed, told.detail) == (False, "get namespaces in training")
        (gap,) = clusters.read(two, kinds, tmp_path / "two").entry.gaps
        assert (gap.namespace, gap.cause) == ("training", told.cause)
    finally:
        clusters.limit_to(cluster.client, rules, None)


@sweep(some=1, whole=8)
def test_each_right_that_is_taken_away_is_told(
    cluster: Cluster, profile: Prepared, tmp_path: Path, size: int
) -> None:
    rules = clusters.rules_of(cluster.client)
    others = [rule for rule in rules if what(rule) not in ALWAYS]
    sample = random.Random(SEED).sample(others, size)
    chosen = [rule for rule in rules if rule in sample or what(rule) in ALWAYS]
    take_away(cluster, profile, tmp_path, chosen)


def what(rule: Mapping[str, Any]) -> tuple[str, str]:
    """The group and the resource of a right: the role has a rule for each."""
    (group,), (resource,) = rule["apiGroups"], rule["resources"]
    return group, resource


@pytest.mark.long
def test_every_right_that_is_taken_away_is_told(
    cluster: Cluster, profile: Prepared, tmp_path: Path
) -> None:
    take_away(cluster, profile, tmp_path, clusters.rules_of(cluster.client))


def take_away(
    cluster: Cluster, profile: Prepared, folder: Path, chosen: list[dict[str, Any]]
) -> None:
    """Exactly the rules that doctor names become unknown; none passes more; it is incomplete.

    Nothing else fails the run, so that the exit code is that of an incomplete one. The right to get
    a namespace is what a scan of some namespaces rests on.
    """
    rules = clusters.rules_of(cluster.client)
    everything = Taken(cluster, profile, "k8s://", folder)
    some = Taken(cluster, profile, "k8s://?namespace=serving", folder)
    try:
        for number, refused in enumerate(chosen):
            clusters.limit_to(cluster.client, [rule for rule in rules if rule != refused], refused)
            taken = some if refused["verbs"] == ["get"] else everything
            taken.compare(str(number), refused)
    finally:
        clusters.limit_to(cluster.client, rules, None)


NOT_TOLD = {"k8s-network-policy-not-enforced"}
"""What an API server without nodes leaves open: nothing runs in it that enforces policies."""


class Taken:
    """A target, and what a scan of it finds with all rights."""

    def __init__(self, cluster: Cluster, profile: Prepared, target: str, folder: Path) -> None:
        self._profile = profile
        self._sources = profile.sources
        self._kinds = profile.wanted.of("k8s://")
        self._live = clusters.collector(cluster.least, target)
        self._folder = folder / target.rpartition("=")[2].strip(":/")
        self._folder.mkdir()
        self._whole = self._scanned("whole")
        self._by_design = unknown(self._whole)
        unread = {rule for rule, each in self._sources.items() if each.all & UNREAD.keys()}
        assert self._by_design <= unread | NOT_TOLD
        assert self._whole["gaps"] == []

    def _scanned(self, name: str) -> dict[str, Any]:
        pages = clusters.read(self._live, self._kinds, self._folder / name)
        document: dict[str, Any] = json.loads(Run(gate="never").results(pages))
        return document

    def compare(self, name: str, refused: Mapping[str, Any]) -> None:
        """What doctor foresees is what the scan finds."""
        told = self._live.examine(self._kinds, self._folder)
        missing = [each for each in told.reads if not each.allowed]
        named = {
            rule
            for each in missing
            for rule in rules_blinded_by(
                Gap("", each.kind, each.cause, ""), self._profile.profile.rules, self._sources
            )
        }
        assert named, refused
        less = self._scanned(name)
        assert unknown(less) == named | self._by_design, refused
        passes = {rule: count["pass"] for rule, count in self._whole["counts"].items()}
        assert all(less["counts"][rule]["pass"] <= passes[rule] for rule in passes)
        assert less["gate"]["exit"] == 3
        (gap,) = less["gaps"]
        assert (gap["cause"], gap["scope"]) == ("denied", missing[0].kind), refused
