"""Dynamic resource allocation by drivers of other makers, and virtual functions of Intel's GPUs."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.gpu.dra import maker_of
from auditor.analysis.gpu.isolation import ISOLATION, Level, Mechanism, level_of
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import devices, resource, shared

INTEL = "gpu.intel.com"


def published(driver: str, *names: str, **attributes: str) -> Resource:
    found = {name: {"string": value} for name, value in attributes.items()}
    spec: dict[str, Any] = {
        "driver": driver,
        "nodeName": "n",
        "pool": {"name": "n", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": name, "attributes": found} for name in names],
    }
    return resource("ResourceSlice", "s", spec=spec)


def claimed(tenant: str, driver: str, device: str) -> Resource:
    result = {"request": "r", "driver": driver, "pool": "n", "device": device}
    status = {
        "allocation": {"devices": {"results": [result]}},
        "reservedFor": [{"resource": "pods", "name": "x", "uid": "u"}],
    }
    return resource("ResourceClaim", "c", tenant, status=status)


def both(driver: str, *names: str, **attributes: str) -> list[Resource]:
    claims = [claimed(tenant, driver, name) for tenant, name in zip("ab", names, strict=True)]
    return [published(driver, *dict.fromkeys(names), **attributes), *claims]


FUNCTIONS = {
    "of one GPU": (("0000-03-00-1-0x56c0", "0000-03-00-2-0x56c0"), True),
    "beyond the seventh": (("0000-03-00-7-0x56c0", "0000-03-01-0-0x56c0"), True),
    "the GPU and its function": (("0000-03-00-0-0x56c0", "0000-03-00-1-0x56c0"), True),
    "of two GPUs": (("0000-03-00-1-0x56c0", "0000-04-00-1-0x56c0"), False),
    "two GPUs": (("0000-03-00-0-0x56c0", "0000-04-00-0-0x56c0"), False),
    "in the processor": (("0000-00-02-1-0xa7a0", "0000-00-02-2-0xa7a0"), True),
    "in the processor and beside it": (("0000-00-02-1-0xa7a0", "0000-00-03-0-0x56c0"), False),
    "in two domains": (("0000-03-00-1-0x56c0", "0001-03-00-1-0x56c0"), False),
}


@pytest.mark.parametrize(("names", "one"), FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_functions_of_intels_gpus_are_parts_of_them(names: tuple[str, str], *, one: bool) -> None:
    found = shared(*both(INTEL, *names))
    mechanism, level = found[0][1:3] if found else ("", "")
    assert bool(found) is one
    if one:
        assert found[0][3] == "exact"
        assert (mechanism, level) in {("virtual-function", "memory"), ("unknown", "none")}


def test_two_functions_have_memory_of_their_own() -> None:
    found = shared(*both(INTEL, "0000-03-00-1-0x56c0", "0000-03-00-2-0x56c0"))
    assert found == [("a b", "virtual-function", "memory", "exact")]
    (row,) = devices(*both(INTEL, "0000-03-00-1-0x56c0", "0000-03-00-2-0x56c0", model="Flex 170"))
    assert (row.device, row.product) == ("0000:03:00.0", "Flex 170")
    assert [each.part for each in row.tenants] == [
        "virtual-function 0000:03:00.1",
        "virtual-function 0000:03:00.2",
    ]
    assert level_of(ISOLATION[Mechanism.VIRTUAL_FUNCTION]) is Level.MEMORY


def test_the_address_that_is_published_goes_before_the_name() -> None:
    objects = both(INTEL, "one", "one", **{"resource.kubernetes.io/pciBusID": "0000:05:00.3"})
    (row,) = devices(*objects)
    assert row.device == "0000:05:00.0"


def test_what_has_no_address_is_a_device_by_itself() -> None:
    rows = devices(*both(INTEL, "gpu-a", "gpu-b"))
    assert [row.device for row in rows] == [f"{INTEL}/n/gpu-a", f"{INTEL}/n/gpu-b"]


DRIVERS = {
    "tpu.google.com": "google.com/",
    "neuron.aws.com": "aws.amazon.com/",
    "npu.acme.example": "npu.acme.example/",
    "gpu.nvidia.com": "nvidia.com/",
    "compute-domain.nvidia.com": "",
    "dra.net": "",
    "cpu.example.com": "",
}


@pytest.mark.parametrize(("driver", "maker"), DRIVERS.items(), ids=DRIVERS.keys())
def test_whose_devices_a_driver_has(driver: str, maker: str) -> None:
    assert maker_of(driver) == maker
    rows = devices(*both(driver, "d-0", "d-1"))
    assert [row.device for row in rows] == (
        [f"{driver}/n/d-0", f"{driver}/n/d-1"] if maker else []
    ), "claims are exact, whoever made the devices"
