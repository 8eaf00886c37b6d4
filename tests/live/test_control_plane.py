"""Which pods of a real API server are believed to be its control plane, and what that decides."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer, Binaries, running
from tests.engines.client import Client
from tests.live.cluster import DEFINITIONS, definition, emptied, wait_for, write_kubeconfig

FLAGS = ("--audit-policy-file=/p", "--audit-log-path=/a", "--audit-log-maxage=7")
AGE = "k8s-audit-log-age-short"
POLICY = "k8s-audit-policy-missing"
ACCOUNTS = "/api/v1/namespaces/auditor/serviceaccounts"
PRINTED = {"/flagz": "k8s/Flags.component.k8s.io", "/metrics": "k8s/Metrics.apiserver.k8s.io"}


def created(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = client.post(path, body)
    known = reply.status == 409 and path.endswith("/namespaces")  # of a test before
    assert reply.status == 201 or known, reply.message
    return dict(reply.body)


def pod(name: str, *flags: str, owner: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pod of an API server; with an owner it says that it is a mirror."""
    container = {"name": "kube-apiserver", "command": ["kube-apiserver", *flags]}
    container["image"] = "registry.k8s.io/kube-apiserver:v1.37.2"
    metadata: dict[str, Any] = {"name": name}
    if owner is not None:
        metadata["annotations"] = {"kubernetes.io/config.mirror": "5f"}
        metadata["ownerReferences"] = [owner]
    spec = {"nodeName": "cp1", "hostNetwork": True, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def verdicts(kubeconfig: Path, *targets: str) -> dict[str, list[tuple[str, str]]]:
    """The verdicts of the rules about flags, by rule: who, and which."""
    ran = auditor(
        *("scan", *targets, "--profile", "audit-logging", "--format", "json", "--all"),
        env={"KUBECONFIG": str(kubeconfig)},
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for each in json.loads(ran.out)["findings"]:
        found.setdefault(each["rule"], []).append((each["resource"]["name"], each["verdict"]))
    return found


@pytest.fixture(scope="module")
def quiet(control_plane: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One that tells its flags to nobody."""
    options = ["--feature-gates=ComponentFlagz=false"]
    folder = tmp_path_factory.mktemp("quiet") / "server"
    with running(control_plane, folder, options=options) as started:
        yield started


@pytest.fixture
def server(quiet: ApiServer) -> Iterator[ApiServer]:
    with emptied(quiet):
        yield quiet


@dataclass(frozen=True, slots=True)
class Audited:
    """A server that keeps a log of who asks it."""

    server: ApiServer
    log: Path

    def lines(self) -> list[str]:
        """All that is in it by now: a line is written before its request is answered."""
        return self.log.read_text().splitlines()


@pytest.fixture(scope="module")
def audited(control_plane: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    folder = tmp_path_factory.mktemp("audited")
    policy, log = folder / "policy.yaml", folder / "audit.log"
    policy.write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
    options = [f"--audit-policy-file={policy}", f"--audit-log-path={log}", "--audit-log-maxage=7"]
    with running(control_plane, folder / "server", options=options) as started:
        yield Audited(started, log)


def test_a_control_plane(server: ApiServer, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "admin.json", server, server.token)
    system, ml = (f"/api/v1/namespaces/{name}/pods" for name in ("kube-system", "ml"))
    with server.client() as client:
        named = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}
        created(client, "/api/v1/namespaces", named)
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp1"}}
        node["metadata"] = {"name": "cp1", "labels": {"eks.amazonaws.com/nodegroup": "a"}}
        uid = created(client, "/api/v1/nodes", node)["metadata"]["uid"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": "cp1", "uid": uid, "controller": True}
        created(client, system, pod("kube-apiserver-spoof", *FLAGS))
        created(client, ml, pod("kube-apiserver-cp1", *FLAGS, owner=owner))

        found = verdicts(kubeconfig, "k8s://")
        assert found[POLICY] == [("kube-system", "unknown")], "no spoof is believed"
        assert found[AGE] == [("kube-system", "unknown")]

        settings = tmp_path / "eks.json"
        log = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
        cluster = {"name": "ml", "arn": "arn:aws:eks:a:1:cluster/ml", "logging": log}
        settings.write_text(json.dumps({"cluster": cluster}))
        found = verdicts(kubeconfig, "k8s://", str(settings))
        assert found[POLICY] == [("kube-system", "pass")], "the nodes say whose cluster it is"
        assert found[AGE] == [("kube-system", "unknown")], "a log group keeps it"

        created(client, system, pod("kube-apiserver-cp1", *FLAGS, owner=owner))
        found = verdicts(kubeconfig, "k8s://")
        assert found[POLICY] == [("kube-apiserver-cp1", "pass")]
        assert found[AGE] == [("kube-apiserver-cp1", "fail")]
        assert found["k8s-audit-log-backups-few"] == [("kube-apiserver-cp1", "pass")], "1.36's"
        assert "k8s-audit-change-unlogged" not in found, "nobody has shown a policy"

        policy = tmp_path / "audit.yaml"
        rules = "rules: [{level: None, users: [bob]}, {level: Metadata}]"
        policy.write_text(f"apiVersion: audit.k8s.io/v1\nkind: Policy\n{rules}\n")
        found = verdicts(kubeconfig, "k8s://", str(policy))
        assert found[POLICY] == [("kube-apiserver-cp1", "pass")]
        assert [each for _, each in found["k8s-audit-caller-exempt"]] == ["fail"]
        assert [each for _, each in found["k8s-audit-change-unlogged"]] == ["pass"]


@pytest.mark.parametrize("denied", ["pods", "namespaces", "nodes"])
def test_what_may_not_be_read(server: ApiServer, tmp_path: Path, denied: str) -> None:
    """A cluster of which something is refused passes nothing on account of that."""
    rbac = "rbac.authorization.k8s.io"
    with server.client() as client:
        path = "/api/v1/namespaces/default/serviceaccounts"
        named = {"metadata": {"name": "auditor"}}
        created(client, path, {"apiVersion": "v1", "kind": "ServiceAccount", **named})
        allowed = [each for each in ("pods", "namespaces", "nodes") if each != denied]
        rules = [
            {"apiGroups": [""], "resources": allowed, "verbs": ["list"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        ]
        head = {"apiVersion": f"{rbac}/v1", **named}
        created(
            client, f"/apis/{rbac}/v1/clusterroles", {"kind": "ClusterRole", **head, "rules": rules}
        )
        subject = {"kind": "ServiceAccount", "name": "auditor", "namespace": "default"}
        role = {"apiGroup": rbac, "kind": "ClusterRole", "name": "auditor"}
        binding = {"kind": "ClusterRoleBinding", **head, "roleRef": role, "subjects": [subject]}
        created(client, f"/apis/{rbac}/v1/clusterrolebindings", binding)
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp1"}}
        uid = created(client, "/api/v1/nodes", node)["metadata"]["uid"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": "cp1", "uid": uid, "controller": True}
        mirror = pod("kube-apiserver-cp1", *FLAGS, owner=owner)
        created(client, "/api/v1/namespaces/kube-system/pods", mirror)
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        token = created(client, f"{path}/auditor/token", asked)["status"]["token"]
    kubeconfig = write_kubeconfig(tmp_path / "least.json", server, token)
    ran = auditor(
        *("scan", "k8s://", "--profile", "audit-logging", "--format", "json", "--all"),
        env={"KUBECONFIG": str(kubeconfig)},
    )
    document = json.loads(ran.out)
    gaps = {gap["scope"].lower() for gap in document["gaps"]}
    assert f"k8s/{denied.removesuffix('s')}" in gaps
    found = {(each["rule"], each["verdict"]) for each in document["findings"]}
    states = {each["id"]: each["state"] for each in document["controls"]}
    if denied == "pods":
        assert (POLICY, "pass") not in found
        assert states["3.2.1"] == "undetermined"
    else:
        assert (POLICY, "pass") in found, "the mirror pod was read"
        assert (AGE, "fail") in found


def test_metrics(audited: Audited, server: ApiServer, tmp_path: Path) -> None:
    """Of a server with a policy and of one without, by what they print themselves."""
    saved = {"audited": _metrics(audited.server), "silent": _metrics(server)}
    for name, text in saved.items():
        (tmp_path / f"{name}.apiserver-metrics").write_text(text)
    nowhere = tmp_path / "none"
    found = verdicts(nowhere, str(tmp_path / "audited.apiserver-metrics"))
    assert found[POLICY] == [("audited", "pass")]
    assert found["k8s-audit-log-missing"] == [("audited", "pass")]
    assert found["k8s-audit-events-none"] == [("audited", "pass")]
    assert found["k8s-audit-events-lost"] == [("audited", "pass")]
    assert found[AGE] == [("audited", "unknown")]
    found = verdicts(nowhere, str(tmp_path / "silent.apiserver-metrics"))
    assert found["k8s-audit-events-none"] == [("silent", "fail")]
    assert found[POLICY] == [("silent", "unknown")]

    kubeconfig = write_kubeconfig(tmp_path / "admin.json", server, server.token)
    found = verdicts(kubeconfig, "k8s://", str(tmp_path / "audited.apiserver-metrics"))
    assert sorted(found[POLICY]) == [("audited", "pass"), ("kube-system", "unknown")], (
        "it has counters of its own"
    )


@pytest.mark.parametrize("lost", ["", "/flagz", "/metrics"])
def test_what_a_server_prints_when_it_is_asked(audited: Audited, tmp_path: Path, lost: str) -> None:
    """By the role that is printed, and by one without a path of it."""
    before = len(audited.lines())
    role = auditor("permissions", "k8s", "--profile", "audit-logging").out
    objects = list(yaml.safe_load_all(role))
    paths = {"Namespace": "/api/v1/namespaces", "ServiceAccount": ACCOUNTS}
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        paths[kind] = f"/apis/rbac.authorization.k8s.io/v1/{kind.lower()}s"
    with emptied(audited.server) as server:
        with server.client() as client:
            for each in objects:
                each["rules"] = [
                    rule
                    for rule in each.get("rules", ())
                    if not lost or rule.get("nonResourceURLs") != [lost]
                ]
                created(client, paths[each["kind"]], each)
            asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
            token = created(client, f"{ACCOUNTS}/auditor/token", asked)["status"]["token"]
        kubeconfig = write_kubeconfig(tmp_path / "least.json", server, token)
        ran = auditor(
            *("scan", "k8s://", "--profile", "audit-logging", "--format", "json", "--all"),
            env={"KUBECONFIG": str(kubeconfig)},
        )
        ready = auditor(
            *("doctor", "k8s://", "--profile", "audit-logging"), env={"KUBECONFIG": str(kubeconfig)}
        )
    document = json.loads(ran.out)
    found = {each["rule"]: each["verdict"] for each in document["findings"]}
    refused = {gap["scope"]: gap["cause"] for gap in document["gaps"]}
    assert refused == ({PRINTED[lost]: "denied"} if lost else {})
    assert (f"get {lost}" in ready.out) is bool(lost), ready.out
    assert found[AGE] == ("unknown" if lost == "/flagz" else "fail")
    assert found[POLICY] == "pass", "by its flags, or by what it counts"
    assert found["k8s-audit-events-none"] == ("unknown" if lost == "/metrics" else "pass")
    asked_for = {json.loads(line)["requestURI"] for line in audited.lines()[before:]}
    assert {"/flagz", "/metrics"} <= asked_for


def _metrics(server: ApiServer) -> str:
    with server.client() as client:
        return str(client.get("/metrics").body["text"])


def test_flags_that_a_server_prints(control_plane: Binaries, tmp_path: Path) -> None:
    """Printed several times: what stands between a flag and its value is chance's."""
    options = ["--audit-log-maxage=7", "--audit-log-path=-", "--profiling=false"]
    with running(control_plane, tmp_path / "server", options=options) as server:
        printed = [_printed(server) for _ in range(3)]
    for number, text in enumerate(printed):
        place = tmp_path / f"prod-{number}.flagz"
        place.write_text(text)
        found = verdicts(tmp_path / "none", str(place))
        assert found[POLICY] == [(f"prod-{number}", "fail")], text
        assert found["k8s-audit-log-missing"] == [(f"prod-{number}", "pass")]
        assert found[AGE] == [(f"prod-{number}", "unknown")], "it goes to standard output"


def _printed(server: ApiServer) -> str:
    tls = ssl.create_default_context(cafile=server.authority)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=tls, timeout=60)
    headers = {"Authorization": f"Bearer {server.token}", "Accept": "text/plain"}
    connection.request("GET", "/flagz", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200
    text = answer.read().decode()
    connection.close()
    return text


NAMESPACE, NAME = "openshift-kube-apiserver", "config"


@pytest.fixture
def openshift(server: ApiServer) -> ApiServer:
    """A server that says it is OpenShift's, for as long as the test lasts."""
    with server.client() as client:
        created(client, "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        made = definition("config.openshift.io", "APIServer", "v1", "Cluster")
        created(client, DEFINITIONS, made)
        served = "/apis/config.openshift.io/v1/apiservers"
        wait_for(lambda: client.get(served).status == 200, "the kind is not served")
        spec = {"metadata": {"name": "cluster"}, "spec": {"audit": {"profile": "Default"}}}
        head = {"apiVersion": "config.openshift.io/v1", "kind": "APIServer"}
        created(client, served, {**head, **spec})
    return server


@pytest.mark.parametrize("allowed", [True, False])
def test_what_openshift_gives_its_api_server(
    openshift: ApiServer,
    tmp_path: Path,
    allowed: bool,  # noqa: FBT001 - a case
) -> None:
    """By the role for that one ConfigMap, and by one without it."""
    namespace, name = NAMESPACE, NAME
    more = ("--config-map", f"{namespace}/{name}") if allowed else ()
    role = auditor("permissions", "k8s", "--profile", "audit-logging", *more).out
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    paths = {"Namespace": "/api/v1/namespaces", "ServiceAccount": ACCOUNTS}
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        paths[kind] = f"{rbac}/{kind.lower()}s"
    for kind in ("Role", "RoleBinding"):
        paths[kind] = f"{rbac}/namespaces/{namespace}/{kind.lower()}s"
    arguments = {"audit-policy-file": ["/p"], "audit-log-path": ["/a"], "audit-log-maxage": ["7"]}
    text = json.dumps({"apiServerArguments": arguments})
    with openshift.client() as client:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp1"}}
        uid = created(client, "/api/v1/nodes", node)["metadata"]["uid"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": "cp1", "uid": uid}
        mirror = pod("kube-apiserver-cp1", owner={**owner, "controller": True})
        script = "exec hyperkube kube-apiserver --openshift-config=/etc/config.yaml"
        mirror["spec"]["containers"][0] |= {"command": ["/bin/bash", "-ec"], "args": [script]}
        created(client, f"/api/v1/namespaces/{namespace}/pods", mirror)
        config = {"metadata": {"name": name}, "data": {"config.yaml": text}}
        created(client, f"/api/v1/namespaces/{namespace}/configmaps", config)
        for each in yaml.safe_load_all(role):
            created(client, paths[each["kind"]], each)
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        token = created(client, f"{ACCOUNTS}/auditor/token", asked)["status"]["token"]
    kubeconfig = write_kubeconfig(tmp_path / "least.json", openshift, token)
    ran = auditor(
        *("scan", "k8s://", "--profile", "audit-logging", "--format", "json", "--all"),
        env={"KUBECONFIG": str(kubeconfig)},
    )
    document = json.loads(ran.out)
    found = {each["rule"]: each["verdict"] for each in document["findings"]}
    denied = [gap for gap in document["gaps"] if gap["cause"] == "denied" and name in gap["detail"]]
    if allowed:
        assert (found[POLICY], found[AGE]) == ("pass", "fail")
        assert [gap for gap in denied if "ConfigMap" in gap["scope"]] == []
    else:
        assert (found[POLICY], found[AGE]) == ("unknown", "unknown")
        (gap,) = denied
        assert f"ConfigMap {name}, which APIServer cluster names" in gap["detail"]
        assert f"--config-map {namespace}/{name}" in gap["hint"]
