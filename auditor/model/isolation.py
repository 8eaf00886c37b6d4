"""The form of ``isolation/Chain``: what is between workloads of a tenant and the hardware.

Results list these facts, and bundles hold them, so a field may be added and none changes its
meaning.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from auditor.model.gpus import Hop
from auditor.model.results_finding import says

LEVELS: Final = (*("none", "container", "user-namespace", "sandbox", "own-kernel", "confidential"),)
"""The words of the levels, the lowest first."""
Count = Annotated[int, Meta(ge=0)]


class ChainStep(msgspec.Struct, frozen=True):
    """A step of the way, from the workload outwards."""

    layer: Annotated[str, says("container, users, runtime, kernel, machine, host or gpu.")]
    what: Annotated[str, says("What it is: plain, privileged, own, shared, confidential.")]
    name: Annotated[str, says("What it is called, where it has a name.")] = ""


class ChainFact(msgspec.Struct, frozen=True, rename="camel"):
    """What is between workloads of a tenant and the hardware, the same for all of them."""

    tenant: str
    target: str
    keys: Annotated[tuple[str, ...], says("By what it is a tenant.")]
    workloads: Annotated[Count, says("How many there are.")]
    nodes: Annotated[Count, says("On how many nodes.")]
    steps: tuple[ChainStep, ...]
    weakest: Annotated[str, says("The layer that separates them from other tenants least.")]
    level: Annotated[int, says("How well it does: from 0, none, to 5, confidential.", ge=0, le=5)]
    isolation: Annotated[str, says("The level as a word.")]
    sure: Annotated[bool, says("Whether all steps that decide are known.")]
    others: Annotated[tuple[str, ...], says("Tenants on the same kernels, 20 at most.")]
    more_others: Annotated[Count, says("Such tenants that are not listed.")]
    claims: Annotated[tuple[str, ...], says("The layers that are confidential.")]
    confidential: Annotated[bool, says("Whether every layer is that has to be.")]
    missing: Annotated[tuple[str, ...], says("The layers that are not, and have to be.")]
    path: Annotated[tuple[Hop, ...], says("From one of the workloads to its host.")]
