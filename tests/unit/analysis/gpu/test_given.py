"""Ids of devices that kubelets say they gave, as the plugins of several makers write them."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from auditor.analysis.gpu.devices import DeviceId, profile_of, steps_of, vgpu_profile
from auditor.analysis.gpu.given import parse_given
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Step
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import devices, pod, resource, shared

I915, AMD = "gpu.intel.com/i915", "amd.com/gpu"
T4, A100 = "nvidia.com/GRID_T4-2Q", "nvidia.com/NVIDIA_A100-1-5C"
BUS = "0000:19:00.0"


def at(count: int, name: str = I915, labels: dict[str, str] | None = None) -> Resource:
    status = {"capacity": {name: str(count)}}
    return resource("Node", "n", metadata={"labels": labels or {}}, status=status)


def has(tenant: str, *ids: str, name: str = I915) -> Resource:
    return pod(f"{tenant}/x", {name: len(ids)}, given={name: list(ids)})


def several(times: int) -> Resource:
    return resource("GpuDevicePlugin.deviceplugin.intel.com", "g", spec={"sharedDevNum": times})


TURNS = [("a b", "time-slicing", "shared", "exact")]


@pytest.mark.parametrize("order", list(permutations(("card0-0", "card0-1"))))
def test_two_that_were_given_one_gpu_of_intels_take_turns(order: tuple[str, str]) -> None:
    pods = [has(tenant, text) for tenant, text in zip("ab", order, strict=True)]
    assert shared(at(6), *pods) == TURNS
    assert shared(*pods) == TURNS, "whether the node was read or not"
    assert shared(at(6), several(3), *pods) == TURNS
    (known,) = [each for each in devices(at(6), *pods) if each.known]
    assert (known.device, {each.mechanism for each in known.tenants}) == ("card0", {"time-slicing"})


def test_two_gpus_of_intels_are_two() -> None:
    assert shared(at(2), has("a", "card0-0"), has("b", "card1-0")) == []
    known = [each for each in devices(at(2), has("a", "card0-0")) if each.known]
    assert [(each.device, each.tenants[0].mechanism) for each in known] == [("card0", "exclusive")]


def test_a_gpu_that_may_be_given_out_again_is_no_whole_one() -> None:
    known = [each for each in devices(at(6), several(3), has("a", "card0-0")) if each.known]
    assert [each.tenants[0].mechanism for each in known] == ["time-slicing"]


def test_what_is_no_id_of_intels_is_a_device_of_that_name() -> None:
    assert parse_given(I915, "card0") == DeviceId("card0")
    assert parse_given("nvidia.com/gpu", "card0-0") == DeviceId("card0-0")


def test_parts_of_amds_gpus_may_be_of_one() -> None:
    pods = [has(tenant, f"amdgpu_xcp_{n}", name=AMD) for n, tenant in enumerate("ab")]
    may = [("a b", "compute-partition", "shared", "possible")]
    assert shared(at(64, AMD), *pods) == may, "by the ids alone"
    labels = {"amd.com/compute-memory-partition": "qpx_nps4"}
    assert shared(at(64, AMD, labels), *pods) == [("a b", "partition", "hardware", "possible")]
    first = has("b", BUS, name=AMD)
    assert shared(at(64, AMD), pods[0], first) == may, "the GPU of one part is said"


def test_a_label_says_that_what_is_called_a_gpu_is_a_part_of_one() -> None:
    pods = [pod(f"{tenant}/x", {AMD: 1}) for tenant in "ab"]
    assert shared(at(64, AMD), *pods) == []
    labels = {"amd.com/compute-memory-partition": "cpx_nps1"}
    may = [("a b", "compute-partition", "shared", "possible")]
    assert shared(at(64, AMD, labels), *pods) == may
    assert shared(at(64, AMD, {"amd.com/compute-memory-partition": "spx_nps1"}), *pods) == []
    given = [has(tenant, bus, name=AMD) for tenant, bus in (("a", BUS), ("b", "0000:3f:00.0"))]
    assert shared(at(64, AMD, labels), *given) == [], "first parts of two GPUs"


def test_whole_gpus_of_amds_are_told_apart_by_their_address() -> None:
    assert shared(at(8, AMD), has("a", BUS, name=AMD), has("b", "0000:3f:00.0", name=AMD)) == []
    both = shared(at(8, AMD), has("a", BUS, name=AMD), has("b", BUS, name=AMD))
    assert [each[3] for each in both] == ["exact"]


def test_a_node_that_was_not_read_has_parts_by_the_name_of_their_resource() -> None:
    pods = [pod(f"{tenant}/x", {"amd.com/cpx_nps1": 1}) for tenant in "ab"]
    assert shared(*pods) == [("a b", "compute-partition", "shared", "possible")]


VGPUS = {
    T4: Mechanism.VGPU_TIME_SLICED,
    "nvidia.com/NVIDIA_H200X-141C": Mechanism.VGPU_TIME_SLICED,
    A100: Mechanism.VGPU_MIG,
    "nvidia.com/NVIDIA_H100XM-1-10CME": Mechanism.VGPU_MIG,
    "nvidia.com/NVIDIA_RTX_Pro_6000_Blackwell_DC-1-8Q": Mechanism.VGPU_TIME_SLICED,
    "nvidia.com/NVIDIA_RTX_Pro_6000_Blackwell_DC-96Q": Mechanism.VGPU_TIME_SLICED,
}


@pytest.mark.parametrize(("name", "mechanism"), VGPUS.items(), ids=VGPUS.keys())
def test_a_type_of_vgpus_says_how_a_gpu_is_divided(name: str, mechanism: Mechanism) -> None:
    assert steps_of(profile_of(name)) == (Step(mechanism, ""),)


@pytest.mark.parametrize(
    "name",
    ["nvidia.com/gpu", "nvidia.com/pgpu", "nvidia.com/GA102GL_A10", "nvidia.com/mig-1g.10gb"],
)
def test_a_whole_gpu_of_a_machine_is_no_vgpu(name: str) -> None:
    assert vgpu_profile(name) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [(T4, ("vgpu-time-sliced", "memory")), (A100, ("vgpu-mig", "hardware"))],
)
def test_vgpus_of_two_tenants_may_be_of_one_gpu(name: str, expected: tuple[str, str]) -> None:
    pods: list[Any] = [pod(f"{tenant}/vm", {name: 1}) for tenant in "ab"]
    assert shared(at(4, name), *pods) == [("a b", *expected, "possible")]
    given = [has(tenant, f"8e5e1b1c-{n}", name=name) for n, tenant in enumerate("ab")]
    assert shared(at(4, name), *given) == [("a b", *expected, "possible")], "no id names a GPU"
    assert shared(at(1, name), pods[0]) == []


def test_what_labels_say_of_nvidias_gpus_is_not_of_others() -> None:
    labels = {"nvidia.com/gpu.product": "NVIDIA-H100-MIG-1g.10gb", "nvidia.com/gpu.count": "7"}
    capacity = {"nvidia.com/gpu": "7", I915: "2", AMD: "2"}
    both = resource("Node", "n", metadata={"labels": labels}, status={"capacity": capacity})
    for name in (I915, AMD):
        assert shared(both, *(pod(f"{tenant}/x", {name: 1}) for tenant in "ab")) == []
    assert {each.device: each.product for each in devices(both)} == {
        "nvidia.com/gpu": "NVIDIA-H100-MIG-1g.10gb",
        I915: "",
        AMD: "",
    }


@pytest.mark.parametrize(("value", "said"), [("true", True), ("false", False)])
def test_a_virtual_gpu_may_have_others_on_it_that_no_cluster_tells(
    value: str, *, said: bool
) -> None:
    at_guest = at(1, "nvidia.com/gpu", {"nvidia.com/vgpu.present": value})
    (found,) = devices(at_guest, pod("a/x", {"nvidia.com/gpu": 1}))
    assert any("virtual" in each for each in found.unknown) is said
