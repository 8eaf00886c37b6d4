"""Which services admission webhooks ask: one fact for each configuration that names some.

::

    ValidatingWebhookConfiguration images   webhooks: [{name: a.b.c, failurePolicy: Ignore,
                                              clientConfig: {service: {namespace: sec, name: img}}}]
    Service img, in sec                     row  key ()
      ports: [{port: 443}]

makes a ``k8s/WebhookServices`` of ``images``, whose webhook a.b.c is ``declared``: its service is
there; and ``served``: it has the port that is asked, 443 where none is named. Whether some services
are asked at all hangs on --enable-aggregator-routing: one that has no address of its own is asked
``routed`` alone, and one that stands for a name elsewhere (ExternalName), at whatever port,
``unrouted`` alone. A webhook at a URL is left out. ``complete`` says whether the whole of a cluster
was read; of files nobody knows who brings a service.

Source: admissionregistration.k8s.io/v1 WebhookClientConfig (k8s.io/api v0.37.2), ResolveCluster and
ResolveEndpoint of k8s.io/apiserver/pkg/util/proxy (v0.37.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.admission.facts import fact_of
from auditor.analysis.admission.scope import ALWAYS
from auditor.analysis.bodies import decoded
from auditor.analysis.loose import elements, mapping, string
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX

KIND: Final = "k8s/WebhookServices"
SERVICE: Final = "k8s/Service"
NAMESPACE: Final = "k8s/Namespace"
CONFIGURATIONS: Final = frozenset(
    f"{PREFIX}{which}WebhookConfiguration" for which in ("Mutating", "Validating")
)

_NAMESPACE: Final = "a-namespace"
_SERVICE: Final = "a-service"
_WEBHOOKS: Final = "webhooks"
_AROUND: Final = frozenset({NAMESPACE, SERVICE})
_encode = msgspec.json.encode


class Webhook(msgspec.Struct, frozen=True):
    """A webhook, the service that it asks, and what is done where that does not answer."""

    name: str
    namespace: str
    service: str
    port: int
    failure: str


class Service(msgspec.Struct, frozen=True):
    """A service, as an API server sees it that wants to ask it."""

    namespace: str
    name: str
    routing: str
    ports: tuple[int, ...]


class _Configuration(msgspec.Struct, frozen=True):
    webhooks: tuple[Webhook, ...]
    live: bool


_decode = msgspec.json.Decoder(_Configuration).decode
_decode_name = msgspec.json.Decoder(str).decode
_decode_service = msgspec.json.Decoder(Service).decode
ROUTED: Final = "routed"
UNROUTED: Final = "unrouted"
"""Asked alone by servers with --enable-aggregator-routing, and by those without."""
_PORT: Final = 443
"""Which one is asked where none is named."""


class WebhookServices(Uncombined):
    """Joins admission webhooks with the services that they ask."""

    id = "webhook-services"
    stage = Stage.TARGET
    reads = frozenset({SERVICE, NAMESPACE, *CONFIGURATIONS})
    feeds: Feeds = MappingProxyType(
        {KIND: MappingProxyType({"": CONFIGURATIONS, "webhooks": _AROUND, "complete": _AROUND})}
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the name of a service or a namespace, and the services that webhooks ask."""
        if resource.kind == NAMESPACE:
            yield Row((), _NAMESPACE, None, _encode(resource.name))
            return
        if resource.kind == SERVICE:
            yield Row((), _SERVICE, None, _encode(_service(resource)))
            return
        every = elements(mapping(decoded(resource)).get("webhooks"))
        found = tuple(each for each in map(_webhook, every) if each is not None)
        if found:
            made = _Configuration(found, site.target.uid != OF_FILES)
            origin = site.origin(resource, "/webhooks", ("/webhooks",))
            yield Row((resource.kind, resource.name), _WEBHOOKS, origin, _encode(made))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each configuration with a webhook that asks a service."""
        services: dict[tuple[str, str], Service] = {}
        namespaces: set[str] = set()
        for _, rows in groups:
            for row in rows:
                if row.tag == _SERVICE:
                    service = _decode_service(row.body)
                    services[service.namespace, service.name] = service
                elif row.tag == _NAMESPACE:
                    namespaces.add(_decode_name(row.body))
                else:
                    yield _fact(row, services, complete=namespaces >= ALWAYS)


def make(tables: Tables) -> WebhookServices:
    """Make the analysis; it needs no table."""
    del tables
    return WebhookServices()


def _webhook(found: object) -> Webhook | None:
    webhook = mapping(found)
    service = mapping(mapping(webhook.get("clientConfig")).get("service"))
    name = string(service.get("name"))
    if not name:
        return None
    return Webhook(
        name=string(webhook.get("name")),
        namespace=string(service.get("namespace")),
        service=name,
        port=_whole(service.get("port"), _PORT),
        failure=string(webhook.get("failurePolicy")) or "Fail",
    )


def _service(resource: Resource) -> Service:
    spec = mapping(mapping(decoded(resource)).get("spec"))
    ports = (mapping(each).get("port") for each in elements(spec.get("ports")))
    return Service(
        namespace=resource.namespace,
        name=resource.name,
        routing=_routing(spec),
        ports=tuple(_whole(each, 0) for each in ports),
    )


def _routing(spec: Mapping[str, object]) -> str:
    """With which setting of a server a service is asked alone, "" where that is all the same."""
    if spec.get("type") == "ExternalName":
        return UNROUTED
    return ROUTED if spec.get("clusterIP") == "None" else ""


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _serves(service: Service, port: int) -> bool:
    return service.routing == UNROUTED or port in service.ports


def _told(webhook: Webhook, service: Service | None) -> dict[str, object]:
    """What a fact says of a webhook, ``service`` being the one that it asks."""
    return {
        "name": webhook.name,
        "service": f"{webhook.namespace}/{webhook.service}",
        "port": webhook.port,
        "failure": webhook.failure,
        "declared": service is not None,
        "served": service is not None and _serves(service, webhook.port),
        "asked": "" if service is None else service.routing,
    }


def _fact(row: Row, services: Mapping[tuple[str, str], Service], *, complete: bool) -> Fact:
    place, found = row.read_at, _decode(row.body)
    asked = ((each, services.get((each.namespace, each.service))) for each in found.webhooks)
    body = {
        "kind": place.kind.removeprefix(PREFIX),
        "name": place.name,
        "live": found.live,
        "complete": found.live and complete,
        "webhooks": [_told(webhook, service) for webhook, service in asked],
    }
    nowhere = tuple((f"/{name}", None) for name in body)
    return fact_of(KIND, place, body, nowhere, live=found.live)
