"""Which objects name the ConfigMap of the device plugin, and which only look so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from auditor.analysis.gpu.naming import POLICY, REFERENCES, of_template
from auditor.ports import Reference

IMAGE = "nvcr.io/nvidia/k8s-device-plugin:v0.17.4"
VOLUMES = [
    {"name": "config", "configMap": {"name": "plugin-config"}},
    {"name": "entrypoint", "configMap": {"name": "plugin-entrypoint"}},
    {"name": "host", "hostPath": {"path": "/var/lib/kubelet"}},
]


def mounted(path: str = "/config", **more: Any) -> dict[str, Any]:
    return {"volumeMounts": [{"name": "config", "mountPath": path}], **more}


def variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def named(*containers: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The ConfigMaps, their keys, and which counts for nodes without the label."""
    spec = {"containers": list(containers), "volumes": VOLUMES}
    return [
        (each.config_map, each.file, each.default) for each in of_template({"spec": spec}, "gpu")
    ]


FILE = "--config-file=/config/any"
PLUGINS = {
    "by its image": mounted(image=IMAGE, args=[FILE]),
    "by its command": mounted(image="r.io/a", command=["nvidia-device-plugin", FILE]),
    "by a variable": mounted(args=[FILE], env=[variable("MIG_STRATEGY", "mixed")]),
    "by an option": mounted(args=[FILE, "--device-list-strategy=cdi-cri"]),
    "its file by a variable": mounted(image=IMAGE, env=[variable("CONFIG_FILE", "/config/any")]),
    "its file by two arguments": mounted(image=IMAGE, args=["--config-file", "/config/any"]),
}


@pytest.mark.parametrize("container", PLUGINS.values(), ids=PLUGINS.keys())
def test_a_plugin_is_known(container: dict[str, Any]) -> None:
    assert named(container) == [("plugin-config", "any", "")]


def test_another_program_with_a_configuration_file_is_no_plugin() -> None:
    assert named(mounted(image="prom/prometheus:v3", args=["--config-file=/config/any"])) == []
    assert named(mounted(image=IMAGE)) == []


def test_a_config_manager_says_which_is_copied() -> None:
    plugin = {"image": IMAGE, "env": [variable("CONFIG_FILE", "/run/config.yaml")]}
    manager = mounted(
        "/available-configs/",
        env=[
            variable("CONFIG_FILE_SRCDIR", "/available-configs"),
            variable("CONFIG_FILE_DST", "/run/config.yaml"),
            variable("DEFAULT_CONFIG", "any"),
        ],
    )
    assert named(plugin, manager) == [("plugin-config", "", "any")]


def references(kind: str, body: object) -> list[Reference]:
    return list(REFERENCES[kind](msgspec.json.encode(body)))


def test_a_policy_names_it_in_the_namespace_of_the_operator() -> None:
    body = {
        "metadata": {"name": "p"},
        "spec": {"devicePlugin": {"config": {"name": "c"}}},
        "status": {"namespace": "gpu-operator"},
    }
    said = Reference("k8s/ConfigMap", "gpu-operator", "c", "ClusterPolicy p")
    assert references(POLICY, body) == [said]
    assert references(POLICY, {**body, "status": {}}) == [
        msgspec.structs.replace(said, namespace="")
    ]
    assert references(POLICY, {**body, "spec": {"devicePlugin": {}}}) == []


def test_a_daemon_set_names_it_in_its_own() -> None:
    template = {"spec": {"containers": [PLUGINS["by its image"]], "volumes": VOLUMES}}
    body = {"metadata": {"name": "d", "namespace": "gpu"}, "spec": {"template": template}}
    assert references("k8s/DaemonSet", body) == [
        Reference("k8s/ConfigMap", "gpu", "plugin-config", "DaemonSet d")
    ]


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize(
    "body", [b"", b"[", b"7", b'{"spec":7}', b"\xff", b'{"spec":{"template":[]}}']
)
def test_what_is_not_as_its_api_has_it_names_nothing(kind: str, body: bytes) -> None:
    assert list(REFERENCES[kind](body)) == []
