"""Variables that pods get from ConfigMaps, judged as if they stood in the pod."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.completed import Json, deployment, judged, verdicts

SWITCHES = {
    "k8s-gpu-selected-by-environment",
    "k8s-model-code-trusted",
    "k8s-notebook-without-authentication",
    "k8s-secret-in-environment-name",
    "k8s-secret-in-environment-value",
}
GPUS = {"name": "NVIDIA_VISIBLE_DEVICES"}
FROM_KEY = {**GPUS, "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "gpus"}}}


def settings(namespace: str = "ml", **data: str) -> Json:
    metadata = {"name": "settings", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def using(env: list[Json], *sources: Json) -> Json:
    container = {"name": "main", "image": "r.io/a", "env": env, "envFrom": list(sources)}
    return deployment(containers=[container])


WHOLE_MAP = {"configMapRef": {"name": "settings"}}
A_SECRET = {"secretRef": {"name": "s"}}
ALL = "k8s-gpu-selected-by-environment"
TRUST = "k8s-model-code-trusted"


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        pytest.param([using([FROM_KEY])], {ALL: "unknown"}, id="not read"),
        pytest.param([using([FROM_KEY]), settings(gpus="all")], {ALL: "fail"}, id="a key"),
        pytest.param([using([FROM_KEY]), settings(gpus="void")], {}, id="a harmless key"),
        pytest.param([using([FROM_KEY]), settings(a="b")], {ALL: "unknown"}, id="no such key"),
        pytest.param(
            [using([FROM_KEY]), settings("web", gpus="all")], {ALL: "unknown"}, id="elsewhere"
        ),
        pytest.param([using([], WHOLE_MAP)], {}, id="all of what was not read"),
        pytest.param(
            [using([], WHOLE_MAP), settings(NVIDIA_VISIBLE_DEVICES="all", TRUST_REMOTE_CODE="1")],
            {ALL: "fail", TRUST: "fail"},
            id="all of it",
        ),
        pytest.param(
            [using([], {"prefix": "HF_", **WHOLE_MAP}), settings(TRUST_REMOTE_CODE="true")],
            {TRUST: "fail"},
            id="with a prefix",
        ),
        pytest.param(
            [
                using([{**GPUS, "value": "none"}], WHOLE_MAP),
                settings(NVIDIA_VISIBLE_DEVICES="all"),
            ],
            {},
            id="the pod says otherwise",
        ),
        pytest.param(
            [using([], WHOLE_MAP, A_SECRET), settings(NVIDIA_VISIBLE_DEVICES="all")],
            {},
            id="before what was not read",
        ),
        pytest.param(
            [using([], A_SECRET, WHOLE_MAP), settings(NVIDIA_VISIBLE_DEVICES="all")],
            {ALL: "fail"},
            id="after what was not read",
        ),
    ],
)
def test_what_config_maps_put_into_the_environment(
    tmp_path: Path, objects: list[Json], found: dict[str, str]
) -> None:
    assert verdicts(judged(tmp_path / "tree", *objects), SWITCHES) == found


def test_the_finding_says_which_config_map(tmp_path: Path) -> None:
    objects = (using([], WHOLE_MAP), settings(NVIDIA_VISIBLE_DEVICES="all"))
    found = judged(tmp_path / "tree", *objects)
    (told,) = [item for item in found if item["rule"] == ALL]
    (related,) = told["related"]
    assert (related["kind"], related["name"]) == ("k8s/ConfigMap", "settings")
    place = {"path": "/data/NVIDIA_VISIBLE_DEVICES", "of": 0, "value": "all", "line": 3}
    assert place in told["observed"]


def test_secrets_of_a_config_map_stay_there(tmp_path: Path) -> None:
    """It has a finding of its own, and what it is goes nowhere."""
    canary = "ghp_" + "c4N4" * 9
    said = settings(HF_TOKEN=canary, PASSWORD="hunter2hunter2", MODE="x" * 600)  # noqa: S106
    key = {"name": "T", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "HF_TOKEN"}}}
    found = judged(tmp_path / "tree", using([key], WHOLE_MAP), said, list_all=True)
    assert "k8s-secret-in-config-map" in {item["rule"] for item in found}
    assert canary not in repr(found)
    assert "hunter2" not in repr(found)
    others = {item["rule"]: item["verdict"] for item in found if item["rule"] in SWITCHES}
    assert "fail" not in others.values()
