"""A real API server completes odd network policies; ours judges them as if it had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from auditor.analysis.namespaces import NamespacePostures
from auditor.analysis.shapes import prepare
from auditor.model.resource import Resource
from auditor.platforms import PLATFORMS
from auditor.secrets import redact
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client
from tests.unit.analysis.joining import SITE

PATH = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies?dryRun=All"
ABSENT: Any = object()
ANY = {"podSelector": {}}


@pytest.fixture(scope="module")
def client(apiserver: ApiServer) -> Iterator[Client]:
    with apiserver.client() as found:
        yield found


COMPLETED = [
    pytest.param(ABSENT, id="no spec"),
    pytest.param(None, id="spec null"),
    pytest.param({}, id="spec empty"),
    pytest.param({"podSelector": None}, id="selector null"),
    pytest.param({"podSelector": {"matchLabels": None}}, id="labels null"),
    pytest.param({"podSelector": {"matchExpressions": []}}, id="expressions empty"),
    pytest.param({**ANY, "policyTypes": None}, id="types null"),
    pytest.param({**ANY, "policyTypes": []}, id="types empty"),
    pytest.param({**ANY, "policyTypes": [], "egress": [{}]}, id="types empty, egress rules"),
    pytest.param({**ANY, "ingress": None, "egress": None}, id="rules null"),
    pytest.param({**ANY, "ingress": [], "egress": []}, id="rules empty"),
    pytest.param({**ANY, "egress": [{}]}, id="egress rules alone"),
    pytest.param({**ANY, "egress": [None]}, id="a rule that is null"),
    pytest.param({**ANY, "ingress": [{"from": None, "ports": None}]}, id="parts null"),
    pytest.param({**ANY, "ingress": [{"from": [], "ports": []}]}, id="parts empty"),
    pytest.param({**ANY, "ingress": [{"ports": [{}]}]}, id="a port that names nothing"),
    pytest.param({**ANY, "ingress": [{"ports": [None]}]}, id="a port that is null"),
    pytest.param({**ANY, "ingress": [{"ports": [{"protocol": "UDP"}]}]}, id="a protocol alone"),
    pytest.param(
        {**ANY, "ingress": [{"ports": [{"port": 1, "endPort": 65535}]}]}, id="the whole range"
    ),
    pytest.param({**ANY, "policyTypes": ["Egress"], "ingress": [{}]}, id="ingress not in effect"),
    pytest.param({**ANY, "policyTypes": ["Ingress"], "egress": [{}]}, id="egress not in effect"),
    pytest.param({**ANY, "policyTypes": ["Egress"], "egress": []}, id="no egress"),
    pytest.param({**ANY, "policyTypes": ["Egress", "Ingress"]}, id="both, nothing allowed"),
]

REFUSED = [
    pytest.param({**ANY, "policyTypes": ["ingress"]}, id="a direction in small letters"),
    pytest.param({**ANY, "policyTypes": "Ingress"}, id="types as a text"),
    pytest.param({**ANY, "ingress": {}}, id="rules as an object"),
    pytest.param({**ANY, "ingress": [{"ports": [{"protocol": "TCP", "port": 0}]}]}, id="port 0"),
    pytest.param({**ANY, "ingress": [{"ports": [{"port": "80"}]}]}, id="a quoted number"),
    pytest.param({**ANY, "ingress": [{"ports": [{"protocol": "ICMP"}]}]}, id="another protocol"),
    pytest.param({**ANY, "ingress": [{"from": [{}]}]}, id="a peer that is nobody"),
    pytest.param("nonsense", id="spec as a text"),
]


def sent(spec: object) -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "asked", "namespace": "default"},
    }
    return made if spec is ABSENT else {**made, "spec": spec}


def understood(body: object) -> tuple[object, object, object]:
    """What default the policy is, and the rules of each direction in effect."""
    raw = json.dumps(body).encode()
    read = Resource("k8s/NetworkPolicy", "", "asked", "default", "", "", 0, 0, redact.clean(raw))
    prepared = prepare(PLATFORMS.shape_of(read.kind), msgspec.json.decode(read.body))
    (row,) = NamespacePostures().extract(read, SITE)
    fact = msgspec.json.decode(row.body)
    return fact, rules(prepared["ingressInEffect"]), rules(prepared["egressInEffect"])


def rules(found: object) -> object:
    """Rules without what is filled in or left out where it makes no difference."""
    assert isinstance(found, list)
    return [
        {
            "peers": (rule or {}).get("from") or (rule or {}).get("to") or [],
            "ports": [
                {"protocol": "TCP", **(port or {})} for port in (rule or {}).get("ports") or ()
            ],
        }
        for rule in found
    ]


@pytest.mark.parametrize("spec", COMPLETED)
def test_as_it_is_stored(client: Client, spec: object) -> None:
    reply = client.post(PATH, sent(spec))
    assert reply.status == 201, reply
    assert understood(sent(spec)) == understood(reply.body)


@pytest.mark.parametrize("spec", REFUSED)
def test_what_is_never_stored(client: Client, spec: object) -> None:
    """Policies that no cluster has: what else is odd is completed, as above."""
    reply = client.post(PATH, sent(spec))
    assert reply.status in {400, 422}, reply
