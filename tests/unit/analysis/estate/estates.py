"""An estate of two clusters on one vCenter, and what is told of its GPUs."""

from __future__ import annotations

from typing import Any

from auditor.model.fact import Fact
from auditor.model.resource import Gap
from tests.unit.analysis.estate.layers import (
    host,
    machine,
    namespace,
    node,
    of_kind,
    pod,
    vgpu,
)

ONE = "42344765-bc6d-0ab2-1c40-5a0f7f0f9a11"
TWO = "42ab4377-1122-3344-9c40-5a0f7f0f9a12"
TWO_TURNED = "7743ab42-2211-4433-9c40-5a0f7f0f9a12"
THREE = "42ab4377-1122-3344-9c40-5a0f7f0f9a13"
PCI = "0000:3b:00.0"
OTHER = "0000:af:00.0"
DIRECT = "sharedDirect"
INSTANCES = "multiInstanceGpu"

A = [namespace("llm"), node("gpu-1", f"vsphere://{ONE}"), pod("llm/chat", "gpu-1")]
B = [namespace("web", team="rank"), node("gpu-9", system=TWO_TURNED), pod("web/r", "gpu-9")]
ESX = host("esx1", (PCI, DIRECT, "sameSize", ("vm-1", "vm-9")))
VC = [ESX, machine("vm-1", ONE, "esx1", vgpu()), machine("vm-9", TWO, "esx1", vgpu())]
ESTATE = {"k8s://a": A, "k8s://b": B, "vsphere://vc": VC}


def shares(found: list[Fact | Gap]) -> list[tuple[str, str, str, str, str]]:
    """Pairs, each with the mechanism, the isolation and the certainty of each entry."""
    return [
        (*each["tenants"], entry["mechanism"], entry["isolation"], entry["certainty"])
        for each in of_kind(found, "gpu/Share")
        for entry in each["found"]
    ]


def row(found: list[Fact | Gap], gpu: str = PCI) -> dict[str, Any]:
    """The row of a GPU."""
    (device,) = [each for each in of_kind(found, "gpu/JoinedDevice") if each["device"] == gpu]
    return device


def way(tenant: dict[str, Any]) -> str:
    """The way from a tenant, with what is not exact."""
    return " > ".join(
        hop["name"] + ("" if hop["certainty"] == "exact" else f" ({hop['certainty']})")
        for hop in tenant["path"]
    )


LLM, RANK = "llm (namespace of k8s://a)", "rank (label team of k8s://b)"


def gaps(found: list[Fact | Gap]) -> list[tuple[str, str, str]]:
    return [(each.target, each.scope, each.detail) for each in found if isinstance(each, Gap)]
