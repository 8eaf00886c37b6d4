"""A row of the matrix: a GPU, or a pool of those that can't be told apart, with its tenants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis.gpu.bypass import VARIABLES
from auditor.analysis.gpu.estate import Estate
from auditor.analysis.gpu.held import Device, Held, Holder, NodePool
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.pairs import PoolShares, weakest
from auditor.analysis.gpu.shares import Certainty, Grant, Share, Step
from auditor.analysis.gpu.sources import NODE_STATUS
from auditor.model.gpus import DeviceFact, SharedDevice, TenantOnDevice

_SHOWN: Final = 20
"""How many shares of a device, and pods of a tenant, are listed by name."""
_BY_VARIABLE: Final = tuple(sorted(set(VARIABLES.values())))
"""How the resources begin of which a runtime gives out devices by a variable."""


def device_fact(
    estate: Estate, node: str, gpu: str, device: Device, shared: Sequence[Share]
) -> DeviceFact:
    """Say of a GPU who has something of it, and what they share."""
    tenants: dict[str, list[Held]] = {}
    for held in device.held:
        tenants.setdefault(held.grant.tenant, []).append(held)
    return _shared(
        DeviceFact(
            node=node,
            device=gpu,
            count=1,
            known=True,
            product=device.product,
            tenants=tuple(
                _tenant(name, tenants[name], estate.tenants.words(name)) for name in sorted(tenants)
            ),
            level=0,
            isolation="",
            shares=(),
            unknown=(*device.notes, *_unread(estate, node, device.resource)),
        ),
        shared,
    )


def _tenant(name: str, held: Sequence[Held], keys: tuple[str, ...]) -> TenantOnDevice:
    grants = [each.grant for each in held]
    surest = grants[0] if len(grants) == 1 else min(grants, key=_surest)
    parts = {_part(grant.path) for grant in grants}
    return TenantOnDevice(
        tenant=name,
        pods=tuple(sorted({grant.pod for grant in grants})[:_SHOWN]),
        mechanism=_word(surest.sharing, machine=all(grant.machine for grant in grants)),
        certainty=surest.certainty.word,
        part=", ".join(sorted(parts)) if "" not in parts else "",
        observer=all(grant.observer for grant in grants),
        keys=keys,
        sources=tuple(sorted({each.source for each in held})),
    )


def _surest(grant: Grant) -> tuple[object, ...]:
    path = tuple((step.mechanism.value, step.id) for step in grant.path)
    return -grant.certainty, path, grant.sharing.value


def _part(path: tuple[Step, ...]) -> str:
    return " ".join(f"{step.mechanism.value} {step.id or '?'}" for step in path)


def pool_fact(estate: Estate, node: str, pool: NodePool, found: PoolShares) -> DeviceFact:
    """Say of GPUs that can't be told apart who has some of them, and what they may share."""
    offer = pool.offer
    tenants: dict[str, list[Holder]] = {}
    for holder in pool.holders:
        tenants.setdefault(holder.tenant, []).append(holder)
    return _shared(
        DeviceFact(
            node=node,
            device=offer.resource,
            count=offer.devices,
            known=False,
            product=offer.product,
            tenants=tuple(
                TenantOnDevice(
                    tenant=name,
                    pods=tuple(sorted({holder.pod for holder in tenants[name]})[:_SHOWN]),
                    mechanism=_word(
                        offer.sharing, machine=all(each.machine for each in tenants[name])
                    ),
                    certainty=Certainty.POSSIBLE.word,
                    part=offer.profile,
                    slots=sum(holder.slots for holder in tenants[name]),
                    keys=estate.tenants.words(name),
                    sources=(NODE_STATUS,),
                )
                for name in sorted(tenants)
            ),
            level=0,
            isolation="",
            shares=(),
            some_must_share=found.must,
            unknown=(*_unknown(pool), *_unread(estate, node, offer.resource)),
        ),
        found.shares,
    )


def _word(sharing: Mechanism, *, machine: bool) -> str:
    """Say how something is given out: a whole GPU to a virtual machine is passed through."""
    if machine and sharing is Mechanism.EXCLUSIVE:
        return Mechanism.PASSTHROUGH.value
    return sharing.value


def _unread(estate: Estate, node: str, resource: str) -> Iterator[str]:
    for name in sorted(estate.unread.get(node, ())):
        yield (
            f"RuntimeClass {name} was not read: whether its pods run on the kernel of the node, "
            "and heed what they say of GPUs, is not known"
        )
    untold = estate.untold[node]
    if untold and resource.startswith(_BY_VARIABLE):
        pods = "a pod" if untold == 1 else f"{untold} pods"
        yield (
            f"variables of {pods} come from ConfigMaps or Secrets that were not read: whether they "
            "name GPUs, which the runtime of the node may heed, is not known"
        )
    if node in estate.virtual:
        yield (
            "the GPUs of the node are virtual: who else has the physical ones its hypervisor tells "
            "(read the vCenter in the same command)"
        )


def _unknown(pool: NodePool) -> Iterator[str]:
    """Say what can't be known of a pool, and what would tell."""
    offer = pool.offer
    if offer.doubt:
        yield offer.doubt
    if pool.exceeded:
        yield (
            f"pods hold {pool.held} of {offer.resource}, and the node offers {offer.capacity}: the "
            "plugin was set otherwise when some began, or the kubelet has not started all of them"
        )
    waiting = any(not holder.known for holder in pool.holders)
    if waiting and (offer.per_device > 1 or offer.sharing is Mechanism.UNKNOWN or offer.profile):
        yield (
            "which pod has which device is not in the API: "
            "ContainerStatus.allocatedResourcesStatus tells (Kubernetes 1.36 and later)"
        )


def _shared(device: DeviceFact, shared: Sequence[Share]) -> DeviceFact:
    """Put what is shared into the fact of a device; most share nothing."""
    level = weakest(shared)
    if not shared:
        return msgspec.structs.replace(device, level=int(level), isolation=level.word)
    listed = tuple(
        SharedDevice(
            tenants=share.tenants,
            level=int(share.level),
            isolation=share.level.word,
            mechanism=share.mechanism.value,
            certainty=share.certainty.word,
            pods=share.pods,
        )
        for share in shared[:_SHOWN]
    )
    return msgspec.structs.replace(
        device,
        level=int(level),
        isolation=level.word,
        shares=listed,
        more_shares=max(len(shared) - _SHOWN, 0),
    )
