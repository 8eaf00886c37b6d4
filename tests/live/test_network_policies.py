"""Network policies that a real API server takes, or refuses: the same that we take, or refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from auditor.analysis.network.reading import network_policy
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Request
from tests.sweeps import sweep
from tests.unit.analysis.network.clusters import cluster

API = "networking.k8s.io/v1"
PATH = f"/apis/{API}/namespaces/default/networkpolicies"
STRICT = f"{PATH}?fieldValidation=Strict"
TAKEN, REFUSED = {200, 201}, {400, 422}


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> Iterator[Client]:
    with apiserver.client() as client:
        yield client


def block(cidr: object, **more: object) -> dict[str, Any]:
    return {"ingress": [{"from": [{"ipBlock": {"cidr": cidr, **more}}]}]}


def port(**fields: object) -> dict[str, Any]:
    return {"ingress": [{"ports": [fields]}]}


def selecting(*expressions: dict[str, Any], **labels: object) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": labels, "matchExpressions": list(expressions)}}


SPECS: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, True),
    "no direction": ({"policyTypes": []}, True),
    "direction in lower case": ({"policyTypes": ["ingress"]}, False),
    "direction twice": ({"policyTypes": ["Ingress", "Ingress"]}, True),
    "peer without a field": ({"ingress": [{"from": [{}]}]}, False),
    "peer of two kinds": (
        {"ingress": [{"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
        False,
    ),
    "network": (block("10.0.0.0/8"), True),
    "network of IPv6": (block("fd00::/8"), True),
    "address without a prefix": (block("10.0.0.1"), False),
    "no address": (block("ten"), False),
    "prefix too long": (block("10.0.0.0/33"), False),
    "empty network": (block(""), False),
    "but a part of it": (block("10.0.0.0/8", **{"except": ["10.1.0.0/16"]}), True),
    "but something else": (block("10.0.0.0/8", **{"except": ["11.0.0.0/8"]}), False),
    "but all of it": (block("10.0.0.0/8", **{"except": ["10.0.0.0/8"]}), False),
    "but another family": (block("10.0.0.0/8", **{"except": ["fd00::/8"]}), False),
    "but no network": (block("10.0.0.0/8", **{"except": ["10.1.0.0"]}), False),
    "port": (port(port=80), True),
    "port by name": (port(port="http"), True),
    "port as text": (port(port="80"), False),
    "name with capitals": (port(port="HTTP"), False),
    "name too long": (port(port="a-name-of-16-let"), False),
    "port zero": (port(port=0), False),
    "port too high": (port(port=65536), False),
    "range": (port(port=80, endPort=90), True),
    "range of one": (port(port=80, endPort=80), True),
    "range backwards": (port(port=90, endPort=80), False),
    "range from a name": (port(port="http", endPort=90), False),
    "range without a beginning": (port(endPort=90), False),
    "range too high": (port(port=80, endPort=65536), False),
    "protocol": (port(protocol="SCTP"), True),
    "protocol of no policy": (port(protocol="ICMP"), False),
    "protocol in lower case": (port(protocol="tcp"), False),
    "label": (selecting(app="x"), True),
    "in": (selecting({"key": "a", "operator": "In", "values": ["x"]}), True),
    "in nothing": (selecting({"key": "a", "operator": "In", "values": []}), False),
    "not in": (selecting({"key": "a", "operator": "NotIn", "values": ["x", "y"]}), True),
    "exists": (selecting({"key": "a", "operator": "Exists"}), True),
    "exists with values": (selecting({"key": "a", "operator": "Exists", "values": ["x"]}), False),
    "operator": (selecting({"key": "a", "operator": "Is", "values": ["x"]}), False),
    "operator in lower case": (selecting({"key": "a", "operator": "in", "values": ["x"]}), False),
    "no key": (selecting({"operator": "Exists"}), False),
    "key that is none": (selecting({"key": "a b", "operator": "Exists"}), False),
    "label that is none": (selecting(**{"a b": "x"}), False),
    "value that is none": (selecting(app="a b"), False),
    "value that is none, of many": (
        selecting({"key": "a", "operator": "In", "values": ["x", "a b"]}),
        False,
    ),
    "rules without direction": ({"egress": [{"to": [{"podSelector": {}}]}]}, True),
    "everything": ({"ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]}, True),
}


@pytest.mark.parametrize("name", SPECS)
def test_what_the_server_takes(server: Client, name: str) -> None:
    spec, valid = SPECS[name]
    assert took(server, f"t-{list(SPECS).index(name)}", {"podSelector": {}, **spec}) is valid


@sweep(some=25, whole=400)
def test_policies_of_chance(size: int, server: Client) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(size):
        for number, made in enumerate(cluster(seed).policies):
            if made["kind"] == "NetworkPolicy":
                seen[took(server, f"c-{seed}-{number}", made["spec"])] += 1
    assert min(seen[True], seen[False]) > size // 12, seen


def took(server: Client, name: str, spec: dict[str, Any]) -> bool:
    """Whether both take a policy; what was taken is read back, and comes to the same."""
    body = {"apiVersion": API, "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}
    ours = network_policy(body, "default", name)
    reply = server.send(Request("POST", STRICT, body))
    try:
        assert reply.status in TAKEN | REFUSED, reply.message
        assert bool(ours.doubt) is (reply.status in REFUSED), (ours.doubt, reply.message, spec)
        if reply.status in TAKEN:
            stored = server.get(f"{PATH}/{name}").body
            theirs = network_policy(stored, "default", name)
            assert msgspec.json.encode(theirs) == msgspec.json.encode(ours), (stored, spec)
    finally:
        server.send(Request("DELETE", f"{PATH}/{name}"))
    return reply.status in TAKEN
