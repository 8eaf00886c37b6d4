"""Which services admission webhooks ask: one fact for each configuration that names some.

::

    ValidatingWebhookConfiguration images   webhooks: [{name: a.b.c, failurePolicy: Ignore,
                                              clientConfig: {service: {namespace: sec, name: img}}}]
    Service img, in sec                     row  key ()

makes a ``k8s/WebhookServices`` of ``images``, whose webhook a.b.c is ``declared``: its service is
there. A webhook at a URL is left out. ``complete`` says whether the whole of a cluster was read; of
files nobody knows who brings a service.

Source: admissionregistration.k8s.io/v1 WebhookClientConfig (k8s.io/api v0.37.2).
"""

from __future__ import annotations

from collections.abc import Iterator
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
    failure: str


class _Configuration(msgspec.Struct, frozen=True):
    webhooks: tuple[Webhook, ...]
    live: bool


_decode = msgspec.json.Decoder(_Configuration).decode
_decode_name = msgspec.json.Decoder(tuple[str, str]).decode


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
        if resource.kind in _AROUND:
            tag = _SERVICE if resource.kind == SERVICE else _NAMESPACE
            yield Row((), tag, None, _encode((resource.namespace, resource.name)))
            return
        every = elements(mapping(decoded(resource)).get("webhooks"))
        found = tuple(each for each in map(_webhook, every) if each is not None)
        if found:
            made = _Configuration(found, site.target.uid != OF_FILES)
            origin = site.origin(resource, "/webhooks", ("/webhooks",))
            yield Row((resource.kind, resource.name), _WEBHOOKS, origin, _encode(made))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each configuration with a webhook that asks a service."""
        services: set[tuple[str, str]] = set()
        namespaces: set[str] = set()
        for _, rows in groups:
            for row in rows:
                if row.tag == _SERVICE:
                    services.add(_decode_name(row.body))
                elif row.tag == _NAMESPACE:
                    namespaces.add(_decode_name(row.body)[1])
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
        failure=string(webhook.get("failurePolicy")) or "Fail",
    )


def _fact(row: Row, services: set[tuple[str, str]], *, complete: bool) -> Fact:
    place, found = row.read_at, _decode(row.body)
    webhooks = [
        {
            "name": each.name,
            "service": f"{each.namespace}/{each.service}",
            "failure": each.failure,
            "declared": (each.namespace, each.service) in services,
        }
        for each in found.webhooks
    ]
    body = {
        "kind": place.kind.removeprefix(PREFIX),
        "name": place.name,
        "live": found.live,
        "complete": found.live and complete,
        "webhooks": webhooks,
    }
    nowhere = tuple((f"/{name}", None) for name in body)
    return fact_of(KIND, place, body, nowhere, live=found.live)
