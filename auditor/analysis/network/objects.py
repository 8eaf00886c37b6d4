"""What of pods, nodes and namespaces matters to a network, read from their JSON.

Ports with names are those of containers, and of init containers that stay (``restartPolicy:
Always``): others are gone before anybody connects.

Source: core/v1 PodSpec, PodStatus, NodeStatus; Kubernetes' FindPort (pkg/api/v1/pod).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.label_selectors import More
from auditor.analysis.network.addresses import Block, block_of
from auditor.analysis.network.ends import ContainerPort, Nodes, Pods
from auditor.analysis.network.ports import FIRST, LAST, Protocol
from auditor.analysis.secondary_networks import NETWORKS

ENDED: Final = frozenset({"Failed", "Succeeded"})
"""Phases in which a pod has no network any more."""
_PROTOCOLS: Final = frozenset(each.value for each in Protocol)
_OF_NODES: Final = frozenset({"ExternalIP", "InternalIP"})


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, object] | None = None
    annotations: dict[str, object] | None = None


class _Port(msgspec.Struct, gc=False):
    name: str | None = None
    containerPort: int = 0  # noqa: N815 - the field's name in the API
    protocol: str | None = None
    hostPort: int | None = None  # noqa: N815 - the field's name in the API


class _Container(msgspec.Struct, gc=False):
    image: str | None = None
    ports: list[_Port] | None = None
    restartPolicy: str | None = None  # noqa: N815 - the field's name in the API


class _Spec(msgspec.Struct, gc=False):
    hostNetwork: bool | None = None  # noqa: N815 - the field's name in the API
    containers: list[_Container] | None = None
    initContainers: list[_Container] | None = None  # noqa: N815 - the field's name in the API


class _Address(msgspec.Struct, gc=False):
    ip: str | None = None


class _Status(msgspec.Struct, gc=False):
    phase: str | None = None
    podIP: str | None = None  # noqa: N815 - the field's name in the API
    podIPs: list[_Address] | None = None  # noqa: N815 - the field's name in the API


class _Pod(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    spec: _Spec | None = None
    status: _Status | None = None


class _NodeAddress(msgspec.Struct, gc=False):
    type: str = ""
    address: str = ""


class _NodeStatus(msgspec.Struct, gc=False):
    addresses: list[_NodeAddress] | None = None


class _Node(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    status: _NodeStatus | None = None


class Read(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A pod, or a template of pods, as it was read: ``addresses`` are texts.

    ``ended`` is one whose containers have ended. ``host_ports`` are those that its node has as
    well, ``networks`` what an annotation says of further networks.
    """

    labels: Mapping[str, object] = {}
    ports: tuple[ContainerPort, ...] = ()
    host: bool = False
    addresses: tuple[str, ...] = ()
    ended: bool = False
    host_ports: tuple[ContainerPort, ...] = ()
    networks: str = ""
    images: tuple[str, ...] = ()


_decode_pod = msgspec.json.Decoder(_Pod).decode
_decode_node = msgspec.json.Decoder(_Node).decode


def read_pod(body: bytes) -> Read:
    """Read a pod, or a template with ``metadata`` and ``spec``.

    Raises:
        msgspec.DecodeError: it is not as its API has it.
        UnicodeDecodeError: it is no text.
        RecursionError: it is nested too deeply.
    """
    pod = _decode_pod(body)
    spec, status = pod.spec or _Spec(), pod.status or _Status()
    labels = (pod.metadata.labels if pod.metadata is not None else None) or {}
    told = [each.ip for each in status.podIPs or ()] or [status.podIP]
    return Read(
        labels=labels,
        ports=tuple(sorted(set(_ports(spec)))),
        host=bool(spec.hostNetwork),
        addresses=tuple(sorted(filter(None, told))),
        ended=status.phase in ENDED,
        host_ports=tuple(sorted(set(_host_ports(spec)))),
        networks=_networks(pod.metadata),
        images=tuple(each.image for each in spec.containers or () if each.image),
    )


def _networks(metadata: _Metadata | None) -> str:
    found = ((metadata.annotations if metadata is not None else None) or {}).get(NETWORKS)
    return found if isinstance(found, str) else ""


def _host_ports(spec: _Spec) -> Iterator[ContainerPort]:
    for container in spec.containers or ():
        for port in container.ports or ():
            protocol = port.protocol or Protocol.TCP.value
            known = FIRST <= port.containerPort <= LAST and protocol in _PROTOCOLS
            if known and port.hostPort and not spec.hostNetwork:
                yield ContainerPort(str(port.hostPort), protocol, port.containerPort)


def _ports(spec: _Spec) -> Iterator[ContainerPort]:
    staying = (each for each in spec.initContainers or () if each.restartPolicy == "Always")
    for container in (*(spec.containers or ()), *staying):
        for port in container.ports or ():
            protocol = port.protocol or Protocol.TCP.value
            if port.name and FIRST <= port.containerPort <= LAST and protocol in _PROTOCOLS:
                yield ContainerPort(port.name, protocol, port.containerPort)


def pods_of(namespace: str, read: Read, more: More = More.NONE) -> Pods:
    """Make the pods of what was read; where any label may be added, so may any container."""
    return Pods(
        namespace=namespace,
        labels=read.labels,
        more=more,
        ports=read.ports,
        more_ports=more is More.ANY,
        host=read.host,
        addresses=blocks_of(read.addresses),
    )


def nodes_of(body: bytes) -> Nodes:
    """Read a node.

    Raises:
        msgspec.DecodeError: it is not as its API has it.
        UnicodeDecodeError: it is no text.
        RecursionError: it is nested too deeply.
    """
    node = _decode_node(body)
    labels = (node.metadata.labels if node.metadata is not None else None) or {}
    addresses = (node.status.addresses if node.status is not None else None) or ()
    return Nodes(labels, blocks_of(each.address for each in addresses if each.type in _OF_NODES))


def blocks_of(texts: Iterable[str]) -> tuple[Block, ...]:
    """Read addresses; what is none is left out."""
    found = (block_of(text) for text in texts)
    return tuple(sorted({each for each in found if each is not None}))
