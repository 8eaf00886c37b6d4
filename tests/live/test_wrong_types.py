"""What a real API server can't decode of a pod, no rule passes or fails where that field decides.

A pod of many fields is varied, one field at a time: with values of the right type, which tell which
rules the field decides, and with values of each other type, about which the server is asked.
"""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.either import EITHER_NAMES, EITHER_VALUES
from tests.e2e.runs import Run, collector_of, preparation
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Request

PODS = "/api/v1/namespaces/default/pods?dryRun=All"
PROBE = {"httpGet": {"port": 80, "host": ""}, "initialDelaySeconds": 1, "failureThreshold": 3}
CONTAINER = {
    "name": "c",
    "image": "r.io/a:1.2",
    "command": ["vllm", "serve"],
    "args": ["--api-key"],
    "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "none"}, {"name": "B", "value": "x"}],
    "ports": [{"containerPort": 80, "hostPort": 0}],
    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1"}},
    "livenessProbe": PROBE,
    "volumeMounts": [{"name": "h", "mountPath": "/h", "readOnly": True}],
    "securityContext": {
        "runAsUser": 1000,
        "runAsNonRoot": True,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "procMount": "Default",
        "capabilities": {"add": ["CHOWN"], "drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
        "appArmorProfile": {"type": "RuntimeDefault"},
        "seLinuxOptions": {"type": "", "user": "", "role": ""},
        "windowsOptions": {"hostProcess": False},
    },
}
TOKEN = {"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "hostUsers": True,
        "shareProcessNamespace": False,
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "serviceAccountName": "own",
        "restartPolicy": "Always",
        "os": {"name": "linux"},
        "securityContext": {
            "runAsUser": 1000,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            "appArmorProfile": {"type": "RuntimeDefault"},
            "seLinuxOptions": {"type": "", "user": "", "role": ""},
            "windowsOptions": {"hostProcess": False},
            "sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}],
        },
        "containers": [CONTAINER],
        "volumes": [
            {"name": "h", "hostPath": {"path": "/mnt/x"}},
            {"name": "e", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
            {"name": "t", "projected": {"sources": [TOKEN]}},
        ],
    },
}
TEXTS = ("", "x", "default", "ALL", "Memory", "Never", "Unconfined", "Unmasked", "NET_ADMIN", "/")
RIGHT: Mapping[type, tuple[object, ...]] = {
    bool: (True, False),
    int: (0, 7, 100_000),
    str: (*TEXTS, "NVIDIA_VISIBLE_DEVICES", "all", "windows", "--trust-remote-code"),
}
WRONG = {
    "string": ("0", "true"),
    "number": (1, 0),
    "bool": (True, False),
    "array": ([],),
    "object": ({},),
}
HANDLED = {("image", "object"): "the rules on images judge image volumes, too, where it is a map"}
PROFILES = (
    pytest.param("pod-security-restricted", marks=pytest.mark.long),
    "ai-platform",
)
"""All rules of the first are in the second as well."""
LEAST_DECIDED, LEAST_REFUSED = 25, 250

Path_ = tuple[str | int, ...]


@pytest.fixture(scope="module")
def client(apiserver: ApiServer) -> Iterator[Client]:
    with apiserver.client() as found:
        yield found


def leaves(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, object]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, below in items:
            yield from leaves(below, (*path, name))
    else:
        yield path, value


def varied(path: Path_, value: object) -> dict[str, Any]:
    pod = copy.deepcopy(POD)
    at: Any = pod
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return pod


def verdicts(folder: Path, profile: str, pods: list[dict[str, Any]]) -> list[dict[str, set[str]]]:
    """By rule, its verdicts on each pod; with ``said`` what is said of wrong types."""
    for number, pod in enumerate(pods):
        named = {**pod, "metadata": {**pod["metadata"], "name": f"p{number}"}}
        (folder / f"{number}.json").write_text(json.dumps(named))
    run = Run(profile=profile, gate="never", list_all=True)
    told = [defaultdict[str, set[str]](set) for _ in pods]
    for item in json.loads(run.results(collector_of(folder)))["findings"]:
        name = item["resource"]["name"]
        told[int(name[1:])][item["rule"]].add(item["verdict"])
        if "cannot unmarshal" in item["message"]:
            told[int(name[1:])]["said"].add(item["message"].split('"')[1])
    return [dict(each) for each in told]


def deciding(
    right: list[tuple[Path_, object]], ours: list[dict[str, set[str]]]
) -> dict[Path_, set[str]]:
    """The rules that say different things of different values of a field."""
    seen: dict[Path_, list[dict[str, set[str]]]] = defaultdict(list)
    for (path, _), told in zip(right, ours, strict=True):
        assert "said" not in told, path
        seen[path].append(told)
    return {
        path: {rule for rule in several[0] if len({str(each.get(rule)) for each in several}) > 1}
        for path, several in seen.items()
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_what_cant_be_decoded_has_no_verdict(client: Client, tmp_path: Path, profile: str) -> None:
    fields = list(leaves(POD["spec"], ("spec",)))
    right = [(path, value) for path, was in fields for value in RIGHT[type(was)]]
    wrong = [
        (path, kind, value)
        for path, was in fields
        for kind, values in WRONG.items()
        for value in values
        if type(value) is not type(was)
    ]
    odd = [varied(path, value) for path, _, value in wrong]
    ours = verdicts(tmp_path, profile, [varied(*each) for each in right] + odd)
    decided = deciding(right, ours[: len(right)])
    replies = client.send_all(Request("POST", PODS, pod) for pod in odd)
    different, refused = [], 0
    for (path, kind, value), told, reply in zip(wrong, ours[len(right) :], replies, strict=True):
        answer = {f"cannot unmarshal {kind}"}
        if answer.isdisjoint(re.findall("cannot unmarshal [a-z]+", reply.message)):
            answer = set()
        if not told.get("said", set()) <= answer:
            different.append((path, value, reply.message, told))
        refused += bool(answer)
        rules = decided[path] if answer and (path[-1], kind) not in HANDLED else ()
        different += [(path, value, rule, told) for rule in rules if "unknown" not in told[rule]]
    assert different == []
    assert refused >= LEAST_REFUSED
    assert sum(map(len, decided.values())) >= LEAST_DECIDED


def test_the_larger_profile_has_the_rules_of_the_other() -> None:
    few, many = (
        {active.rule.id for active in preparation(name).ready.profile.rules}
        for name in ("pod-security-restricted", "ai-platform")
    )
    assert few < many


def test_fields_that_hold_a_text_or_a_number(client: Client) -> None:
    names, values = set(), set()
    paths: Any = client.get("/openapi/v3").body["paths"]
    for path in paths:
        found: Any = client.get(f"/openapi/v3/{path}").body
        for schema in found.get("components", {}).get("schemas", {}).values():
            for name, field in schema.get("properties", {}).items():
                if _either(field) or _either(field.get("items")):
                    names.add(name)
                if _either(field.get("additionalProperties")):
                    values.add(name)
    assert names - {"value"} == EITHER_NAMES
    assert values == EITHER_VALUES


def _either(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    parts = [schema, *schema.get("allOf", ())]
    return any(
        part.get("format") == "int-or-string"
        or part.get("$ref", "").endswith(("Quantity", "IntOrString"))
        for part in parts
    )
