"""Which machine has which GPU, by what hosts and machines say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from auditor.analysis.protocol import Row, Site
from auditor.analysis.vsphere.gpus import VsphereGpus
from auditor.model.fact import Fact
from auditor.model.resource import Resource, Target

SITE = Site(Target("vsphere://vc/", "id"), "sha256:0", lambda _, __: 0)
ANALYSIS = VsphereGpus({})
PCI = "0000:3b:00.0"
OTHER = "0000:af:00.0"
NVIDIA = 0x10DE


def resource(kind: str, name: str, path: str, body: dict[str, Any]) -> Resource:
    return Resource(
        kind=kind,
        api_version="",
        name=name,
        namespace="",
        uid="",
        source=path,
        document=0,
        line=0,
        body=json.dumps({"path": path, "name": name, **body}, separators=(",", ":")).encode(),
    )


def gpu(pci: str = PCI, kind: str = "sharedDirect", mode: str = "sameSize", *machines: str) -> Any:
    return {
        "pciId": pci, "deviceName": "A100", "graphicsType": kind, "vgpuMode": mode,
        "vm": list(machines),
    }  # fmt: skip


def host(*gpus: Any) -> Resource:
    inner = {"moid": "host-1", "parent": "domain-c1", "config": {"graphicsInfo": [*gpus]}}
    return resource("vsphere/Host", "h1", "/A/host/h1", inner)


def profiles(cluster: str = "domain-c1", **sharing: str) -> Resource:
    """How the profiles of a cluster are shared; their names have no dashes here."""
    told = [{"profileName": name, "profileSharing": each} for name, each in sharing.items()]
    inner = {"moid": cluster, "vgpuProfileInfo": told}
    return resource("vsphere/GpuProfiles", "gpu", "/A/host/gpu", inner)


def machine(
    moid: str, folder: str, *backings: dict[str, Any], power: str = "poweredOn"
) -> Resource:
    devices = [
        {"type": "VirtualDisk"},
        *({"type": "VirtualPCIPassthrough", "backing": each} for each in backings),
    ]
    inner = {
        "moid": moid,
        "config": {"hardware": {"device": devices}},
        "runtime": {"powerState": power, "host": "host-1"},
    }
    name = moid.removeprefix("vm-")
    return resource("vsphere/VirtualMachine", name, f"/A/vm{folder}/{name}", inner)


def vgpu(profile: str) -> dict[str, Any]:
    return {"type": "VirtualPCIPassthroughVmiopBackingInfo", "vgpu": profile}


def whole(pci: str, vendor: int = NVIDIA) -> dict[str, Any]:
    kind = "VirtualPCIPassthroughDeviceBackingInfo"
    return {"type": kind, "id": pci, "vendorId": vendor, "allowedDevice": []}


def dynamic(pci: str, vendor: int = NVIDIA) -> dict[str, Any]:
    kind = "VirtualPCIPassthroughDynamicBackingInfo"
    return {"type": kind, "assignedId": pci, "allowedDevice": [{"vendorId": vendor, "deviceId": 1}]}


def derived(*resources: Resource, analysis: VsphereGpus = ANALYSIS) -> list[Fact]:
    """The facts of a vCenter with these things."""
    rows: dict[tuple[str, ...], list[Row]] = {}
    for each in resources:
        for row in analysis.extract(each, SITE):
            rows.setdefault(row.key, []).append(row)
    found = analysis.derive((key, iter(rows[key])) for key in sorted(rows))
    return [each for each in found if isinstance(each, Fact)]


def of_kind(facts: Iterable[Fact], kind: str) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in facts if each.kind == kind]


def held(*resources: Resource) -> dict[str, list[tuple[str, str, str]]]:
    """Of each GPU its tenants, each with the mechanism and the certainty."""
    return {
        each["device"]: [
            (tenant["tenant"], tenant["mechanism"], tenant["certainty"])
            for tenant in each["tenants"]
        ]
        for each in of_kind(derived(*resources), "gpu/Device")
    }


def shares(*resources: Resource) -> list[tuple[str, ...]]:
    """Pairs of tenants, with the mechanism, the isolation and the certainty."""
    return [
        (*share["tenants"], share["mechanism"], share["isolation"], share["certainty"])
        for each in of_kind(derived(*resources), "gpu/Device")
        for share in each["shares"]
    ]


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


def attributes(moid: str, **values: str) -> Resource:
    inner = {"moid": moid, "attributes": values}
    return resource("vsphere/MachineAttributes", moid, f"/A/vm/{moid}", inner)


def whose(analysis: VsphereGpus, *resources: Resource) -> tuple[dict[str, Any], list[Any]]:
    """By what each tenant is one, and all keys: who writes them, and how many each named."""
    facts = derived(*resources, analysis=analysis)
    devices = of_kind(facts, "gpu/Device")
    (told,) = of_kind(facts, "gpu/Tenancy")
    found = {each["tenant"]: each["keys"] for device in devices for each in device["tenants"]}
    return found, [(each["key"], each["writtenBy"], each["tenants"]) for each in told["keys"]]


def tags(moid: str, **values: list[str]) -> Resource:
    inner = {"moid": moid, "tags": values}
    return resource("vsphere/MachineTags", moid, f"/A/vm/{moid}", inner)


def test_tags_say_whose_machines_are() -> None:
    """By one category; a machine with two of its tags belongs to neither alone."""
    analysis = VsphereGpus({"tenancy-keys": [{"of": "tag", "name": "team"}]})
    found, keys = whose(
        analysis,
        tags("vm-a", team=["llm"], stage=["prod"]),
        tags("vm-b", team=["vision", "llm"]),
        tags("vm-c"),
        host(gpu(PCI, "sharedDirect", "sameSize", "vm-a", "vm-b", "vm-c")),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
        machine("vm-b", "/team-b", vgpu("grid_a100-20c")),
        machine("vm-c", "/team-c", vgpu("grid_a100-20c")),
    )
    assert found == {"llm": ["tag team"], "llm and vision": ["tag team"], "team-c": ["folder"]}
    assert keys == [("folder", "platform", 1), ("tag team", "platform", 2)]
    assert "vsphere/MachineTags" in analysis.reads
    assert "vsphere/MachineTags" in analysis.feeds["gpu/Share"][""]
    assert "vsphere/MachineTags" not in ANALYSIS.reads


def test_attributes_and_tags_of_one_machine() -> None:
    keys = [{"of": "attribute", "name": "team"}, {"of": "tag", "name": "team"}]
    found, _ = whose(
        VsphereGpus({"tenancy-keys": keys}),
        attributes("vm-a", team="of-the-attribute"),
        tags("vm-a", team=["of-the-tag"]),
        tags("vm-b", team=["of-the-tag"]),
        host(gpu(PCI, "sharedDirect", "sameSize", "vm-a", "vm-b")),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
        machine("vm-b", "/team-b", vgpu("grid_a100-20c")),
    )
    assert found == {"of-the-attribute": ["attribute team"], "of-the-tag": ["tag team"]}


KEYS = [
    {"of": "file", "name": "teams.yaml"},
    {"of": "attribute", "name": "team"},
    {"of": "attribute", "name": "owner"},
]


def test_attributes_and_a_map_say_whose_machines_are() -> None:
    paths = {"tenant": "vision", "paths": ["/A/vm/team-b"]}
    analysis = VsphereGpus({"tenancy-keys": KEYS, "tenant-map": [paths]})
    found = whose(
        analysis,
        attributes("vm-a", team="llm", owner="nobody"),
        attributes("vm-b", team="llm"),
        attributes("vm-c", cost="7"),
        host(gpu(PCI, "sharedDirect", "sameSize", "vm-a", "vm-b", "vm-c")),
        machine("vm-a", "/team-a", vgpu("grid_a100-20c")),
        machine("vm-b", "/team-b", vgpu("grid_a100-20c")),
        machine("vm-c", "/team-c", vgpu("grid_a100-20c")),
    )
    assert found == (
        {"llm": ["attribute team"], "vision": ["file teams.yaml"], "team-c": ["folder"]},
        [
            ("attribute team", "platform", 1),
            ("file teams.yaml", "user", 1),
            ("folder", "platform", 1),
            ("attribute owner", "platform", 0),
        ],
    )
    assert "vsphere/MachineAttributes" in analysis.reads
    assert "vsphere/MachineAttributes" in analysis.feeds["gpu/Share"][""]
    assert "vsphere/MachineAttributes" not in ANALYSIS.reads
