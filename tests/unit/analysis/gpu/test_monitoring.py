"""Resources by which Intel's plugin gives a monitor every GPU of its node."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.gpu.bypass import Way, certainty_of, reached, ways_of
from auditor.analysis.gpu.devices import is_accelerator
from auditor.analysis.gpu.makers import called
from auditor.analysis.gpu.monitoring import monitored
from auditor.analysis.gpu.podspec import pod_in
from auditor.analysis.gpu.shares import Certainty
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import bodies, devices, facts, pod, resource, shared

I915, XE = "gpu.intel.com/i915", "gpu.intel.com/xe"
ALL, OF_I915, OF_XE = "gpu.intel.com/monitoring", f"{I915}_monitoring", f"{XE}_monitoring"
NVIDIA = "nvidia.com/gpu"
EXACT = [("a ops", "bypass", "none", "exact")]


def at(**capacity: object) -> Resource:
    named = {f"gpu.intel.com/{name}": count for name, count in capacity.items()}
    return resource("Node", "n", metadata={}, status={"capacity": named})


@pytest.mark.parametrize(
    ("name", "gpus", "words"),
    [
        (ALL, "gpu.intel.com/", "every Intel GPU"),
        (OF_I915, I915, "every Intel GPU of the driver i915"),
        (OF_XE, XE, "every Intel GPU of the driver xe"),
    ],
)
def test_each_resource_leads_to_the_gpus_that_the_plugin_puts_into_it(
    name: str, gpus: str, words: str
) -> None:
    assert (monitored(name), called(gpus)) == (gpus, words)
    assert not is_accelerator(name), "it is no device of a pool"


@pytest.mark.parametrize(
    "name", [I915, XE, "gpu.intel.com/millicores", "nvidia.com/monitoring", "gpu.intel.com", ""]
)
def test_no_other_resource_is_one(name: str) -> None:
    assert monitored(name) == ""


@pytest.mark.parametrize("name", [ALL, OF_I915])
def test_a_monitor_shares_with_who_was_given_a_gpu(name: str) -> None:
    offered = resource("Node", "n", status={"capacity": {I915: "8", name: "1"}})
    objects = (offered, pod("a/train", {I915: 1}), pod("ops/look", {name: 1}))
    assert shared(*objects) == EXACT
    (reach,) = bodies("gpu/Reach", *objects)
    assert reach["certainty"] == "exact"
    assert reach["ways"] == [
        {
            "name": "monitoring",
            "certainty": "exact",
            "field": f"/spec/containers/0/resources/limits/{name.replace('/', '~1')}",
        }
    ]
    assert [found.device for found in devices(*objects)] == [I915], "no pool of monitors"


def test_a_device_that_the_kubelet_named_is_reached_too() -> None:
    holder = pod("a/train", {I915: 1}, given={I915: ["card0-0"]})
    look = pod("ops/look", {ALL: 1}, given={ALL: ["all"]})
    objects = (at(i915="8", monitoring="1"), holder, look)
    assert shared(*objects) == EXACT
    assert {found.device for found in devices(*objects)} == {"card0", I915}


def test_a_monitor_of_one_driver_leaves_the_gpus_of_the_other() -> None:
    offered = at(i915="4", xe="4", xe_monitoring="1")
    objects = (offered, pod("a/x", {I915: 1}), pod("b/y", {XE: 1}), pod("ops/look", {OF_XE: 1}))
    assert shared(*objects) == [("b ops", "bypass", "none", "exact")]
    (reach,) = bodies("gpu/Reach", *objects)
    assert reach["gpus"] == "every Intel GPU of the driver xe"


def test_a_monitor_of_intel_gpus_leaves_those_of_other_makers() -> None:
    capacity = {I915: "1", ALL: "1", NVIDIA: "8"}
    offered = resource("Node", "n", status={"capacity": capacity})
    given = pod("a/x", {NVIDIA: 1}, given={NVIDIA: ["GPU-1"]})
    objects = (offered, given, pod("b/y", {NVIDIA: 1}), pod("ops/look", {ALL: 1}))
    assert shared(*objects) == []
    privileged = pod("c/z", container={"securityContext": {"privileged": True}})
    found = {each[0] for each in shared(*objects, privileged)}
    assert found == {"a c", "b c", "c ops"}, "both reach the GPUs of Intel's"


@pytest.mark.parametrize(
    ("offered", "certainty"),
    [
        pytest.param(at(i915="8", monitoring="1"), "exact", id="offered"),
        pytest.param(at(i915="8"), "possible", id="not offered any more"),
        pytest.param(at(i915="8", monitoring="0"), "possible", id="none is left"),
        pytest.param(at(i915="8", i915_monitoring="1"), "possible", id="another is offered"),
        pytest.param(
            resource("Node", "n", status={"allocatable": {I915: "8", ALL: "1"}}),
            "exact",
            id="allocatable alone",
        ),
    ],
)
def test_where_a_node_offers_no_such_resource_it_is_not_certain(
    offered: Resource, certainty: str
) -> None:
    objects = (offered, pod("a/x", {I915: 1}), pod("ops/look", {ALL: 1}))
    assert [each[3] for each in shared(*objects)] == [certainty]


def test_a_node_that_was_not_read_has_what_its_pods_were_given() -> None:
    objects = (pod("ops/look", {ALL: 1}),)
    (reach,) = bodies("gpu/Reach", *objects)
    assert (reach["certainty"], reach["gpus"], reach["node"]) == ("exact", "every Intel GPU", "n")
    assert shared(*objects, pod("a/x", {I915: 1})) == EXACT


def test_who_asked_for_none_or_has_ended_looks_at_nothing() -> None:
    offered = at(i915="8", monitoring="1")
    assert facts(offered, pod("ops/look", {ALL: 0})) == facts(offered)
    assert facts(offered, pod("ops/look", {ALL: 1}, phase="Succeeded")) == facts(offered)


def test_a_request_alone_sets_the_limit() -> None:
    inside = {"name": "c", "resources": {"requests": {ALL: "1"}}}
    body = msgspec.json.encode({"spec": {"initContainers": [inside]}})
    (way,) = ways_of(pod_in(body))
    field = "/spec/initContainers/0/resources/requests/gpu.intel.com~1monitoring"
    assert (way.name, way.certainty, way.pointer) == ("monitoring", Certainty.EXACT, field)


def test_a_virtual_machine_may_keep_a_monitor_from_the_gpus() -> None:
    kata = resource("RuntimeClass", "vm", metadata={"name": "vm"}, handler="kata")
    look = pod("ops/look", {ALL: 1}, runtimeClassName="vm")
    objects = (at(i915="8", monitoring="1"), pod("a/x", {I915: 1}), look, kata)
    assert [each[3] for each in shared(*objects)] == ["possible"]


def test_the_widest_of_several_ways_is_told() -> None:
    ways = [Way("monitoring", 3, "", gpus) for gpus in (I915, XE)]
    assert reached(ways[:1]) == "every Intel GPU of the driver i915"
    assert reached(ways) == "every Intel GPU"
    assert reached([*ways, Way("privileged", 3, "")]) == "every GPU"
    assert certainty_of([*ways, Way("environment", 0, "")]) == Certainty.EXACT


def of_two_makers() -> list[Resource]:
    """A node with GPUs of two makers, and a tenant on each."""
    at_both = resource(
        "Node", "n", status={"capacity": {NVIDIA: "4", I915: "4", "amd.com/gpu": "4"}}
    )
    return [
        at_both,
        pod("a/x", {NVIDIA: 1}),
        pod("b/y", {I915: 1}),
        pod("c/z", {"amd.com/gpu": 1}, given={"amd.com/gpu": ["0000:19:00.0"]}),
    ]


def variable(name: str) -> dict[str, object]:
    return {"env": [{"name": name, "value": "all"}]}


def mounts(path: str) -> dict[str, object]:
    return {"volumes": [{"name": "d", "hostPath": {"path": path}}]}


OF_MAKERS = {
    "NVIDIA's variable": ({"container": variable("NVIDIA_VISIBLE_DEVICES")}, {"a ops"}),
    "AMD's variable": ({"container": variable("AMD_VISIBLE_DEVICES")}, {"c ops"}),
    "Ascend's variable": ({"container": variable("ASCEND_VISIBLE_DEVICES")}, set()),
    "NVIDIA's device nodes": (mounts("/dev/nvidia0"), {"a ops"}),
    "those of its driver's root": (mounts("/run/nvidia/driver"), {"a ops"}),
    "of Tegra": (mounts("/dev/nvmap"), {"a ops"}),
    "what validated the driver": (mounts("/run/nvidia/validations"), set()),
    "AMD's device node": (mounts("/dev/kfd"), {"c ops"}),
    "Gaudi's device nodes": (mounts("/dev/hl0"), set()),
    "what several makers have": (mounts("/dev/dri"), {"a ops", "b ops", "c ops"}),
    "all device nodes": (mounts("/dev"), {"a ops", "b ops", "c ops"}),
}


@pytest.mark.parametrize(("spec", "expected"), OF_MAKERS.values(), ids=OF_MAKERS.keys())
def test_a_way_leads_to_the_gpus_of_its_maker(spec: dict[str, Any], expected: set[str]) -> None:
    found = shared(*of_two_makers(), pod("ops/p", **spec))
    assert {each[0] for each in found} == expected
    assert {each[1:] for each in found} <= {("bypass", "none", "possible")}


def test_volcano_divides_gpus_of_nvidias() -> None:
    name = "volcano.sh/vgpu-number"
    offered = resource("Node", "n", status={"capacity": {name: "40"}})
    bypass = pod("ops/p", container=variable("NVIDIA_VISIBLE_DEVICES"))
    assert [each[0] for each in shared(offered, pod("a/x", {name: 1}), bypass)] == ["a ops"]


def test_a_variable_on_a_node_without_gpus_reaches_nothing() -> None:
    admin = {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}
    inside = {**variable("NVIDIA_VISIBLE_DEVICES"), **admin}
    nvidia = resource("RuntimeClass", "nvidia", metadata={"name": "nvidia"}, handler="nvidia")
    objects = (pod("ops/p", container=inside, runtimeClassName="nvidia"), nvidia)
    assert bodies("gpu/Reach", *objects) == []
    assert bodies("gpu/Reach", at(i915="4"), *objects) == [], "of another maker"
    offered = resource("Node", "n", status={"capacity": {NVIDIA: "4"}})
    (reach,) = bodies("gpu/Reach", offered, *objects)
    assert (reach["certainty"], reach["gpus"]) == ("exact", "every NVIDIA GPU")


@pytest.mark.parametrize(
    ("gpus", "words"),
    [("", "every GPU"), ("nvidia.com/", "every NVIDIA GPU"), ("habana.ai/", "every Gaudi GPU")],
)
def test_makers_are_called_by_their_names(gpus: str, words: str) -> None:
    assert called(gpus) == words
    assert reached([Way("environment", 0, "", gpus), Way("monitoring", 0, "", XE)]) == "every GPU"
