"""What the isolation of workloads takes of each object.

=======================  =================================================================
key                      object, and what is in the row
=======================  =================================================================
0, target, kind, name    Node, Info, HostMachine, Host, VirtualMachine: who it is
1, target                RuntimeClass: its handler; Namespace: what may name its tenant
2, target, node          Node: whether its GPUs are in confidential mode
2, target, node, …       Pod that runs, container that runs: how; counted where it is the same
3, target                Info: whether the engine maps users
4, target, machine       VirtualMachine: whether its memory is encrypted
=======================  =================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.docker.gpus import tenant_of
from auditor.analysis.estate.identities import IDENTITIES, identity_row
from auditor.analysis.estate.identities import READS as WHO
from auditor.analysis.gpu.devices import is_accelerator
from auditor.analysis.gpu.marks import NAMESPACE, NODE, POD, RUNTIME, marks_of
from auditor.analysis.gpu.monitoring import monitored
from auditor.analysis.gpu.runtimes import handler_of
from auditor.analysis.gpu.tenants import POD_LABEL, TenantKey, names_in
from auditor.analysis.protocol import Row, Site
from auditor.analysis.vsphere.devices import within
from auditor.model.resource import Resource
from auditor.platforms.docker import INFO, WORKLOAD
from auditor.platforms.vsphere import MACHINE

SETTINGS, RUNNING, ENGINES, ENCRYPTED = "1", "2", "3", "4"
"""What the keys begin with, in the order in which they come."""
WORKLOADS: Final = "workloads"
"""The tag of rows that are counted."""
BAD: Final = "malformed"
"""The tag of what could not be understood."""
READS: Final = WHO | {NAMESPACE, RUNTIME, NODE, POD, INFO, WORKLOAD, MACHINE}
_ENDED: Final = frozenset({"Succeeded", "Failed"})
_CC: Final = "nvidia.com/cc.mode.state"
_MAPPED: Final = ("name=userns", "name=rootless")
_encode = msgspec.json.encode


class Kind(msgspec.Struct, frozen=True, omit_defaults=True):
    """Workloads that are run the same way on one node.

    Of a pod ``owner`` is its namespace, ``marks`` the labels of its own that may name its tenant,
    and ``runtime`` the name of a class; of a container ``tenant`` and ``key`` say whose it is, and
    ``runtime`` is what runs it. ``users``: own, host, or "" where its engine decides.
    """

    owner: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    tenant: str = ""
    key: str = ""
    runtime: str = ""
    users: str = ""
    privileged: bool = False
    accelerated: bool = False


class Counted(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many they are, and the first by name."""

    name: str
    count: int = 1


class _Security(msgspec.Struct, frozen=True, gc=False):
    privileged: object = None


class _Resources(msgspec.Struct, frozen=True, gc=False):
    limits: dict[str, object] | None = None


class _Container(msgspec.Struct, frozen=True, gc=False):
    securityContext: _Security | None = None  # noqa: N815 - the field's name in the API
    resources: _Resources | None = None


class _Spec(msgspec.Struct, frozen=True, gc=False):
    nodeName: str = ""  # noqa: N815 - the field's name in the API
    runtimeClassName: str | None = None  # noqa: N815 - the field's name in the API
    hostUsers: bool | None = None  # noqa: N815 - the field's name in the API
    containers: tuple[_Container, ...] | None = None
    initContainers: tuple[_Container, ...] | None = None  # noqa: N815 - the field's name in the API


class _Status(msgspec.Struct, frozen=True, gc=False):
    phase: str | None = None


class _Metadata(msgspec.Struct, frozen=True, gc=False):
    labels: dict[str, str] | None = None


class _Pod(msgspec.Struct, frozen=True, gc=False):
    metadata: _Metadata | None = None
    spec: _Spec | None = None
    status: _Status | None = None


class _Node(msgspec.Struct, frozen=True, gc=False):
    metadata: _Metadata | None = None


class _Info(msgspec.Struct, frozen=True, gc=False):
    name: str = msgspec.field(default="", name="Name")
    options: tuple[str, ...] | None = msgspec.field(default=None, name="SecurityOptions")


class _Config(msgspec.Struct, frozen=True, gc=False):
    sevEnabled: bool | None = None  # noqa: N815 - the field's name in the API
    sevSnpEnabled: bool | None = None  # noqa: N815 - the field's name in the API
    tdxEnabled: bool | None = None  # noqa: N815 - the field's name in the API


class _Machine(msgspec.Struct, frozen=True, gc=False):
    moid: str = ""
    inventory: str = ""
    config: _Config | None = None


_pod = msgspec.json.Decoder(_Pod).decode
_node = msgspec.json.Decoder(_Node).decode
_info = msgspec.json.Decoder(_Info).decode
_vm = msgspec.json.Decoder(_Machine).decode


def rows_of(resource: Resource, site: Site, keys: Sequence[TenantKey]) -> Iterator[Row]:
    """Take what one object says; one that is not as its API has it leaves a row too."""
    if resource.kind in WHO:
        yield from identity_row(resource, site)
    try:
        yield from _taken(resource, site, keys)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        yield Row((SETTINGS, site.target.uri), BAD, site.origin(resource), _encode(str(error)))


def _taken(resource: Resource, site: Site, keys: Sequence[TenantKey]) -> Iterator[Row]:
    target, at, body = site.target.uri, site.origin(resource), resource.body
    match resource.kind:
        case "k8s/Pod":
            yield from _of_pod(resource, site, keys)
        case "k8s/Namespace":
            yield Row((SETTINGS, target), NAMESPACE, at, _encode(marks_of(body, keys)))
        case "k8s/RuntimeClass":
            yield Row((SETTINGS, target), RUNTIME, at, _encode(handler_of(body)))
        case "k8s/Node":
            labels = (_node(body).metadata or _Metadata()).labels or {}
            if labels.get(_CC) == "on":
                yield Row((RUNNING, target, resource.name), NODE, at, b"true")
        case "docker/Info":
            mapped = any(each.startswith(_MAPPED) for each in _info(body).options or ())
            yield Row((ENGINES, target), INFO, at, _encode(mapped))
        case "docker/Workload":
            yield from _of_container(resource, site)
        case "vsphere/VirtualMachine":
            found = _vm(body)
            config = found.config or _Config()
            if config.sevEnabled or config.sevSnpEnabled or config.tdxEnabled:
                moid = within(found.inventory, found.moid)
                yield Row((ENCRYPTED, target, moid), MACHINE, at, b"true")
        case _:
            return


def _of_pod(resource: Resource, site: Site, keys: Sequence[TenantKey]) -> Iterator[Row]:
    pod = _pod(resource.body)
    spec, status = pod.spec or _Spec(), pod.status or _Status()
    if not spec.nodeName or status.phase in _ENDED:
        return
    labels = (pod.metadata or _Metadata()).labels or {}
    every = (*(spec.containers or ()), *(spec.initContainers or ()))
    limits = (each.resources.limits or {} for each in every if each.resources is not None)
    kind = Kind(
        owner=resource.namespace,
        marks=tuple((name, labels[name]) for name in sorted(names_in(keys, POD_LABEL) & {*labels})),
        runtime=spec.runtimeClassName or "",
        users="own" if spec.hostUsers is False else "host",
        privileged=any(
            each.securityContext is not None and each.securityContext.privileged is True
            for each in every
        ),
        accelerated=any(
            is_accelerator(name) or monitored(name) for each in limits for name in each
        ),
    )
    name = f"{resource.namespace}/{resource.name}"
    yield _counted(site, resource, spec.nodeName, kind, name)


def _of_container(resource: Resource, site: Site) -> Iterator[Row]:
    found: Any = decoded(resource)
    if found.get("form") != "container" or found.get("running") is False:
        return
    pod, tenant, key = tenant_of(found.get("labels") or {}, resource.name)
    kind = Kind(
        tenant=tenant,
        key=key,
        runtime=str(found.get("runtime") or ""),
        users="host" if found.get("userNamespaceMode") == "host" else "",
        privileged=found.get("privileged") is True,
        accelerated=bool(found.get("deviceRequests")),
    )
    yield _counted(site, resource.parent or resource, "", kind, pod)


def _counted(site: Site, resource: Resource, node: str, kind: Kind, name: str) -> Row:
    key = (RUNNING, site.target.uri, node, _encode(kind).decode())
    return Row(key, WORKLOADS, site.origin(resource), _encode(Counted(name)))


_decode_counted = msgspec.json.Decoder(Counted).decode


def combined(one: Row, other: Row) -> Row:
    """Count together; the first by name stands for all of them."""
    first, second = sorted((one, other), key=lambda row: _decode_counted(row.body).name)
    ours, theirs = _decode_counted(first.body), _decode_counted(second.body)
    return msgspec.structs.replace(
        first, body=_encode(Counted(ours.name, ours.count + theirs.count))
    )


def is_identity(row: Row) -> bool:
    """Whether a row says who something is."""
    return row.key[0] == IDENTITIES


def labels_of(marks: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """The labels of a pod that may name its tenant."""
    return dict(marks)
