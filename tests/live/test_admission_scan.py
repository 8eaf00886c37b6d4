"""What a scan says of a server's admission policies and webhooks: which of them refuse nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from auditor.analysis.admission.reading import (
    DENY,
)
from tests.e2e.command import auditor
from tests.engines.apiserver import Binaries, running
from tests.engines.client import Client
from tests.live.admission_world import (
    BINDING,
    POLICY,
    Body,
)
from tests.live.cluster import results, write_kubeconfig
from tests.live.test_admission_guards import BINDINGS, POLICIES, ROOT, SECONDS, make

WATCHED = {
    "kind": POLICY,
    "metadata": {"name": "watched"},
    "spec": {
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["pods"],
                }
            ]
        },
        "validations": [{"expression": "object.metadata.name != 'refused'"}],
    },
}
CONFIG_MAPS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE"],
    "resources": ["configmaps"],
}


def asking(name: str, **service: object) -> Body:
    """A webhook about what has its name as a label."""
    webhook = {
        "name": f"{name}.asks.example",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": "default", "name": name, **service}},
        "objectSelector": {"matchLabels": {"asks": name}},
        "rules": [CONFIG_MAPS],
    }
    kind = "ValidatingWebhookConfiguration"
    return {"kind": kind, "metadata": {"name": name}, "webhooks": [webhook]}


ASKED = {
    "left-behind": (None, 'service "left-behind" not found'),
    "at-another-port": ({"ports": [{"port": 8443}]}, "no service port 443 found"),
    "headless": ({"clusterIP": "None", "ports": [{"port": 443}]}, 'ClusterIP "None"'),
    "elsewhere": ({"type": "ExternalName", "externalName": "localhost"}, "connection refused"),
}
"""Services that webhooks ask, and what a server that asks them says."""


def ask(client: Client, name: str) -> str:
    """What a server says of an object that a webhook is about, once it knows the webhook."""
    metadata = {"name": "asks", "labels": {"asks": name}}
    deadline = time.monotonic() + SECONDS
    while True:
        reply = client.post(
            "/api/v1/namespaces/default/configmaps?dryRun=All", {"metadata": metadata}
        )
        if reply.status != 201:
            return reply.message
        assert time.monotonic() < deadline
        time.sleep(0.05)


NOWHERE = {"namespaceSelector": {"matchLabels": {"no": "such"}}}
MEANT = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}


def bound(name: str, policy: str, *actions: str, **match: object) -> Body:
    spec = {"policyName": policy, "validationActions": actions, "matchResources": match}
    return {"kind": BINDING, "metadata": {"name": name}, "spec": spec}


@pytest.mark.engine
def test_a_scan_of_a_cluster(control_plane: Binaries, tmp_path: Path) -> None:
    """What a scan says of a server with such policies, and one of a single namespace."""
    held = {**WATCHED, "metadata": {"name": "held"}}
    with running(control_plane, tmp_path / "server") as server, server.client() as client:
        make(client, "/api/v1/namespaces", {"metadata": {"name": "dev"}})
        for each in (WATCHED, held, {**WATCHED, "metadata": {"name": "unbound"}}):
            make(client, POLICIES, each)
        for each in (
            bound("watching", "watched", "Audit"),
            bound("holding", "held", DENY, **MEANT),
            bound("nowhere", "held", DENY, **NOWHERE),
            bound("leftover", "gone", DENY),
        ):
            make(client, BINDINGS, each)
        for name, (service, says) in ASKED.items():
            if service is not None:
                body = {"metadata": {"name": name}, "spec": service}
                make(client, "/api/v1/namespaces/default/services", body)
            make(client, f"{ROOT}/validatingwebhookconfigurations", asking(name))
            assert says in ask(client, name)
        config = write_kubeconfig(tmp_path / "admin.json", server, server.token)
        env = {"KUBECONFIG": str(config)}
        whole = results(auditor("scan", "k8s://", "--format", "json", env=env))
        one = results(auditor("scan", "k8s://?namespace=default", "--format", "json", env=env))
    assert told(whole, "fail") == {
        ("k8s-admission-policy-unbound", "unbound"),
        ("k8s-admission-policy-refuses-nothing", "watched"),
        ("k8s-admission-policy-namespaces-open", "held"),
        ("k8s-admission-binding-selects-nothing", "nowhere"),
        ("k8s-admission-binding-policy-missing", "leftover"),
        ("k8s-webhook-service-missing", "left-behind"),
        ("k8s-webhook-service-missing", "at-another-port"),
    }
    assert told(whole, "unknown") == {
        ("k8s-webhook-service-missing", "headless"),
        ("k8s-webhook-service-missing", "elsewhere"),
    }
    unknown = told(one, "unknown")
    assert ("k8s-admission-binding-selects-nothing", "nowhere") in unknown
    assert ("k8s-webhook-service-missing", "left-behind") in unknown
    assert ("k8s-admission-policy-unbound", "unbound") in told(one, "fail")


def told(document: Body, verdict: str) -> set[tuple[str, str]]:
    return {
        (each["rule"], each["resource"]["name"])
        for each in document["findings"]
        if each["rule"].startswith(("k8s-admission-", "k8s-webhook-service"))
        and each["verdict"] == verdict
    }
