"""What a node says of its GPUs: how many, how they are divided, and how often each is given out.

GPU feature discovery labels each resource of a node: ``nvidia.com/gpu.count``, ``.replicas`` (for
each GPU, though its README says for all), ``.sharing-strategy`` (none, time-slicing, mps) and
``.product``; with strategy ``mixed`` each MIG profile has labels of its own,
``nvidia.com/mig-1g.10gb.count``; with ``single`` those of ``nvidia.com/gpu`` are about instances.
The kubelet reports how much the plugin advertises. The two have to agree: ``count x replicas``.

Who writes labels of a node: who may patch nodes, which the node itself may not do for names outside
of its own (NodeRestriction), and tenants should not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.gpu.accelerators import Sort, doubt_of, offered_as
from auditor.analysis.gpu.devices import amount, is_accelerator, partition_profile, profile_of
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import ASCEND, CAMBRICON, INTEL, NVIDIA
from auditor.analysis.gpu.monitoring import monitored

_LABELS: Final = (
    "nvidia.com/",
    "amd.com/",
    "gpu.intel.com/",
    "cloud.google.com/gke-gpu",
    "cloud.google.com/gke-max-shared-clients-per-gpu",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
)
_ANNOTATIONS: Final = ("hami.io/node-", "volcano.sh/node-vgpu")
_GKE_STRATEGY: Final = "cloud.google.com/gke-gpu-sharing-strategy"
_GKE_CLIENTS: Final = "cloud.google.com/gke-max-shared-clients-per-gpu"
_GKE_PARTITION: Final = "cloud.google.com/gke-gpu-partition-size"
SHARED: Final = ".shared"
"""How a resource ends whose devices are given out several times: only then are they renamed."""
_WHOLE: Final = "nvidia.com/gpu"
_TPU: Final = "google.com/tpu"
_TPU_PRODUCT: Final = "cloud.google.com/gke-tpu-accelerator"
_VIRTUAL: Final = "nvidia.com/vgpu.present"
_MIG_STRATEGY: Final = "nvidia.com/mig.strategy"
_AMD_GPU: Final = "amd.com/gpu"
"""GPUs, or partitions of them: the naming strategy single, which is the default, calls both so."""
_AMD_PROFILE: Final = "amd.com/compute-memory-partition"
"""How all GPUs of a node are divided, by AMD's labeller where it is asked for that."""
_STRATEGIES: Final = {
    "time-slicing": Mechanism.TIME_SLICING,
    "time-sharing": Mechanism.TIME_SLICING,
    "mps": Mechanism.MPS,
    "none": Mechanism.EXCLUSIVE,
}


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Status(msgspec.Struct, gc=False):
    capacity: dict[str, object] | None = None
    allocatable: dict[str, object] | None = None


class _Node(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    status: _Status | None = None


class NodeRow(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is taken of a node; ``monitored`` are the GPUs that a resource of it gives a look at.

    ``every_label`` are all of its labels, where it has GPUs of a maker whose plugin is told how
    often to give them out: such plugins select nodes by any label.
    """

    capacity: dict[str, int] = {}
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    monitored: list[str] = []
    every_label: dict[str, str] = {}

    @property
    def virtual(self) -> bool:
        """Whether its GPUs are those that a hypervisor made (GPU feature discovery)."""
        return self.labels.get(_VIRTUAL) == "true"


class Offer(msgspec.Struct, frozen=True):
    """What a node offers under one resource name: ``devices`` of ``per_device`` slots each.

    ``sharing`` is how one device is given to several. ``profile`` is the MIG profile that the
    devices are instances of, or AMD's name of their partition, "" for whole GPUs. ``trusted``: what
    the labels say is what the kubelet advertises; where it is not, ``doubt`` says why. ``capacity``
    is what the kubelet advertises, 0 where that was not read.
    """

    resource: str
    devices: int
    per_device: int
    sharing: Mechanism
    profile: str
    product: str
    doubt: str = ""
    capacity: int = 0

    @property
    def trusted(self) -> bool:
        """Whether anything follows from counting."""
        return not self.doubt


_decode = msgspec.json.Decoder(_Node).decode


def node_row(body: bytes) -> NodeRow | None:
    """Take what a node says of accelerators; None where it has none.

    Raises:
        msgspec.DecodeError: a field that says so is of another type.
    """
    node = _decode(body)
    metadata, status = node.metadata or _Metadata(), node.status or _Status()
    # what is not healthy counts still: who was given it has it, so capacity goes before allocatable
    offered = {**(status.allocatable or {}), **(status.capacity or {})}
    counted = {
        name: count
        for name, value in sorted(offered.items())
        if is_accelerator(name) and (count := amount(value))
    }
    told = any(name.startswith((INTEL, ASCEND, CAMBRICON)) for name in counted)
    row = NodeRow(
        counted,
        _beginning(metadata.labels, _LABELS),
        _beginning(metadata.annotations, _ANNOTATIONS),
        [gpus for name in sorted(offered) if (gpus := monitored(name)) and amount(offered[name])],
        dict(sorted((metadata.labels or {}).items())) if told else {},
    )
    return row if row != NodeRow() else None


def _beginning(found: Mapping[str, str] | None, starts: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in sorted((found or {}).items()) if name.startswith(starts)}


def offers(row: NodeRow) -> Iterator[Offer]:
    """Yield what a node offers, resource by resource."""
    for resource, capacity in row.capacity.items():
        others = offered_as(resource).sort is not Sort.NONE
        yield (_of_others if others else _offer)(row.labels, resource, capacity)


def _of_others(labels: Mapping[str, str], resource: str, capacity: int) -> Offer:
    """What a plugin of another maker offers: no label of the node says how it is given out."""
    unknown = offered_as(resource).sort is Sort.UNKNOWN
    return Offer(
        resource=resource,
        devices=capacity,
        per_device=1,
        sharing=Mechanism.UNKNOWN if unknown else Mechanism.EXCLUSIVE,
        profile=profile_of(resource),
        product=labels.get(_TPU_PRODUCT, "") if resource == _TPU else "",
        doubt=doubt_of(resource),
        capacity=capacity,
    )


def _offer(labels: Mapping[str, str], resource: str, capacity: int) -> Offer:
    base = resource.removesuffix(SHARED)
    profile = profile_of(resource)
    if resource == _AMD_GPU:
        profile = partition_profile(labels.get(_AMD_PROFILE, ""))
    product = labels.get(f"{base}.product", "")
    if not product and base.startswith(NVIDIA):  # a node may have GPUs of other makers as well
        product = labels.get(f"{_WHOLE}.product", "")
    if base == _WHOLE and "-MIG-" in product:
        profile = "mig-" + product.partition("-MIG-")[2].removesuffix("-SHARED")
    if resource == _WHOLE and _GKE_STRATEGY in labels:
        return _of_gke(labels, resource, capacity)
    count, replicas = amount(labels.get(f"{base}.count")), amount(labels.get(f"{base}.replicas"))
    sharing = _STRATEGIES.get(labels.get(f"{base}.sharing-strategy", ""))
    renamed = resource.endswith(SHARED)
    if sharing is None or (renamed and sharing is Mechanism.EXCLUSIVE):
        sharing = Mechanism.UNKNOWN if renamed or replicas > 1 else Mechanism.EXCLUSIVE
    per_device = max(replicas, 1)
    if labels.get(_MIG_STRATEGY) == "mixed" and base == _WHOLE and capacity % per_device == 0:
        # the label counts the GPUs that are divided as well, the kubelet those that are not
        count = min(count, capacity // per_device)
    doubt = _doubt(base, count, per_device, capacity)
    if sharing is not Mechanism.EXCLUSIVE and per_device == 1:
        says = f"its name says that {resource}" if renamed else f"the labels say that {base}"
        doubt = f"{says} is shared, and not how often: {base}.replicas"
    return Offer(
        resource=resource,
        devices=count or capacity,
        per_device=per_device,
        sharing=sharing if per_device > 1 or doubt else Mechanism.EXCLUSIVE,
        profile=profile,
        product=product,
        doubt=doubt,
        capacity=capacity,
    )


def _doubt(base: str, count: int, per_device: int, capacity: int) -> str:
    """Say why nothing follows from counting, "" where it does."""
    if not count and not base.startswith(NVIDIA):
        return f"no label of the node says how many GPUs {base} is, or how often each is given out"
    if not count:
        return f"the node has no label {base}.count, so how many devices there are is not known"
    if count * per_device != capacity:
        return (
            f"the labels say {count} x {per_device} of {base}, the kubelet advertises {capacity}: "
            "another plugin, or labels of an earlier configuration"
        )
    return ""


def _of_gke(labels: Mapping[str, str], resource: str, capacity: int) -> Offer:
    """GKE advertises clients x partitions x GPUs under the plain name."""
    said = amount(labels.get(_GKE_CLIENTS))
    clients, partition = said or 1, labels.get(_GKE_PARTITION, "")
    sharing = _STRATEGIES.get(labels[_GKE_STRATEGY], Mechanism.UNKNOWN)
    doubt = "" if capacity % clients == 0 else f"{capacity} is no multiple of {clients} clients"
    if not said:
        doubt = f"the labels say that GPUs are shared, and not how often: {_GKE_CLIENTS}"
    return Offer(
        resource=resource,
        devices=max(capacity // clients, 1),
        per_device=clients,
        sharing=sharing if clients > 1 or doubt else Mechanism.EXCLUSIVE,
        profile=f"mig-{partition}" if partition else "",
        product=labels.get("cloud.google.com/gke-accelerator", ""),
        doubt=doubt,
        capacity=capacity,
    )
