"""What is not read of a cluster, by design or for a fault, is never part of what is satisfied."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.platforms.files import DUPLICATE_KEY
from auditor.policy import load, policies_folder, resolve
from auditor.ports import Collector
from collectors.kubernetes.live.pages import PagesCollector
from reports.style import Style
from reports.terminal import renderer
from tests.e2e.runs import Run, collector_of
from tests.faults import server as fake
from tests.faults.clusters import KINDS, collector, on
from tests.faults.server import Handler, healthy, serving
from tests.live.cluster import read

POLICY = load((policies_folder(),))
UNREAD = frozenset({"k8s/ConfigMap", "k8s/Secret"})
OF_CONFIG_MAPS = [
    "k8s-console-opened-by-config-map",
    "k8s-model-code-trusted-by-configuration",
    "k8s-secret-in-config-map",
]
LEFT_OUT = {*OF_CONFIG_MAPS, "k8s-service-account-token-permanent"}
OF_OTHERS = {
    chosen.rule.id
    for chosen in resolve(POLICY, "ai-platform", {}).rules
    if {kind.partition("/")[0] for kind in chosen.rule.applies_to} <= {"docker", "vsphere"}
}
"""What is not about clusters, and not about files either."""
SECRETS = {("owasp-kubernetes", "K08"), ("nsa-kubernetes", "secrets")}


def pages_of(folder: Path, handler: Handler, kinds: frozenset[str] | None = None) -> Collector:
    """A cluster that was asked for these kinds, by default for all that the profile wants."""
    folder.mkdir(exist_ok=True)
    asked = Run().wanted("k8s://fake") if kinds is None else kinds
    with serving(handler) as server:
        return read(collector(folder, server), asked, folder)


def results(*collectors: Collector, list_all: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Run(list_all=list_all).results(*collectors))
    return document


def screen(*found: Collector) -> str:
    with tempfile.TemporaryDirectory() as spool:
        report = Run().report(*found, spool=Path(spool))
        return b"".join(renderer(Style())(report)).decode()


def states(document: dict[str, Any], wanted: set[tuple[str, str]]) -> Sequence[str]:
    return [
        control["state"]
        for control in document["controls"]
        if (control["framework"], control["id"]) in wanted
    ]


def test_what_is_never_read_satisfies_nothing(tmp_path: Path) -> None:
    found = pages_of(tmp_path, healthy)
    document = results(found)
    assert states(document, SECRETS) == ["undetermined", "undetermined"]
    (target,) = document["targets"]
    assert {item["kind"]: item["rules"] for item in target["excluded"]} == {
        "k8s/ConfigMap": OF_CONFIG_MAPS,
        "k8s/Secret": ["k8s-service-account-token-permanent"],
    }
    assert target["state"] == "complete", "it is by design"
    assert document["gaps"] == []
    rules = document["coverage"]["rules"]
    assert (rules["blind"], rules["excluded"]) == (0, len(LEFT_OUT))
    assert rules["evaluated"] == len(document["counts"]) - len(LEFT_OUT) - len(OF_OTHERS)
    assert document["coverage"]["ratio"] < 1
    unknown = {rule for rule, count in document["counts"].items() if count["unknown"]}
    assert unknown == LEFT_OUT, "rules about files do not miss anything"


def test_the_screen_says_what_is_never_read(tmp_path: Path) -> None:
    text = screen(pages_of(tmp_path, healthy))
    assert "not read: k8s/Secret, secrets are never read\n" in text
    assert f"so not judged: {', '.join(OF_CONFIG_MAPS)}\n" in text
    assert "so not judged: k8s-service-account-token-permanent\n" in text
    assert "everything else in scope was read\n" in text
    assert "coverage=100.0%" not in text


def test_what_was_not_asked_for_is_a_gap_whatever_the_collector_says(tmp_path: Path) -> None:
    """A filter that forgets a kind costs the rules about it their verdicts."""
    wanted = Run().wanted("k8s://fake")
    forgotten = {"k8s/NetworkPolicy", "k8s/ClusterRoleBinding"}
    assert forgotten < wanted
    document = results(pages_of(tmp_path, healthy, wanted - forgotten))
    assert {(gap["scope"], gap["cause"], gap["detail"]) for gap in document["gaps"]} == {
        (kind, "unsupported", "it was not asked for when the target was read") for kind in forgotten
    }
    assert document["targets"][0]["state"] == "partial"
    policies = next(gap for gap in document["gaps"] if gap["scope"] == "k8s/NetworkPolicy")
    assert "k8s-network-policy-allows-internet" in policies["rules"] or len(policies["rules"]) > 1
    for rule in policies["rules"]:
        assert document["counts"][rule]["unknown"] >= 1, rule


def test_nothing_asked_for_is_no_pass(tmp_path: Path) -> None:
    document = results(pages_of(tmp_path, healthy, frozenset()))
    assert {gap["scope"] for gap in document["gaps"]} >= KINDS
    assert document["coverage"]["ratio"] == 0
    assert document["gate"]["exit"] == 3
    states = {control["state"] for control in document["controls"]}
    assert states.isdisjoint({"satisfied", "supported"})


UNDECIDED = {"undetermined", "not-assessed", "not-covered", "manual"}
"""The states of controls where nothing is decided: those with rules, and those without."""


def changing() -> Handler:
    """A cluster that is another one at the end."""
    system = "/api/v1/namespaces/kube-system"
    return on(system, *(fake.json_reply({"metadata": {"uid": uid}}) for uid in ("one", "two")))


def test_a_cluster_that_changed_meanwhile_has_no_verdict(tmp_path: Path) -> None:
    """Not even a failure: it was seen in one cluster or the other."""
    before = results(pages_of(tmp_path / "same", healthy), list_all=True)
    assert {item["verdict"] for item in before["findings"]} >= {"fail", "pass"}
    document = results(pages_of(tmp_path / "other", changing()), list_all=True)
    assert len(document["findings"]) == len(before["findings"])
    assert {item["verdict"] for item in document["findings"]} == {"unknown"}
    privileged = [
        (item["resource"]["name"], item["message"])
        for item in document["findings"]
        if item["rule"] == "k8s-container-privileged"
    ]
    (gap,) = document["gaps"]
    says = f"not decided: k8s://fake was not read as one whole (truncated: {gap['detail']})"
    assert privileged == [("bad", says), ("good", says)]
    assert len(gap["rules"]) > 80
    for rule, count in document["counts"].items():
        assert [count[name] for name in ("pass", "fail", "not-applicable", "manual")] == [0] * 4, (
            rule
        )
    assert document["coverage"]["ratio"] == 0
    of_files = [rule for rule in POLICY.rules.values() if rule.applies_to == (DUPLICATE_KEY,)]
    assert document["coverage"]["rules"]["evaluated"] == len(of_files), "no cluster has those"
    assert {control["state"] for control in document["controls"]} == UNDECIDED
    assert (document["gate"]["decision"], document["gate"]["exit"]) == ("incomplete", 3)


GOOD = "apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec: {hostPID: true}\n"


def test_other_targets_keep_their_verdicts(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pod.yaml").write_text(GOOD)
    alone = results(collector_of(tree))
    whole = {
        (control["framework"], control["id"])
        for control in alone["controls"]
        if control["state"] in {"satisfied", "supported"}
    }
    assert whole
    document = results(collector_of(tree), pages_of(tmp_path / "other", changing()))
    kept = [item for item in document["findings"] if item["resource"]["target"] == "tree"]
    assert kept == alone["findings"]
    found = {control["state"] for control in document["controls"]}
    assert found == {"not-satisfied", *UNDECIDED}
    by_target = [
        {each["target"]: each["state"] for each in control["targets"]}
        for control in document["controls"]
        if (control["framework"], control["id"]) in whole
    ]
    assert {states["tree"] for states in by_target} == {"satisfied", "supported"}
    assert {states["k8s://fake"] for states in by_target} == {"undetermined"}


@dataclass(frozen=True, slots=True)
class NoBodies:
    """Nothing was kept."""

    def body(self, record: Record, /) -> bytes | None:
        del record
        return None


def dead() -> PagesCollector:
    """A cluster that did not answer when it was to be read."""
    why = "k8s://dead: no connection"
    entry = TargetEntry("k8s://dead", "", "", "", Principal(""), "", "", failure=why)
    return PagesCollector(entry, NoBodies(), ())


def test_a_cluster_that_can_not_be_reached_blinds_every_rule_on_clusters(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pod.yaml").write_text(GOOD)
    document = results(collector_of(tree), dead())
    (gap,) = document["gaps"]
    rules = POLICY.rules.values()
    files = {rule.id for rule in rules if rule.about.of_files}
    assert set(gap["rules"]) == document["counts"].keys() - files - OF_OTHERS
    assert document["targets"][1]["state"] == "unreachable"
    assert all(document["counts"][rule]["unknown"] == 1 for rule in gap["rules"])
    assert {control["state"] for control in document["controls"]} == {"not-satisfied", *UNDECIDED}


def test_the_screen_sends_to_the_doctor() -> None:
    """The address stands there once, and no command is about manifests."""
    text = screen(dead())
    assert "  k8s://dead  unreachable: no connection\n" in text
    assert "\n  auditor doctor k8s://dead\n" in text
    assert "helm" not in text


def test_a_cluster_out_of_reach_stands_once_among_others(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(GOOD)
    text = screen(collector_of(tmp_path), dead())
    assert "    k8s://dead  unreachable: no connection\n" in text
    assert "\n  auditor doctor k8s://dead\n" in text
