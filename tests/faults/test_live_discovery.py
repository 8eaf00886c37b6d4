"""What a server does not say that it serves, and namespaces and owners that are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.collector import LiveCollector
from tests.e2e.command import auditor
from tests.e2e.runs import Run
from tests.faults import server as fake
from tests.faults.clusters import KINDS, QUICK, Waits, collector, on
from tests.faults.server import Handler, Reply, page, page_of, pod, serving, status
from tests.live.cluster import read

DEPLOYMENT = "k8s/Deployment"
STATUS = {"kind": "Status", "apiVersion": "v1", "status": "Success"}

SAYS_NOTHING = {
    "an empty object": (on("/apis", fake.json_reply({})), "nothing that says what it is"),
    "a status": (on("/apis", fake.json_reply(STATUS)), "the answer is Status"),
    "no items": (on("/apis", fake.json_reply({"kind": "APIGroupDiscoveryList"})), "`items`"),
    "items that are null": (
        on("/apis", fake.json_reply({"kind": "APIGroupDiscoveryList", "items": None})),
        "`$.items`",
    ),
    "no versions": (on("/api", fake.json_reply({"kind": "APIVersions"})), "`versions`"),
    "groups of the core": (
        on("/api", fake.json_reply({"kind": "APIGroupList", "groups": []})),
        "the answer is APIGroupList",
    ),
}


@pytest.mark.parametrize(("handler", "says"), SAYS_NOTHING.values(), ids=SAYS_NOTHING.keys())
def test_a_server_that_does_not_say_what_it_serves(
    tmp_path: Path, handler: Handler, says: str
) -> None:
    with serving(handler) as server, pytest.raises(CollectionError) as told:
        read(collector(tmp_path, server), KINDS, tmp_path)
    assert says in told.value.message


def gaps(folder: Path, handler: Handler, kinds: frozenset[str]) -> set[Gap]:
    with serving(handler) as server:
        return set(read(collector(folder, server), kinds, folder).entry.gaps)


def version(name: str, *verbs: str) -> dict[str, Any]:
    """Deployments, in one version of their group."""
    served = {
        "resource": "deployments",
        "responseKind": {"kind": "Deployment"},
        "scope": "Namespaced",
        "verbs": list(verbs),
    }
    return {"version": name, "freshness": "Current", "resources": [served]}


def apps(*versions: dict[str, Any]) -> Reply:
    group = {"metadata": {"name": "apps"}, "versions": list(versions)}
    return fake.json_reply({"kind": "APIGroupDiscoveryList", "items": [group]})


def test_what_every_server_has_is_missed(tmp_path: Path) -> None:
    """A custom kind need not be there; Deployments are, or somebody else has answered."""
    handler = on("/apis", fake.discovery())
    (gap,) = gaps(tmp_path, handler, frozenset({DEPLOYMENT, "k8s/RayCluster.ray.io"}))
    assert (gap.scope, gap.cause) == (DEPLOYMENT, GapCause.UNSUPPORTED)
    assert "the server does not say that it has any, as all do" in gap.detail


def test_what_is_served_and_can_not_be_listed(tmp_path: Path) -> None:
    handler = on("/apis", apps(version("v1", "get", "watch")))
    (gap,) = gaps(tmp_path, handler, frozenset({DEPLOYMENT}))
    assert (gap.scope, gap.cause) == (DEPLOYMENT, GapCause.UNSUPPORTED)
    assert gap.detail == "deployments.apps can't be listed: the server has no such verb for it"


def test_a_version_that_can_be_listed_goes_before_the_preferred_one(tmp_path: Path) -> None:
    answers = {
        "/apis": apps(version("v2", "get"), version("v1", "list")),
        "/apis/apps/v1/deployments": page_of("apps/v1", [], "Deployment"),
    }
    assert gaps(tmp_path, lambda asked: answers.get(asked.path), frozenset({DEPLOYMENT})) == set()


def test_one_old_group_that_is_refused_is_missing_by_itself(tmp_path: Path) -> None:
    pods = {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list"]}
    groups = [{"name": name, "versions": [{"groupVersion": f"{name}/v1"}]} for name in ("ray.io",)]
    answers = {
        "/api": fake.json_reply({"kind": "APIVersions", "versions": ["v1"]}),
        "/api/v1": fake.json_reply({"kind": "APIResourceList", "resources": [pods]}),
        "/apis": fake.json_reply({"kind": "APIGroupList", "groups": groups}),
        "/apis/ray.io/v1": status(403, "no"),
    }
    kinds = frozenset({"k8s/Pod", "k8s/RayCluster.ray.io"})
    (gap,) = gaps(tmp_path, lambda asked: answers.get(asked.path), kinds)
    assert gap.scope == "k8s/RayCluster.ray.io"


def test_what_the_server_said_that_it_serves_is_evidence(tmp_path: Path) -> None:
    with serving(fake.healthy) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
    said = [record for record in pages.records if not record.kind]
    assert [record.request for record in said] == ["GET /api", "GET /apis"]
    body = pages.bodies.body(said[0])
    assert body is not None
    assert json.loads(body)["kind"] == "APIGroupDiscoveryList"


def in_namespaces(folder: Path, handler: Handler, *names: str) -> tuple[set[Gap], dict[str, Any]]:
    """Gaps and results of a scan of some namespaces, by rules that read no namespace."""
    with serving(handler) as server:
        live = collector(folder, server)
        address = parse_address(f"k8s://?namespace={','.join(names)}")
        chosen = LiveCollector(address, live.kubeconfig, Waits().clock(), QUICK)
        pages = read(chosen, frozenset({"k8s/Pod"}), folder)
    run = Run(profile="pod-security-baseline")
    return set(pages.entry.gaps), json.loads(run.results(pages))


def test_a_namespace_that_does_not_exist_is_no_empty_one(tmp_path: Path) -> None:
    handler = on("/api/v1/namespaces/typo/pods", page([]))
    found, document = in_namespaces(tmp_path, handler, "ml", "typo")
    assert {(gap.scope, gap.namespace, gap.cause) for gap in found} == {
        ("k8s/Namespace", "typo", GapCause.UNSUPPORTED),
        ("k8s/Pod", "typo", GapCause.UNSUPPORTED),
    }
    assert document["targets"][0]["state"] == "partial"
    assert document["coverage"]["resources"]["k8s/Pod"]["seen"] == 2


ODD_NAMESPACES = {
    "a status": (fake.json_reply(STATUS), "the answer is Status v1"),
    "another one": (
        fake.json_reply({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "other"}}),
        "asked for ml, the answer is other",
    ),
}


@pytest.mark.parametrize(("reply", "says"), ODD_NAMESPACES.values(), ids=ODD_NAMESPACES.keys())
def test_an_answer_that_is_another_namespace(tmp_path: Path, reply: Reply, says: str) -> None:
    found, _ = in_namespaces(tmp_path, on("/api/v1/namespaces/ml", reply), "ml")
    assert {(gap.scope, gap.cause) for gap in found} == {
        ("k8s/Namespace", GapCause.MALFORMED),
        ("k8s/Pod", GapCause.MALFORMED),
    }
    assert all(says in gap.detail for gap in found)


def test_a_namespace_that_we_may_not_look_at_may_be_there(tmp_path: Path) -> None:
    """Its pods are listed; that it exists at all is what is not known."""
    found, document = in_namespaces(tmp_path, on("/api/v1/namespaces/ml", status(403, "no")), "ml")
    assert {(gap.scope, gap.namespace, gap.cause) for gap in found} == {
        ("k8s/Namespace", "ml", GapCause.DENIED)
    }
    assert document["coverage"]["resources"]["k8s/Pod"]["seen"] == 2


def test_two_causes_in_two_namespaces(tmp_path: Path) -> None:
    """Gaps have an order whatever their causes are."""
    answers = {
        "/api/v1/namespaces/a": status(404, "no"),
        "/api/v1/namespaces/ml": status(403, "no"),
        "/api/v1/namespaces/ml/pods": status(500, "no"),
    }
    found, _ = in_namespaces(tmp_path, lambda asked: answers.get(asked.path), "a", "ml")
    assert {(gap.scope, gap.namespace, gap.cause) for gap in found} == {
        ("k8s/Namespace", "a", GapCause.UNSUPPORTED),
        ("k8s/Pod", "a", GapCause.UNSUPPORTED),
        ("k8s/Namespace", "ml", GapCause.DENIED),
        ("k8s/Pod", "ml", GapCause.UNREACHABLE),
    }


def test_a_bundle_of_chosen_namespaces_holds_and_replays(tmp_path: Path) -> None:
    """Also where one does not exist, and one may not be looked at."""
    answers = {
        "/api/v1/namespaces/typo": status(404, "no"),
        "/api/v1/namespaces/shut": status(403, "no"),
        "/api/v1/namespaces/shut/pods": page([]),
    }
    with serving(lambda asked: answers.get(asked.path)) as server:
        kubeconfig = collector(tmp_path, server).kubeconfig
        options = ("--kubeconfig", kubeconfig, "--output", "b", "--no-sign", "-q")
        uri = "k8s://?namespace=ml,shut,typo"
        done = auditor("scan", uri, *options, cwd=tmp_path)
    assert done.code == 1, done.err
    verified = auditor("verify", "b", cwd=tmp_path)
    assert (verified.code, "intact, signer unknown" in verified.out) == (3, True), verified.out
    replayed = auditor("replay", "b", cwd=tmp_path)
    assert replayed.code == 0, replayed.out


def test_clusters_that_do_not_tell_their_uid_are_told_apart(tmp_path: Path) -> None:
    """By their CA where there is one, else by their address: never all one."""
    uids = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with serving(on("/api/v1/namespaces/kube-system", status(403, "no"))) as server:
            live = collector(tmp_path / name, server)
            uids.append(read(live, KINDS, tmp_path / name).entry.uid)
    assert uids[0] != uids[1]
    assert all(uid.startswith("server:") for uid in uids)


CLAIMS = {
    "a kind that controls nothing": {"apiVersion": "v1", "kind": "ConfigMap", "uid": "u"},
    "a deployment that is not there": {"apiVersion": "apps/v1", "kind": "Deployment", "uid": "u"},
    "an object that is not a deployment": {"apiVersion": "v1", "kind": "Namespace", "uid": "n"},
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_claim_hides_no_template(tmp_path: Path, claim: dict[str, str]) -> None:
    """A ReplicaSet is left to its Deployment only where there is one."""
    kinds = (("ReplicaSet", "replicasets", True), ("Deployment", "deployments", True))
    reference = {"name": "innocent", "controller": True, **claim}
    template = {"spec": pod("x", privileged=True)["spec"]}
    meta = {"name": "web", "namespace": "ml", "uid": "r", "ownerReferences": [reference]}
    answers = {
        "/apis": fake.discovery(("apps", "v1", kinds)),
        "/apis/apps/v1/deployments": page_of("apps/v1", [], "Deployment"),
        "/apis/apps/v1/replicasets": page_of(
            "apps/v1", [{"metadata": meta, "spec": {"template": template}}], "ReplicaSet"
        ),
        "/api/v1/pods": page([]),
    }
    with serving(lambda asked: answers.get(asked.path)) as server:
        wanted = KINDS | {"k8s/ReplicaSet", DEPLOYMENT}
        pages = read(collector(tmp_path, server), wanted, tmp_path)
        document = json.loads(Run().results(pages))
    found = [
        (item["resource"]["kind"], item["resource"]["name"])
        for item in document["findings"]
        if item["rule"] == "k8s-container-privileged"
    ]
    assert len(found) == 1
    assert found[0][0] != "k8s/ConfigMap"
