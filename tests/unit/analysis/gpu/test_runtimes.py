"""What a RuntimeClass says of the pods that name it, and what follows where it was not read."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from auditor.analysis.gpu.bypass import Way
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.runtimes import Runtime, heeded, runtime_of
from auditor.analysis.gpu.shares import Certainty, Grant, Step, separation
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import bodies, devices, node, pod, resource, shared

GPU = "nvidia.com/gpu"
ONE = "GPU-00000000-1"
PRIVILEGED = {"securityContext": {"privileged": True}}
SELECTS: dict[str, Any] = {
    "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}],
    "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}},
}
HANDLERS = {
    "": Runtime.NODE,
    "vm": Runtime.MACHINE,
    "confidential": Runtime.MACHINE,
    "gpu": Runtime.NVIDIA,
    "cdi": Runtime.NVIDIA,
    "plain": Runtime.NODE,
    "sandbox": Runtime.OTHER,
    "posing": Runtime.OTHER,
    "kata": Runtime.UNREAD,
    "nvidia": Runtime.UNREAD,
}
READ = {
    "vm": "kata",
    "confidential": "kata-qemu-nvidia-gpu-snp",
    "gpu": "nvidia",
    "cdi": "nvidia-cdi",
    "plain": "runc",
    "sandbox": "runsc",
    "posing": "nvidiax",
}


def runtime(name: str, handler: str) -> Resource:
    return resource("RuntimeClass", name, metadata={"name": name}, handler=handler)


@pytest.mark.parametrize(("name", "expected"), HANDLERS.items())
def test_a_class_is_known_by_its_handler_and_not_by_its_name(name: str, expected: Runtime) -> None:
    assert runtime_of(name, READ) is expected


def test_nothing_is_surer_than_on_the_kernel_of_the_node() -> None:
    for name, certainty, found in product(
        ("privileged", "environment", "device-folder"), Certainty, Runtime
    ):
        way = Way(name, certainty, "/spec")
        assert heeded(way, found).certainty <= way.certainty
    assert heeded(Way("privileged", 3, ""), Runtime.NODE).certainty == Certainty.EXACT
    assert heeded(Way("environment", 3, ""), Runtime.NODE).certainty == Certainty.POSSIBLE


def reached(*more: Resource, **spec: Any) -> list[str]:
    container = spec.pop("container", PRIVILEGED)
    at = node(nvidia_com__gpu="2")
    found = bodies("gpu/Reach", at, pod("a/x", container=container, **spec), *more)
    return [body["certainty"] for body in found]


def test_a_privileged_pod_in_a_virtual_machine_may_not_reach_the_node() -> None:
    kata = runtime("vm", "kata-qemu")
    assert reached() == ["exact"]
    assert reached(kata, runtimeClassName="vm") == ["possible"]
    assert reached(runtime("vm", "runc"), runtimeClassName="vm") == ["exact"]


def test_a_class_that_was_not_read_takes_certainty_and_is_named() -> None:
    assert reached(runtimeClassName="vm") == ["possible"]
    (pool,) = devices(node(nvidia_com__gpu="2"), pod("a/x", {GPU: 1}, runtimeClassName="vm"))
    assert [text for text in pool.unknown if text.startswith("RuntimeClass vm was not read")]
    (pool,) = devices(
        node(nvidia_com__gpu="2"),
        pod("a/x", {GPU: 1}, runtimeClassName="vm"),
        runtime("vm", "kata"),
    )
    assert not [text for text in pool.unknown if "RuntimeClass" in text]


def test_what_a_container_says_is_heeded_by_the_nvidia_runtime_alone() -> None:
    spec = {"container": SELECTS, "runtimeClassName": "nvidia"}
    assert reached(runtime("nvidia", "nvidia"), **spec) == ["exact"]
    assert reached(runtime("nvidia", "runsc"), **spec) == ["possible"]
    assert reached(**spec) == ["possible"]


def test_a_whole_gpu_of_a_virtual_machine_is_passed_through() -> None:
    given = {GPU: [ONE]}
    at = node(
        labels={"nvidia.com/gpu.count": "2", "nvidia.com/gpu.replicas": "1"}, nvidia_com__gpu="2"
    )
    holder = pod("a/x", {GPU: 1}, given=given, runtimeClassName="vm")
    found = devices(at, holder, runtime("vm", "kata-qemu"))
    assert {each.tenants[0].mechanism for each in found} == {"passthrough"}
    found = devices(at, holder)
    assert {each.tenants[0].mechanism for each in found} == {"exclusive"}


def test_one_gpu_that_two_machines_are_said_to_have_is_not_exclusive() -> None:
    pods = [pod(f"{name}/x", {GPU: 1}, given={GPU: [ONE]}, runtimeClassName="vm") for name in "ab"]
    found = shared(node(nvidia_com__gpu="2"), *pods, runtime("vm", "kata"))
    assert [each[1:] for each in found] == [("unknown", "none", "exact")]


def test_two_machines_have_no_kernel_in_common() -> None:
    def grant(number: int, *, machine: bool) -> Grant:
        path = (Step(Mechanism.MIG, str(number)),)
        return Grant("t", "p", Certainty.EXACT, Mechanism.EXCLUSIVE, path, machine=machine)

    for one, other in product((False, True), repeat=2):
        isolation, _ = separation(grant(1, machine=one), grant(2, machine=other))
        assert isolation.kernel == (one and other)
