"""Audit policies in objects, and what becomes of the events of an API server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.auditing.exports import AKS, EKS, GKE, METRICS
from auditor.analysis.auditing.facts import CONFIG_MAP, POLICY, AuditPolicies
from auditor.analysis.auditing.logging import AuditLogging
from auditor.analysis.auditing.openshift import KIND as OPENSHIFT
from auditor.analysis.controlplane.components import NODE
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from auditor.platforms.kubernetes import COMPONENT_FLAGS as FLAGS
from auditor.runner.rows import joined
from tests.unit.analysis.controlplane.planes import LIVE, pod, read_yaml, system
from tests.unit.analysis.joining import SITE, derived, rows_of
from tests.unit.analysis.test_selections import resource

HEAD = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}


def policy(*rules: object, **fields: object) -> Resource:
    body = {**HEAD, "rules": list(rules), **fields}
    return msgspec.structs.replace(resource(POLICY, "p", ""), body=msgspec.json.encode(body))


def profile(audit: object) -> Resource:
    return resource(OPENSHIFT, "cluster", "", spec={"audit": audit})


def said(found: Resource) -> dict[str, Any]:
    (fact,) = derived(AuditPolicies(read_yaml), [found])
    body: dict[str, Any] = msgspec.json.decode(fact.body)
    return body


def test_a_policy() -> None:
    (fact,) = derived(
        AuditPolicies(read_yaml),
        [policy({"level": "None", "verbs": ["create"]}, {"level": "None"})],
    )
    body = msgspec.json.decode(fact.body)
    assert body["source"] == "file"
    assert (body["rules"], body["made"], body["caught"]) == (2, True, True)
    assert [text[:24] for text in body["unlogged"]] == [
        "rule 1 (None): create se",
        "rule 2 (None): update, p",
    ]
    spot = fact.spot("/unlogged")
    assert spot is not None
    assert spot.pointer == "/rules/0"
    assert fact.spot("/caught") is None


def test_a_policy_that_is_refused() -> None:
    body = said(policy({"level": "none"}))
    assert body["refused"] == ["rules[0].level: none is no level"]
    assert not body["made"]
    assert "unlogged" not in body
    assert "caught" not in body


def test_policies_in_a_config_map() -> None:
    data = {
        "a.yaml": "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]",
        "b.yaml": "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: [}]",
        "c.yaml": "apiVersion: audit.k8s.io/v1\nkind: Event\n",
        "notes": "audit.k8s.io/ is a group",
        "d.yaml": "kind: Policy",
    }
    found = derived(AuditPolicies(read_yaml), [resource(CONFIG_MAP, "audit", "a", data=data)])
    bodies = {fact.part: msgspec.json.decode(fact.body) for fact in found}
    assert sorted(bodies) == ["a.yaml", "b.yaml"]
    assert bodies["a.yaml"]["made"]
    assert bodies["b.yaml"]["refused"][0].startswith("it is not valid YAML: ")
    spot = found[0].spot("/shallow")
    assert spot is not None
    assert spot.pointer == "/data/a.yaml"


@pytest.mark.parametrize(
    ("audit", "unlogged", "shallow"),
    [
        pytest.param({"profile": "Default"}, [], ["rule 4 (Metadata)"], id="Default"),
        pytest.param({}, [], ["rule 4 (Metadata)"], id="no profile"),
        pytest.param({"profile": "WriteRequestBodies"}, [], [], id="WriteRequestBodies"),
        pytest.param({"profile": "AllRequestBodies"}, [], [], id="AllRequestBodies"),
        pytest.param(
            {"profile": "None", "customRules": [{"group": "dev", "profile": "Default"}]},
            ["rule 3 (None)"],
            ["rule 3 (None)"],
            id="None",
        ),
        pytest.param(
            {"customRules": [{"group": "dev", "profile": "None"}]},
            ["rule 3 (None)"],
            ["rule 3 (None)", "rule 5 (Metadata)"],
            id="None for a group",
        ),
    ],
)
def test_openshift(audit: object, unlogged: list[str], shallow: list[str]) -> None:
    body = said(profile(audit))
    assert body["refused"] == body["bodies"] == []
    assert [text.partition(":")[0] for text in body["unlogged"]] == unlogged
    assert [text.partition(":")[0] for text in body["shallow"]] == shallow


@pytest.mark.parametrize(
    ("audit", "refused"),
    [
        ({"profile": "Most"}, ["spec.audit.profile: Most is no profile"]),
        ({"customRules": [{"profile": "None"}]}, ["spec.audit.customRules[0]: has no group"]),
        (
            {"customRules": [{"group": "a"}]},
            ["spec.audit.customRules[0]: None is no profile"],
        ),
    ],
)
def test_profiles_that_are_none(audit: object, refused: list[str]) -> None:
    assert said(profile(audit))["refused"] == refused


def logs(*words: str, image: str = "r/kube-apiserver:v1.36.2", live: bool = True) -> dict[str, Any]:
    found = pod("kube-apiserver", *words, image=image)
    (fact,) = derived(AuditLogging(read_yaml), [found], site=LIVE if live else SITE)
    body: dict[str, Any] = msgspec.json.decode(fact.body)
    return body


def test_flags_and_their_defaults() -> None:
    body = logs("--audit-policy-file=/p", "--audit-log-path=/a", "--audit-log-maxage=7")
    assert {name: body[name] for name in ("policy", "log", "webhook", "mode", "truncates")} == {
        "policy": "/p",
        "log": "/a",
        "webhook": "",
        "mode": "blocking",
        "truncates": False,
    }
    assert (body["age"], body["saysAge"], body["backups"], body["saysBackups"]) == (
        *(7, True),
        *(100, False),
    )


@pytest.mark.parametrize(
    ("image", "live", "age"),
    [
        pytest.param("r/kube-apiserver:v1.35.9", True, 0, id="before 1.36"),
        pytest.param("r/kube-apiserver:v1.36.0", True, 366, id="1.36"),
        pytest.param("r/kube-apiserver@sha256:ab", False, None, id="nobody says which"),
    ],
)
def test_defaults_by_version(image: str, live: bool, age: int | None) -> None:  # noqa: FBT001 - a case
    body = logs(image=image, live=live)
    assert body.get("age") == age
    assert body["saysAge"] is False


def test_the_version_of_the_cluster_is_that_of_its_server() -> None:
    found = derived(
        AuditLogging(read_yaml), [system(), pod("kube-apiserver", image="r/k@sha256:a")], site=LIVE
    )
    (fact,) = found
    assert msgspec.json.decode(fact.body)["age"] == 366


def test_values_that_are_none() -> None:
    body = logs("--audit-log-maxage=many", "--audit-log-maxbackup=5", "--audit-log-maxbackup=6")
    assert "age" not in body
    assert body["backups"] == 6, "the last counts"
    assert logs("--audit-log-truncate-enabled")["truncates"]
    assert logs("--audit-webhook-truncate-enabled=true")["truncates"]


def test_where_a_flag_stands() -> None:
    found = pod("kube-apiserver", "--audit-log-maxage=1", "--audit-log-maxage=2")
    (fact,) = derived(AuditLogging(read_yaml), [found], site=LIVE)
    spot = fact.spot("/age")
    assert spot is not None
    assert spot.pointer == "/spec/containers/0/command/2"
    assert fact.spot("/log") is None


def test_servers_that_are_not_known() -> None:
    found = pod("sh", "-c", "exec kube-apiserver --v=1")
    (fact,) = derived(AuditLogging(read_yaml), [found], site=LIVE)
    body = msgspec.json.decode(fact.body)
    assert (body["found"], body["known"]) == (True, False)
    assert "policy" not in body
    (fact,) = derived(AuditLogging(read_yaml), [system(), pod(owner=None)], site=LIVE)
    body = msgspec.json.decode(fact.body)
    assert (body["found"], body["why"][:40]) == (False, "no mirror pod of the API server is shown")
    env = [{"name": "P", "valueFrom": {"fieldRef": {}}}]
    found = pod("kube-apiserver", "--audit-policy-file=$(P)", env=env)
    (fact,) = derived(AuditLogging(read_yaml), [found], site=LIVE)
    assert "policy" not in msgspec.json.decode(fact.body)


def settings(kind: str, name: str, **body: object) -> Resource:
    return resource(kind, name, "", **body)


def eks(name: str, types: list[str], *, enabled: bool = True) -> Resource:
    setup = {"types": types, "enabled": enabled}
    return settings(EKS, name, logging={"clusterLogging": [setup]})


def aks(*logs: object) -> Resource:
    return settings(AKS, "ml/d", logs=list(logs))


@pytest.mark.parametrize(
    ("found", "log", "age"),
    [
        pytest.param(eks("ml", ["api", "audit"]), "CloudWatch Logs", None, id="EKS"),
        pytest.param(eks("ml", ["audit"], enabled=False), "", None, id="EKS, off"),
        pytest.param(eks("ml", ["api"]), "", None, id="EKS, another type"),
        pytest.param(settings(EKS, "ml"), "", None, id="EKS, nothing said"),
        pytest.param(settings(EKS, "ml", logging={"clusterLogging": 3}), "", None, id="EKS, odd"),
        pytest.param(settings(GKE, "ml"), "Cloud Logging", 400, id="GKE"),
        pytest.param(
            aks({"category": "kube-audit-admin", "enabled": True}), "Azure Monitor", None, id="AKS"
        ),
        pytest.param(
            aks({"categoryGroup": "allLogs", "enabled": True}), "Azure Monitor", None, id="AKS, all"
        ),
        pytest.param(aks({"category": "kube-audit", "enabled": False}), "", None, id="AKS, off"),
        pytest.param(aks({"category": "guard", "enabled": True}), "", None, id="AKS, another"),
        pytest.param(aks("kube-audit"), "", None, id="AKS, odd"),
    ],
)
def test_settings_of_a_provider(found: Resource, log: str, age: int | None) -> None:
    (fact,) = derived(AuditLogging(read_yaml), [found])
    body = msgspec.json.decode(fact.body)
    assert (body["log"], body.get("age"), body["managed"]) == (log, age, True)
    assert bool(body["retention"]) == (bool(log) and age is None)
    assert (body["policy"], body["found"], body["known"]) == (
        *(f"of {body['provider']}", True, True),
    )


def in_run(live: list[Resource], files: list[Resource]) -> list[Fact]:
    """The facts of a live cluster and of files, in one run."""
    analysis = AuditLogging(read_yaml)
    lines = sorted([*rows_of(analysis, live, LIVE), *rows_of(analysis, files)])
    (found,) = (list(each.derive(groups)) for each, groups in joined((analysis,), lines))
    return [each for each in found if isinstance(each, Fact)]


def managed() -> list[Resource]:
    node = msgspec.structs.replace(
        resource(NODE, "n", "", metadata={}), labels=(("eks.amazonaws.com/nodegroup", "a"),)
    )
    return [system(), node]


def test_settings_of_the_cluster_that_is_read() -> None:
    (fact,) = in_run(managed(), [eks("ml", ["audit"])])
    assert fact.subject.target == "k8s://c"
    assert fact.subject.name == "kube-system"
    assert [each.name for each in fact.related] == ["ml"]
    spot = fact.spot("/log")
    assert spot is not None
    assert (spot.of, spot.pointer) == (1, "/logging")


def test_settings_of_another_provider_or_of_several_clusters() -> None:
    for files in ([settings(GKE, "ml")], [eks("a", ["audit"]), eks("b", ["audit"])]):
        found = in_run(managed(), files)
        bodies = [msgspec.json.decode(each.body) for each in found]
        assert [each["found"] for each in bodies] == [False, *(True for _ in files)]
        assert bodies[0]["why"].endswith(
            "Amazon EKS runs the control plane: scan what aws eks describe-cluster prints as well"
        )


def test_settings_beside_a_cluster_that_shows_its_server() -> None:
    found = in_run([system(), pod()], [eks("ml", ["audit"])])
    assert [each.subject.name for each in found] == ["kube-apiserver-cp1", "ml"]


def metrics(name: str = "prod", events: object = 7) -> Resource:
    return resource(METRICS, name, "", event_total=events, error_total=1, requests_rejected_total=2)


def test_metrics_of_a_server() -> None:
    (fact,) = derived(AuditLogging(read_yaml), [metrics()])
    body = msgspec.json.decode(fact.body)
    assert (body["known"], body["policy"], body["lost"]) == (True, "in effect, by 7 events", 3)
    (fact,) = derived(AuditLogging(read_yaml), [metrics(events=0)])
    body = msgspec.json.decode(fact.body)
    assert (body["known"], body["policy"], body["events"]) == (False, "", 0)
    assert derived(AuditLogging(read_yaml), [metrics(events="many")]) == []


def test_metrics_of_the_cluster_that_is_read() -> None:
    (fact,) = in_run(managed(), [metrics()])
    assert fact.subject.name == "kube-system"
    spot = fact.spot("/events")
    assert spot is not None
    assert (spot.of, spot.pointer) == (1, "/event_total")
    for files in ([metrics(), metrics("b")], [metrics(), eks("ml", ["audit"])]):
        found = in_run(managed(), files)
        assert {each.subject.name for each in found} - {"kube-system"}, (
            "whose they are is not known"
        )


def flagz(**flags: list[str]) -> Resource:
    named = {name.replace("_", "-"): values for name, values in flags.items()}
    return resource(FLAGS, "kube-apiserver", "", component="kube-apiserver", flags=named)


def asked(*found: Resource) -> list[dict[str, Any]]:
    """The facts of a cluster that was asked."""
    facts = derived(AuditLogging(read_yaml), [system(), *found], site=LIVE)
    return [{**msgspec.json.decode(each.body), "of": each.subject.name} for each in facts]


def test_what_a_cluster_prints_is_its_own() -> None:
    """Whatever else is in the run."""
    (fact,) = asked(flagz(audit_log_path=["/a"]), metrics("kube-apiserver"))
    assert (fact["of"], fact["log"], fact["version"]) == ("kube-apiserver", "/a", "v1.36.2")
    assert (fact["events"], fact["lost"]) == (7, 3)
    found = in_run([*managed(), flagz(audit_log_path=["/a"])], [metrics(), metrics("b")])
    bodies = [msgspec.json.decode(each.body) for each in found]
    assert sorted(each["log"] for each in bodies if "events" not in each) == ["/a"]


def test_a_mirror_pod_stands_for_what_its_server_prints() -> None:
    mirror = pod("kube-apiserver", "--audit-log-path=/b")
    (fact,) = asked(mirror, flagz(audit_log_path=["/b"]), metrics("kube-apiserver"))
    assert (fact["of"], fact["log"], fact["events"]) == ("kube-apiserver-cp1", "/b", 7)
    hidden = pod("sh", "-c", "exec kube-apiserver --audit-log-path=/b")
    found = asked(hidden, flagz(audit_log_path=["/b"]))
    assert {each["known"] for each in found} == {False, True}, "of the one it is not known"
    spoof = pod("kube-apiserver", "--audit-log-path=/c", owner=None)
    (fact,) = asked(spoof, flagz(audit_log_path=["/b"]))
    assert fact["log"] == "/b", "and one that is not believed stands for nothing"


def test_one_of_several_servers_has_counted() -> None:
    """Which one answered is not known: the cluster's events are told, and none of a server."""
    servers = [pod("kube-apiserver", "--audit-log-path=/b", name=f"api-{at}") for at in "ab"]
    found = {each["of"]: each for each in asked(*servers, metrics("kube-apiserver"))}
    assert found.keys() == {"api-a", "api-b", "kube-system"}
    assert "events" not in found["api-a"].keys() | found["api-b"].keys()
    whole = found["kube-system"]
    assert (whole["events"], whole["log"], whole["known"]) == (7, "", True)
    assert whole["webhook"] == whole["policy"] == "in effect, by 7 events"
    (whole,) = (
        each
        for each in asked(*servers, metrics("kube-apiserver", 0))
        if each["of"] == "kube-system"
    )
    assert (whole["events"], whole["known"]) == (0, False)
    assert whole["why"].startswith("the one of its API servers that was asked")


def test_settings_tell_more_than_counters() -> None:
    live = [*managed(), metrics("kube-apiserver")]
    (fact,) = in_run(live, [eks("ml", ["audit"])])
    body = msgspec.json.decode(fact.body)
    assert (body["log"], body["events"]) == ("CloudWatch Logs", 7)
    (fact,) = in_run(live, [])
    body = msgspec.json.decode(fact.body)
    assert (fact.subject.name, body["policy"]) == ("kube-system", "in effect, by 7 events")


def test_flags_that_the_server_of_the_cluster_printed() -> None:
    printed = resource(
        FLAGS, "prod", "", component="kube-apiserver", flags={"audit-log-path": ["/a"]}
    )
    (fact,) = in_run(managed(), [printed])
    body = msgspec.json.decode(fact.body)
    assert (fact.subject.name, body["log"], body["policy"]) == ("prod", "/a", "")
    spot = fact.spot("/log")
    assert spot is not None
    assert spot.pointer == "/flags/audit-log-path/0"
    other = msgspec.structs.replace(printed, name="other")
    found = in_run(managed(), [printed, other])
    assert {each.subject.name for each in found} == {"prod", "other", "kube-system"}
