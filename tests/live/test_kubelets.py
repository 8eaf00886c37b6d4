"""A kubelet's own code asked for its configuration: who asks it, the API server says to it.

What a file leaves out the kubelet fills in, and tells: by that our defaults are compared with its.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trustme
import yaml

from auditor.analysis.nodes.kubelet import effective
from tests.e2e.command import Ran, auditor
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Request
from tests.engines.kubelet import WEBHOOK, kubelet
from tests.live.cluster import ROLE, emptied, write_kubeconfig
from tests.live.test_control_plane import ACCOUNTS, created
from tests.sweeps import sweep

KIND = "k8s/KubeletConfiguration.kubelet.config.k8s.io"
TARGET = "k8s://?kubelets=configz"
PROFILE = ("--profile", "cis-kubernetes")
SETTINGS = {**WEBHOOK, "readOnlyPort": 10255, "makeIPTablesUtilChains": True}
EXPECTED = {
    "k8s-kubelet-anonymous-allowed": "pass",
    "k8s-kubelet-authorization-always-allow": "pass",
    "k8s-kubelet-read-only-port-open": "fail",
}


@pytest.fixture
def scene(plain: ApiServer, kubelet_binary: Path, tmp_path: Path) -> Iterator[Any]:
    """A cluster with a node whose kubelet answers, our role in it, and a kubeconfig of ours."""
    authority = trustme.CA()
    with (
        emptied(plain) as server,
        kubelet(kubelet_binary, server, tmp_path / "node", authority, SETTINGS) as port,
        server.client() as client,
    ):
        _node(client, port)
        least = _account(client)
        both = tmp_path / "authorities.pem"
        both.write_bytes(server.authority.read_bytes() + authority.cert_pem.bytes())
        ours = {"certificate-authority": str(both)}
        yield client, write_kubeconfig(tmp_path / "least.json", server, least, **ours)


def _node(client: Client, port: int) -> None:
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-7"}}
    made = created(client, "/api/v1/nodes", node)
    reply = client.send(Request("PUT", "/api/v1/nodes/gpu-7/status", {**made, "status": status}))
    assert reply.status == 200, reply.message


def _account(client: Client) -> str:
    """Make what the command prints; the token of the account."""
    printed = auditor("permissions", "k8s", *PROFILE, "--kubelets").out
    paths = {"Namespace": "/api/v1/namespaces", "ServiceAccount": ACCOUNTS}
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        paths[kind] = f"/apis/rbac.authorization.k8s.io/v1/{kind.lower()}s"
    for each in yaml.safe_load_all(printed):
        created(client, paths[each["kind"]], each)
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
    return str(created(client, f"{ACCOUNTS}/auditor/token", asked)["status"]["token"])


def _scan(kubeconfig: Path, *more: str | Path) -> dict[str, Any]:
    ran = _run(kubeconfig, "scan", TARGET, *PROFILE, "--format", "json", "--all", *more)
    document: dict[str, Any] = json.loads(ran.out)
    return document


def _run(kubeconfig: Path, *arguments: str | Path) -> Ran:
    return auditor(*arguments, env={"KUBECONFIG": str(kubeconfig)})


def _verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {
        each["rule"]: each["verdict"]
        for each in document["findings"]
        if each["rule"] in EXPECTED and each["resource"]["name"] == "gpu-7"
    }


def test_a_kubelet_and_the_role_that_it_asks_for(
    scene: tuple[Client, Path], tmp_path: Path
) -> None:
    client, kubeconfig = scene
    bundle = tmp_path / "bundle"
    document = _scan(kubeconfig, "--output", bundle)
    assert _verdicts(document) == EXPECTED
    assert KIND not in {gap["scope"] for gap in document["gaps"]}
    (control,) = (each for each in document["controls"] if each["id"] == "4.2.1")
    assert control["state"] == "satisfied"
    again = _run(kubeconfig, "replay", bundle)
    assert again.code == 0, again.err
    assert "get nodes/configz" not in _run(kubeconfig, "doctor", TARGET, *PROFILE).out

    role = dict(client.get(ROLE).body)
    assert isinstance(role["rules"], list)
    rest = [rule for rule in role["rules"] if rule.get("resources") != ["nodes/configz"]]
    assert len(rest) == len(role["rules"]) - 1
    assert client.send(Request("PUT", ROLE, {**role, "rules": rest})).status == 200
    document = _scan(kubeconfig)
    (gap,) = (gap for gap in document["gaps"] if gap["scope"] == KIND)
    assert gap["cause"] == "denied"
    assert gap["detail"] == "kubelet of gpu-7: HTTP 403: text/plain content"
    assert gap["hint"] == "auditor permissions k8s --kubelets prints a role with nodes/configz"
    assert _verdicts(document) == {}
    (control,) = (each for each in document["controls"] if each["id"] == "4.2.1")
    assert control["state"] == "undetermined"
    assert "get nodes/configz" in _run(kubeconfig, "doctor", TARGET, *PROFILE).out


CHOICES: dict[str, list[object]] = {
    "authentication": [
        {"anonymous": {"enabled": True}},
        {"anonymous": {}, "webhook": {"enabled": True}},
        {"x509": {}},
    ],
    "authorization": [{"mode": "AlwaysAllow"}, {"webhook": {}}, {}],
    "readOnlyPort": [0, 10255],
    "streamingConnectionIdleTimeout": ["0s", "5m", "1h30m"],
    "makeIPTablesUtilChains": [True, False, None],
    "eventRecordQPS": [0, 5, 50, None],
    "rotateCertificates": [True, False],
    "serverTLSBootstrap": [True, False],
    "featureGates": [{"RotateKubeletServerCertificate": True}, {}],
    "tlsCipherSuites": [["TLS_AES_128_GCM_SHA256"], []],
    "tlsMinVersion": ["VersionTLS12", ""],
    "podPidsLimit": [-1, 100, None],
    "seccompDefault": [True, False],
    "tlsCertFile": ["/a.crt", ""],
}


def _settings(seed: int) -> dict[str, object]:
    chance = Random(seed)
    chosen = [name for name in CHOICES if seed and chance.random() < 0.6]
    return {name: chance.choice(CHOICES[name]) for name in chosen}


@sweep(some=6, whole=60)
def test_what_a_kubelet_makes_of_a_configuration(
    plain: ApiServer, kubelet_binary: Path, tmp_path: Path, size: int
) -> None:
    """With nothing in it first; then by chance."""
    authority = trustme.CA()
    tls = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    reached: set[str] = set()
    for seed in range(size):
        settings = _settings(seed)
        serving = kubelet(kubelet_binary, plain, tmp_path / f"{seed}", authority, settings)
        with serving as port, Client(port, plain.token, tls) as client:
            told = client.get("/configz")
        assert told.status == 200, told.message
        found = told.body["kubeletconfig"]
        assert isinstance(found, dict)
        assert effective(found, {}) == effective(settings, {}), settings
        reached |= settings.keys()
    assert reached == CHOICES.keys()
