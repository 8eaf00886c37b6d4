"""By what workloads are reached from outside, what they serve, and networks beside the first."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.gpu.tenants import TenantKey
from auditor.analysis.network.places import port_in
from auditor.analysis.network.reach import NetworkReach
from auditor.analysis.network.servers import Server, Servers
from auditor.model.resource import Resource
from tests.unit.analysis.network.documents import (
    LIVE,
    PLACES,
    derived,
    document,
    namespace,
    of_kind,
    policy,
    running,
)

PORT = port_in("TCP 8000")
assert PORT is not None
VLLM = Server("vLLM", "model-server", ("vllm/vllm-openai", "vllm-openai"), (PORT,))
IMAGE = "registry.example/mirror/vllm/vllm-openai:v0.11.0"
APP = {"app": "vllm"}
OPENSHIFT = "Route.route.openshift.io"
GATEWAY = "gateway.networking.k8s.io"


def server(**more: Any) -> Resource:
    port = {"name": "http", "containerPort": 8000}
    container = {"name": "c", "image": IMAGE, "ports": [{**port, **more.pop("port", {})}]}
    return running("vllm", "ml", APP, **{"containers": [container], **more})


def service(kind: str = "", target: object = None, **spec: Any) -> Resource:
    port = {"port": 80, "name": "web", **({"targetPort": target} if target is not None else {})}
    body: dict[str, Any] = {"selector": APP, "ports": [port], **spec}
    if kind:
        body["type"] = kind
    return document("Service", "front", {"metadata": {"namespace": "ml"}, "spec": body})


def facts(*resources: Resource) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is said of the server, and of its namespace."""
    made = NetworkReach(
        (TenantKey("label", "team"),), {}, frozenset({"kube-system"}), (), PLACES, (), (VLLM,)
    )
    front = running("front", "web", {"app": "front"})
    every = (namespace("ml"), namespace("web"), front, *resources)
    found = derived(every, site=LIVE, analysis=made)
    (row,) = [each for each in of_kind(found, "Reach") if each["namespace"] == "ml"]
    (zone,) = [each for each in of_kind(found, "Zone") if each["name"] == "ml"]
    return row, zone


def exposed(*resources: Resource) -> list[tuple[str, str, list[str], str]]:
    row, _ = facts(server(), *resources)
    return [(x["by"], x["how"], x["ports"], x["admitted"]) for x in row["exposed"]]


@pytest.mark.parametrize(
    ("made", "how", "ports"),
    [
        (service("LoadBalancer", "http"), "LoadBalancer", ["TCP 8000"]),
        (service("NodePort", 8000), "NodePort", ["TCP 8000"]),
        (service("LoadBalancer"), "LoadBalancer", ["TCP 80"]),
        (service("ClusterIP", 8000, externalIPs=["203.0.113.7"]), "externalIPs", ["TCP 8000"]),
    ],
)
def test_services_that_are_open(made: Resource, how: str, ports: list[str]) -> None:
    assert exposed(made) == [("Service ml/front", how, ports, "allowed")]


@pytest.mark.parametrize(
    "made",
    [
        service(target=8000),
        service("ExternalName", 8000),
        service("LoadBalancer", "htp"),
        service("LoadBalancer", 8000, selector={"app": "other"}),
        service("LoadBalancer", 8000, selector=None),
        service("LoadBalancer", 8000, ports="none"),
        service("LoadBalancer", 8000, ports=[{"port": "80"}, 3, {"port": 80, "protocol": "ICMP"}]),
    ],
)
def test_services_that_open_nothing(made: Resource) -> None:
    assert exposed(made) == []


def route(kind: str, **spec: Any) -> Resource:
    return document(kind, "chat", {"metadata": {"namespace": "ml"}, "spec": spec})


BACKEND = {"name": "front", "port": {"number": 80}}
PATHS = [{"http": {"paths": [{"backend": {"service": BACKEND}}]}}]


@pytest.mark.parametrize(
    ("made", "by"),
    [
        (route("Ingress", rules=PATHS), "Ingress ml/chat"),
        (route("Ingress", defaultBackend={"service": BACKEND}), "Ingress ml/chat"),
        (
            route(
                f"HTTPRoute.{GATEWAY}", rules=[{"backendRefs": [{"name": "front", "port": 80}]}]
            ),
            "HTTPRoute ml/chat",
        ),
        (route(OPENSHIFT, to={"kind": "Service", "name": "front"}), "Route ml/chat"),
        (
            route(
                OPENSHIFT,
                to={"name": "other"},
                alternateBackends=[{"kind": "Service", "name": "front"}],
                port={"targetPort": "web"},
            ),
            "Route ml/chat",
        ),
    ],
)  # fmt: skip
def test_routes(made: Resource, by: str) -> None:
    assert exposed(service(target="http"), made) == [(by, "to front", ["TCP 8000"], "allowed")]
    assert exposed(made) == [], "a service that is not there"


def test_a_route_to_another_port_opens_nothing() -> None:
    other = route("Ingress", defaultBackend={"service": {"name": "front", "port": {"number": 81}}})
    assert exposed(service(target="http"), other) == []


def test_whether_policies_let_it_in() -> None:
    balancer = service("LoadBalancer", "http")
    deny = policy("deny", "ml", podSelector={}, policyTypes=["Ingress"])
    world = {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    some = {"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 8000}]}
    for policies, admitted in (
        ((deny,), "denied"),
        ((deny, policy("world", "ml", ingress=[world])), "allowed"),
        ((deny, policy("some", "ml", ingress=[some])), "unknown"),
    ):
        assert [each[3] for each in exposed(balancer, *policies)] == [admitted]


def test_ports_of_the_node() -> None:
    row, _ = facts(server(port={"hostPort": 9000}))
    (found,) = row["exposed"]
    assert (found["by"], found["how"], found["ports"]) == (
        "hostPort",
        "TCP 9000 of its node",
        ["TCP 8000"],
    )
    row, _ = facts(server(port={"hostPort": 9000}, hostNetwork=True))
    assert (row["exposed"], row["host"]) == ([], True)


def test_networks_beside_the_first_are_named() -> None:
    body = {
        "metadata": {
            "namespace": "ml",
            "annotations": {"k8s.v1.cni.cncf.io/networks": "rdma, storage/nfs"},
        },
        "status": {"phase": "Running"},
    }
    found = derived([namespace("ml"), document("Pod", "a", body)], site=LIVE)
    (row,) = of_kind(found, "Reach")
    assert row["ungoverned"] == ["ml/rdma", "storage/nfs"]


def served(*resources: Resource) -> list[tuple[str, bool, bool]]:
    _, zone = facts(server(), *resources)
    return [(each["others"], each["sure"], each["anyone"]) for each in zone["servers"]]


def test_servers_that_others_reach() -> None:
    deny = policy("deny", "ml", podSelector={}, policyTypes=["Ingress"])
    web = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}
    named = policy("web", "ml", ingress=[{"from": [web], "ports": [{"port": 8000}]}])
    other = policy("web", "ml", ingress=[{"from": [web], "ports": [{"port": 8001}]}])
    balancer = service("LoadBalancer", 8000)
    way = "what comes in by Service ml/front (LoadBalancer)"
    everybody = [("tenants web", True, True), ("the public network", True, True)]
    assert served() == everybody
    assert served(deny) == []
    assert served(deny, named) == [("tenants web", True, False)]
    assert served(deny, other) == []
    assert served(balancer) == [*everybody, (way, True, True)]
    assert served(balancer, deny) == []
    assert served(balancer, deny, named) == [("tenants web", True, False), (way, False, True)]


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (IMAGE, ("vLLM",)),
        ("vllm/vllm-openai", ("vLLM",)),
        ("vllm-openai@sha256:aa", ("vLLM",)),
        ("localhost:5000/vllm-openai:v1", ("vLLM",)),
        ("acme/my-vllm-openai:v1", ()),
        ("vllm/vllm-openai-cpu:v1", ()),
        ("", ()),
    ],
)
def test_images_of_servers(image: str, found: tuple[str, ...]) -> None:
    assert Servers([VLLM]).of((image,)) == found
