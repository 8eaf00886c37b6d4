"""Which listeners of gateways routes are attached to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.listeners import GATEWAY, RouteListeners
from auditor.model.resource import Resource
from tests.unit.analysis.joining import derived
from tests.unit.analysis.test_selections import resource

ROUTE = "k8s/HTTPRoute.gateway.networking.k8s.io"
WEB = {"name": "web", "port": 80, "protocol": "HTTP"}
TLS = {"name": "tls", "port": 443, "protocol": "HTTPS"}
SERVED = {"backendRefs": [{"name": "s", "port": 80}]}


def redirect(scheme: object = "https") -> dict[str, object]:
    return {"type": "RequestRedirect", "requestRedirect": {"scheme": scheme}}


def gateway(*listeners: object, namespace: str = "ml", name: str = "edge") -> Resource:
    return resource(GATEWAY, name, namespace, spec={"listeners": list(listeners or (WEB, TLS))})


def route(*parents: object, namespace: str = "ml", kind: str = ROUTE, **spec: object) -> Resource:
    found = list(parents or ({"name": "edge"},))
    return resource(kind, "r", namespace, spec={"parentRefs": found, "rules": [SERVED], **spec})


def said(*resources: Resource) -> dict[str, Any]:
    (fact,) = derived(RouteListeners(), resources)
    found: dict[str, Any] = msgspec.json.decode(fact.body)
    return found


def attached(*resources: Resource) -> tuple[list[str], list[str]]:
    """The listeners without TLS and with it, by name."""
    found = said(*resources)
    plain, encrypted = (
        [each.partition(" ")[0] for each in found[key]] for key in ("plain", "encrypted")
    )
    return plain, encrypted


def test_a_route_on_the_plain_listener() -> None:
    (fact,) = derived(
        RouteListeners(), [route({"name": "edge", "sectionName": "web"})], [gateway()]
    )
    assert msgspec.json.decode(fact.body) == {
        "kind": "HTTPRoute",
        "name": "r",
        "namespace": "ml",
        "known": True,
        "serves": True,
        "offers": True,
        "plain": ["web of gateway edge"],
        "encrypted": [],
    }
    assert fact.subject.pointer == "/spec/parentRefs"
    assert fact.draws_on == (("t", "ml"),)


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        pytest.param({}, (["web"], ["tls"]), id="all"),
        pytest.param({"sectionName": "tls"}, ([], ["tls"]), id="a section"),
        pytest.param({"sectionName": "gone"}, ([], []), id="a section that is not there"),
        pytest.param({"port": 80}, (["web"], []), id="a port"),
        pytest.param({"port": 80, "sectionName": "tls"}, ([], []), id="a port of another section"),
    ],
)
def test_which_listeners_a_parent_names(
    parent: dict[str, object], expected: tuple[list[str], list[str]]
) -> None:
    assert attached(route({"name": "edge", **parent}), gateway()) == expected


def test_fields_of_another_type_are_as_absent() -> None:
    made = route({"name": "edge", "port": True, "sectionName": 3}, 4, hostnames=[3])
    odd = {"name": 3, "port": True, "protocol": "HTTP", "allowedRoutes": [1]}
    assert attached(made, gateway({**WEB, "port": "x"}, odd, 3)) == (["web", ""], [])


def test_several_parents() -> None:
    inside = gateway(WEB, namespace="infra", name="inside")
    made = route({"name": "edge", "sectionName": "tls"}, {"name": "inside", "namespace": "infra"})
    assert attached(made, gateway(), inside) == ([], ["tls"]), "not let in from another namespace"
    everybody = {**WEB, "allowedRoutes": {"namespaces": {"from": "All"}}}
    inside = gateway(everybody, namespace="infra", name="inside")
    assert attached(made, gateway(), inside) == (["web"], ["tls"])


@pytest.mark.parametrize(
    ("namespaces", "expected"),
    [("Same", []), ("All", ["web"]), ("Selector", ["web"]), ("None", [])],
)
def test_whom_a_listener_lets_in(namespaces: str, expected: list[str]) -> None:
    listener = {**WEB, "allowedRoutes": {"namespaces": {"from": namespaces}}}
    made = route({"name": "edge", "namespace": "infra"})
    assert attached(made, gateway(listener, namespace="infra"))[0] == expected
    if namespaces == "Same":
        unplaced = route({"name": "edge", "namespace": "infra"}, namespace="")
        assert attached(unplaced, gateway(listener, namespace="infra"))[0] == ["web"]


def test_kinds_that_a_listener_lets_in() -> None:
    listener = {**WEB, "allowedRoutes": {"kinds": [{"kind": "GRPCRoute"}]}}
    assert attached(route(), gateway(listener)) == ([], [])
    grpc = route(kind="k8s/GRPCRoute.gateway.networking.k8s.io")
    assert attached(grpc, gateway(listener)) == (["web"], [])


@pytest.mark.parametrize(
    ("of_listener", "of_route", "meet"),
    [
        ("a.example", [], True),
        ("", ["a.example"], True),
        ("a.example", ["a.example"], True),
        ("a.example", ["b.example", "a.example"], True),
        ("a.example", ["b.example"], False),
        ("*.example", ["a.example"], True),
        ("*.example", ["b.a.example"], True),
        ("*.example", ["example"], False),
        ("a.b.example", ["*.example"], True),
        ("a.b.example", ["*.c.example"], False),
        ("*.example", ["*.b.example"], True),
        ("*.b.example", ["*.example"], True),
        ("*.b.example", ["*.c.example"], False),
    ],
)
def test_host_names(of_listener: str, of_route: list[str], *, meet: bool) -> None:
    found = attached(route(hostnames=of_route), gateway({**WEB, "hostname": of_listener}))
    assert found == ((["web"] if meet else []), [])


@pytest.mark.parametrize(
    ("rules", "serves"),
    [
        pytest.param([SERVED], True, id="a backend"),
        pytest.param([{**SERVED, "filters": [redirect()]}], False, id="a redirect"),
        pytest.param([{"filters": [redirect()]}], False, id="a redirect without a backend"),
        pytest.param([{"filters": [redirect()]}, SERVED], True, id="a redirect of one rule"),
        pytest.param([{**SERVED, "filters": [redirect("http")]}], True, id="to http"),
        pytest.param([{**SERVED, "filters": [redirect(None)]}], True, id="to the same scheme"),
        pytest.param([{**SERVED, "filters": ["https"]}], True, id="a filter that is a text"),
        pytest.param([], False, id="no rules"),
        pytest.param([{}], False, id="no backend"),
        pytest.param(
            [{**SERVED, "matches": [{"path": {"value": "/.well-known/acme-challenge/x"}}]}],
            False,
            id="a challenge",
        ),
        pytest.param(
            [
                {
                    **SERVED,
                    "matches": [
                        {"path": {"value": "/.well-known/acme-challenge/x"}},
                        {"path": {"value": "/"}},
                    ],
                }
            ],
            True,
            id="a challenge and more",
        ),
    ],
)
def test_what_a_route_serves(rules: list[object], *, serves: bool) -> None:
    assert said(route(rules=rules), gateway())["serves"] is serves


@pytest.mark.parametrize(
    ("parents", "known"),
    [
        pytest.param([{"name": "edge"}], True, id="a gateway"),
        pytest.param([{"name": "edge", "namespace": "infra"}], False, id="not read"),
        pytest.param([{"name": "edge"}, {"name": "gone"}], False, id="one of two"),
        pytest.param([{"name": "edge", "kind": "ListenerSet"}], False, id="another kind"),
        pytest.param([{"name": "edge", "group": "", "kind": "Service"}], False, id="a mesh"),
    ],
)
def test_parents_that_are_not_known(parents: list[object], *, known: bool) -> None:
    assert said(route(*parents), gateway())["known"] is known


def test_a_gateway_without_tls_offers_none() -> None:
    assert said(route(), gateway(WEB))["offers"] is False
    assert said(route(), gateway(WEB, {**TLS, "protocol": "TLS"}))["offers"] is True


def test_a_route_without_parents_is_none() -> None:
    assert derived(RouteListeners(), [resource(ROUTE, "r", spec={"parentRefs": []})]) == []
    assert derived(RouteListeners(), [resource(ROUTE, "r"), gateway()]) == []
