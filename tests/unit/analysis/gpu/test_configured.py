"""Where no label says what a node shares, its plugin's configuration does, and proves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.gpu.sharing_rows import LABEL
from auditor.model.gpus import DeviceFact
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import SHARED, devices, node, pod, resource, shared

GPU = "nvidia.com/gpu"


def policy(name: str = "plugin", default: str = "any", namespace: str = "gpu") -> Resource:
    spec = {"devicePlugin": {"config": {"name": name, "default": default}}}
    status = {"namespace": namespace}
    return resource("ClusterPolicy.nvidia.com", "p", spec=spec, status=status)


def sharing(strategy: str = "timeSlicing", replicas: int = 4, **more: Any) -> str:
    section = {"resources": [{"name": GPU, "replicas": replicas}], **more}
    return json.dumps({"version": "v1", "sharing": {strategy: section}})


def config_map(namespace: str = "gpu", **data: str) -> Resource:
    return resource("ConfigMap", "plugin", namespace, data=data)


PODS = (pod("a/x", {GPU: 1}), pod("b/y", {GPU: 1}))
MAY = [("a b", "time-slicing", "shared", "possible")]


def pool(*found: Resource) -> DeviceFact:
    (one,) = devices(*found, *PODS)
    return one


def test_a_node_without_labels_shares_what_its_configuration_says() -> None:
    every = (node(nvidia_com__gpu="8"), policy(), config_map(any=sharing()))
    assert shared(*every, *PODS) == MAY
    found = pool(*every)
    assert (found.count, found.some_must_share) == (2, False)
    assert "by ConfigMap gpu/plugin each is given out 4 times" in found.unknown[0]


def test_nothing_is_proven_by_a_configuration() -> None:
    many = (pod("a/x", {GPU: 5}), pod("b/y", {GPU: 1}))
    every = (node(nvidia_com__gpu="8"), policy(), config_map(any=sharing()))
    assert {each[3] for each in shared(*every, *many)} == {"possible"}
    assert {each[3] for each in shared(node(labels=SHARED, nvidia_com__gpu="8"), *many)} == {
        "proven"
    }


def test_one_that_was_not_read_is_named_and_excludes_nothing() -> None:
    found = pool(node(nvidia_com__gpu="8"), policy())
    assert "ConfigMap gpu/plugin, which says how it is shared, was not read" in found.unknown[0]
    elsewhere = config_map("other", any=sharing())
    assert "was not read" in pool(node(nvidia_com__gpu="8"), policy(), elsewhere).unknown[0]


@pytest.mark.parametrize("text", ["sharing: [", '{"version": "v7", "sharing": {}}'])
def test_one_that_the_plugin_does_not_take_is_said(text: str) -> None:
    found = pool(node(nvidia_com__gpu="8"), policy(), config_map(any=text))
    assert "ConfigMap gpu/plugin, which says how it is shared, is not valid" in found.unknown[0]


def test_labels_count_more() -> None:
    labels = {"nvidia.com/gpu.count": "8", "nvidia.com/gpu.replicas": "1"}
    every = (node(labels=labels, nvidia_com__gpu="8"), policy(), config_map(any=sharing()))
    assert shared(*every, *PODS) == []


CHOICES = {
    "the default": (None, "any", MAY),
    "the label of the node": ("none", "any", []),
    "a label that selects sharing": ("any", "none", MAY),
    "a label that selects nothing": ("gone", "any", []),
}


@pytest.mark.parametrize(("label", "default", "expected"), CHOICES.values(), ids=CHOICES.keys())
def test_the_node_chooses(label: str | None, default: str, expected: list[Any]) -> None:
    labels = {LABEL: label} if label else {}
    texts = config_map(any=sharing(), none=json.dumps({"version": "v1", "flags": {}}))
    every = (node(labels=labels, nvidia_com__gpu="8"), policy(default=default), texts)
    assert shared(*every, *PODS) == expected


def test_other_strategies_and_what_is_refused() -> None:
    at = node(nvidia_com__gpu="8")
    mps = shared(at, policy(), config_map(any=sharing("mps")), *PODS)
    assert mps == [("a b", "mps", "memory-soft", "possible")]
    assert shared(at, policy(), config_map(any=sharing(replicas=1)), *PODS) == []


def test_a_renamed_resource_is_known_by_its_new_name() -> None:
    new = "nvidia.com/gpu.shared"
    at = resource("Node", "n", metadata={"labels": {}}, status={"capacity": {new: "8"}})
    pods = (pod("a/x", {new: 1}), pod("b/y", {new: 1}))
    texts = config_map(any=sharing(renameByDefault=True))
    assert shared(at, policy(), texts, *pods) == MAY


RENAMED = "nvidia.com/gpu.shared"


@pytest.mark.parametrize("labels", [{}, {"nvidia.com/gpu.sharing-strategy": "none"}])
def test_a_new_name_alone_says_that_gpus_are_shared(labels: dict[str, str]) -> None:
    """Bottlerocket has the plugin without a ConfigMap and without labels."""
    at = resource("Node", "n", metadata={"labels": labels}, status={"capacity": {RENAMED: "8"}})
    pods = (pod("a/x", {RENAMED: 1}), pod("b/y", {RENAMED: 1}))
    assert shared(at, *pods) == [("a b", "unknown", "none", "possible")]
    assert shared(*pods) == shared(at, *pods), "nor need the node have been read"
    assert shared(at, pods[0]) == []
    (found,) = devices(at, *pods)
    assert "its name says that nvidia.com/gpu.shared is shared" in found.unknown[0]
    instances = tuple(pod(f"{each}/x", {"nvidia.com/mig-1g.10gb.shared": 1}) for each in "ab")
    assert [each[1] for each in shared(*instances)] == ["unknown"]


def test_a_daemon_set_names_it_too() -> None:
    container = {
        "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.4",
        "args": ["--config-file=/config/any"],
        "volumeMounts": [{"name": "c", "mountPath": "/config"}],
    }
    volumes = [{"name": "c", "configMap": {"name": "plugin"}}]
    template = {"spec": {"containers": [container], "volumes": volumes}}
    plugin = resource("DaemonSet", "d", "gpu", spec={"template": template})
    assert shared(node(nvidia_com__gpu="8"), plugin, config_map(any=sharing()), *PODS) == MAY


def managed(**variables: str) -> Resource:
    """The DaemonSet of the plugin's chart, with a config-manager that is so set."""
    plugin = {
        "image": "nvcr.io/nvidia/k8s-device-plugin:v0.18.0",
        "env": [{"name": "CONFIG_FILE", "value": "/config/config.yaml"}],
    }
    variables = {"CONFIG_FILE_SRCDIR": "/available-configs", **variables}
    manager = {
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "volumeMounts": [{"name": "c", "mountPath": "/available-configs"}],
    }
    volumes = [{"name": "c", "configMap": {"name": "plugin"}}]
    template = {"spec": {"containers": [plugin, manager], "volumes": volumes}}
    return resource("DaemonSet", "d", "gpu", spec={"template": template})


OF_CHART = {"FALLBACK_STRATEGIES": "named,single"}
FALLBACKS = {
    "the operator falls back to nothing": (policy(default=""), ("any",), []),
    "nor does a name help there": (policy(default=""), ("default",), []),
    "the chart takes the only one": (managed(**OF_CHART), ("any",), MAY),
    "or the one called default": (managed(**OF_CHART), ("any", "default"), MAY),
    "and no one of several": (managed(**OF_CHART), ("any", "other"), []),
    "what comes first counts": (managed(FALLBACK_STRATEGIES="empty,single"), ("any",), []),
    "a default counts more": (managed(DEFAULT_CONFIG="any", **OF_CHART), ("any", "default"), MAY),
    "nothing is said": (managed(), ("any",), []),
    "what there is not": (managed(FALLBACK_STRATEGIES="first,single"), ("any",), []),
}


@pytest.mark.parametrize(("plugin", "keys", "expected"), FALLBACKS.values(), ids=FALLBACKS.keys())
def test_what_a_node_has_where_nothing_is_the_default(
    plugin: Resource, keys: tuple[str, ...], expected: list[Any]
) -> None:
    texts = config_map(**dict.fromkeys(keys, sharing()))
    assert shared(node(nvidia_com__gpu="8"), plugin, texts, *PODS) == expected
    chosen = node(labels={LABEL: keys[0]}, nvidia_com__gpu="8")
    assert shared(chosen, plugin, texts, *PODS) == MAY, "a label counts whatever it falls back to"


INTEL = "gpu.intel.com/i915"


def intel(resource_name: str, times: object) -> list[tuple[str, str, str, str]]:
    """What two tenants share of eight of a resource of Intel's, with a plugin that is so set."""
    plugin = resource("GpuDevicePlugin.deviceplugin.intel.com", "g", spec={"sharedDevNum": times})
    at = resource("Node", "n", metadata={"labels": {}}, status={"capacity": {resource_name: "8"}})
    pods = (pod("a/x", {resource_name: 1}), pod("b/y", {resource_name: 1}))
    return shared(at, plugin, *pods)


def test_intels_plugin_says_how_often_it_gives_out_a_gpu() -> None:
    assert intel(INTEL, 4) == MAY
    assert intel("gpu.intel.com/xe", 2) == MAY
    assert intel(INTEL, 1) == []


SELECTED: dict[str, tuple[object, int]] = {
    "none": ({}, 4),
    "its own labels": ({"pool": "shared"}, 4),
    "another value": ({"pool": "alone"}, 0),
    "a label that it has not": ({"pool": "shared", "gpu": "true"}, 0),
    "nothing that selects": (["pool"], 4),
}


@pytest.mark.parametrize(("selector", "times"), SELECTED.values(), ids=SELECTED.keys())
@pytest.mark.parametrize("operator", [True, False], ids=["operator", "plugin"])
def test_intels_plugin_runs_where_it_is_selected(
    selector: object, times: int, *, operator: bool
) -> None:
    labels, capacity = {"pool": "shared"}, {INTEL: "8"}
    offering = resource("Node", "n", metadata={"labels": labels}, status={"capacity": capacity})
    spec: dict[str, Any] = {"nodeSelector": selector}
    if operator:
        kind = "GpuDevicePlugin.deviceplugin.intel.com"
        plugin = resource(kind, "g", spec={"sharedDevNum": 4, **spec})
    else:
        started = {"containers": [{"name": "p", "args": ["-shared-dev-num=4"]}], **spec}
        plugin = resource("DaemonSet", "p", "gpu", spec={"template": {"spec": started}})
    pods = [pod(f"{name}/x", {INTEL: 1}) for name in "ab"]
    assert shared(plugin, offering, *pods) == (MAY if times else [])


@pytest.mark.parametrize("times", ["4", None, -4, 0, [], 2.5])
def test_what_intels_plugin_would_not_take_shares_nothing(times: object) -> None:
    assert intel(INTEL, times) == []


STARTED = {
    "one argument": (["-shared-dev-num=3", "-enable-monitoring"], MAY),
    "two arguments": (["-v", "2", "-shared-dev-num", "3"], MAY),
    "two dashes": (["--shared-dev-num=3"], MAY),
    "the last counts": (["-shared-dev-num=3", "-shared-dev-num=1"], []),
    "once": (["-shared-dev-num", "1", "-allocation-policy", "none"], []),
    "no number": (["-shared-dev-num", "many"], []),
    "nothing": (["-shared-dev-num"], []),
    "another option": (["-shared-dev-number=3"], []),
}


@pytest.mark.parametrize(("arguments", "expected"), STARTED.values(), ids=STARTED.keys())
def test_intels_plugin_without_its_operator(arguments: list[str], expected: list[Any]) -> None:
    container = {"name": "p", "image": "intel/intel-gpu-plugin:0.36.0", "args": arguments}
    template = {"spec": {"containers": [container]}}
    plugin = resource("DaemonSet", "d", "kube-system", spec={"template": template})
    at = resource("Node", "n", metadata={"labels": {}}, status={"capacity": {INTEL: "6"}})
    pods = (pod("a/x", {INTEL: 1}), pod("b/y", {INTEL: 1}))
    assert shared(at, plugin, *pods) == expected


@pytest.mark.parametrize("spec", [{}, [], {"containers": 7}, {"containers": [7, {"args": 7}]}])
def test_a_daemon_set_that_is_not_as_its_api_has_it_says_nothing(spec: object) -> None:
    plugin = resource("DaemonSet", "shared-dev-num", "a", spec={"template": {"spec": spec}})
    at = resource("Node", "n", metadata={"labels": {}}, status={"capacity": {INTEL: "6"}})
    assert shared(at, plugin, pod("a/x", {INTEL: 1}), pod("b/y", {INTEL: 1})) == []
