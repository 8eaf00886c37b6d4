"""Where ingresses and routes send requests: one fact for each, with the services that it names.

::

    Service web      ports: [{port: 80, name: http}]            row  key ()
    Ingress chat     backend: {service: {name: web, port: …}}   row  key (ml,)

makes one ``k8s/RouteBackends`` of ``chat``. Each of its ``backends`` is as it is written, with its
namespace, and says whether the service is ``declared``, and whether that has the port: ``offered``.
``why`` says why nothing is known of it: a custom resource of the namespace may bring services, or
the service is written with another namespace, or none. Backends in a namespace of which files hold
no service are left out: they stand elsewhere. So are backends that are no services.

Of a cluster all is known of the namespace of the route. Another one may not have been read, so that
something of it has to have been seen before a service is missing there.

Sources: networking.k8s.io/v1 IngressBackend, gateway.networking.k8s.io/v1 BackendRef; AWS's load
balancer controller for ``use-annotation``, a port of what is no service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import facts
from auditor.analysis.bodies import decoded
from auditor.analysis.loose import mapping
from auditor.analysis.makers import may_bring_services
from auditor.analysis.paths import Segment, walk
from auditor.analysis.protocol import OTHERS, Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact, Spot
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX

KIND: Final = "k8s/RouteBackends"
SERVICE: Final = "k8s/Service"
INGRESS: Final = "k8s/Ingress"
ROUTES: Final = frozenset(
    f"k8s/{name}.gateway.networking.k8s.io"
    for name in ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute")
)

_OF_INGRESS: Final[tuple[tuple[Segment, ...], ...]] = (
    ("spec", "defaultBackend"),
    ("spec", "backend"),
    ("spec", "rules", "*", "http", "paths", "*", "backend"),
)
_OF_ROUTE: Final[tuple[Segment, ...]] = ("spec", "rules", "*", "backendRefs", "*")
_BY_ANNOTATION: Final = "use-annotation"
_MAKER: Final = "a-maker"
_SERVICE: Final = "a-service"
_ROUTE: Final = "route"
_encode = msgspec.json.encode

Port = int | str


class Backend(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service that a route names: where its name stands, and the port, None without one."""

    at: str
    namespace: str
    name: str
    port: Port | None = None


class _Route(msgspec.Struct, frozen=True):
    backends: tuple[Backend, ...]
    live: bool


class _Service(msgspec.Struct, frozen=True):
    """A service: its ports, None where all or nothing is said of them."""

    namespace: str
    name: str
    ports: tuple[Port, ...] | None = None


class _Maker(msgspec.Struct, frozen=True):
    namespace: str
    name: str


class RouteBackends(Uncombined):
    """Joins ingresses and routes with the services that they name."""

    id = "route-backends"
    stage = Stage.TARGET
    reads = frozenset({INGRESS, SERVICE, OTHERS, *ROUTES})
    feeds: Feeds = MappingProxyType(
        {
            KIND: MappingProxyType(
                {"": frozenset({INGRESS, *ROUTES}), "backends": frozenset({SERVICE})}
            )
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the ports of a service, the backends of a route, and who may bring services."""
        live = site.target.uid != OF_FILES
        if resource.kind == SERVICE:
            yield Row((), _SERVICE, None, _encode(_service(resource)))
        elif resource.kind == INGRESS or resource.kind in ROUTES:
            found = tuple(backends_of(resource))
            if found:
                origin = site.origin(resource, found[0].at, (each.at for each in found))
                yield Row((resource.namespace,), _ROUTE, origin, _encode(_Route(found, live)))
        elif not live and may_bring_services(resource.kind):
            name = f"{facts.plain_kind(resource)} {resource.name}"
            yield Row((), _MAKER, None, _encode(_Maker(resource.namespace, name)))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each route that names services of which something is known."""
        known = _Known()
        for _, rows in groups:
            for row in rows:
                match row.tag:
                    case "a-maker":
                        known.add_maker(msgspec.json.decode(row.body, type=_Maker))
                    case "a-service":
                        known.add(msgspec.json.decode(row.body, type=_Service))
                    case _:
                        yield from _fact(row, known)


def make(tables: Tables) -> RouteBackends:
    """Make the analysis; it needs no table."""
    del tables
    return RouteBackends()


class _Known:
    """The services of a target, and the custom resources that may bring more."""

    def __init__(self) -> None:
        self._ports: dict[tuple[str, str], set[Port] | None] = {}
        self._namespaces: dict[str, set[str]] = {}
        self._seen: set[str] = set()
        self._makers: dict[str, str] = {}

    def add(self, service: _Service) -> None:
        key = service.namespace, service.name
        ports = self._ports.setdefault(key, set())
        if ports is None or service.ports is None:
            self._ports[key] = None
        else:
            ports.update(service.ports)
        self._namespaces.setdefault(service.name, set()).add(service.namespace)
        self._seen.add(service.namespace)

    def add_maker(self, maker: _Maker) -> None:
        self._makers[maker.namespace] = min(
            maker.name, self._makers.get(maker.namespace, maker.name)
        )

    def of(self, backend: Backend, *, live: bool, at_home: bool) -> Mapping[str, object] | None:
        """Say of a backend whether it is there; None where that is nobody's business here."""
        key = backend.namespace, backend.name
        if key in self._ports:
            ports = self._ports[key]
            offered = ports is None or backend.port is None or backend.port in ports
            if isinstance(backend.port, str) and backend.port.isascii() and backend.port.isdigit():
                offered = offered or ports is None or int(backend.port) in ports
            return {"declared": True, "offered": offered, "why": ""}
        why = self._doubt(backend, live=live)
        if not why and backend.namespace not in self._seen and not (live and at_home):
            return None
        return {"declared": False, "offered": False, "why": why}

    def _doubt(self, backend: Backend, *, live: bool) -> str:
        """Why a service that is not declared may be there all the same, "" for no reason."""
        if live:
            return ""
        maker = self._makers.get(backend.namespace) or self._makers.get("")
        if maker:
            return f"{maker} may bring services that are not written here"
        others = self._namespaces.get(backend.name, set())
        if "" in others or (others and not backend.namespace):
            return f"service {backend.name} is written with another namespace"
        return ""


def _service(resource: Resource) -> _Service:
    """Take the ports of a service, by number and by name."""
    spec = mapping(mapping(decoded(resource)).get("spec"))
    ports = spec.get("ports")
    found: tuple[Port, ...] | None = None
    if isinstance(ports, list) and spec.get("type") != "ExternalName":
        said = (mapping(port).get(field) for port in ports for field in ("port", "name"))
        found = tuple(each for each in map(_port, said) if each is not None)
    return _Service(resource.namespace, resource.name, found)


def backends_of(resource: Resource) -> Iterator[Backend]:
    """Find the services that an ingress or a route names, in its order."""
    body = decoded(resource)
    if resource.kind != INGRESS:
        for pointer, found in walk(body, _OF_ROUTE):
            backend = _of_route(pointer, mapping(found), resource.namespace)
            if backend is not None:
                yield backend
        return
    for path in _OF_INGRESS:
        for pointer, found in walk(body, path):
            backend = _of_ingress(pointer, mapping(found), resource.namespace)
            if backend is not None:
                yield backend


def _of_route(pointer: str, found: Mapping[str, object], namespace: str) -> Backend | None:
    name, port = found.get("name"), found.get("port")
    if found.get("group") or found.get("kind", "Service") != "Service":
        return None
    if not isinstance(name, str) or not name:
        return None
    elsewhere = found.get("namespace")
    if isinstance(elsewhere, str) and elsewhere:
        namespace = elsewhere
    return Backend(f"{pointer}/name", namespace, name, _port(port))


def _of_ingress(pointer: str, found: Mapping[str, object], namespace: str) -> Backend | None:
    """Read a backend of today, and one of a version that is gone."""
    service = mapping(found.get("service"))
    name, port = service.get("name"), mapping(service.get("port"))
    number = port.get("number") or port.get("name")
    at = f"{pointer}/service/name"
    if not service:
        at = f"{pointer}/serviceName"
        name, number = found.get("serviceName"), found.get("servicePort")
    if not isinstance(name, str) or not name or number == _BY_ANNOTATION:
        return None
    return Backend(at, namespace, name, _port(number))


def _port(value: object) -> Port | None:
    """Return a number or a name of a port, None for anything else."""
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _fact(row: Row, known: _Known) -> Iterator[Fact]:
    """Say of each backend of a route whether it is there."""
    place, route = row.read_at, msgspec.json.decode(row.body, type=_Route)
    backends: list[dict[str, object]] = []
    elsewhere: list[tuple[str, Spot | None]] = []
    for each in route.backends:
        found = known.of(each, live=route.live, at_home=each.namespace == place.namespace)
        if found is None:
            continue
        start = f"/backends/{len(backends)}"
        port = "" if each.port is None else str(each.port)
        backends.append({"name": each.name, "namespace": each.namespace, "port": port, **found})
        elsewhere += ((f"{start}/{field}", None) for field in ("namespace", "port", *found))
        elsewhere += ((f"{start}/name", Spot(0, each.at)), (start, Spot(0, each.at)))
    if not backends:
        return
    body = {
        "kind": place.kind.removeprefix(PREFIX).partition(".")[0],
        "name": place.name,
        "namespace": place.namespace,
        "live": route.live,
        "backends": backends,
    }
    namespaces = dict.fromkeys((place.namespace, *(each.namespace for each in route.backends)))
    yield Fact(
        kind=KIND,
        key=(place.kind, place.namespace, place.name, place.source, str(place.document)),
        body=_encode(body),
        subject=place,
        elsewhere=(*elsewhere, *((f"/{name}", None) for name in body)),
        draws_on=tuple((place.target, namespace) for namespace in namespaces),
        heuristic=not route.live,
    )
