"""Whose a machine with a GPU is, where attributes, tags and maps of the user say it."""

from __future__ import annotations

from typing import Any

from auditor.analysis.vsphere.gpus import VsphereGpus
from auditor.model.resource import Resource
from tests.unit.analysis.vsphere.gpu_hosts import (
    ANALYSIS,
    PCI,
    derived,
    gpu,
    host,
    machine,
    of_kind,
    resource,
    vgpu,
)


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
