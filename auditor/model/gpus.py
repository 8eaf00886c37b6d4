"""The forms of what is listed of GPUs, as ``gpu/Device``, each with the name of its fact.

Results list these facts, and bundles hold them, so a field may be added and none changes its
meaning. Levels are those of :class:`auditor.analysis.gpu.isolation.Level`, certainties those of
:class:`auditor.analysis.gpu.shares.Certainty`, as words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from auditor.model.results_finding import says

KIND: Final = "gpu/Device"
TENANCY: Final = "gpu/Tenancy"
JOIN: Final = "gpu/Join"
JOINED: Final = "gpu/JoinedDevice"
WRITER: Final = "gpu/Writer"
NAMESPACE: Final = "namespace"
"""The key of a tenant that is a namespace by itself."""
Count = Annotated[int, Meta(ge=0)]
FLOOR: Final = "isolation_floor"
"""The parameter that names the lowest level that tenants may have."""
LEVELS: Final = (
    *("none", "shared", "soft-quota", "memory-soft", "memory", "hardware"),
    *("exclusive", "exclusive-vm", "confidential"),
)
"""The words of the levels, the lowest first."""


class TenantOnDevice(msgspec.Struct, frozen=True):
    """A tenant that has something of a GPU."""

    tenant: str
    pods: Annotated[tuple[str, ...], says("Its pods, each as namespace/name, 20 at most.")]
    mechanism: Annotated[str, says("How what it has is given out.")]
    certainty: Annotated[str, says("exact, proven, declared or possible.")]
    part: Annotated[str, says("The part of the GPU that it has; empty: all of it.")] = ""
    slots: Annotated[Count, says("How many it has where devices can't be told apart.")] = 0
    observer: Annotated[bool, says("It may look at what is in use by others.")] = False
    keys: Annotated[
        tuple[str, ...],
        says(
            "By what it is a tenant: label NAME or annotation NAME of its namespaces, file NAME, "
            "pod-label NAME, which it writes itself; or namespace: nothing else names it."
        ),
    ] = ()
    sources: Annotated[
        tuple[str, ...],
        says(
            "What says so: claim-status, pod-status, pod-marks, which it may write itself, or "
            "node-status, where counts alone do."
        ),
    ] = ()


class SharedDevice(msgspec.Struct, frozen=True):
    """Two tenants on a GPU, and what separates them."""

    tenants: tuple[str, str]
    level: Annotated[int, says("From 0, none, to 8, confidential.", ge=0, le=8)]
    isolation: Annotated[str, says("The level as a word.")]
    mechanism: Annotated[str, says("What makes the isolation so weak.")]
    certainty: Annotated[str, says("exact, proven, declared or possible.")]
    pods: Annotated[tuple[str, str], says("Two pods of which it is so.")]


class DeviceFact(msgspec.Struct, frozen=True, rename="camel"):
    """A GPU, or several of a node that can't be told apart."""

    node: str
    device: Annotated[str, says("The UUID of the GPU, else the driver's name of it, else of all.")]
    count: Annotated[int, says("How many GPUs or instances it stands for.", ge=0)]
    known: Annotated[bool, says("Whether it is one GPU that the API names.")]
    product: str
    tenants: tuple[TenantOnDevice, ...]
    level: Annotated[int, says("The lowest level of its shares; 6, exclusive, where none.")]
    isolation: Annotated[str, says("That level as a word.")]
    shares: Annotated[tuple[SharedDevice, ...], says("What two tenants share, 20 at most.")]
    more_shares: Annotated[Count, says("Shares that are not listed.")] = 0
    some_must_share: Annotated[
        bool, says("Counts prove that some two of the tenants share, whichever they are.")
    ] = False
    unknown: Annotated[
        tuple[str, ...], says("What can't be known or contradicts, and what would tell.")
    ] = ()


class Hop(msgspec.Struct, frozen=True):
    """A step of the way from a workload to a GPU: what is next, and how sure that is."""

    layer: Annotated[str, says("workload, node, machine, host or device.")]
    name: str
    target: Annotated[str, says("The target that tells of it.")]
    certainty: Annotated[str, says("exact, proven, declared or possible.")]
    by: Annotated[str, says("What says so, where there are several ways: providerID.")] = ""


class JoinedTenant(msgspec.Struct, frozen=True):
    """A tenant that has something of a GPU, through one machine."""

    tenant: str
    target: Annotated[str, says("The target that tells it as a tenant.")]
    keys: Annotated[tuple[str, ...], says("By what it is a tenant, as on a device.")]
    mechanism: Annotated[str, says("How its machine was given what it has of the GPU.")]
    inside: Annotated[str, says("How it was given that in the machine; empty: nobody tells.")]
    certainty: Annotated[str, says("The least certain step of the path.")]
    pods: Annotated[int, says("How many workloads it has there; 0: the machine itself.", ge=0)]
    path: Annotated[tuple[Hop, ...], says("From one of them to the GPU.")]


class JoinedShare(msgspec.Struct, frozen=True):
    """Two tenants on a GPU, and what separates them: the weakest step in which they differ."""

    between: Annotated[tuple[int, int], says("The two, by their places among the tenants.")]
    level: Annotated[int, says("From 0, none, to 8, confidential.", ge=0, le=8)]
    isolation: Annotated[str, says("The level as a word.")]
    mechanism: Annotated[str, says("What makes the isolation so weak.")]
    certainty: Annotated[str, says("exact, proven, declared or possible.")]


class Covered(msgspec.Struct, frozen=True):
    """Devices of a target that are seen again here: those of a node, or one of it."""

    target: str
    node: str
    device: Annotated[str, says("Empty: all that the node has.")] = ""


class JoinedDeviceFact(msgspec.Struct, frozen=True, rename="camel"):
    """A GPU at its host, with the tenants of every layer."""

    node: Annotated[str, says("The host that it is in.")]
    device: Annotated[str, says("Its address at the host.")]
    product: str
    tenants: tuple[JoinedTenant, ...]
    level: Annotated[int, says("The lowest level of its shares; 6, exclusive, where none.")]
    isolation: Annotated[str, says("That level as a word.")]
    shares: Annotated[tuple[JoinedShare, ...], says("What two tenants share, 100 at most.")]
    more_shares: Annotated[Count, says("Shares that are not listed.")] = 0
    unknown: Annotated[
        tuple[str, ...], says("What can't be known or contradicts, and what would tell.")
    ] = ()
    covers: Annotated[
        tuple[Covered, ...], says("What of the matrix of each target is seen again here.")
    ] = ()


class Unjoined(msgspec.Struct, frozen=True):
    """A node that is joined with no machine, and why."""

    node: str
    why: str


class JoinFact(msgspec.Struct, frozen=True, rename="camel"):
    """Which nodes of a target are machines that another target tells of."""

    nodes: Annotated[Count, says("Nodes on which something has a GPU.")]
    joined: Annotated[
        Mapping[str, Count], says("How many of them are joined, by what they tell: providerID.")
    ]
    unjoined: Annotated[tuple[Unjoined, ...], says("Those of which it is not known, 20 at most.")]
    more_unjoined: Annotated[Count, says("Such nodes that are not listed.")] = 0


class KeyInUse(msgspec.Struct, frozen=True, rename="camel"):
    """Something by which tenants are told, and whom it named."""

    key: Annotated[str, says("As in the keys of a tenant on a device.")]
    written_by: Annotated[
        str, says("Who writes it, as it is meant: platform, user or tenant; empty: nothing does.")
    ]
    tenants: Annotated[Count, says("How many tenants it named, of those that have a GPU.")]
    namespaces: Annotated[tuple[str, ...], says("Namespaces that are theirs by it, 20 at most.")]


class TenancyFact(msgspec.Struct, frozen=True, rename="camel"):
    """By what the tenants of a target are told."""

    keys: Annotated[tuple[KeyInUse, ...], says("In the order in which they are asked.")]
    unseen: Annotated[
        tuple[str, ...], says("Namespaces of the file that nothing was read of, 20 at most.")
    ] = ()
    more_unseen: Annotated[Count, says("Such namespaces that are not listed.")] = 0


class WrittenSource(msgspec.Struct, frozen=True, rename="camel"):
    """Something that the matrix rests on, and that a tenant may write."""

    name: Annotated[str, says("As auditor explain gpu-tenancy lists it: namespace-marks.")]
    what: Annotated[str, says("What that is.")]
    written_by: Annotated[
        str, says("Who writes it, as it is meant: platform, kubelet, scheduler or driver.")
    ]


class WriterFact(msgspec.Struct, frozen=True, rename="camel"):
    """A binding by which a tenant may write what the matrix rests on."""

    binding: Annotated[str, says("The RoleBinding or ClusterRoleBinding.")]
    role: Annotated[str, says("The role that it gives.")]
    subjects: Annotated[tuple[str, ...], says("Whom of the tenants it names, 20 at most.")]
    tenants: Annotated[tuple[str, ...], says("The tenants that these belong to, 20 at most.")]
    sources: Annotated[tuple[WrittenSource, ...], says("What they may write.")]
