"""Which services admission webhooks ask, and whether they are there."""

from __future__ import annotations

import msgspec
import pytest

from auditor.analysis.admission.webhooks import WebhookServices
from auditor.model.resource import Resource
from tests.unit.analysis.admission.test_guards import namespaces, said
from tests.unit.analysis.joining import SITE, derived
from tests.unit.analysis.test_selections import LIVE, resource

KIND = "k8s/ValidatingWebhookConfiguration"


def webhook(service: object, name: str = "a.b.c", **more: object) -> dict[str, object]:
    return {"name": name, "clientConfig": {"service": service}, **more}


def configuration(*webhooks: object, kind: str = KIND) -> Resource:
    return resource(kind, "w", "", webhooks=list(webhooks))


SERVICE = resource("k8s/Service", "img", "sec", spec={"ports": [{"port": 8080}, {"port": 443}]})
ASKED = {"namespace": "sec", "name": "img", "path": "/"}


def test_webhooks_with_and_without_their_service() -> None:
    gone = webhook({"namespace": "gone", "name": "img"}, "d.b.c", failurePolicy="Ignore")
    (fact,) = derived(
        WebhookServices(),
        [configuration(webhook(ASKED), gone)],
        [SERVICE, *namespaces()],
        site=LIVE,
    )
    assert said(fact) == {
        "kind": "ValidatingWebhookConfiguration",
        "name": "w",
        "live": True,
        "complete": True,
        "webhooks": [
            {
                "name": "a.b.c",
                "service": "sec/img",
                "port": 443,
                "failure": "Fail",
                "declared": True,
                "served": True,
                "asked": "",
            },
            {
                "name": "d.b.c",
                "service": "gone/img",
                "port": 443,
                "failure": "Ignore",
                "declared": False,
                "served": False,
                "asked": "",
            },
        ],
    }
    assert fact.subject.pointer == "/webhooks"


PORTS = [{"port": 443}]


@pytest.mark.parametrize(
    ("spec", "port", "served", "routing"),
    [
        pytest.param({"ports": PORTS}, {"port": 8443}, False, "", id="another port"),
        pytest.param({"ports": [{"port": 8443}]}, {}, False, "", id="443 is asked by itself"),
        pytest.param({"ports": [{"port": 8443}]}, {"port": 8443}, True, "", id="its port"),
        pytest.param({"ports": PORTS, "clusterIP": "None"}, {}, True, "routed", id="no address"),
        pytest.param({"type": "ExternalName"}, {"port": 9}, True, "unrouted", id="elsewhere"),
        pytest.param({"ports": [{"port": "443"}, 443]}, {}, False, "", id="no ports"),
        pytest.param([], {"port": True}, False, "", id="no spec"),
    ],
)
def test_the_port_that_is_asked(
    spec: object, port: dict[str, object], *, served: bool, routing: str
) -> None:
    service = resource("k8s/Service", "img", "sec", spec=spec)
    asked = configuration(webhook({**ASKED, **port}))
    (fact,) = derived(WebhookServices(), [asked], [service, *namespaces()], site=LIVE)
    (found,) = said(fact)["webhooks"]
    assert (found["declared"], found["served"], found["asked"]) == (True, served, routing)


def test_a_scan_of_some_namespaces_and_of_files() -> None:
    (fact,) = derived(WebhookServices(), [configuration(webhook(ASKED)), SERVICE], site=LIVE)
    assert (said(fact)["complete"], fact.heuristic) == (False, False)
    resources = [configuration(webhook(ASKED)), *namespaces()]
    (fact,) = derived(WebhookServices(), resources, site=SITE)
    assert (said(fact)["live"], said(fact)["complete"], fact.heuristic) == (False, False, True)


@pytest.mark.parametrize(
    "webhooks",
    [
        pytest.param([], id="none"),
        pytest.param([{"name": "a", "clientConfig": {"url": "https://x.example"}}], id="a URL"),
        pytest.param([webhook({"namespace": "sec"})], id="no name"),
        pytest.param([webhook([])], id="no object"),
        pytest.param([1, "x"], id="no webhooks"),
    ],
)
def test_what_asks_no_service(webhooks: list[object]) -> None:
    assert derived(WebhookServices(), [configuration(*webhooks), SERVICE]) == []
    odd = msgspec.structs.replace(configuration(), body=b'{"webhooks": {}}')
    assert derived(WebhookServices(), [odd]) == []
