"""Which listeners of gateways a route is attached to, and whether one of them encrypts.

::

    Gateway edge     listeners: [{name: web, protocol: HTTP}, {name: secure, protocol: HTTPS}]
    HTTPRoute chat   parentRefs: [{name: edge, sectionName: web}], rules with backends

makes one ``k8s/RouteListeners`` of ``chat``: ``plain`` [web of gateway edge], ``encrypted`` [],
``offers`` true, as the gateway has a listener with TLS, and ``serves`` true. A route serves what is
not only sent to https:// by a redirect, nor the answer to a challenge of a certificate authority,
which has to come in the clear.

A route is attached to the listeners of a parent that its ``sectionName`` and ``port`` name, or to
all; a listener may keep out routes of other namespaces, of other kinds, or for other host names.
``known`` is false where a parent was not read, or is no Gateway: then nothing is said of it.

Source: gateway.networking.k8s.io/v1 ParentReference, Listener, HTTPRequestRedirectFilter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.loose import elements, mapping, mappings, string
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX

KIND: Final = "k8s/RouteListeners"
GROUP: Final = "gateway.networking.k8s.io"
GATEWAY: Final = f"k8s/Gateway.{GROUP}"
ROUTES: Final = frozenset({f"k8s/GRPCRoute.{GROUP}", f"k8s/HTTPRoute.{GROUP}"})

_PLAIN: Final = "HTTP"
_ENCRYPTED: Final = "HTTPS"
_WITH_TLS: Final = (_ENCRYPTED, "TLS")
_CHALLENGE: Final = "/.well-known/acme-challenge"
_GATEWAY: Final = "a-gateway"
_ROUTE: Final = "route"
_encode = msgspec.json.encode


class Listener(msgspec.Struct, frozen=True, omit_defaults=True):
    """A listener of a gateway: who may come in is ``namespaces`` (Same, All, Selector) and kinds.

    ``kinds`` is empty for those that go with the protocol.
    """

    name: str
    protocol: str
    port: int = 0
    hostname: str = ""
    namespaces: str = "Same"
    kinds: tuple[str, ...] = ()


class _Gateway(msgspec.Struct, frozen=True):
    namespace: str
    name: str
    listeners: tuple[Listener, ...]


class Parent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a route is attached to; ``name`` is "" for what is no gateway."""

    namespace: str
    name: str
    section: str = ""
    port: int = 0


class _Route(msgspec.Struct, frozen=True):
    kind: str
    parents: tuple[Parent, ...]
    hosts: tuple[str, ...]
    serves: bool
    live: bool


class RouteListeners(Uncombined):
    """Joins routes with the gateways that they are attached to."""

    id = "route-listeners"
    stage = Stage.TARGET
    reads = frozenset({GATEWAY, *ROUTES})
    feeds: Feeds = MappingProxyType(
        {
            KIND: MappingProxyType(
                {
                    "": ROUTES,
                    "known": frozenset({GATEWAY}),
                    "offers": frozenset({GATEWAY}),
                    "plain": frozenset({GATEWAY}),
                    "encrypted": frozenset({GATEWAY}),
                }
            )
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the listeners of a gateway, and the parents of a route."""
        body = mapping(decoded(resource))
        spec = mapping(body.get("spec"))
        if resource.kind == GATEWAY:
            listeners = tuple(map(_listener, mappings(spec.get("listeners"))))
            made = _Gateway(resource.namespace, resource.name, listeners)
            yield Row((), _GATEWAY, None, _encode(made))
            return
        parents = tuple(
            _parent(each, resource.namespace) for each in mappings(spec.get("parentRefs"))
        )
        if parents:
            route = _Route(
                kind=resource.kind.removeprefix(PREFIX).partition(".")[0],
                parents=parents,
                hosts=tuple(filter(None, map(string, elements(spec.get("hostnames"))))),
                serves=any(map(_serves, mappings(spec.get("rules")))),
                live=site.target.uid != OF_FILES,
            )
            origin = site.origin(resource, "/spec/parentRefs", ("/spec/parentRefs",))
            yield Row((resource.namespace,), _ROUTE, origin, _encode(route))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each route that has a parent."""
        gateways: dict[tuple[str, str], tuple[Listener, ...]] = {}
        for _, rows in groups:
            for row in rows:
                if row.tag == _GATEWAY:
                    found = msgspec.json.decode(row.body, type=_Gateway)
                    key = found.namespace, found.name
                    gateways[key] = (*gateways.get(key, ()), *found.listeners)
                else:
                    yield _fact(row, gateways)


def make(tables: Tables) -> RouteListeners:
    """Make the analysis; it needs no table."""
    del tables
    return RouteListeners()


def _listener(found: Mapping[str, object]) -> Listener:
    allowed = mapping(found.get("allowedRoutes"))
    return Listener(
        name=string(found.get("name")),
        protocol=string(found.get("protocol")),
        port=_number(found.get("port")),
        hostname=string(found.get("hostname")),
        namespaces=string(mapping(allowed.get("namespaces")).get("from")) or "Same",
        kinds=tuple(string(each.get("kind")) for each in mappings(allowed.get("kinds"))),
    )


def _parent(found: Mapping[str, object], namespace: str) -> Parent:
    if found.get("group", GROUP) != GROUP or found.get("kind", "Gateway") != "Gateway":
        return Parent("", "")
    return Parent(
        namespace=string(found.get("namespace")) or namespace,
        name=string(found.get("name")),
        section=string(found.get("sectionName")),
        port=_number(found.get("port")),
    )


def _serves(rule: Mapping[str, object]) -> bool:
    """Whether requests of a rule reach a backend, other than a challenge."""
    if not rule.get("backendRefs"):
        return False
    for each in mappings(rule.get("filters")):
        redirect = mapping(each.get("requestRedirect"))
        if each.get("type") == "RequestRedirect" and redirect.get("scheme") == "https":
            return False
    paths = [
        string(mapping(match.get("path")).get("value")) for match in mappings(rule.get("matches"))
    ]
    return not paths or not all(path.startswith(_CHALLENGE) for path in paths)


def _fact(row: Row, gateways: Mapping[tuple[str, str], Sequence[Listener]]) -> Fact:
    """Say of a route which listeners it is attached to."""
    place, route = row.read_at, msgspec.json.decode(row.body, type=_Route)
    attached: dict[str, list[str]] = {_PLAIN: [], _ENCRYPTED: []}
    known, offers = True, False
    for parent in route.parents:
        listeners = gateways.get((parent.namespace, parent.name))
        known = known and listeners is not None
        for each in listeners or ():
            offers = offers or each.protocol in _WITH_TLS
            if each.protocol in attached and _lets_in(each, parent, route, place.namespace):
                attached[each.protocol].append(f"{each.name} of gateway {parent.name}")
    body = {
        "kind": route.kind,
        "name": place.name,
        "namespace": place.namespace,
        "known": known,
        "serves": route.serves,
        "offers": offers,
        "plain": attached[_PLAIN],
        "encrypted": attached[_ENCRYPTED],
    }
    namespaces = dict.fromkeys((place.namespace, *(each.namespace for each in route.parents)))
    return Fact(
        kind=KIND,
        key=(place.kind, place.namespace, place.name, place.source, str(place.document)),
        body=_encode(body),
        subject=place,
        elsewhere=tuple((f"/{name}", None) for name in body),
        draws_on=tuple((place.target, namespace) for namespace in namespaces),
    )


def _lets_in(listener: Listener, parent: Parent, route: _Route, namespace: str) -> bool:
    """Whether a listener takes a route of a namespace that names its gateway as a parent."""
    if parent.section and parent.section != listener.name:
        return False
    if parent.port and parent.port != listener.port:
        return False
    if listener.namespaces == "None":
        return False
    apart = namespace and parent.namespace and namespace != parent.namespace
    if listener.namespaces == "Same" and apart:
        return False
    if listener.kinds and route.kind not in listener.kinds:
        return False
    hosts = route.hosts
    return not hosts or not listener.hostname or any(_meet(listener.hostname, x) for x in hosts)


def _meet(one: str, other: str) -> bool:
    """Whether some host name is meant by both; a star stands for one label or more."""
    if one.startswith("*.") and other.startswith("*."):
        return one.endswith(other[1:]) or other.endswith(one[1:])
    if one.startswith("*."):
        return other.endswith(one[1:]) and other != one[1:]
    if other.startswith("*."):
        return _meet(other, one)
    return one == other


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
