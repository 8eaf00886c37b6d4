"""What LimitRanges fill in: admission of a real API server is the judge, on generated objects."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.limits import defaults_of, filled
from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client
from tests.sweeps import sweep

PODS = 5
SIZES = {"min": "10", "defaultRequest": "20", "default": "30", "max": "40"}
RULES = {"k8s-cpu-request-missing", "k8s-memory-limit-missing", "k8s-memory-request-missing"}
Json = dict[str, Any]


def some(dice: random.Random, value: str) -> Json:
    """A quantity for some of the resources."""
    return {name: value for name in ("cpu", "memory") if dice.random() < 0.5}


def limit_range(dice: random.Random, namespace: str) -> Json:
    items = []
    for kind in dice.choice((("Container",), ("Container",), ("Pod", "Container"), ("Pod",))):
        fields = SIZES if kind == "Container" else {"max": "400"}
        item = {name: some(dice, size) for name, size in fields.items() if dice.random() < 0.5}
        items.append({"type": kind, **item})
    metadata = {"name": "limits", "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata,
        "spec": {"limits": items},
    }


def container(dice: random.Random, name: str) -> Json:
    made: Json = {"name": name, "image": "r.io/a"}
    resources = {}
    if dice.random() < 0.5:
        resources["limits"] = some(dice, "35")
    if dice.random() < 0.5:
        resources["requests"] = some(dice, "15")
    if resources:
        made["resources"] = resources
    return made


def pod(dice: random.Random, namespace: str, name: str) -> Json:
    spec: Json = {"containers": [container(dice, "a")]}
    if dice.random() < 0.5:
        spec["initContainers"] = [container(dice, "i")]
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def resources_of(spec: Mapping[str, Any]) -> Json:
    """What each container asks for and may use; a limit alone is a request as well."""
    found = {}
    for field in ("initContainers", "containers"):
        for each in spec.get(field, ()):
            said = each.get("resources", {})
            limits, requests = said.get("limits", {}), said.get("requests", {})
            found[each["name"]] = (limits, {**limits, **requests})
    return found


def failing(folder: Path, objects: list[Any]) -> set[tuple[str, str, str]]:
    folder.mkdir()
    whole = {"apiVersion": "v1", "kind": "List", "items": objects}
    (folder / "list.json").write_text(json.dumps(whole))
    done = auditor("scan", folder, "--format", "json", "--exit-zero")
    return {
        (item["resource"]["name"], item["element"], item["rule"])
        for item in done.results()["findings"]
        if item["rule"] in RULES
    }


def make(client: Client, path: str, body: Json) -> Any:
    reply = client.post(path, body)
    assert reply.status == 201, reply
    return reply.body


@pytest.mark.engine
@sweep(some=20, whole=40)
def test_limit_ranges_as_the_server_applies_them(
    apiserver: ApiServer, tmp_path: Path, size: int
) -> None:
    """In namespaces of their own: no other test asks about those."""
    dice = random.Random(20_261_129)
    written: list[Json] = []
    admitted: list[Json] = []
    changed = 0
    with apiserver.client() as client:
        for number in range(size):
            namespace = f"limits-{size}-{number}"
            make(client, "/api/v1/namespaces", {"metadata": {"name": namespace}})
            ranged = limit_range(dice, namespace)
            make(client, f"/api/v1/namespaces/{namespace}/limitranges", ranged)
            written.append(ranged)
            for index in range(PODS):
                said = pod(dice, namespace, f"p{number}-{index}")
                path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
                reply = client.post(path, said)
                if reply.status == 403:
                    continue  # the namespace lets nobody be so large, or so small
                assert reply.status == 201, reply
                made: Any = reply.body
                spec, _ = filled(said["spec"], [defaults_of(ranged)])
                assert resources_of(spec) == resources_of(made["spec"]), (ranged, said)
                changed += resources_of(said["spec"]) != resources_of(made["spec"])
                written.append(said)
                metadata = {**made["metadata"], "resourceVersion": "1"}
                admitted.append({**made, "metadata": metadata, "kind": "Pod", "apiVersion": "v1"})
    assert len(admitted) > size * PODS / 2
    assert changed > len(admitted) / 3
    found = failing(tmp_path / "written", written)
    assert found == failing(tmp_path / "admitted", admitted)
    assert found != failing(tmp_path / "alone", [each for each in written if each["kind"] == "Pod"])
