"""Rules on flags against API servers that were started with them: what each then does.

The server is started, its command line is read from the kernel, and a mirror pod with that is made
in the server itself, controlled by a Node, as a kubelet would. What a scan says of it is compared
with what the server does when it is asked.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.controlplane.flags import by_name, started
from auditor.platforms.kubernetes import NODE_COMPONENTS
from auditor.policy import load, policies_folder
from collectors.kubernetes.node.framing import parse
from collectors.kubernetes.node.probes import FLAGS
from collectors.kubernetes.node.shapes import bodies
from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer, Binaries, running
from tests.engines.client import Client
from tests.live.cluster import emptied, write_kubeconfig
from tests.unit.collectors.kubernetes.node.trees import printed

UNAUTHORIZED = 401
FLAG = re.compile(r'"([a-z][a-z0-9]*(?:-[a-z0-9]+)+|profiling)"')
RULES = {
    rule.id: rule
    for rule in load((policies_folder(),)).rules.values()
    if rule.applies_to == ("k8s/ControlPlane",)
}
HARDENED = (
    "--anonymous-auth=false",
    "--enable-admission-plugins=DenyServiceExternalIPs",
    "--enable-admission-plugins=NodeRestriction",
)
STARTS = {
    "opened": (
        "--profiling",
        "--authorization-mode=AlwaysAllow",
        "--disable-admission-plugins=ServiceAccount,NamespaceLifecycle",
    ),
    "last": (
        "--anonymous-auth=false",
        "--anonymous-auth",
        "--profiling=0",
        "--anonymous-auth=false",
    ),
}


def arguments(server: ApiServer) -> list[str]:
    """The command line of a server, as the kernel has it."""
    wanted = f"--secure-port={server.port}".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")[:-1]
        except OSError:
            continue
        if wanted in words and words[0].endswith(b"kube-apiserver"):
            return ["kube-apiserver", *(word.decode() for word in words[1:])]
    raise AssertionError("no such process")


def mirrored(client: Client, command: list[str]) -> None:
    """Make the mirror pod of a static pod with a command, as the kubelet of a node would."""
    node = client.post("/api/v1/nodes", {"metadata": {"name": "cp1"}}).body
    owner = {"apiVersion": "v1", "kind": "Node", "name": "cp1", "controller": True}
    owner["uid"] = node["metadata"]["uid"]  # type: ignore[index]  # an object of the API
    made = client.post(
        "/api/v1/namespaces/kube-system/pods",
        {
            "metadata": {
                "name": "kube-apiserver-cp1",
                "annotations": {
                    "kubernetes.io/config.mirror": "5f",
                    "kubernetes.io/config.hash": "5f",
                },
                "ownerReferences": [owner],
            },
            "spec": {
                "nodeName": "cp1",
                "containers": [
                    {"name": "kube-apiserver", "image": "r/a:v1.37.2", "command": command}
                ],
            },
        },
    )
    assert made.status == 201, made.message


def anonymous(server: ApiServer, client: Client) -> bool:
    """Whether a request without credentials is one of somebody."""
    del client
    context = ssl.create_default_context(cafile=str(server.authority))
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context)
    try:
        connection.request("GET", "/version")
        return connection.getresponse().status != UNAUTHORIZED
    finally:
        connection.close()


def profiled(server: ApiServer, client: Client) -> bool:
    del server
    return client.get("/debug/pprof/").status == 200


def external_addresses(server: ApiServer, client: Client) -> bool:
    """Whether a Service may claim any address."""
    del server
    spec = {"ports": [{"port": 80}], "externalIPs": ["192.0.2.1"]}
    body = {"metadata": {"name": "claims"}, "spec": spec}
    return client.post("/api/v1/namespaces/default/services", body).status == 201


def into_nowhere(server: ApiServer, client: Client) -> bool:
    """Whether an object may be made in a namespace that is not there."""
    del server
    body = {"metadata": {"name": "a"}, "data": {}}
    return client.post("/api/v1/namespaces/nowhere/configmaps", body).status == 201


def anything_allowed(server: ApiServer, client: Client) -> bool:
    """Whether somebody without a role may read all secrets."""
    del server
    asked = {"verb": "list", "resource": "secrets"}
    spec = {"user": "nobody-in-particular", "resourceAttributes": asked}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    answer: Any = client.post(path, {"spec": spec}).body
    return bool(answer["status"]["allowed"])


DOES: dict[str, Callable[[ApiServer, Client], bool]] = {
    "k8s-api-server-anonymous-allowed": anonymous,
    "k8s-api-server-profiling": profiled,
    "k8s-api-server-external-ips-allowed": external_addresses,
    "k8s-api-server-namespace-lifecycle-off": into_nowhere,
    "k8s-api-server-authorization-always-allow": anything_allowed,
}
"""The rule, and whether the server does what the rule is about."""


@pytest.fixture(scope="module")
def hardened(
    control_plane: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """The server that two tests look at."""
    folder = tmp_path_factory.mktemp("hardened")
    options = (*HARDENED, "--audit-log-path", str(folder / "audit.log"))
    with running(control_plane, folder / "server", options=options) as server:
        yield server


def test_a_rule_fails_if_a_server_does_it_by_default(plain: ApiServer, tmp_path: Path) -> None:
    with emptied(plain) as server, server.client() as client:
        rules_say_what_it_does(server, client, tmp_path / "config")


@pytest.mark.parametrize("name", STARTS)
def test_a_rule_fails_if_the_server_does_it(
    control_plane: Binaries, tmp_path: Path, name: str
) -> None:
    made = running(control_plane, tmp_path / "server", options=STARTS[name])
    with made as server, server.client() as client:
        rules_say_what_it_does(server, client, tmp_path / "config")


def test_a_rule_fails_if_the_hardened_server_does_it(hardened: ApiServer, tmp_path: Path) -> None:
    with hardened.client() as client:
        rules_say_what_it_does(hardened, client, tmp_path / "config")


def rules_say_what_it_does(server: ApiServer, client: Client, config: Path) -> None:
    mirrored(client, arguments(server))
    write_kubeconfig(config, server, server.token)
    ran = auditor(
        *("scan", "k8s://", "--kubeconfig", config, "--profile", "cis-kubernetes"),
        *("--all", "--format", "json"),
    )
    said = {
        each["rule"]: each["verdict"]
        for each in ran.results()["findings"]
        if each["rule"] in DOES and each["resource"]["name"] == "kube-apiserver-cp1"
    }
    assert said == {
        rule: "fail" if does(server, client) else "pass" for rule, does in DOES.items()
    }, json.dumps(ran.results()["gaps"], indent=1)


@pytest.mark.skipif(os.geteuid() != 0, reason="whose a process is only root may see")
def test_a_probe_of_this_machine_tells_the_same_flags(hardened: ApiServer) -> None:
    """The real script on real processes, against what the analysis reads in a pod's command."""
    command = arguments(hardened)
    seen = parse(printed(Path("/")))
    made = started({"command": command}, "")
    assert made is not None
    expected = {name: values for name, values in by_name(made.flags).items() if name in FLAGS}
    assert {"anonymous-auth", "audit-log-path", "enable-admission-plugins"} <= expected.keys()
    ((_, components),) = (each for each in bodies(seen) if each[0] == NODE_COMPONENTS)
    mine = [
        each
        for each in components["components"]
        if each["flags"].get("token-auth-file") == expected["token-auth-file"]
    ]
    assert [each["component"] for each in mine] == ["kube-apiserver"]
    assert mine[0]["flags"] == expected
    others = {flag.name for flag in made.flags} - expected.keys()
    assert set(mine[0]["hidden"]) == others
    assert "etcd" in {each["component"] for each in components["components"]}


def test_rules_name_flags_that_the_programs_have(control_plane: Binaries) -> None:
    for program, component in (
        (control_plane.apiserver, "kube-apiserver"),
        (control_plane.etcd, "etcd"),
    ):
        done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
        has = set(re.findall(r"--([a-z][a-z0-9-]*)", done.stdout + done.stderr))
        named = {
            flag
            for rule in RULES.values()
            if rule.when is not None and f'"{component}"' in rule.when.source
            for flag in FLAG.findall(rule.check.source)
        } - {component}
        assert len(named) >= 8
        assert named - has == set()
