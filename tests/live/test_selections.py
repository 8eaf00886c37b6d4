"""What selectors select: lists of a real API server are the judge, on generated pods.

Nothing runs the pods: they are there, and the server lists them by their labels.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from auditor.analysis.label_selectors import of_selector
from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client
from tests.live.cluster import emptied, results, write_kubeconfig
from tests.sweeps import sweep
from tests.unit.analysis.test_label_selectors import some_selector

PODS = 5
SELECTORS = 30
POLICY, SERVICE = "k8s-network-policy-selects-nothing", "k8s-service-selects-nothing"
Json = dict[str, Any]
Found = set[tuple[str, str, str]]


def pod(dice: random.Random, namespace: str, name: str) -> Json:
    labels = {key: dice.choice("xyz") for key in "abcd" if dice.random() < 0.4}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "a", "image": "r.io/a"}]},
    }


def policy(selector: Json, namespace: str, name: str) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": selector},
    }


def service(labels: Mapping[str, str], namespace: str, name: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": labels, "ports": [{"port": 80}]},
    }


def generated(dice: random.Random, namespace: str) -> Iterator[Json]:
    for number in range(PODS):
        yield pod(dice, namespace, f"p{number}")
    for number in range(SELECTORS):
        selector = some_selector(dice)
        yield policy(selector, namespace, f"n{number}")
        if selector["matchLabels"]:
            yield service(selector["matchLabels"], namespace, f"s{number}")


def path_of(body: Json) -> str:
    namespace = body["metadata"]["namespace"]
    group = "/apis/networking.k8s.io/v1" if body["kind"] == "NetworkPolicy" else "/api/v1"
    plural = {"Pod": "pods", "Service": "services", "NetworkPolicy": "networkpolicies"}
    return f"{group}/namespaces/{namespace}/{plural[body['kind']]}"


def listed(client: Client, namespace: str, selector: object) -> int:
    """How many pods the server finds for a selector."""
    asked = of_selector(selector)
    assert asked is not None
    text = quote(",".join(map(str, asked)))
    reply = client.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={text}")
    items = reply.body["items"]
    assert isinstance(items, list), reply
    return len(items)


def selecting_nothing(client: Client, objects: list[Json]) -> Found:
    """The rule, the namespace and the name of each that the server finds no pod for."""
    found: Found = set()
    for each in objects:
        namespace, name = each["metadata"]["namespace"], each["metadata"]["name"]
        if each["kind"] == "NetworkPolicy":
            selector, rule = each["spec"]["podSelector"], POLICY
        elif each["kind"] == "Service":
            selector, rule = {"matchLabels": each["spec"]["selector"]}, SERVICE
        else:
            continue
        if not listed(client, namespace, selector):
            found.add((rule, namespace, name))
    return found


def told(document: Json, verdict: str = "fail") -> Found:
    return {
        (each["rule"], each["resource"]["namespace"], each["resource"]["name"])
        for each in document["findings"]
        if each["rule"] in {POLICY, SERVICE} and each["verdict"] == verdict
    }


@pytest.mark.engine
@sweep(some=2, whole=6)
def test_selectors_as_the_server_lists_by_them(plain: ApiServer, tmp_path: Path, size: int) -> None:
    dice = random.Random(20_261_129)
    namespaces = [f"n{size}-{number}" for number in range(size)]
    objects = [each for namespace in namespaces for each in generated(dice, namespace)]
    with emptied(plain) as server, server.client() as client:
        for namespace in namespaces:
            made = client.post("/api/v1/namespaces", {"metadata": {"name": namespace}})
            assert made.status == 201, made
        for each in objects:
            made = client.post(path_of(each), each)
            assert made.status == 201, made
        expected = selecting_nothing(client, objects)
        config = write_kubeconfig(tmp_path / "admin.json", server, server.token)
        live = results(
            auditor("scan", "k8s://", "--format", "json", env={"KUBECONFIG": str(config)})
        )
    folder = tmp_path / "files"
    folder.mkdir()
    whole = {"apiVersion": "v1", "kind": "List", "items": objects}
    (folder / "list.json").write_text(json.dumps(whole))
    files = results(auditor("scan", folder, "--format", "json"))
    assert len(expected) > len(objects) / 4
    assert len(expected) < len(objects) * 3 / 4
    assert told(live) == told(files) == expected
    assert told(live, "unknown") == told(files, "unknown") == set()
