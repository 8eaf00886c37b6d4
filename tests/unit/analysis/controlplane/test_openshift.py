"""The flags of OpenShift's API server: of its operator's ConfigMap, not of the script of a pod."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.analysis.auditing.logging import AuditLogging
from auditor.analysis.auditing.openshift import KIND as OPENSHIFT
from auditor.analysis.controlplane.components import CONFIG_MAP, ControlPlanes
from auditor.analysis.controlplane.naming import REFERENCES
from auditor.analysis.controlplane.openshift import KEY, MAP
from auditor.model.resource import Owner, Resource
from auditor.platforms.kubernetes import API_SERVER_CONFIGURATION, COMPONENT_FLAGS
from tests.unit.analysis.controlplane.planes import LIVE, one, pod, read_yaml, said, system
from tests.unit.analysis.joining import derived
from tests.unit.analysis.test_selections import resource

ARGUMENTS: dict[str, Any] = {
    "audit-log-path": ["/var/log/kube-apiserver/audit.log"],
    "audit-policy-file": ["/etc/kubernetes/policy.yaml"],
    "authorization-mode": ["Scope", "SystemMasters", "RBAC", "Node"],
}
SERVING = {
    "bindAddress": "[::]:6443",
    "cipherSuites": ["TLS_AES_128_GCM_SHA256"],
    "minTLSVersion": "VersionTLS12",
}
SCRIPT = "exec hyperkube kube-apiserver --openshift-config=/etc/kubernetes/config.yaml -v=2"
OF_NODE = Owner("v1", "Node", MAP[0], "cp1", "n-1")


def config_map(text: object, name: str = MAP[1], namespace: str = MAP[0]) -> Resource:
    written = text if isinstance(text, str) else json.dumps(text)
    return resource(CONFIG_MAP, name, namespace, data={KEY: written})


def server(name: str = "kube-apiserver-cp1", **more: Any) -> Resource:
    """The pod as the operator makes it."""
    more = {"owner": OF_NODE, "namespace": MAP[0], **more}
    return pod("/bin/bash", "-ec", name=name, args=[SCRIPT], **more)


def test_arguments_and_what_other_fields_come_to() -> None:
    found = one(config_map({"apiServerArguments": ARGUMENTS, "servingInfo": SERVING}))
    assert (found["component"], found["source"], found["known"]) == (
        "kube-apiserver",
        "openshift",
        True,
    )
    assert found["flags"] == {
        **ARGUMENTS,
        "admission-control-config-file": [""],
        "bind-address": ["::"],
        "secure-port": ["6443"],
        "tls-cipher-suites": ["TLS_AES_128_GCM_SHA256"],
        "tls-min-version": ["VersionTLS12"],
    }
    assert found["unsure"] == ["admission-control-config-file"]
    given = {**ARGUMENTS, "tls-min-version": ["VersionTLS13"]}
    found = one(config_map({"apiServerArguments": given, "servingInfo": SERVING}))
    assert found["flags"]["tls-min-version"] == ["VersionTLS13"], "an argument counts first"


def test_a_file_of_its_own() -> None:
    """As somebody saved it: each flag has a place of its own."""
    saved = resource(API_SERVER_CONFIGURATION, "", "", apiServerArguments=ARGUMENTS)
    (fact,) = derived(ControlPlanes(read_yaml), [saved])
    spot = fact.spot("/flags/authorization-mode/2")
    assert spot is not None
    assert spot.pointer == "/apiServerArguments/authorization-mode/2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "config.yaml is not valid YAML"),
        ("[]", "the configuration has no apiServerArguments"),
        ({"apiServerArguments": {}}, "the configuration has no apiServerArguments"),
        ({"apiServerArguments": ["--profiling"]}, "the configuration has no apiServerArguments"),
        ({"apiServerArguments": {"profiling": "false"}}, "profiling in apiServerArguments is no"),
        ({"apiServerArguments": {"profiling": [False]}}, "profiling in apiServerArguments is no"),
        (
            {"apiServerArguments": {"profiling": ["false"]}, "auditConfig": {"enabled": True}},
            "auditConfig sets the audit log up",
        ),
        (" " * (1 << 19), "has no config.yaml that can be read"),
    ],
)
def test_what_is_no_configuration(text: object, why: str) -> None:
    found = one(config_map(text))
    assert (found["known"], found["flags"]) == (False, {})
    assert why in found["undecided"]


def test_what_other_fields_hold_is_no_crash() -> None:
    for odd in (3, [None], {"a": 1}, "x", None):
        config = {"apiServerArguments": ARGUMENTS, "servingInfo": odd, "servicesSubnet": odd}
        found = one(config_map({**config, "serviceAccountPublicKeyFiles": odd}))
        assert found["known"] is True
        found = one(
            config_map({**config, "servingInfo": {"bindAddress": odd, "cipherSuites": odd}})
        )
        assert found["flags"]["audit-log-path"] == ARGUMENTS["audit-log-path"]


def test_another_config_map_tells_nothing() -> None:
    text = {"apiServerArguments": ARGUMENTS}
    assert said([config_map(text, namespace="ml"), config_map(text, name="config-7")], LIVE) == []


def api_servers(*found: Resource) -> list[tuple[str, bool, bool]]:
    bodies = said([system(), *found], LIVE)
    return [
        (each["source"], each["verified"], each["known"])
        for each in bodies
        if each["component"] == "kube-apiserver"
    ]


def test_the_config_map_stands_for_the_pods() -> None:
    """And for what one of them prints; a pod that only says so is told nevertheless."""
    config = config_map({"apiServerArguments": ARGUMENTS})
    pods = [server(), server("kube-apiserver-cp2")]
    printed = resource(COMPONENT_FLAGS, "a", "", component="kube-apiserver", flags={"a": ["b"]})
    assert api_servers(*pods, config, printed) == [("openshift", True, True)]
    assert api_servers(*pods) == [("mirror-pod", True, False)] * 2
    assert api_servers(*pods, config_map("{")) == [
        ("openshift", True, False),
        *[("mirror-pod", True, False)] * 2,
    ]
    spoof = server("kube-apiserver-x", owner=None)
    assert set(api_servers(spoof, config)) == {
        ("openshift", True, True),
        ("mirror-pod", False, False),
    }
    ordinary = pod()
    assert ("mirror-pod", True, True) in api_servers(ordinary, config), "another server's flags"


def test_its_log() -> None:
    facts = derived(
        AuditLogging(read_yaml),
        [system(), server(), config_map({"apiServerArguments": ARGUMENTS})],
        site=LIVE,
    )
    (body,) = (msgspec.json.decode(each.body) for each in facts)
    assert (body["known"], body["log"]) == (True, ARGUMENTS["audit-log-path"][0])
    assert body["policy"] == ARGUMENTS["audit-policy-file"][0]


def named(body: object) -> set[tuple[str, str, str]]:
    found = REFERENCES[OPENSHIFT](body if isinstance(body, bytes) else json.dumps(body).encode())
    return {(each.namespace, each.name, each.holds) for each in found}


def test_who_names_the_config_map() -> None:
    """The one resource of its kind; it is read where rules rest on what the ConfigMap holds."""
    assert named({"metadata": {"name": "cluster"}}) == {(*MAP, API_SERVER_CONFIGURATION)}
    for other in (
        {"metadata": {"name": "other"}},
        {"metadata": "cluster"},
        [],
        b"{",
        b"[" * 100_000,
    ):
        assert named(other) == set()
