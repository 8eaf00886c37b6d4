"""What the tenancy of GPUs takes of each object, and in which order it comes.

==========================  ============================  ==========================================
key                         object                        what is in the row
==========================  ============================  ==========================================
0, namespace                Namespace                     what may name its tenant
0, namespace                Pod, where its labels may     what may name its tenant
1, driver, pool             ResourceSlice                 devices of the pool
2, namespace, claim         ResourceClaim                 pods that use it, and its devices
3, name                     RuntimeClass                  its handler
31                          ClusterPolicy, DaemonSet      the ConfigMap of the device plugin
31                          GpuDevicePlugin, DaemonSet    how often a plugin gives out a device
32, namespace, name         ConfigMap                     what may be its configuration
32, namespace, name         ConfigMap that has any        what may be variables that lead to GPUs
4, node                     Node                          what it offers, and its labels
4, node                     Pod that has something        what it asked for, got, and reaches
5, kind, namespace, role    Role, ClusterRole             what of all this it lets somebody write
5, kind, namespace, role    bindings of it                whom it names of those who may be tenants
==========================  ============================  ==========================================

So tenants are known before claims, devices before what was allocated of them, what runs pods and
what nodes share before both, and a node with its pods comes as one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.gpu.dra import claim_row, slice_row
from auditor.analysis.gpu.intel import may_share, started, told
from auditor.analysis.gpu.marks import NAMESPACE, NODE, POD, RUNTIME, labels_of, marks_of
from auditor.analysis.gpu.naming import (
    CONFIG_MAP,
    POLICY,
    may_name,
    of_policy,
    of_template,
)
from auditor.analysis.gpu.nodes import node_row
from auditor.analysis.gpu.pods import pod_use, worth_a_look
from auditor.analysis.gpu.rights import BINDING, BINDINGS, ROLE, ROLES, binding_row, role_row
from auditor.analysis.gpu.runtimes import handler_of
from auditor.analysis.gpu.sharing_rows import texts_of
from auditor.analysis.gpu.sourced import variables_in
from auditor.analysis.gpu.tenants import NamespaceMarks, TenantKey
from auditor.analysis.gpu.turns import may_take_turns, turns_of
from auditor.analysis.loose import mapping
from auditor.analysis.protocol import Row, Site
from auditor.analysis.texts import ReadText
from auditor.model.resource import Resource

SLICE: Final = "k8s/ResourceSlice"
CLAIM: Final = "k8s/ResourceClaim"
DAEMON_SET: Final = "k8s/DaemonSet"
INTEL: Final = "k8s/GpuDevicePlugin.deviceplugin.intel.com"
CONFIGURATION: Final = frozenset({CONFIG_MAP, POLICY, DAEMON_SET, INTEL})
READS: Final = frozenset({NAMESPACE, SLICE, CLAIM, NODE, POD, RUNTIME}) | CONFIGURATION

TENANTS, POOLS, CLAIMS, RUNTIMES = "0", "1", "2", "3"
NAMING, TEXTS, NODES, RIGHTS = "31", "32", "4", "5"
"""What the keys begin with, in the order in which they come."""
VARIABLES: Final = "variables"
"""The tag of what a ConfigMap says of variables."""
BAD: Final = "malformed"
"""The tag of what could not be understood."""

_encode = msgspec.json.encode


def extracted(
    resource: Resource, site: Site, keys: Sequence[TenantKey], read: ReadText
) -> Iterator[Row]:
    """Take what is needed of one object; one that is not as its API has it leaves a row too.

    The body may have secrets in it still: what is taken is names, and rows are cleaned as they are
    written.
    """
    if resource.kind == POD and not worth_a_look(resource.body):
        return
    if resource.kind in CONFIGURATION:
        yield from _configuration(resource, site, read)
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
        labels = labels_of(body, names)
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
            marks = marks_of(body, keys)
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
            lines = [*(way.pointer for way in use.ways), *(each.at for each in use.taken)]
            return (NODES, pod[0]), "pod", use, lines
        case kind if kind in ROLES:
            role = role_row(body)
            named = (kind.removeprefix("k8s/"), resource.namespace, resource.name)
            return None if role is None else ((RIGHTS, *named), ROLE, role, ("/rules",))
        case kind if kind in BINDINGS:
            bound = binding_row(body, resource.namespace)
            return None if bound is None else ((RIGHTS, *bound[0]), BINDING, bound[1], ())
        case _:
            return None


def _configuration(resource: Resource, site: Site, read: ReadText) -> Iterator[Row]:
    """Take what names a configuration, and what may be one; of what is not as its API has it, none.

    Most DaemonSets are no plugin: those are not decoded.
    """
    is_set = resource.kind == DAEMON_SET
    if is_set and not any(each(resource.body) for each in (may_name, may_share, may_take_turns)):
        return
    body = mapping(decoded(resource))
    origin = site.origin(resource)
    if resource.kind == CONFIG_MAP:
        texts = list(texts_of(body.get("data"), read))
        key = (TEXTS, resource.namespace, resource.name)
        yield Row(key, "texts", origin, _encode(texts))
        variables = variables_in(mapping(body.get("data")))
        if variables:
            yield Row(key, VARIABLES, origin, _encode(variables))
        return
    spec = mapping(body.get("spec"))
    template = mapping(spec.get("template"))
    sharing = told(spec) if resource.kind == INTEL else started(template)
    for each in (sharing, *turns_of(template)):
        if each.times > 1:
            yield Row((NAMING,), "sharing", origin, _encode(each))
    if resource.kind == INTEL:
        return
    named = (
        [of_policy(body)] if resource.kind == POLICY else of_template(template, resource.namespace)
    )
    for naming in named:
        if naming.config_map:
            yield Row((NAMING,), "naming", origin, _encode(naming))
