"""What the tenancy of GPUs takes of each object, and in which order it comes.

==========================  ============================  ==========================================
key                         object                        what is in the row
==========================  ============================  ==========================================
0, namespace                Namespace                     what may name its tenant
0, namespace                Pod, where its labels may     what may name its tenant
1, driver, pool             ResourceSlice                 devices of the pool
2, namespace, claim         ResourceClaim                 pods that use it, and its devices
3, name                     RuntimeClass                  its handler
4, node                     Node                          what it offers, and its labels
4, node                     Pod that has something        what it asked for, got, and reaches
5, kind, namespace, role    Role, ClusterRole             what of all this it lets somebody write
5, kind, namespace, role    bindings of it                whom it names of those who may be tenants
==========================  ============================  ==========================================

So tenants are known before claims, devices before what was allocated of them, what runs pods before
pods, and a node with its pods comes as one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis.gpu.dra import claim_row, slice_row
from auditor.analysis.gpu.nodes import node_row
from auditor.analysis.gpu.pods import pod_use, worth_a_look
from auditor.analysis.gpu.rights import BINDING, BINDINGS, ROLE, ROLES, binding_row, role_row
from auditor.analysis.gpu.runtimes import handler_of
from auditor.analysis.gpu.tenants import NamespaceMarks, TenantKey, names_in
from auditor.analysis.protocol import Row, Site
from auditor.model.resource import Resource

NAMESPACE: Final = "k8s/Namespace"
SLICE: Final = "k8s/ResourceSlice"
CLAIM: Final = "k8s/ResourceClaim"
NODE: Final = "k8s/Node"
POD: Final = "k8s/Pod"
RUNTIME: Final = "k8s/RuntimeClass"
READS: Final = frozenset({NAMESPACE, SLICE, CLAIM, NODE, POD, RUNTIME})

TENANTS, POOLS, CLAIMS, RUNTIMES, NODES, RIGHTS = "0", "1", "2", "3", "4", "5"
"""What the keys begin with, in the order in which they come."""
BAD: Final = "malformed"
"""The tag of what could not be understood."""

_encode = msgspec.json.encode


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Marked(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None


_decode_marked = msgspec.json.Decoder(_Marked).decode


def extracted(resource: Resource, site: Site, keys: Sequence[TenantKey]) -> Iterator[Row]:
    """Take what is needed of one object; one that is not as its API has it leaves a row too.

    The body may have secrets in it still: what is taken is names, and rows are cleaned as they are
    written.
    """
    if resource.kind == POD and not worth_a_look(resource.body):
        return
    try:
        found = _row(resource, resource.body, keys)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        origin = site.origin(resource)
        yield Row((TENANTS,), BAD, origin, _encode(str(error)))
        return
    if found is not None:
        key, tag, row, lines = found
        yield Row(key, tag, site.origin(resource, "", lines), _encode(row))


def pod_marks(resource: Resource, site: Site, names: Collection[str]) -> Iterator[Row]:
    """Take the labels of a pod that were asked for as names of its tenant."""
    body = resource.body
    if b"\\u" not in body and not any(name.encode() in body for name in names):
        return
    try:
        labels = _named((_decode_marked(body).metadata or _Metadata()).labels, names)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # what is wrong with it is told where its devices are taken
    if labels:
        key = (TENANTS, resource.namespace)
        yield Row(key, "pod", site.origin(resource), _encode(NamespaceMarks(labels)))


def _row(
    resource: Resource, body: bytes, keys: Sequence[TenantKey]
) -> tuple[tuple[str, ...], str, object, Sequence[str]] | None:
    match resource.kind:
        case "k8s/Namespace":
            marks = _marks(body, keys)
            return (TENANTS, resource.name), "namespace", marks, ()
        case "k8s/ResourceSlice":
            pool = slice_row(body)
            return None if pool is None else ((POOLS, pool[0], pool[1]), "slice", pool[2], ())
        case "k8s/ResourceClaim":
            claim = claim_row(body)
            key = (CLAIMS, resource.namespace, resource.name)
            return None if claim is None else (key, "claim", claim, ())
        case "k8s/RuntimeClass":
            return (RUNTIMES, resource.name), "runtime", handler_of(body), ()
        case "k8s/Node":
            node = node_row(body)
            return None if node is None else ((NODES, resource.name), "node", node, ())
        case "k8s/Pod":
            pod = pod_use(body)
            if pod is None:
                return None
            use = pod[1]
            owner = resource.controller
            if owner is not None:
                use = msgspec.structs.replace(use, owner=owner.kind)
            return (NODES, pod[0]), "pod", use, [way.pointer for way in use.ways]
        case kind if kind in ROLES:
            role = role_row(body)
            named = (kind.removeprefix("k8s/"), resource.namespace, resource.name)
            return None if role is None else ((RIGHTS, *named), ROLE, role, ("/rules",))
        case kind if kind in BINDINGS:
            bound = binding_row(body, resource.namespace)
            return None if bound is None else ((RIGHTS, *bound[0]), BINDING, bound[1], ())
        case _:
            return None


def _marks(body: bytes, keys: Sequence[TenantKey]) -> NamespaceMarks:
    metadata = _decode_marked(body).metadata or _Metadata()
    return NamespaceMarks(
        _named(metadata.labels, names_in(keys, "label")),
        _named(metadata.annotations, names_in(keys, "annotation")),
    )


def _named(found: dict[str, str] | None, names: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in sorted((found or {}).items()) if name in names}
