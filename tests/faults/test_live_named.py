"""Of ConfigMaps a cluster is asked for those alone that configure how GPUs are shared, by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runs import Run
from tests.faults import server as fake
from tests.faults.clusters import on, scanned
from tests.faults.server import Asked, Handler, Reply

CONFIG_MAPS = "/api/v1/namespaces/gpu-operator/configmaps"
POLICIES = "/apis/nvidia.com/v1/clusterpolicies"
DAEMON_SETS = "/apis/apps/v1/daemonsets"
SHARED = {
    "version": "v1",
    "sharing": {"timeSlicing": {"resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}},
}
SHARE = json.dumps(SHARED)
NVIDIA = ("nvidia.com", "v1", (("ClusterPolicy", "clusterpolicies", False),))
SLICED = "gpu-time-slicing-configured"
NOT_READ = "gpu-sharing-configuration-not-read"


def policy(namespace: str = "gpu-operator", name: str = "plugin-config") -> dict[str, Any]:
    return {
        "metadata": {"name": "cluster-policy", "uid": "u"},
        "spec": {"devicePlugin": {"config": {"name": name, "default": "any"}}},
        "status": {"namespace": namespace},
    }


def config_map(name: str = "plugin-config", **data: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "gpu-operator", "uid": "c"}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": data}


def plugin() -> dict[str, Any]:
    container = {
        "name": "ctr",
        "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.4",
        "args": ["--config-file=/config/any"],
        "volumeMounts": [{"name": "config", "mountPath": "/config"}],
    }
    volumes = [{"name": "config", "configMap": {"name": "plugin-config"}}]
    template = {"spec": {"containers": [container], "volumes": volumes}}
    metadata = {"name": "plugin", "namespace": "gpu-operator", "uid": "d"}
    return {"metadata": metadata, "spec": {"template": template}}


def cluster(
    answer: Reply, *policies: dict[str, Any], daemon_sets: tuple[dict[str, Any], ...] = ()
) -> Handler:
    """A cluster with these; its one ConfigMap is answered with ``answer``."""
    core = (*fake.GROUPS[0][2], ("ConfigMap", "configmaps", True))
    handlers = (
        on("/api", fake.discovery(("", "v1", core))),
        on("/apis", fake.apis(NVIDIA)),
        on(POLICIES, fake.page_of("nvidia.com/v1", list(policies), "ClusterPolicy")),
        on(DAEMON_SETS, fake.page_of("apps/v1", list(daemon_sets), "DaemonSet")),
        on(f"{CONFIG_MAPS}/plugin-config", answer),
    )

    def handle(asked: Asked) -> Reply | None:
        assert asked.path != "/api/v1/configmaps", "not all of them"
        return next((found for each in handlers if (found := each(asked)) is not None), None)

    return handle


def asked_for(document: dict[str, Any]) -> list[str]:
    return [each.request for each in document["records"] if "configmaps" in each.request]


def of(document: dict[str, Any], rule: str) -> dict[str, int]:
    found: dict[str, int] = document["counts"][rule]
    return found


def test_what_a_policy_names_is_read_and_judged(tmp_path: Path) -> None:
    answer = fake.json_reply(config_map(any=SHARE))
    document = scanned(tmp_path, cluster(answer, policy()))
    assert asked_for(document) == [f"GET {CONFIG_MAPS}/plugin-config"]
    assert document["gaps"] == []
    assert (of(document, SLICED)["fail"], of(document, SLICED)["unknown"]) == (1, 0)
    assert of(document, NOT_READ)["fail"] == 0
    (sliced,) = [each for each in document["findings"] if each["rule"] == SLICED]
    assert "nvidia.com/gpu x 4" in sliced["message"]


def test_it_is_asked_for_once_whoever_names_it(tmp_path: Path) -> None:
    answer = fake.json_reply(config_map(any=SHARE))
    for namespace in ("", "gpu-operator"):
        found = cluster(answer, policy(namespace), policy(namespace), daemon_sets=(plugin(),))
        document = scanned(tmp_path, found)
        assert asked_for(document) == [f"GET {CONFIG_MAPS}/plugin-config"]
        assert document["gaps"] == []
        assert of(document, SLICED)["fail"] == 1


def test_where_nothing_names_one_none_is_asked_for(tmp_path: Path) -> None:
    document = scanned(tmp_path, cluster(fake.json_reply({}), policy(name="")))
    assert asked_for(document) == []
    assert (document["gaps"], of(document, SLICED)["unknown"]) == ([], 0)


REFUSED = fake.status(403, "configmaps is forbidden")
FAULTS = {
    "refused": (REFUSED, "denied", "configmaps is forbidden"),
    "not there": (fake.status(404, "not found"), "unsupported", "not found"),
    "another one": (
        fake.json_reply(config_map("other", any=SHARE)),
        "malformed",
        "asked for plugin-config, the answer is other",
    ),
    "no object": (Reply(b"["), "malformed", "the answer is not an object"),
}


@pytest.mark.parametrize(("answer", "cause", "says"), FAULTS.values(), ids=FAULTS.keys())
def test_one_that_is_not_had_is_a_gap(tmp_path: Path, answer: Reply, cause: str, says: str) -> None:
    document = scanned(tmp_path, cluster(answer, policy()))
    (gap,) = document["gaps"]
    assert (gap["scope"], gap["cause"]) == ("k8s/ConfigMap", cause)
    assert "ConfigMap plugin-config, which ClusterPolicy cluster-policy names: " in gap["detail"]
    assert says in gap["detail"]
    assert SLICED in gap["rules"]
    assert of(document, SLICED)["unknown"] >= 1, "it could have shared"
    assert of(document, NOT_READ)["fail"] == 1
    assert document["gate"]["decision"] != "pass"


def test_a_refusal_says_what_would_allow_for_it(tmp_path: Path) -> None:
    (gap,) = scanned(tmp_path, cluster(REFUSED, policy()))["gaps"]
    command = "auditor permissions k8s --config-map gpu-operator/plugin-config | kubectl apply -f -"
    assert command in gap["hint"]


def test_a_namespace_that_nobody_says_is_a_gap(tmp_path: Path) -> None:
    document = scanned(tmp_path, cluster(REFUSED, policy("")))
    (gap,) = document["gaps"]
    assert asked_for(document) == []
    assert "in which namespace is not said" in gap["detail"]
    assert of(document, SLICED)["unknown"] >= 1


def test_secrets_of_its_texts_are_left_out(tmp_path: Path) -> None:
    text = json.dumps({**SHARED, "password": "canary-in-a-text"})
    data = {"any": text, "db.password": "canary-as-a-value"}
    document = scanned(tmp_path, cluster(fake.json_reply(config_map(**data)), policy()))
    assert of(document, SLICED)["fail"] == 1
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"canary-in" not in kept
    assert b"canary-as" not in kept
    assert "canary" not in str(document)


def test_a_profile_without_the_analysis_asks_for_none(tmp_path: Path) -> None:
    kinds = Run(profile="pod-security-baseline").wanted("k8s://fake")
    found = cluster(fake.json_reply(config_map(any=SHARE)), policy(), daemon_sets=(plugin(),))
    assert asked_for(scanned(tmp_path, found, kinds)) == []
