"""What the reach of networks takes of each object, and in which order it comes.

====================  ===============================  ===========================================
key                   object                           what is in the row
====================  ===============================  ===========================================
0, namespace          Namespace                        its labels, and what may name its tenant
1, namespace          policies of every API            as they are written
11, namespace         Service, Ingress, routes         what leads to pods from outside
2                     DaemonSet of a network plugin,   which one it is
                      Node                             which one it tells of
3                     Node                             its labels and addresses
4, namespace          Pod, template of pods            labels, ports with names, addresses
====================  ===============================  ===========================================

So all policies are known before the first pod: what of its labels, ports and addresses no policy
looks at is left out as it comes, and pods become few classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis import facts
from auditor.analysis.bodies import decoded
from auditor.analysis.gpu.marks import NAMESPACE, NODE, POD, marks_of
from auditor.analysis.gpu.tenants import NamespaceMarks, TenantKey
from auditor.analysis.label_selectors import More
from auditor.analysis.loose import mapping
from auditor.analysis.namespaces import OTHER_POLICIES
from auditor.analysis.network import exposing
from auditor.analysis.network.enforcement import Plugin, plugin_of, told_by
from auditor.analysis.network.objects import Read, nodes_of, read_pod
from auditor.analysis.network.servers import Servers
from auditor.analysis.protocol import Row, Site
from auditor.analysis.secondary_networks import named_in
from auditor.model.fact import Origin
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX, controlled_by, is_built_in

POLICY: Final = "k8s/NetworkPolicy"
DAEMON_SET: Final = "k8s/DaemonSet"
OF_CLUSTERS: Final = frozenset(
    f"k8s/{name}.policy.networking.k8s.io"
    for name in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
)
POLICIES: Final = frozenset({POLICY, *OTHER_POLICIES})
TEMPLATES: Final = frozenset({facts.KIND, facts.PATCH})
READS: Final = frozenset({NAMESPACE, NODE, POD, DAEMON_SET}) | POLICIES | TEMPLATES | exposing.READS

NAMESPACES, RULES, EXPOSING, PLUGINS, NODES, PODS = "0", "1", "11", "2", "3", "4"
"""What the keys begin with, in the order in which they come."""
BAD: Final = "malformed"
"""The tag of what could not be understood."""
_encode = msgspec.json.encode


class NamespaceRow(msgspec.Struct, frozen=True, gc=False):
    """A namespace: what selects it, and what may name its tenant."""

    labels: dict[str, object]
    marks: NamespaceMarks


class PolicyRow(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A policy as it is written; ``partial`` is a patch of one."""

    kind: str
    spec: msgspec.Raw = msgspec.Raw(b"null")
    live: bool = False
    partial: bool = False


class PodRow(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A pod, or a template of pods: ``owner`` is its workload, as KIND NAME.

    ``networks`` are further ones that it has, ``servers`` what it serves by its images.
    ``running`` is false for a template of a cluster, whose pods are there by themselves, and for
    what an operator completes from elsewhere.
    """

    read: Read
    owner: str
    more: More = More.NONE
    live: bool = False
    running: bool = True
    networks: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, object] | None = None


class _Owner(msgspec.Struct, gc=False):
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""


class _Labelled(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None


class _Owned(msgspec.Struct, gc=False):
    owner: _Owner | None = None


_decode_labelled = msgspec.json.Decoder(_Labelled).decode
_decode_owned = msgspec.json.Decoder(_Owned).decode
_FORESEEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def extracted(
    resource: Resource,
    site: Site,
    keys: Sequence[TenantKey],
    plugins: Sequence[Plugin],
    servers: Servers,
) -> Iterator[Row]:
    """Take what is needed of one object; one that is not as its API has it leaves a row too."""
    kind, live = resource.kind, site.target.uid != OF_FILES
    if kind in POLICIES:
        yield _policy(resource, site, live=live)
    elif kind in TEMPLATES:
        yield from _template(resource, site, servers, live=live)
    elif kind == POD:
        yield from _pod(resource, site, servers, live=live)
    elif kind == NAMESPACE:
        yield _namespace(resource, site, keys)
    elif kind in exposing.READS:
        yield from _exposing(resource, site)
    elif kind == DAEMON_SET:
        found = plugin_of(resource, plugins)
        if found is not None:
            yield Row((PLUGINS,), "plugin", site.origin(resource), _encode(found))
    elif kind == NODE:
        yield from plugin_at(resource, site, plugins)
        yield _node(resource, site)


def plugin_at(resource: Resource, site: Site, plugins: Sequence[Plugin]) -> Iterator[Row]:
    """Take which plugin a node of a cluster tells of."""
    found = told_by(resource, plugins) if site.target.uid != OF_FILES else None
    if found is not None:
        yield Row((PLUGINS, found.name), "node", site.origin(resource), _encode(found))


def is_part(place: Origin) -> bool:
    """Whether only some namespaces of a cluster were read: there are others, with pods."""
    return "?namespace=" in place.target


def _namespace(resource: Resource, site: Site, keys: Sequence[TenantKey]) -> Row:
    key, origin = (NAMESPACES, resource.name), site.origin(resource, "/metadata")
    try:
        metadata = _decode_labelled(resource.body).metadata or _Metadata()
        found = NamespaceRow(metadata.labels or {}, marks_of(resource.body, keys))
    except _FORESEEN as error:
        return Row(key, BAD, origin, _encode(str(error)))
    return Row(key, NAMESPACE, origin, _encode(found))


def _policy(resource: Resource, site: Site, *, live: bool) -> Row:
    found = PolicyRow(
        resource.kind.removeprefix(PREFIX),
        msgspec.Raw(_encode(mapping(decoded(resource)).get("spec"))),
        live,
        resource.partial,
    )
    origin = site.origin(resource, "", ("/spec",))
    return Row((RULES, resource.namespace), "policy", origin, _encode(found))


def _node(resource: Resource, site: Site) -> Row:
    origin = site.origin(resource)
    try:
        found = nodes_of(resource.body)
    except _FORESEEN as error:
        return Row((NODES,), BAD, origin, _encode(str(error)))
    return Row((NODES,), NODE, origin, _encode(found))


def _exposing(resource: Resource, site: Site) -> Iterator[Row]:
    is_service = resource.kind == exposing.SERVICE
    found: exposing.ServiceRow | exposing.RouteRow | None
    found = exposing.service_row(resource) if is_service else exposing.route_row(resource)
    if found is not None:
        tag = "service" if is_service else "route"
        yield Row((EXPOSING, resource.namespace), tag, site.origin(resource), _encode(found))


def _pod(resource: Resource, site: Site, servers: Servers, *, live: bool) -> Iterator[Row]:
    origin, key = site.origin(resource), (PODS, resource.namespace)
    try:
        read = read_pod(resource.body)
    except _FORESEEN as error:
        yield Row(key, BAD, origin, _encode(str(error)))
        return
    if not read.ended:
        more = More.ANY if resource.partial else More.NONE
        found = PodRow(read, _owner(resource), more, live)
        yield Row(key, "pod", origin, _encode(_told(found, resource.namespace, servers)))


def _told(row: PodRow, namespace: str, servers: Servers) -> PodRow:
    """Say what a pod serves and which networks it has, in place of what says so."""
    read = row.read
    return msgspec.structs.replace(
        row,
        read=msgspec.structs.replace(read, networks="", images=()),
        networks=tuple(named_in(read.networks, namespace)) if read.networks else (),
        servers=servers.of(read.images),
    )


def _template(resource: Resource, site: Site, servers: Servers, *, live: bool) -> Iterator[Row]:
    """Take a template; one of a pod is the pod itself, and was taken as that."""
    above = resource.parent or resource
    if above.kind != POD:
        origin = site.origin(above, resource.pointer)
        found = _told(template_row(resource, live=live), resource.namespace, servers)
        yield Row((PODS, resource.namespace), "pod", origin, _encode(found))


def template_row(resource: Resource, *, live: bool) -> PodRow:
    """Take what matters of a template.

    One that is not as its API has it may be anything: rules about the template say so.
    """
    above = resource.parent or resource
    running = not live and resource.kind != facts.PATCH
    try:
        read = read_pod(resource.body)
        owner = _decode_owned(resource.body).owner or _Owner()
    except _FORESEEN:
        return PodRow(Read(), f"{facts.plain_kind(above)} {above.name}", More.ANY, live, running)
    built_in = is_built_in(owner.apiVersion, owner.kind) and resource.kind != facts.PATCH
    more = More.OF_CONTROLLERS if built_in else More.ANY
    return PodRow(read, f"{owner.kind} {above.name}", more, live, running)


def _owner(resource: Resource) -> str:
    owner = controlled_by(resource)
    if owner is None:
        return f"Pod {resource.name}"
    return f"{owner.kind} {owner.name}"
