"""Ingresses and routes, joined with the services that they name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.backends import RouteBackends
from auditor.model.fact import Spot
from auditor.model.resource import Resource, Target
from tests.unit.analysis.joining import SITE, derived
from tests.unit.analysis.test_selections import resource

LIVE = msgspec.structs.replace(SITE, target=Target("k8s://c", "uid-of-a-cluster"))
ROUTE = "k8s/HTTPRoute.gateway.networking.k8s.io"
HTTP = {"port": 80, "name": "http"}


def service(name: str = "web", namespace: str = "ml", **spec: object) -> Resource:
    return resource("k8s/Service", name, namespace, spec={"ports": [HTTP], **spec})


def ingress(name: str = "web", port: object = None, namespace: str = "ml") -> Resource:
    backend = {"service": {"name": name, "port": port or {"number": 80}}}
    paths = [{"path": "/", "backend": backend}]
    return resource("k8s/Ingress", "i", namespace, spec={"rules": [{"http": {"paths": paths}}]})


def route(*backends: dict[str, object], kind: str = ROUTE, namespace: str = "ml") -> Resource:
    return resource(kind, "r", namespace, spec={"rules": [{"backendRefs": list(backends)}]})


def said(*resources: Resource, live: bool = False) -> list[tuple[str, bool, bool, str]]:
    """Each backend: its name, whether it and its port are there, and why nobody knows."""
    found = derived(RouteBackends(), resources, site=LIVE if live else SITE)
    return [
        (each["name"], each["declared"], each["offered"], each["why"])
        for fact in found
        for each in msgspec.json.decode(fact.body)["backends"]
    ]


def test_each_backend_of_an_ingress() -> None:
    made = ingress("wbe", {"name": "http"})
    body: dict[str, Any] = msgspec.json.decode(made.body)
    body["spec"]["defaultBackend"] = {"service": {"name": "web", "port": {"number": 8000}}}
    made = msgspec.structs.replace(made, body=msgspec.json.encode(body))
    (fact,) = derived(RouteBackends(), [made], [service()])
    web = {"name": "web", "namespace": "ml", "port": "8000", "declared": True, "offered": False}
    wbe = {"name": "wbe", "namespace": "ml", "port": "http", "declared": False, "offered": False}
    assert msgspec.json.decode(fact.body) == {
        "kind": "Ingress",
        "name": "i",
        "namespace": "ml",
        "live": False,
        "backends": [{**web, "why": ""}, {**wbe, "why": ""}],
    }
    at = "/spec/rules/0/http/paths/0/backend/service/name"
    assert fact.spot("/backends/1") == fact.spot("/backends/1/name") == Spot(0, at)
    assert fact.spot("/backends/1/declared") is None
    assert fact.subject.line_of(at) == len(at)


@pytest.mark.parametrize(
    ("made", "offered"),
    [
        pytest.param(ingress(port={"number": 80}), True, id="a number"),
        pytest.param(ingress(port={"name": "http"}), True, id="a name"),
        pytest.param(ingress(port={"number": 8000}), False, id="the pod's"),
        pytest.param(ingress(port={"name": "https"}), False, id="another name"),
        pytest.param(route({"name": "web", "port": 80}), True, id="a route"),
        pytest.param(route({"name": "web", "port": 81}), False, id="a route, another"),
        pytest.param(route({"name": "web"}), True, id="no port is written"),
        pytest.param(
            resource(
                "k8s/Ingress", "i", spec={"backend": {"serviceName": "web", "servicePort": "80"}}
            ),
            True,
            id="of a version that is gone, as a text",
        ),
        pytest.param(
            resource(
                "k8s/Ingress", "i", spec={"backend": {"serviceName": "web", "servicePort": 443}}
            ),
            False,
            id="of a version that is gone",
        ),
    ],
)
def test_ports(made: Resource, *, offered: bool) -> None:
    assert said(made, service()) == [("web", True, offered, "")]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"type": "ExternalName", "ports": []}, id="another name for a host"),
        pytest.param({"ports": "80"}, id="ports that are a text"),
    ],
)
def test_services_of_which_no_ports_are_known(spec: dict[str, object]) -> None:
    assert said(ingress(port={"number": 81}), service(**spec)) == [("web", True, True, "")]


def test_a_port_that_is_neither_a_number_nor_a_name_is_none() -> None:
    made = route({"name": "web", "port": True}), ingress(port={"number": True, "name": [1]})
    ports = service(ports=[{"port": True}, {"port": 80, "name": False}])
    assert said(*made, ports) == [("web", True, True, "")] * 2
    assert said(route({"name": "web", "port": 1}), ports) == [("web", True, False, "")]


def test_of_two_services_of_a_name_all_ports_count() -> None:
    other = service(ports=[{"port": 81}])
    assert said(ingress(port={"number": 81}), service(), other) == [("web", True, True, "")]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(ingress("forward", {"name": "use-annotation"}), id="an action of AWS"),
        pytest.param(
            resource("k8s/Ingress", "i", spec={"defaultBackend": {"resource": {"name": "b"}}}),
            id="a bucket",
        ),
        pytest.param(
            route(
                {"name": "pool", "kind": "InferencePool", "group": "inference.networking.k8s.io"}
            ),
            id="a pool",
        ),
        pytest.param(route({"name": ""}), id="no name"),
        pytest.param(route({"name": 1}), id="a number for a name"),
        pytest.param(resource(ROUTE, "r", spec={"rules": [{"filters": []}]}), id="no backend"),
        pytest.param(resource(ROUTE, "r", spec={"rules": "all"}), id="rules that are a text"),
        pytest.param(resource("k8s/Ingress", "i"), id="no spec"),
    ],
)
def test_what_names_no_service(made: Resource) -> None:
    assert said(made, service()) == []


def test_files_without_a_service_of_the_namespace_say_nothing() -> None:
    assert said(ingress()) == []
    assert said(ingress(), service("other", "web")) == []
    assert said(ingress("gone"), service()) == [("gone", False, False, "")]


def test_a_cluster_says_what_its_namespaces_have() -> None:
    assert said(ingress(), live=True) == [("web", False, False, "")]
    beside = route({"name": "web", "namespace": "other"})
    assert said(beside, live=True) == [], "the other namespace may not have been read"
    seen = service("x", "other")
    assert said(beside, seen, live=True) == [("web", False, False, "")]
    maker = resource("k8s/RayCluster.ray.io", "r")
    assert said(ingress(), maker, live=True) == [("web", False, False, "")]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("k8s/RayCluster.ray.io", "RayCluster r may bring services that are not written here"),
        ("k8s/Gateway.gateway.networking.k8s.io", ""),
        ("k8s/Workflow.argoproj.io", ""),
        ("k8s/HTTPRoute.gateway.networking.k8s.io", ""),
    ],
)
def test_beside_a_custom_resource(kind: str, why: str) -> None:
    for namespace in ("ml", ""):
        beside = resource(kind, "r", namespace)
        assert said(ingress("head"), service(), beside) == [("head", False, False, why)]
    assert said(ingress("head"), service(), resource(kind, "r", "other"))[0][3] == ""


@pytest.mark.parametrize(
    ("of_service", "of_route", "expected"),
    [
        pytest.param("", "ml", "service web is written with another namespace", id="a service"),
        pytest.param("ml", "", "service web is written with another namespace", id="a route"),
        pytest.param("other", "ml", "", id="two"),
    ],
)
def test_namespaces_that_are_not_written(of_service: str, of_route: str, expected: str) -> None:
    beside = service("x", of_route)
    found = said(ingress(namespace=of_route), service(namespace=of_service), beside)
    assert found == [("web", False, False, expected)]


def test_a_route_draws_on_each_namespace_that_it_names() -> None:
    made = route({"name": "web", "namespace": "other", "port": 80}, {"name": "web", "port": 80})
    (fact,) = derived(RouteBackends(), [made, service(), service(namespace="other")])
    assert fact.draws_on == (("t", "ml"), ("t", "other"))


@pytest.mark.parametrize("name", ["GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"])
def test_all_kinds_of_routes(name: str) -> None:
    made = route({"name": "gone"}, kind=f"k8s/{name}.gateway.networking.k8s.io")
    assert said(made, service()) == [("gone", False, False, "")]
