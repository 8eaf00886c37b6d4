"""What a pod has of GPUs: what it asks for, what it was given, and what it reaches beside that.

A pod that runs holds what it asks for; one that has ended holds nothing. An init container that is
not restarted gives its devices on to the containers after it, so of those the largest counts, with
the sidecars that run beside it (KEP-753).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from auditor.analysis.gpu.bypass import Way, is_injecting, ways_of
from auditor.analysis.gpu.devices import amount, is_accelerator, is_adapter, is_memory
from auditor.analysis.gpu.hami_limits import Limits, limits_of
from auditor.analysis.gpu.makers import ASCEND
from auditor.analysis.gpu.podspec import Container, Metadata, Pod, Resources, Spec, Status, pod_in
from auditor.analysis.gpu.sourced import Taken, taken_by
from auditor.secrets.hints import find

_ENDED: Final = frozenset({"Succeeded", "Failed"})
_KEPT: Final = (
    "hami.io/",
    "volcano.sh/",
    "nvidia.com/",
    "gpu-fraction",
    "gpu-memory",
    "run.ai/",
    "received-resource-type",
    "mps",
    "ALIYUN_COM_GPU_MEM_IDX",
    "scheduler.framework.gpushare.allocation",
    "huawei.com/AscendReal",
)
"""How the annotations begin by which schedulers say what they gave."""
_KEPT_LABELS: Final = ("runai-gpu-group",)
"""How the labels begin; what schedulers look for among the one is no link among the other."""
_MARKS: Final = (
    *(b"gpu", b"nvidia", b"VISIBLE_DEVICES", b"privileged", b"hostPath", b"cdi.k8s.io"),
    *(b"run.ai/", b"SYS_ADMIN", b"envFrom", b"\\u"),
)
"""Of which a pod has one that has anything of a GPU, or asks for what has a domain: most do not.

The last is how JSON writes any other letter, so that nobody hides one.
"""
_ASKED: Final = (b'"limits"', b'"requests"')
_unpacked: Final = msgspec.msgpack.Decoder(Spec).decode
LONGEST: Final = 4_096
"""What a scheduler writes of a pod is far shorter; what is not is cut, and not believed."""


class PodUse(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is taken of one pod.

    ``asked`` is how many of each resource it holds, ``given`` which devices of a resource it has
    by its status. ``written`` are the labels and annotations of schedulers, ``limits`` what those
    of HAMi are worth. ``account``, the kind of its ``owner`` and ``images`` tell the parts of the
    platform itself. ``runtime`` is the name of its RuntimeClass. ``backed`` are the
    claims that stand for what it asked for, by resource (KEP-5004). ``adapters`` are the resources
    of RDMA that it asked for, ``memory`` those that stand for memory of GPUs (:mod:`gpushare`).
    ``taken`` are the variables that its containers take over from elsewhere.
    """

    asked: dict[str, int] = {}
    given: list[tuple[str, str]] = []
    written: dict[str, str] = {}
    ways: list[Way] = []
    account: str = ""
    runtime: str = ""
    owner: str = ""
    images: list[str] = []
    limits: Limits | None = None
    backed: dict[str, str] = {}
    adapters: list[str] = []
    memory: list[str] = []
    taken: list[Taken] = []

    @property
    def has_any(self) -> bool:
        """Whether it has anything of a GPU by itself, whatever it takes over."""
        found = (self.asked, self.given, self.written, self.ways, self.adapters, self.memory)
        return any(found)


def worth_a_look(body: bytes) -> bool:
    """Say whether a pod may have anything of a GPU, by what is written in it."""
    for mark in _MARKS:
        if find(body, mark) >= 0:
            return True
    return _asks_with_domain(body)


def _asks_with_domain(body: bytes) -> bool:
    """Say whether a container asks for anything that has a domain, as devices of plugins have."""
    for mark in _ASKED:
        at = find(body, mark)
        while at >= 0:
            end = body.find(b"}", at)
            if end < 0 or body.find(b"/", at, end) >= 0:  # what is cut off is told when decoded
                return True
            at = find(body, mark, end)
    return False


def pod_use(body: bytes) -> tuple[str, PodUse] | None:
    """Take what a pod has of GPUs, and the node that it is on; None where it has nothing.

    Raises:
        msgspec.DecodeError: a field that says so is of another type.
    """
    pod = pod_in(body)
    spec, status, metadata = pod.spec or Spec(), pod.status or Status(), pod.metadata or Metadata()
    node, spec.nodeName = spec.nodeName, None
    if not node or status.phase in _ENDED:
        return None
    injected = tuple(sorted(filter(is_injecting, metadata.annotations or ())))
    found = _spec_use(spec, injected)
    written = _written(metadata)
    limits = found.limits if written or (found.asked and found.limits.off) else None
    use = PodUse(
        asked=found.asked,
        given=list(_given(status)),
        written=written,
        ways=found.ways,
        account=found.account,
        runtime=found.runtime,
        images=found.images,
        backed=_backed(status),
        limits=limits,
        adapters=found.adapters,
        memory=found.memory,
        taken=found.taken,
    )
    return (node, use) if use.has_any or use.taken else None


class _SpecUse(msgspec.Struct, frozen=True):
    """What follows from the spec of a pod, and the names of its annotations that inject devices."""

    asked: dict[str, int]
    ways: list[Way]
    account: str
    runtime: str
    images: list[str]
    limits: Limits
    adapters: list[str]
    memory: list[str]
    taken: list[Taken]


def _spec_use(spec: Spec, injected: tuple[str, ...]) -> _SpecUse:
    try:
        packed = msgspec.msgpack.encode(spec)
    except OverflowError:  # a number of more than 64 bits
        return _derived(spec, injected)
    return _remembered(packed, injected)


@lru_cache(1024)
def _remembered(packed: bytes, injected: tuple[str, ...]) -> _SpecUse:
    """As :func:`_derived`, of a spec as bytes: pods of one template differ in their node alone."""
    return _derived(_unpacked(packed), injected)


def _derived(spec: Spec, injected: tuple[str, ...]) -> _SpecUse:
    every = (*(spec.containers or ()), *(spec.initContainers or ()))
    named = sorted({name for each in every for name in _named(each)})
    return _SpecUse(
        asked=asked_by(spec.containers or (), spec.initContainers or ()),
        ways=ways_of(Pod(Metadata(annotations=dict.fromkeys(injected, "")), spec)),
        account=spec.serviceAccountName or "default",
        runtime=spec.runtimeClassName or "",
        images=sorted({each.image for each in every}),
        limits=limits_of(spec),
        adapters=[name for name in named if is_adapter(name)],
        memory=[name for name in named if is_memory(name)],
        taken=list(taken_by(spec)),
    )


def asked_by(containers: Iterable[Container], first: Iterable[Container]) -> dict[str, int]:
    """Count the accelerators that a pod holds while it runs, by resource.

    An init container runs beside the sidecars that were started before it.
    """
    sidecars, starting, running = Counter[str](), Counter[str](), Counter[str]()
    for container in first:
        asked = Counter(_asked(container))
        starting |= sidecars + asked
        if container.restartPolicy == "Always":
            sidecars += asked
    for container in containers:
        running.update(_asked(container))
    return dict(sorted(((sidecars + running) | starting).items()))


def _asked(container: Container) -> dict[str, int]:
    """Count the accelerators that a container asks for."""
    asked = (container.resources or Resources()).asked
    counts = {name: amount(value) for name, value in asked.items() if is_accelerator(name)}
    return {name: count for name, count in counts.items() if count}


def _named(container: Container) -> Iterable[str]:
    """Yield the resources that a container asks for, adapters of RDMA and memory of GPUs alone."""
    for name, value in (container.resources or Resources()).asked.items():
        if (is_adapter(name) or is_memory(name)) and amount(value):
            yield name


def _given(status: Status) -> Iterable[tuple[str, str]]:
    """Yield the devices that a kubelet says it gave (ContainerStatus.allocatedResourcesStatus).

    Ascend's plugin mounts what a scheduler wrote on the pod, whatever the kubelet chose.
    """
    for each in (*(status.containerStatuses or ()), *(status.initContainerStatuses or ())):
        for allocated in each.allocatedResourcesStatus or ():
            if is_accelerator(allocated.name) and not allocated.name.startswith(ASCEND):
                for device in allocated.resources or ():
                    yield allocated.name, device.resourceID


def _backed(status: Status) -> dict[str, str]:
    found = status.extendedResourceClaimStatus
    if found is None or not found.resourceClaimName:
        return {}
    mapped = found.requestMappings or ()
    return {each.resourceName: found.resourceClaimName for each in mapped if each.resourceName}


def _written(metadata: Metadata) -> dict[str, str]:
    return {
        **_beginning(metadata.annotations, _KEPT),
        **_beginning(metadata.labels, _KEPT_LABELS),
    }


def _beginning(found: Mapping[str, str] | None, starts: tuple[str, ...]) -> dict[str, str]:
    if not found:
        return {}
    return {
        name: value[:LONGEST] for name, value in sorted(found.items()) if name.startswith(starts)
    }
