"""By what workloads are reached from outside of the cluster: services, ingresses, routes, hostPort.

::

    Service front    type LoadBalancer, selector app=front, port 80 to http
    Ingress chat     backend: service web, port 80
    Service web      selector app=web, port 80 to 8080

The pods of ``front`` are exposed at the port that they call http, those of ``web`` at 8080 by
``Ingress chat``. Whether policies admit what comes in that way is asked of them: of an address of
the public network for a service, of a stranger's pod for a route, whose controller is some pod.
What they accept of somebody else only leaves it open: nodes may pass traffic on as their own.

Sources: core/v1 ServiceSpec, networking.k8s.io/v1 IngressBackend, gateway.networking.k8s.io/v1
BackendRef, route.openshift.io/v1 RouteSpec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.backends import INGRESS, ROUTES, backends_of
from auditor.analysis.bodies import decoded
from auditor.analysis.label_selectors import Requirements, of_labels
from auditor.analysis.loose import mapping, mappings
from auditor.analysis.network.ports import FIRST, LAST, PortRange, Protocol
from auditor.model.resource import Resource
from auditor.platforms.kubernetes import PREFIX

SERVICE: Final = "k8s/Service"
OPENSHIFT: Final = "k8s/Route.route.openshift.io"
ROUTED: Final = frozenset({INGRESS, OPENSHIFT, *ROUTES})
READS: Final = ROUTED | {SERVICE}
_OPEN: Final = frozenset({"LoadBalancer", "NodePort"})
_PROTOCOLS: Final = frozenset(each.value for each in Protocol)
Target = int | str


class ServicePort(msgspec.Struct, frozen=True, gc=False):
    """A port of a service, and the port of its pods, by number or by name."""

    protocol: str
    number: int
    name: str
    target: Target


class ServiceRow(msgspec.Struct, frozen=True, gc=False):
    """A service that selects pods: ``how`` is by what it is open to the outside, if it is."""

    name: str
    how: tuple[str, ...]
    requires: Requirements
    ports: tuple[ServicePort, ...]


class RouteRow(msgspec.Struct, frozen=True, gc=False):
    """An ingress or a route, and the services that it names: namespace, name and port."""

    what: str
    backends: tuple[tuple[str, str, Target | None], ...]


class Way(msgspec.Struct, frozen=True, order=True):
    """By what some pods are exposed; ``routed`` is by a controller that is a pod."""

    by: str
    how: str
    ports: tuple[PortRange, ...]
    routed: bool = False


class Opened(msgspec.Struct, frozen=True):
    """A service that is open, or named by a route, and by what."""

    namespace: str
    requires: Requirements
    ports: tuple[ServicePort, ...]
    by: str
    how: str
    routed: bool


def service_row(resource: Resource) -> ServiceRow | None:
    """Take a service, None of one that selects no pods itself."""
    spec = mapping(mapping(decoded(resource)).get("spec"))
    requires = of_labels(spec.get("selector")) if spec.get("selector") else None
    if requires is None or spec.get("type") == "ExternalName":
        return None
    how = [str(spec["type"])] if spec.get("type") in _OPEN else []
    how += ["externalIPs"] if spec.get("externalIPs") else []
    ports = tuple(filter(None, map(_port, mappings(spec.get("ports")))))
    return ServiceRow(resource.name, tuple(how), requires, ports)


def route_row(resource: Resource) -> RouteRow | None:
    """Take an ingress or a route, None of one that names no service."""
    kind = resource.kind.removeprefix(PREFIX).partition(".")[0]
    if resource.kind == OPENSHIFT:
        found = list(_of_openshift(resource))
    else:
        found = [(each.namespace, each.name, each.port) for each in backends_of(resource)]
    what = f"{kind} {resource.namespace}/{resource.name}"
    return RouteRow(what, tuple(dict.fromkeys(found))) if found else None


def opened(
    services: Mapping[tuple[str, str], ServiceRow], routes: Iterable[RouteRow]
) -> list[Opened]:
    """Find the services that something leads to from outside, with the ports that it leads to."""
    found = [
        Opened(namespace, each.requires, each.ports, f"Service {namespace}/{each.name}", how, False)
        for (namespace, _), each in services.items()
        for how in each.how
    ]
    for route in routes:
        for namespace, name, port in route.backends:
            service = services.get((namespace, name))
            if service is not None:
                ports = tuple(each for each in service.ports if _is(each, port))
                requires = service.requires
                found.append(Opened(namespace, requires, ports, route.what, f"to {name}", True))
    return found


def ports_of(every: Iterable[Opened], pods: Sequence[tuple[str, str, int]]) -> list[PortRange]:
    """The ports of some pods, given as name, protocol and number, that services lead to."""
    return sorted(
        {
            PortRange(Protocol(protocol), number, number)
            for each in every
            for port in each.ports
            for protocol, number in targets(port, pods)
        }
    )


def targets(port: ServicePort, pods: Sequence[tuple[str, str, int]]) -> Iterator[tuple[str, int]]:
    """The ports of pods that a port of a service leads to, by number or by the name they have."""
    if isinstance(port.target, int):
        if FIRST <= port.target <= LAST:
            yield port.protocol, port.target
        return
    for name, protocol, number in pods:
        if name == port.target and protocol == port.protocol:
            yield protocol, number


def _is(port: ServicePort, wanted: Target | None) -> bool:
    return wanted is None or wanted in {port.number, port.name, str(port.number)}


def _port(found: Mapping[str, object]) -> ServicePort | None:
    number, target = found.get("port"), found.get("targetPort")
    protocol = found.get("protocol") or "TCP"
    if not isinstance(number, int) or isinstance(number, bool) or protocol not in _PROTOCOLS:
        return None
    if not isinstance(target, int | str) or isinstance(target, bool) or target in {0, ""}:
        target = number
    name = found.get("name")
    return ServicePort(str(protocol), number, name if isinstance(name, str) else "", target)


def _of_openshift(resource: Resource) -> Iterator[tuple[str, str, Target | None]]:
    spec = mapping(mapping(decoded(resource)).get("spec"))
    port = mapping(spec.get("port")).get("targetPort")
    wanted = port if isinstance(port, int | str) and not isinstance(port, bool) else None
    for each in (mapping(spec.get("to")), *mappings(spec.get("alternateBackends"))):
        name = each.get("name")
        if each.get("kind", "Service") == "Service" and isinstance(name, str) and name:
            yield resource.namespace, name, wanted
