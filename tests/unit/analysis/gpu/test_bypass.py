"""Ways to a GPU that no allocation gave."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.gpu.bypass import ways_of
from auditor.analysis.gpu.podspec import pod_in


def ways(spec: dict[str, Any], annotations: dict[str, str] | None = None) -> list[tuple[str, int]]:
    body = {"metadata": {"annotations": annotations or {}}, "spec": spec}
    return [(way.name, way.certainty) for way in ways_of(pod_in(msgspec.json.encode(body)))]


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", **fields}]}


def variable(value: object, name: str = "NVIDIA_VISIBLE_DEVICES") -> dict[str, Any]:
    return container(env=[{"name": name, "value": value}])


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        pytest.param(container(), [], id="nothing"),
        pytest.param(
            container(securityContext={"privileged": True}), [("privileged", 3)], id="privileged"
        ),
        pytest.param(container(securityContext={"privileged": False}), [], id="not privileged"),
        pytest.param(
            {"volumes": [{"hostPath": {"path": "/dev"}}]}, [("device-folder", 0)], id="/dev"
        ),
        pytest.param(
            {"volumes": [{"hostPath": {"path": "/dev/nvidia0"}}]}, [("device-folder", 0)], id="node"
        ),
        pytest.param({"volumes": [{"hostPath": {"path": "/"}}]}, [("device-folder", 0)], id="root"),
        pytest.param({"volumes": [{"hostPath": {"path": "/dev/mqueue"}}]}, [], id="queues"),
        pytest.param({"volumes": [{"hostPath": {"path": "/devices"}}]}, [], id="another folder"),
        pytest.param({"volumes": [{"emptyDir": {}}]}, [], id="no folder of the node"),
        pytest.param(variable("all"), [("environment", 0)], id="all"),
        pytest.param(variable("0,1"), [("environment", 0)], id="by index"),
        pytest.param(variable(""), [], id="empty"),
        pytest.param(variable("none"), [], id="none"),
        pytest.param(variable("all,void"), [], id="void voids the list"),
        pytest.param(variable("all", "CUDA_VISIBLE_DEVICES"), [], id="what a process reads"),
        pytest.param(
            container(env=[{"name": "AMD_VISIBLE_DEVICES", "valueFrom": {"fieldRef": {}}}]),
            [("environment", 0)],
            id="from elsewhere",
        ),
        pytest.param(
            container(
                env=[
                    {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"},
                    {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"},
                ]
            ),
            [],
            id="the last value counts",
        ),
        pytest.param(
            container(volumeMounts=[{"mountPath": "/var/run/nvidia-container-devices/all"}]),
            [("device-mount", 0)],
            id="a mount that names a device",
        ),
    ],
)
def test_each_way(spec: dict[str, Any], found: list[tuple[str, int]]) -> None:
    assert ways(spec) == found


@pytest.mark.parametrize("capability", ["SYS_ADMIN", "CAP_SYS_ADMIN", "sys_admin", "ALL"])
def test_the_runtime_heeds_an_administrator(capability: str) -> None:
    spec = variable("all")
    spec["containers"][0]["securityContext"] = {"capabilities": {"add": [capability]}}
    assert ways(spec) == [("environment", 0)]
    assert ways({**spec, "runtimeClassName": "nvidia"}) == [("environment", 3)]


def test_an_annotation_names_devices_in_its_pointer() -> None:
    body = {"metadata": {"annotations": {"cdi.k8s.io/x": "nvidia.com/gpu=all"}}, "spec": {}}
    (way,) = ways_of(pod_in(msgspec.json.encode(body)))
    assert (way.name, way.pointer) == ("annotation", "/metadata/annotations/cdi.k8s.io~1x")
