"""Which configuration of a claim counts for a device, as NVIDIA's driver chooses."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.gpu.dra_parameters import Setting, setting_of
from auditor.analysis.gpu.isolation import Mechanism
from tests.unit.analysis.gpu.objects import bodies, claim, device, shared, slices

ONE = "GPU-00000000-1"
GPU = device("gpu-0", type="gpu", uuid=ONE, productName="H100")
INSTANCE = device("mig-1", type="mig", uuid="MIG-1", parentUUID=ONE, profile="1g.10gb")


def config(kind: str, *requests: str, **sharing: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = {"apiVersion": "resource.nvidia.com/v1beta1", "kind": kind}
    if sharing:
        parameters["sharing"] = sharing
    return {
        "requests": list(requests),
        "opaque": {"driver": "gpu.nvidia.com", "parameters": parameters},
    }


def of_gpus(*requests: str, **sharing: Any) -> dict[str, Any]:
    return config("GpuConfig", *requests, **sharing)


def of_instances(*requests: str, **sharing: Any) -> dict[str, Any]:
    return config("MigDeviceConfig", *requests, **sharing)


LIMITED = {"strategy": "MPS", "mpsConfig": {"defaultPinnedDeviceMemoryLimit": "10Gi"}}
TURNS = {"strategy": "TimeSlicing"}
NOTHING = "shared-claim"
CHOICES = {
    "one": ([of_gpus(**LIMITED)], "mps"),
    "the last counts": ([of_gpus(**LIMITED), of_gpus(**TURNS)], "time-slicing"),
    "one that leaves it open takes it back": ([of_gpus(**LIMITED), of_gpus()], NOTHING),
    "what is for instances is passed over": ([of_gpus(**LIMITED), of_instances(**TURNS)], "mps"),
    "what is refused is no setting": ([of_gpus(**LIMITED), of_gpus(strategy="mps")], "mps"),
    "by the name of its request": ([of_gpus("r/s", **LIMITED)], "mps"),
    "by the name of another": ([of_gpus("x", **LIMITED)], NOTHING),
    "by the main request alone": ([of_gpus("r", **LIMITED)], NOTHING),
    "which is weaker than turns, or as weak": ([of_gpus("r", **TURNS)], NOTHING),
    "nothing": ([], NOTHING),
}


def mechanism(named: str, found: list[dict[str, Any]], *devices: dict[str, Any]) -> list[str]:
    """By which mechanism the two pods of a claim have a device."""
    several = claim("a/c", named, pods=("p", "q"), result={"request": "r/s"}, config=found)
    return [
        each["mechanism"]
        for body in bodies("gpu/Device", slices(*devices), several)
        for each in body["tenants"]
    ]


@pytest.mark.parametrize(("found", "expected"), CHOICES.values(), ids=CHOICES.keys())
def test_which_setting_counts(found: list[dict[str, Any]], expected: str) -> None:
    assert mechanism("gpu-0", found, GPU) == [expected]


def test_instances_have_settings_of_their_own() -> None:
    both = [of_instances(**LIMITED), of_gpus(**TURNS)]
    assert mechanism("mig-1", both, GPU, INSTANCE) == ["mps"]
    assert mechanism("gpu-0", both, GPU, INSTANCE) == ["time-slicing"]
    assert mechanism("mig-1", both) == ["time-slicing"], "the weaker where no slice says what it is"


def test_compute_instances_of_one_instance_have_its_memory_in_common() -> None:
    parts = [
        device(f"ci-{n}", uuid=f"MIG-{n}", parentUUID=ONE, profile="1c.3g.40gb") for n in range(2)
    ]
    objects = (slices(GPU, *parts), claim("a/c", "ci-0"), claim("b/c", "ci-1"))
    assert shared(*objects) == [("a b", "mig-compute-instance", "shared", "exact")]
    apart = [device(f"gi-{n}", uuid=f"MIG-{n}", parentUUID=ONE, profile="3g.40gb") for n in "01"]
    objects = (slices(GPU, *apart), claim("a/c", "gi-0"), claim("b/c", "gi-1"))
    assert shared(*objects) == [("a b", "mig", "hardware", "exact")]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            b'{"apiVersion":"resource.nvidia.com/v1beta1","kind":"GpuConfig"}',
            Setting(for_instances=False, mechanism=None),
        ),
        (
            b'{"apiVersion":"resource.nvidia.com/v1beta1","kind":"MigDeviceConfig","sharing":%s}'
            % b'{"strategy":"TimeSlicing"}',
            Setting(for_instances=True, mechanism=Mechanism.TIME_SLICING),
        ),
        (b'{"apiVersion":"resource.nvidia.com/v1beta1","kind":"GpuConfig","sharing":{}}', None),
        (b"{}", None),
        (b"[", None),
        (b"\xff", None),
    ],
)
def test_what_a_configuration_sets(parameters: bytes, expected: Setting | None) -> None:
    assert setting_of(parameters) == expected
