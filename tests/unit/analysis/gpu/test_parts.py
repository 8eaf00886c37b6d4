"""Parts of GPUs whose GPU is not told, parts with memory in common, and ids that contradict."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.gpu.devices import amd_profile, steps_of
from auditor.analysis.gpu.isolation import ISOLATION, Level, Mechanism, level_of
from tests.unit.analysis.gpu.objects import claim, device, devices, node, pod, shared, slices

GPU = "nvidia.com/gpu"
MIG = "nvidia.com/mig-1g.10gb"
COMPUTE = "nvidia.com/mig-1c.3g.40gb"
ONE = "GPU-00000000-1"


def capacity(resource: str, count: int, **labels: str) -> Any:
    body = {"metadata": {"labels": labels}, "status": {"capacity": {resource: str(count)}}}
    return _with(node(), body)


def _with(found: Any, body: dict[str, Any]) -> Any:
    return msgspec.structs.replace(found, body=msgspec.json.encode(body))


def counted(resource: str, count: int) -> Any:
    labels = {f"{resource}.count": str(count), f"{resource}.replicas": "1"}
    return capacity(resource, count, **labels)


def test_instances_that_the_kubelet_names_may_be_of_one_gpu() -> None:
    """The id of an instance does not say of which GPU it is."""
    pods = [pod(f"{name}/x", {MIG: 1}, given={MIG: [f"MIG-{name}"]}) for name in "ab"]
    assert shared(counted(MIG, 7), *pods) == [("a b", "mig", "hardware", "possible")]


def test_instances_of_gpus_that_are_named_are_compared_by_those() -> None:
    given = {"a": f"MIG-{ONE}/7/0", "b": f"MIG-{ONE}/9/0", "c": "MIG-GPU-00000000-2/7/0"}
    pods = [pod(f"{name}/x", {MIG: 1}, given={MIG: [text]}) for name, text in given.items()]
    assert shared(counted(MIG, 14), *pods) == [("a b", "mig", "hardware", "exact")]


def test_compute_instances_may_have_one_memory() -> None:
    pods = [pod(f"{name}/x", {COMPUTE: 1}) for name in "ab"]
    expected = [("a b", "mig-compute-instance", "shared", "possible")]
    assert shared(counted(COMPUTE, 3), *pods) == expected
    given = [pod(f"{name}/x", {COMPUTE: 1}, given={COMPUTE: [f"MIG-{name}"]}) for name in "ab"]
    assert shared(counted(COMPUTE, 3), *given) == expected


AMD = {
    "amd.com/cpx_nps1": ("compute-partition", "shared"),
    "amd.com/cpx_nps4": ("compute-partition", "shared"),
    "amd.com/cpx_nps8": ("partition", "hardware"),
    "amd.com/qpx_nps4": ("partition", "hardware"),
    "amd.com/tpx_nps4": ("partition", "hardware"),
    "amd.com/dpx_nps1": ("compute-partition", "shared"),
    "amd.com/dpx_nps2": ("partition", "hardware"),
}


@pytest.mark.parametrize(("resource", "expected"), AMD.items(), ids=AMD.keys())
def test_partitions_are_as_apart_as_their_memory(resource: str, expected: tuple[str, str]) -> None:
    """AMD's plugin sets no label that counts them, so nothing is proven."""
    pods = [pod(f"{name}/x", {resource: 1}) for name in "ab"]
    assert shared(capacity(resource, 8), *pods) == [("a b", *expected, "possible")]


def test_a_partition_of_all_is_no_partition() -> None:
    assert amd_profile("amd.com/spx_nps1") == amd_profile("amd.com/gpu") == ""
    pods = [pod(f"{name}/x", {"amd.com/spx_nps1": 1}) for name in "ab"]
    assert shared(capacity("amd.com/spx_nps1", 8), *pods) == []


def test_no_part_is_better_apart_than_what_it_is_a_part_of() -> None:
    for profile in ("mig-1g.10gb", "mig-1c.3g.40gb", "cpx_nps1", "cpx_nps4", "qpx_nps4"):
        for step in steps_of(profile):
            assert level_of(ISOLATION[step.mechanism]) <= Level.HARDWARE
    assert steps_of("") == ()
    assert steps_of("mig-1c.3g.40gb")[-1].mechanism is Mechanism.COMPUTE_INSTANCE


BUS = "0000:19:00.0"


def of_amd(*devices_of: dict[str, Any]) -> Any:
    """A slice of AMD's driver."""
    found = slices(*devices_of)
    body = msgspec.json.decode(found.body)
    body["spec"]["driver"] = "gpu.amd.com"
    return _with(found, body)


def amd(name: str, **texts: str) -> dict[str, Any]:
    found = device(name, **texts)
    found["attributes"]["resource.kubernetes.io/pciBusID"] = {"string": BUS}
    return found


def claimed(tenant: str, name: str, **result: str) -> Any:
    return claim(f"{tenant}/c", name, result={"driver": "gpu.amd.com", **result})


PROFILES = {
    "qpx_nps4": ("partition", "hardware"),
    "cpx_nps4": ("compute-partition", "shared"),
    "cpx_nps1": ("compute-partition", "shared"),
    "what_else": ("compute-partition", "shared"),
    "": ("compute-partition", "shared"),
}


@pytest.mark.parametrize(("profile", "expected"), PROFILES.items(), ids=PROFILES.keys())
def test_partitions_of_amds_driver_are_of_the_gpu_at_their_address(
    profile: str, expected: tuple[str, str]
) -> None:
    names = ("gpu-1-129", "gpu-1-130")
    parts = [amd(name, type="amdgpu-partition", partitionProfile=profile) for name in names]
    pods = [claimed(tenant, name) for tenant, name in zip("ab", names, strict=True)]
    assert shared(of_amd(*parts), *pods) == [("a b", *expected, "exact")]
    (gpu,) = devices(of_amd(*parts), *pods)
    assert (gpu.device, [each.part for each in gpu.tenants]) == (
        BUS,
        [f"{expected[0]} {name}" for name in names],
    )


def test_whole_gpus_of_amds_driver_are_nobody_elses() -> None:
    whole = amd("gpu-0-128", type="amdgpu", partitionProfile="spx_nps1", productName="MI300X")
    found = devices(of_amd(whole), claimed("a", "gpu-0-128"))
    assert [(each.device, each.product, each.tenants[0].part) for each in found] == [
        (BUS, "MI300X", "")
    ]


def test_partitions_that_amds_driver_makes_on_demand_are_told_by_their_share() -> None:
    modes = {"computePartition": "qpx", "memoryPartition": "nps4"}
    device_of = amd("gpu-0-qpx-nps4", type="amdgpu-partition", **modes)
    device_of["allowMultipleAllocations"] = True
    apart = [claimed(each, "gpu-0-qpx-nps4", shareID=f"s-{each}") for each in "ab"]
    assert shared(of_amd(device_of), *apart) == [("a b", "partition", "hardware", "exact")]
    together = [claimed(each, "gpu-0-qpx-nps4") for each in "ab"]
    assert [each[2] for each in shared(of_amd(device_of), *together)] == ["none"]


def backed(path: str, name: str) -> Any:
    """A pod whose limit a claim stands for (KEP-5004)."""
    found = pod(path, {GPU: 1})
    body = msgspec.json.decode(found.body)
    mappings = [{"containerName": "c", "resourceName": GPU, "requestName": "r"}]
    body["status"]["extendedResourceClaimStatus"] = {
        "resourceClaimName": name,
        "requestMappings": mappings,
    }
    return _with(found, body)


UUID = {"name": "gpu-0", "attributes": {"uuid": {"string": ONE}}}


def test_what_a_claim_stands_for_is_not_counted_twice() -> None:
    found = devices(slices(UUID), backed("a/p", "made"), claim("a/made", "gpu-0"))
    assert [(each.device, each.known) for each in found] == [(ONE, True)]


def test_a_claim_that_was_not_read_leaves_what_was_asked_for() -> None:
    (pool,) = devices(slices(UUID), backed("a/p", "made"))
    assert (pool.device, pool.known) == (GPU, False)
    assert "was not read" in " ".join(pool.unknown)


def test_a_group_of_pods_has_what_is_reserved_for_it() -> None:
    found = claim("a/c", "gpu-0")
    body = msgspec.json.decode(found.body)
    group = {"apiGroup": "scheduling.k8s.io", "resource": "podgroups", "name": "g", "uid": "u"}
    body["status"]["reservedFor"] = [group]
    (device,) = devices(slices(UUID), _with(found, body))
    assert device.tenants[0].pods == ("a/podgroups/g",)


def part(name: str, counters: str, **texts: str) -> dict[str, Any]:
    attributes = {key: {"string": value} for key, value in texts.items()}
    consumes = [{"counterSet": counters, "counters": {"memory": {"value": "10Gi"}}}]
    return {"name": name, "attributes": attributes, "consumesCounters": consumes}


def test_parts_without_a_parent_are_of_the_gpu_with_their_counters() -> None:
    every = slices(part("gpu-0", "set-0", uuid=ONE), part("m-1", "set-0"), part("m-2", "set-0"))
    found = shared(every, claim("a/c", "m-1"), claim("b/c", "m-2"))
    assert found == [("a b", "mig", "hardware", "exact")]


def test_parts_of_old_slices_too() -> None:
    every = [part("gpu-0", "set-0", uuid=ONE), part("m-1", "set-0"), part("m-2", "set-0")]
    old = [{"name": each.pop("name"), "basic": each} for each in every]
    found = shared(slices(*old), claim("a/c", "m-1"), claim("b/c", "m-2"))
    assert found == [("a b", "mig", "hardware", "exact")]


def test_a_gpu_that_two_nodes_say_they_have_is_a_contradiction() -> None:
    given = {GPU: [f"{ONE}::0"]}
    pods = [
        pod(f"{name}/{at}", {GPU: 1}, given=given, on=at)
        for name, at in (("a", "m"), ("b", "m"), ("c", "n"))
    ]
    found = devices(node("m", nvidia_com__gpu="8"), node("n", nvidia_com__gpu="8"), *pods)
    at_m, at_n = [each for each in found if each.known]
    assert at_m.unknown[0] == "a GPU of this id is said to be in n as well"
    assert at_n.unknown[0] == "a GPU of this id is said to be in m as well"
    assert [each.certainty for each in at_m.shares] == ["declared"]


def test_a_claim_that_names_a_device_that_no_slice_has_is_told() -> None:
    (device,) = devices(slices(UUID), claim("a/c", "gpu-7"))
    assert device.unknown == ("no slice of gpu.nvidia.com has n/gpu-7",)
    found = shared(slices(UUID), claim("a/c", "gpu-7"), claim("b/c", "gpu-7"))
    assert [each[0] for each in found] == ["a b"]


GKE = "cloud.google.com/gke-"


def on_gke(count: int, asked: tuple[int, int], **labels: str) -> list[tuple[str, str, str, str]]:
    """What two tenants share of a node of GKE with so many of the plain resource."""
    named = {GKE + name.replace("_", "-"): value for name, value in labels.items()}
    pods = [pod(f"{name}/x", {GPU: slots}) for name, slots in zip("ab", asked, strict=True)]
    return shared(capacity(GPU, count, **named), *pods)


def test_gke_says_how_many_clients_a_gpu_has() -> None:
    turns = {"gpu_sharing_strategy": "time-sharing", "max_shared_clients_per_gpu": "4"}
    assert on_gke(8, (5, 1), **turns) == [("a b", "time-slicing", "shared", "proven")]
    assert on_gke(8, (1, 1), **turns) == [("a b", "time-slicing", "shared", "possible")]
    assert on_gke(7, (5, 1), **turns) == [("a b", "time-slicing", "shared", "possible")]
    mps = {**turns, "gpu_sharing_strategy": "mps"}
    assert on_gke(8, (5, 1), **mps) == [("a b", "mps", "memory-soft", "proven")]


def test_gke_that_does_not_say_how_many_clients() -> None:
    """What is shared, and not how often, may be shared by any two."""
    for clients in ({}, {"max_shared_clients_per_gpu": "many"}):
        found = on_gke(8, (1, 1), gpu_sharing_strategy="time-sharing", **clients)
        assert found == [("a b", "time-slicing", "shared", "possible")]


@pytest.mark.parametrize("replicas", [None, "", "many", "1", "-4"])
def test_labels_that_say_it_is_shared_and_not_how_often(replicas: str | None) -> None:
    labels = {f"{GPU}.count": "2", f"{GPU}.sharing-strategy": "mps"}
    if replicas is not None:
        labels[f"{GPU}.replicas"] = replicas
    at = capacity(GPU, 2, **labels)
    pods = [pod(f"{name}/x", {GPU: 1}) for name in "ab"]
    assert shared(at, *pods) == [("a b", "mps", "memory-soft", "possible")]
    (pool,) = devices(at, *pods)
    assert pool.unknown[0] == (
        "the labels say that nvidia.com/gpu is shared, and not how often: nvidia.com/gpu.replicas"
    )


def test_labels_that_say_it_is_shared_in_a_way_that_nobody_knows() -> None:
    labels = {f"{GPU}.count": "9", f"{GPU}.replicas": "4", f"{GPU}.sharing-strategy": "else"}
    pods = [pod(f"{name}/x", {GPU: 1}) for name in "ab"]
    assert shared(capacity(GPU, 8, **labels), *pods) == [("a b", "unknown", "none", "possible")]


def test_gke_says_how_a_gpu_is_divided() -> None:
    parts = {"gpu_sharing_strategy": "time-sharing", "max_shared_clients_per_gpu": "1"}
    divided = {**parts, "gpu_partition_size": "1g.10gb"}
    assert on_gke(7, (1, 1), **divided) == [("a b", "mig", "hardware", "possible")]
    assert on_gke(7, (1, 1), **parts) == []


FEWER = {
    "whole since": (1, "1", "none", ("unknown", "none", "possible")),
    "fewer replicas, and each pair on one": (
        1,
        "2",
        "time-slicing",
        ("time-slicing", "shared", "proven"),
    ),
    "fewer replicas, and one pair alone": (
        1,
        "1",
        "time-slicing",
        ("time-slicing", "shared", "possible"),
    ),
}


@pytest.mark.parametrize(("count", "replicas", "strategy", "expected"), FEWER.values(), ids=FEWER)
def test_pods_that_hold_more_than_there_is_share_some(
    count: int, replicas: str, strategy: str, expected: tuple[str, str, str]
) -> None:
    """The plugin was set to fewer replicas, and the pods that ran kept theirs."""
    labels = {
        f"{GPU}.count": str(count),
        f"{GPU}.replicas": replicas,
        f"{GPU}.sharing-strategy": strategy,
    }
    at = capacity(GPU, count * int(replicas), **labels)
    pods = [pod(f"{name}/x", {GPU: 1}) for name in "abc"]
    pairs = ("a b", "a c", "b c")
    assert shared(at, *pods) == [(pair, *expected) for pair in pairs]
    (pool,) = devices(at, *pods)
    said = f"pods hold 3 of nvidia.com/gpu, and the node offers {count * int(replicas)}"
    assert said in " ".join(pool.unknown)
    assert shared(capacity(GPU, 1), *pods[:1]) == []
    unlabelled = shared(capacity(GPU, 1), *pods[:2])
    assert unlabelled == [("a b", "unknown", "none", "possible")]


def test_what_the_kubelet_named_is_known_however_much_is_held() -> None:
    labels = {f"{GPU}.count": "1", f"{GPU}.replicas": "1"}
    pods = [pod(f"{name}/x", {GPU: 1}, given={GPU: [f"GPU-{name}"]}) for name in "ab"]
    assert shared(capacity(GPU, 1, **labels), *pods) == []
