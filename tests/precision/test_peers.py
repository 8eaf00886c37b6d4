"""What is said of peers on the labelled set is counted as the page says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from auditor.policy import load, policies_folder
from benchmarks.peer_checks import OURS, PEERS, TOPICS
from benchmarks.peer_reports import Thing, of_checkov, of_kube_score, of_trivy, thing_of
from benchmarks.peers_page import page
from benchmarks.precision import Tally, tally
from tests.precision.labels import Label, Subject, cases, labels_of

CASE = "platform/selections"
PRIVILEGED = "k8s-container-privileged"


def label(of: str, *, right: bool = True, rule: str = PRIVILEGED) -> Label:
    return Label(Subject(CASE, rule, of), right, "because it is")


def pod(name: str) -> Thing:
    return Thing(CASE, "Pod", "ml", name)


LABELS = [
    label("Pod ml/a container x"),
    label("Pod ml/a container y"),
    label("Pod ml/b container x"),
    label("Pod ml/c container x", right=False),
    label("Pod ml/d container x", right=False),
    label("Pod ml/d container x", right=False, rule="k8s-container-host-port"),
    label("PyTorchJob ml/d part: container x"),
]


def test_topics_are_about_rules_that_have_labels() -> None:
    rules = load([policies_folder()]).rules
    named = Counter(f"k8s-{name}" for topic in TOPICS for name in topic.rules)
    assert set(named) <= set(rules)
    assert {rule for rule, count in named.items() if count > 1} == set(), "in one topic each"
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    said = {each.subject.rule for case in cases() for each in labels_of(case) if each.right}
    for topic in TOPICS:
        assert said & {f"k8s-{name}" for name in topic.rules}, topic.name
        assert any(topic.checks(peer) for peer in PEERS), topic.name


def test_a_label_is_of_an_object() -> None:
    assert thing_of(CASE, "Pod ml/a container x") == pod("a")
    assert thing_of(CASE, "ClusterRole a rule [0]") == Thing(CASE, "ClusterRole", "default", "a")
    assert not thing_of(CASE, "PyTorchJob ml/d part").built_in
    assert pod("a").built_in


def test_reports_are_counted_by_object() -> None:
    reports = {
        "one": frozenset({pod("a"), pod("c"), pod("x")}),
        "two": frozenset({pod("a"), pod("c"), pod("d")}),
        "other": frozenset({pod("a"), pod("b")}),
    }
    checks = {topic.name: frozenset[str]() for topic in TOPICS}
    checks["privileged container"] = frozenset({"one", "two"})
    checks["host port"] = frozenset({"two"})
    made = tally(LABELS, reports, checks)
    assert made.found["privileged container"] == {pod("a")}
    assert made.found["host port"] == frozenset()
    assert (made.right, made.wrong, made.unlabelled) == (2, 2, 2), "c is wrong by one of two topics"
    assert (made.unmapped, made.unmapped_checks, made.topics) == (2, 1, 2)
    assert made.precision == 1 / 2
    assert Tally().precision == 1


def test_reports_of_checkov() -> None:
    failed = {"check_id": "C", "file_path": f"/x/{CASE}.yaml", "resource": "Pod.ml.a.b"}
    odd = {**failed, "resource": "kustomize"}
    document = {"results": {"failed_checks": [failed, odd]}}
    assert of_checkov(document) == of_checkov([document]) == {"C": {pod("a.b")}}


def test_reports_of_kube_score() -> None:
    def check(name: str, grade: int, *summaries: str, skipped: bool = False) -> dict[str, Any]:
        comments = [{"summary": each, "path": "main"} for each in summaries]
        return {"check": {"id": name}, "grade": grade, "skipped": skipped, "comments": comments}

    found = {
        "type_meta": {"kind": "Pod"},
        "object_meta": {"name": "a", "namespace": "ml"},
        "checks": [
            check("container-resources", 1, "CPU limit is not set", "Memory limit is not set"),
            check("container-image-tag", 10),
            check("pod-probes", 5, "skipping", skipped=True),
            check("service-type", 5, "node port", "again"),
        ],
    }
    assert set(of_kube_score([found], CASE)) == {
        ("container-resources: CPU limit is not set", pod("a")),
        ("container-resources: Memory limit is not set", pod("a")),
        ("service-type", pod("a")),
    }


def test_reports_of_trivy_are_of_the_object_at_their_line() -> None:
    def at(line: int) -> dict[str, object]:
        return {"ID": f"K{line}", "CauseMetadata": {"StartLine": line}}

    result = {"Target": f"{CASE}.yaml", "Misconfigurations": [at(0), at(9), at(10)]}
    found = of_trivy({"Results": [result, {"Target": f"{CASE}.yaml"}]})
    namespace = Thing(CASE, "Namespace", "default", "chat")
    assert found == {
        "K0": {namespace},
        "K9": {Thing(CASE, "ResourceQuota", "chat", "quota")},
        "K10": {Thing(CASE, "ResourceQuota", "chat", "quota")},
    }


def test_the_page_has_each_topic_and_each_program() -> None:
    names = (OURS, *PEERS)
    made = {name: tally(LABELS, {}, {each.name: frozenset() for each in TOPICS}) for name in names}
    text = page(LABELS, made, dict.fromkeys(PEERS, "1.0"))
    assert f"| | {' | '.join(names)} |" in text
    assert "found, of 3 faults | 0 (0.0%)" in text
    assert "found, of 2 in kinds of Kubernetes itself | 0 (0.0%)" in text
    assert "| privileged container | 3 | 0 | 0 | 0 | 0 |" in text
    assert "| host port | 0 | 0 | 0 | 0 | no check |" in text
