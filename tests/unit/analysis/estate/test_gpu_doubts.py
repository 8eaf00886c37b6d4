"""Guests and machines of which it is not sure which is which."""

from __future__ import annotations

from typing import Any

from tests.unit.analysis.estate.estates import (
    DIRECT,
    ESTATE,
    LLM,
    ONE,
    PCI,
    RANK,
    THREE,
    TWO,
    VC,
    A,
    B,
    gaps,
    row,
    shares,
)
from tests.unit.analysis.estate.layers import (
    host,
    machine,
    node,
    of_kind,
    pod,
    run,
    vgpu,
)


def test_two_nodes_that_claim_one_machine_are_neither() -> None:
    second = [node("gpu-2", f"vsphere://{ONE}"), pod("web/q", "gpu-2")]
    found = run({**ESTATE, "k8s://b": [*B, *second]})
    why = (
        "2 guests are the machine /DC/vm/nodes/vm-1 of vsphere://vc by what they tell: node gpu-1 "
        "of k8s://a, node gpu-2 of k8s://b"
    )
    assert gaps(found) == [
        ("k8s://a", "gpu/Share", f"which machine node gpu-1 of k8s://a is, is ambiguous: {why}"),
        ("k8s://b", "gpu/Share", f"which machine node gpu-2 of k8s://b is, is ambiguous: {why}"),
    ]
    assert shares(found) == []
    device = row(found)
    assert [each["tenant"] for each in device["tenants"]] == ["nodes", "rank"]
    assert any("ambiguous" in each for each in device["unknown"])


def test_a_uuid_that_two_vcenters_hold_is_nobodys() -> None:
    copy = [
        host("esx7", (PCI, DIRECT, "sameSize", ("vm-1",))),
        machine("vm-1", ONE, "esx7", vgpu()),
    ]
    found = run({**ESTATE, "vsphere://copy": copy})
    (gap,) = gaps(found)
    assert "2 machines (/DC/vm/nodes/vm-1 of vsphere://copy" in gap[2]
    assert shares(found) == []


def test_a_doubt_that_no_gpu_has_is_no_gap() -> None:
    plain = [node(name, f"vsphere://{THREE}", gpus=0) for name in ("n1", "n2")]
    vc = [*VC, machine("vm-3", THREE, "esx1")]
    assert gaps(run({**ESTATE, "k8s://a": [*A, *plain], "vsphere://vc": vc})) == []


def test_a_vcenter_and_its_host_are_one() -> None:
    """Both tell of the machines; one of them is believed, and nothing is told twice."""
    hardware = "4c4c4544-0042-3010-8051-c4c04f595931"

    def told(moid: str) -> list[Any]:
        return [
            host(moid, (PCI, DIRECT, "sameSize", ("vm-1", "vm-9")), uuid=hardware),
            machine("vm-1", ONE, moid, vgpu(), instance=ONE),
            machine("vm-9", TWO, moid, vgpu(), instance=TWO),
        ]

    found = run({**ESTATE, "vsphere://esx1": told("ha-host"), "vsphere://vc": told("esx1")})
    assert shares(found) == [(LLM, RANK, "vgpu-time-sliced", "memory", "exact")]
    assert len(of_kind(found, "gpu/JoinedDevice")) == 1
    assert gaps(found) == []
