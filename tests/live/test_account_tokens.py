"""Which pods get a token: ServiceAccount admission of a real API server is the judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.apiserver import Binaries, running
from tests.engines.client import Client

SAID = {"says-nothing": {}, "says-yes": {"automountServiceAccountToken": True}}
SAID["says-no"] = {"automountServiceAccountToken": False}
CASES = list(product(SAID, SAID))
PODS = "/api/v1/namespaces/default/pods?dryRun=All"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
RULES = {
    *("k8s-service-account-token-mounted", "k8s-service-account-token-declared"),
    "k8s-service-account-token-requested",
}


def name_of(account: str, pod: str) -> str:
    return f"account-{account}-pod-{pod}"


def account_of(account: str, pod: str) -> dict[str, Any]:
    metadata = {"name": name_of(account, pod), "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, **SAID[account]}


def pod_of(account: str, pod: str) -> dict[str, Any]:
    name = name_of(account, pod)
    spec = {"serviceAccountName": name, "containers": [{"name": "c", "image": "i"}], **SAID[pod]}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def admitted(client: Client) -> dict[str, Mapping[str, Any]]:
    made = {}
    for case in CASES:
        assert client.post(ACCOUNTS, account_of(*case)).status == 201
        reply = client.post(PODS, pod_of(*case))
        assert reply.status == 201, reply
        version = {**reply.body["metadata"], "resourceVersion": "1"}  # type: ignore[dict-item]
        made[name_of(*case)] = {**reply.body, "metadata": version}
    return made


def has_token(pod: Mapping[str, Any]) -> bool:
    mounts = pod["spec"]["containers"][0].get("volumeMounts", ())
    return any(mount["mountPath"] == TOKEN for mount in mounts)


def told(folder: Path, pods: list[Any]) -> set[str]:
    """The accounts of the pods that we say get a token."""
    path = folder / "list.json"
    items = [*(account_of(*case) for case in CASES), *pods]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    done = auditor("scan", path, "--format", "json", "--exit-zero")
    found = done.results()["findings"]
    return {item["resource"]["name"] for item in found if item["rule"] in RULES}


@pytest.mark.engine
def test_the_pod_then_its_account_decides(control_plane: Binaries, tmp_path: Path) -> None:
    options = ["--disable-admission-plugins=NodeRestriction"]
    with (
        running(control_plane, tmp_path / "server", options=options) as server,
        server.client() as client,
    ):
        pods = admitted(client)
    with_token = {name for name, pod in pods.items() if has_token(pod)}
    assert with_token == {
        name_of("says-nothing", "says-nothing"),
        name_of("says-yes", "says-nothing"),
        *(name_of(account, "says-yes") for account in SAID),
    }
    assert told(tmp_path, [pod_of(*case) for case in CASES]) == with_token
    assert told(tmp_path, list(pods.values())) == with_token
