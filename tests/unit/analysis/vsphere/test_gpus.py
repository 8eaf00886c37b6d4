"""Which machine has which GPU, by what hosts and machines say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.analysis.vsphere.gpu_hosts import (
    OTHER,
    PCI,
    derived,
    dynamic,
    gpu,
    held,
    host,
    machine,
    of_kind,
    profiles,
    shares,
    vgpu,
    whole,
)


def test_two_tenants_take_turns() -> None:
    found = (
        host(gpu(PCI, "sharedDirect", "sameSize", "vm-a", "vm-b")),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
        machine("vm-b", "/team-b", vgpu("grid_a100-20c")),
    )
    assert held(*found) == {
        PCI: [("team-a", "vgpu-time-sliced", "exact"), ("team-b", "vgpu-time-sliced", "exact")]
    }
    assert shares(*found) == [("team-a", "team-b", "vgpu-time-sliced", "memory", "exact")]


@pytest.mark.parametrize(
    ("profile", "mode"),
    [
        ("grid_a100-1-5c", "none"),
        ("grid_a100-1-5cme", "none"),
        ("grid_a100-20c", "multiInstanceGpu"),
    ],
)
def test_instances_are_apart(profile: str, mode: str) -> None:
    found = shares(
        host(gpu(PCI, "sharedDirect", mode, "vm-a", "vm-b")),
        machine("vm-a", "/team-a", vgpu(profile)),
        machine("vm-b", "/team-b", vgpu(profile)),
    )
    assert found == [("team-a", "team-b", "vgpu-mig", "hardware", "exact")]


def test_one_tenant_shares_with_nobody() -> None:
    found = (
        host(gpu(PCI, "sharedDirect", "sameSize", "vm-a", "vm-b")),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
        machine("vm-b", "/team-a", vgpu("grid_a100-20c")),
    )
    assert [tenant for tenant, *_ in held(*found)[PCI]] == ["team-a"]
    assert {pair[:2] for pair in shares(*found)} <= {("team-a", "team-a")}


@pytest.mark.parametrize("backing", [whole(PCI), dynamic(PCI), whole(PCI, 0x10DE - 0x10000)])
def test_a_gpu_that_is_passed_through(backing: dict[str, Any]) -> None:
    """Its host may list it or not: the maker says what it is. Numbers of PCI come signed."""
    alone = {PCI: [("team-a", "passthrough", "exact")]}
    assert held(host(gpu(PCI, "direct")), machine("vm-a", "/team-a", backing)) == alone
    assert held(host(), machine("vm-a", "/team-a", backing)) == alone


def test_a_network_adapter_is_not_a_gpu() -> None:
    assert held(host(), machine("vm-a", "/team-a", whole(PCI, 0x15B3))) == {}
    listed = held(host(gpu(PCI, "direct")), machine("vm-a", "/team-a", whole(PCI, 0x15B3)))
    assert list(listed) == [PCI]


def test_where_the_host_names_nobody_it_may_be_any() -> None:
    found = (
        host(gpu(PCI), gpu(OTHER), gpu("0000:00:00.0", "direct")),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
        machine("vm-b", "/team-b", vgpu("grid_a100-20c")),
    )
    possible = [
        ("team-a", "vgpu-time-sliced", "possible"), ("team-b", "vgpu-time-sliced", "possible"),
    ]  # fmt: skip
    assert held(*found) == {"0000:00:00.0": [], PCI: possible, OTHER: possible}
    unknown = [each["unknown"] for each in of_kind(derived(*found), "gpu/Device")]
    assert unknown == [[], *[["the host does not say which machines are on it"]] * 2]


def test_one_tenant_has_parts_of_two_kinds_of_one_gpu() -> None:
    found = held(
        host(gpu(PCI)),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
        machine("vm-b", "/team-a", vgpu("grid_a100-1-5c")),
    )
    assert found == {PCI: [("team-a", "vgpu-mig", "possible")]}


def test_of_a_host_that_was_not_read_the_machines_are_told() -> None:
    found = held(
        machine("vm-a", "/team-a", vgpu("grid_a100-20c"), whole(PCI)),
        machine("vm-b", "/team-b", vgpu("grid_a100-20c")),
    )
    assert found[PCI] == [("team-a", "passthrough", "exact")]
    assert [tenant for tenant, *_ in found["a GPU that is not known"]] == ["team-a", "team-b"]


@pytest.mark.parametrize("power", ["poweredOff", "suspended"])
def test_a_machine_that_does_not_run_holds_nothing(power: str) -> None:
    assert held(host(gpu()), machine("vm-a", "/team-a", vgpu("grid_a100-20c"), power=power)) == {
        PCI: []
    }


def test_who_a_tenant_is() -> None:
    facts = derived(
        host(gpu(PCI, "sharedDirect", "sameSize", "vm-a", "vm-b")),
        machine("vm-a", "/team-a/train", vgpu("grid_a100-20c")),
        machine("vm-b", "", vgpu("grid_a100-20c")),
    )
    (device,) = of_kind(facts, "gpu/Device")
    assert [(each["tenant"], each["keys"]) for each in device["tenants"]] == [
        ("b", ["virtual machine"]), ("team-a/train", ["folder"]),
    ]  # fmt: skip
    (told,) = of_kind(facts, "gpu/Tenancy")
    assert [each["key"] for each in told["keys"]] == ["folder", "virtual machine"]


def test_graphics_of_a_screen_are_not_a_gpu() -> None:
    assert held(host(gpu(PCI, "basic"))) == {}


@pytest.mark.parametrize(
    ("profile", "mode", "told", "mechanism"),
    [
        ("h1005c", "none", "mig", "vgpu-mig"),
        ("h1005c", "multiInstanceGpu", "timeSliced", "vgpu-time-sliced"),
        ("grid_a100-1-5c", "none", "timeSliced", "vgpu-time-sliced"),
        ("rtxpro6000dc-1-24q", "multiInstanceGpu", "mig", "vgpu-time-sliced"),
        ("rtxpro6000dc-1-24q", "multiInstanceGpu", "", "vgpu-time-sliced"),
        ("h1005c", "none", "", "vgpu-time-sliced"),
        ("h1005c", "none", "by-magic", "vgpu-time-sliced"),
    ],
)
def test_the_cluster_says_how_a_profile_is_shared(
    profile: str, mode: str, told: str, mechanism: str
) -> None:
    """Several vGPUs may be on one instance of some GPUs: then nothing says that one is alone."""
    found = held(
        profiles(**({profile: told} if told else {})),
        profiles("domain-c2", **{profile: "mig"}),
        host(gpu(PCI, "sharedDirect", mode, "vm-a")),
        machine("vm-a", "/team-a", vgpu(profile)),
    )
    assert found == {PCI: [("team-a", mechanism, "exact")]}


def test_one_profile_by_turns_is_enough() -> None:
    found = held(
        profiles(one="mig", other="timeSliced"),
        host(gpu(PCI, "sharedDirect", "none", "vm-a")),
        machine("vm-a", "/team-a", vgpu("one"), vgpu("other")),
    )
    assert found == {PCI: [("team-a", "vgpu-time-sliced", "exact")]}


def test_a_gpu_whose_address_nobody_tells_is_shared_with_nobody() -> None:
    """It is one that the machine has to itself, whichever it is."""
    found = (
        host(gpu(PCI, "direct")),
        machine("vm-a", "/team-a", dynamic(""), dynamic("")),
        machine("vm-b", "/team-b", dynamic("")),
    )
    assert held(*found) == {
        PCI: [],
        "a GPU that is not known (1 of vm-a)": [("team-a", "passthrough", "possible")],
        "a GPU that is not known (2 of vm-a)": [("team-a", "passthrough", "possible")],
        "a GPU that is not known (1 of vm-b)": [("team-b", "passthrough", "possible")],
    }
    assert shares(*found) == []
    assert held(host(), machine("vm-a", "/team-a", dynamic("", 0x15B3))) == {}


def dvx(device: str) -> dict[str, Any]:
    return {"type": "VirtualPCIPassthroughDvxBackingInfo", "deviceClass": device}


def test_a_device_of_a_class_of_gpus_is_a_part_of_one() -> None:
    assert held(host(gpu(PCI)), machine("vm-a", "/team-a", dvx("com.nvidia.vgpu.x"))) == {
        PCI: [("team-a", "vgpu-time-sliced", "possible")]
    }
    assert held(host(gpu(PCI)), machine("vm-a", "/team-a", dvx("com.vmware.nic"))) == {PCI: []}


def test_a_machine_that_only_its_host_names_may_be_anybodys() -> None:
    """Nobody could read it; what it has is the GPU all the same."""
    found = (
        host(gpu(PCI, "sharedDirect", "sameSize", "vm-a", "vm-gone")),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
    )
    assert held(*found) == {
        PCI: [
            ("team-a", "vgpu-time-sliced", "exact"),
            ("vm-gone (not read)", "vgpu-time-sliced", "possible"),
        ]
    }
    assert shares(*found) == [
        ("team-a", "vm-gone (not read)", "vgpu-time-sliced", "memory", "possible")
    ]
    (device,) = of_kind(derived(*found), "gpu/Device")
    assert device["unknown"] == ["vm-gone is on it, and was not read"]
    assert device["tenants"][1]["keys"] == ["machine that was not read"]


def test_without_any_machine_those_that_hosts_name_are_left() -> None:
    assert held(host(gpu(PCI, "direct", "none", "vm-gone"))) == {
        PCI: [("vm-gone (not read)", "passthrough", "possible")]
    }


def test_a_machine_without_devices_is_where_its_host_says() -> None:
    """A host draws for machines with its own driver; whoever is switched off is nowhere."""
    found = (
        host(gpu(PCI, "shared", "none", "vm-a", "vm-b", "vm-off")),
        machine("vm-a", "/team-a"),
        machine("vm-b", "/team-b"),
        machine("vm-off", "/team-c", power="poweredOff"),
        machine("vm-idle", "/team-c"),
    )
    assert held(*found) == {
        PCI: [("team-a", "time-slicing", "exact"), ("team-b", "time-slicing", "exact")]
    }
    assert shares(*found) == [("team-a", "team-b", "time-slicing", "shared", "exact")]
