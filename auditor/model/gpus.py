"""The forms of what is listed of GPUs: ``gpu/Device``, ``gpu/Tenancy`` and ``gpu/Writer``.

Results list these facts, and bundles hold them, so a field may be added and none changes its
meaning. Levels are those of :class:`auditor.analysis.gpu.isolation.Level`, certainties those of
:class:`auditor.analysis.gpu.shares.Certainty`, as words.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from auditor.model.results_finding import says

KIND: Final = "gpu/Device"
TENANCY: Final = "gpu/Tenancy"
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
