"""Versions by what nodes, images, engines and hosts say of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.analysis.advisories.stack import Components, make
from auditor.analysis.workloads import PodTemplates
from auditor.model.resource import Owner, Resource
from tests.policies.shipped import POLICY
from tests.unit.analysis.estate.layers import resource
from tests.unit.analysis.joining import derived

TABLES = POLICY.tables
ANALYSIS: Components = make(TABLES)
TEMPLATES = PodTemplates(TABLES)
Body = dict[str, Any]


def facts(*objects: Resource) -> dict[tuple[str, str], Body]:
    """The facts of some objects, by component and version."""
    every = [*objects]
    for each in objects:
        every += [fact for fact in TEMPLATES.derive(each) if isinstance(fact, Resource)]
    bodies = [json.loads(fact.body) for fact in derived(ANALYSIS, every)]
    return {(body["component"], body["version"]): body for body in bodies}


def daemon_set(name: str, image: str, **env: str) -> Resource:
    variables = [{"name": key, "value": value} for key, value in env.items()]
    container = {"name": "c", "image": image, "env": variables}
    body = {
        "metadata": {"name": name, "namespace": "gpu-operator"},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [container]}}},
    }
    return resource("k8s/DaemonSet", name, body, namespace="gpu-operator")


def node(name: str, runtime: str = "", **labels: str) -> Resource:
    spelled = {f"nvidia.com/{key.replace('__', '.')}": value for key, value in labels.items()}
    status = {"nodeInfo": {"containerRuntimeVersion": runtime}} if runtime else {}
    return resource("k8s/Node", name, {"metadata": {"labels": spelled}, "status": status})


def ids(body: Body) -> list[str]:
    return [each["id"] for each in body["affected"]]


def cluster_policy(**spec: Any) -> Resource:
    return resource("k8s/ClusterPolicy.nvidia.com", "cluster-policy", {"spec": spec})


def test_an_image_is_known_by_its_path_whatever_the_registry() -> None:
    found = facts(
        daemon_set("one", "nvcr.io/nvidia/k8s/container-toolkit:v1.18.0-ubuntu20.04"),
        daemon_set("two", "mirror.example:5000/a/nvidia/k8s/container-toolkit:v1.19.1"),
        daemon_set("copy", "mirror.example/toolkit:v1.15.0"),
        daemon_set("client", "nvcr.io/nvidia/tritonserver:25.10-py3-sdk"),
        daemon_set("library", "nvcr.io/nvidia/container-toolkit:v1.15.0"),
    )
    assert set(found) == {
        ("nvidia-container-toolkit", "v1.18.0-ubuntu20.04"),
        ("nvidia-container-toolkit", "v1.19.1"),
    }
    old = found["nvidia-container-toolkit", "v1.18.0-ubuntu20.04"]
    assert ids(old) == ["CVE-2026-24260"]
    assert old["fixedIn"] == "1.19.1"
    assert old["where"] == "DaemonSet gpu-operator/one"
    assert not ids(found["nvidia-container-toolkit", "v1.19.1"])


def test_the_device_plugin_brings_libraries_of_the_toolkit_and_no_toolkit() -> None:
    found = facts(daemon_set("plugin", "nvcr.io/nvidia/k8s-device-plugin:v0.17.0-ubi9"))
    assert set(found) == {("nvidia-device-plugin", "v0.17.0-ubi9")}


def test_one_tag_may_tell_two_versions() -> None:
    found = facts(daemon_set("dcgm", "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.1-ubuntu22.04"))
    assert not ids(found["nvidia-dcgm", "4.5.3-4.8.1-ubuntu22.04"])
    assert ids(found["nvidia-dcgm-exporter", "4.8.1-ubuntu22.04"]) == ["CVE-2026-47483"]


@pytest.mark.parametrize("reference", ["x@sha256:" + "a" * 64, "x", "x:latest"])
def test_an_image_without_a_version_is_not_known(reference: str) -> None:
    found = facts(daemon_set("server", reference.replace("x", "nvcr.io/nvidia/tritonserver")))
    (body,) = found.values()
    assert not ids(body)
    assert body["unknown"] in {"its image has no tag", "latest is not a release of the project"}


CDI = "CVE-2025-23266 depends on whether devices reach containers by CDI, which was not read"


@pytest.mark.parametrize(
    ("beside", "expected", "unknown"),
    [
        ((), [], CDI),
        ((cluster_policy(cdi={"enabled": True}),), ["CVE-2025-23266"], ""),
        ((cluster_policy(cdi={"enabled": False}),), [], ""),
        ((cluster_policy(cdi={}),), [], CDI),
        ((cluster_policy(cdi={"enabled": "yes"}),), [], CDI),
        ((daemon_set("x", "y", DEVICE_LIST_STRATEGY="cdi-cri"),), ["CVE-2025-23266"], ""),
        ((daemon_set("x", "y", DEVICE_LIST_STRATEGY="envvar"),), [], CDI),
    ],
)
def test_how_devices_come_decides(
    beside: tuple[Resource, ...], expected: list[str], unknown: str
) -> None:
    plugin = daemon_set("plugin", "nvcr.io/nvidia/k8s-device-plugin:v0.17.1")
    body = facts(plugin, *beside)["nvidia-device-plugin", "v0.17.1"]
    assert ids(body) == expected
    assert body.get("unknown", "") == unknown


@pytest.mark.parametrize(
    ("operand", "known"),
    [
        ({"image": "nvcr.io/nvidia/k8s/container-toolkit:v1.16.1"}, True),
        ({"image": "nvcr.io/nvidia/k8s/container-toolkit", "version": "v1.16.1"}, False),
        ({"repository": "nvcr.io/nvidia/k8s", "image": "container-toolkit:v1.16.1"}, False),
        ({}, False),
    ],
)
def test_an_image_alone_is_a_whole_reference_to_the_operator(
    operand: dict[str, str], *, known: bool
) -> None:
    """As ``findings/gpu-operator-image-alone.sh`` shows; the others lead to no image."""
    found = facts(cluster_policy(toolkit=operand))
    assert set(found) == ({("nvidia-container-toolkit", "v1.16.1")} if known else set())


def test_a_driver_that_other_objects_describe_is_not_that_of_the_policy() -> None:
    driver = {"repository": "nvcr.io/nvidia", "image": "driver", "version": "535.1.1"}
    assert facts(cluster_policy(driver=driver))
    assert not facts(cluster_policy(driver={**driver, "useNvidiaDriverCRD": True}))


def test_an_operator_is_told_versions_by_its_policy() -> None:
    operand = {"repository": "nvcr.io/nvidia/k8s", "image": "container-toolkit"}
    found = facts(
        cluster_policy(
            toolkit={**operand, "version": "v1.16.1-ubi8"},
            cdi={"enabled": True, "default": True},
            driver={"enabled": False, "repository": "nvcr.io/nvidia", "image": "driver"}
            | {"version": "535.1.1"},
            dcgm={"repository": "nvcr.io/nvidia/cloud-native", "image": "dcgm"}
            | {"version": "sha256:" + "a" * 64},
        )
    )
    assert set(found) == {("nvidia-container-toolkit", "v1.16.1-ubi8"), ("nvidia-dcgm", "")}
    body = found["nvidia-container-toolkit", "v1.16.1-ubi8"]
    assert ids(body) == ["CVE-2025-23266", "CVE-2025-23267", "CVE-2026-24260"]
    assert body["fixedIn"] == "1.19.1"


def test_nodes_of_one_version_are_one_fact() -> None:
    label = {"cuda__driver-version__full": "580.105.08"}
    found = facts(*(node(f"n{number}", **label) for number in range(5)))
    body = found["nvidia-driver", "580.105.08"]
    assert (body["where"], body["others"]) == ("node n0", 4)
    assert ids(body) == ["CVE-2025-33219", "CVE-2026-24187", "CVE-2026-24197"]
    assert body["fixedIn"] == "580.159.03"


def test_a_node_tells_its_runtime_which_serves_a_kubelet() -> None:
    found = facts(node("a", "containerd://2.1.8"), node("b", "cri-o://1.30.0"))
    assert set(found) == {("containerd-cri", "2.1.8")}
    assert ids(found["containerd-cri", "2.1.8"]) == ["CVE-2026-53488"]
    built = facts(node("a", "containerd://1.7.13-k3s1"))["containerd-cri", "1.7.13-k3s1"]
    assert built["unknown"] == "1.7.13-k3s1 is not a release of the project"


@pytest.mark.parametrize(
    "device",
    [
        {"attributes": {"driverVersion": {"version": "580.105.8"}}},
        {"basic": {"attributes": {"driverVersion": {"version": "580.105.8"}}}},
        {"attributes": {"driverVersion": {"string": "580.105.8"}}},
    ],
)
def test_a_slice_tells_the_driver_without_the_zeros(device: Mapping[str, Any]) -> None:
    spec = {"driver": "gpu.nvidia.com", "nodeName": "n", "devices": [device, device]}
    found = facts(resource("k8s/ResourceSlice", "s", {"spec": spec}))
    body = found["nvidia-driver", "580.105.8"]
    assert (body["where"], body["others"]) == ("node n", 0)
    assert "CVE-2026-24187" in ids(body)
    assert not facts(resource("k8s/ResourceSlice", "s", {"spec": spec | {"driver": "a.b"}}))


def amd(version: str, **driver: Any) -> Resource:
    body = {"spec": {"driver": {"version": version, **driver}}}
    return resource("k8s/DeviceConfig.amd.com", "gpus", body, namespace="kube-amd-gpu")


MODEL = "AMD-SB-6027 depends on whether the GPUs are MI210, MI250 or MI300A, which was not read"


@pytest.mark.parametrize(
    ("version", "model", "expected", "unknown"),
    [
        ("6.3.1", "", ["AMD-SB-6024"], ""),
        ("6.4.2", "", [], MODEL),
        ("6.4.2", "AMD_Instinct_MI300X_OAM", [], ""),
        ("6.4.2", "AMD_Instinct_MI250", ["AMD-SB-6027"], ""),
        ("7.0.1", "", [], ""),
        ("30.10", "", [], ""),
    ],
)
def test_which_release_of_rocm_is_enough_depends_on_the_model(
    version: str, model: str, expected: list[str], unknown: str
) -> None:
    labels = {"metadata": {"labels": {"amd.com/gpu.product-name": model}}} if model else {}
    (body,) = facts(amd(version), resource("k8s/Node", "n", labels)).values()
    assert (ids(body), body.get("unknown", "")) == (expected, unknown)
    assert not facts(amd(version, enable=False))


def engine(**versions: str) -> Resource:
    parts = [{"Name": name, "Version": version} for name, version in versions.items()]
    return resource("docker/Version", "engine", {"Components": parts})


def test_an_engine_tells_its_parts_and_whether_it_asks_a_plugin() -> None:
    asking = resource("docker/Info", "i", {"Plugins": {"Authorization": ["opa"]}})
    silent = resource("docker/Info", "i", {"Plugins": {"Authorization": None}})
    parts = engine(Engine="28.0.1", runc="1.2.7", containerd="1.7.29", **{"docker-init": "0.19.0"})
    found = facts(parts, asking)
    assert ids(found["docker-engine", "28.0.1"]) == ["CVE-2026-34040"]
    assert ids(found["runc", "1.2.7"]) == ["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"]
    assert not ids(found["containerd", "1.7.29"])
    assert "unknown" not in found["containerd", "1.7.29"], "it serves no kubelet"
    assert not ids(facts(parts, silent)["docker-engine", "28.0.1"])
    assert "authorization plugin" in facts(parts)["docker-engine", "28.0.1"]["unknown"]


@pytest.mark.parametrize(
    ("version", "build", "expected"),
    [
        ("8.0.3", "24674464", ["CVE-2025-41236"]),
        ("8.0.3", "24784735", []),
        ("8.0.2", "24789316", ["CVE-2025-41236"]),
        ("8.0.2", "24789317", []),
        ("8.0.1", "99999999", ["CVE-2025-41236"]),
        ("7.0.3", "24784740", ["CVE-2025-41236"]),
        ("9.0.0", "1", []),
    ],
)
def test_a_host_is_judged_by_version_and_build(
    version: str, build: str, expected: list[str]
) -> None:
    body = {"config": {"product": {"version": version, "build": build}}}
    (found,) = facts(resource("vsphere/Host", "esx-1", body)).values()
    assert ids(found) == expected


def test_a_pod_of_a_controller_is_not_counted_beside_it() -> None:
    image = "nvcr.io/nvidia/tritonserver:25.06-py3"
    body = {"metadata": {}, "spec": {"containers": [{"name": "c", "image": image}]}}
    alone = resource("k8s/Pod", "alone", body, namespace="a")
    made = replace(alone, name="made", controller=Owner("apps/v1", "ReplicaSet", "a", "r"))
    (found,) = facts(made, alone).values()
    assert (found["where"], found["others"]) == ("Pod a/alone", 0)


ODD: list[Any] = [None, [], "x", 7, {"spec": 7}, {"spec": {"devices": [7, {"attributes": []}]}}]


@pytest.mark.parametrize("body", [*ODD, {"Components": [7, {"Name": 7}]}, {"Plugins": 7}])
@pytest.mark.parametrize(
    "kind",
    [
        *("k8s/Node", "k8s/ResourceSlice", "k8s/ClusterPolicy.nvidia.com"),
        *("docker/Version", "docker/Info", "docker/Workload", "vsphere/Host"),
    ],
)
def test_odd_objects_tell_nothing(kind: str, body: Any) -> None:
    assert facts(resource(kind, "odd", body)) == {}
