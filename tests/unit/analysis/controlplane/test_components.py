"""Which components of a control plane are found, which are believed, and with which flags."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.controlplane.components import (
    NODE,
    POD,
    ControlPlanes,
)
from auditor.analysis.texts import read_json
from auditor.model.resource import Owner, Resource, Target
from auditor.platforms.kubernetes import NODE_COMPONENTS
from tests.unit.analysis.controlplane.planes import (
    LIVE,
    one,
    pod,
    pointer_of,
    process,
    said,
    system,
)
from tests.unit.analysis.joining import SITE, derived
from tests.unit.analysis.test_selections import resource


def test_a_mirror_pod() -> None:
    (fact,) = derived(ControlPlanes(read_json), [pod(image="r/kube-apiserver:v1.36.2")], site=LIVE)
    assert msgspec.json.decode(fact.body) == {
        "component": "kube-apiserver",
        "found": True,
        "verified": True,
        "source": "mirror-pod",
        "known": True,
        "why": "",
        "undecided": "",
        "flags": {"audit-log-path": ["/var/log/audit.log"], "profiling": ["false"]},
        "unsure": [],
        "partial": False,
        "version": "1.36.2",
        "node": "cp1",
        "provider": "",
    }
    assert pointer_of(fact, "/flags/profiling/0") == "/spec/containers/0/command/2"
    assert pointer_of(fact, "/flags/profiling") == "/spec/containers/0/command/2"
    assert fact.spot("/verified") is None


@pytest.mark.parametrize(
    ("spoof", "why"),
    [
        pytest.param(
            pod(owner=None, metadata={"uid": "x"}),
            "it is no mirror pod: anybody who may create pods may have made it",
            id="a plain pod",
        ),
        pytest.param(
            pod(owner=None),
            "it says that it is a mirror pod, and the node that it is on does not control it",
            id="annotated",
        ),
        pytest.param(
            pod(namespace="ml"),
            "it is in namespace ml, which is not the control plane's",
            id="a mirror pod elsewhere",
        ),
        pytest.param(
            pod(namespace="kube-system-2"),
            "it is in namespace kube-system-2, which is not the control plane's",
            id="a namespace of a like name",
        ),
    ],
)
def test_pods_that_are_not_believed(spoof: Resource, why: str) -> None:
    found = one(spoof)
    assert (found["verified"], found["why"], found["found"]) == (False, why, True)


def test_a_dump_of_a_cluster_is_believed_no_more_than_the_cluster() -> None:
    assert not one(pod(owner=None, metadata={"uid": "x"}), site=SITE)["verified"]
    assert one(pod(), site=SITE)["source"] == "mirror-pod"


def test_what_a_controller_made_is_of_another_cluster() -> None:
    hosted = Owner("apps/v1", "ReplicaSet", "clusters", "kube-apiserver-5f", "r")
    assert said([pod(owner=hosted)], LIVE) == []


def test_a_static_pod_in_a_file() -> None:
    for namespace in ("", "kube-system"):
        found = one(pod(owner=None, metadata={}, namespace=namespace), site=SITE)
        assert (found["source"], found["verified"]) == ("static-pod", True)
    found = one(pod(owner=None, metadata={}, namespace="ml"), site=SITE)
    assert not found["verified"]


@pytest.mark.parametrize(
    ("command", "args", "flags"),
    [
        pytest.param(
            ["kube-apiserver"],
            ["--audit-log-maxage=30", "--profiling=false"],
            {"audit-log-maxage": ["30"], "profiling": ["false"]},
            id="RKE2",
        ),
        pytest.param(
            ["/go-runner"],
            ["--log-file=/x", "--also-stdout", "/usr/local/bin/kube-apiserver", "--v=2"],
            {"v": ["2"]},
            id="kOps",
        ),
        pytest.param(
            ["kube-apiserver", "--audit-policy-file", "/p", "--enable_bootstrap_token_auth"],
            [],
            {"audit-policy-file": ["/p"], "enable-bootstrap-token-auth": ["true"]},
            id="a word of its own, a bool, underscores",
        ),
        pytest.param(
            ["kube-apiserver", "-v", "2", "-v3", "-v=4", "--audit-log-path", "-"],
            [],
            {"v": ["2", "3", "4"], "audit-log-path": ["-"]},
            id="letters, standard output, several times",
        ),
        pytest.param(
            ["etcd", "-client-cert-auth", "--data_dir=/x", "--name=a=b"],
            [],
            {"client-cert-auth": ["true"], "data_dir": ["/x"], "name": ["a=b"]},
            id="etcd",
        ),
    ],
)
def test_flags(command: list[str], args: list[str], flags: dict[str, list[str]]) -> None:
    found = one(pod(*command, args=args))
    assert (found["flags"], found["known"], found["why"]) == (flags, True, "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(
            ["kube-apiserver", "--profiling", "false", "--v=1"],
            "false is no flag: kube-apiserver does not start with it",
            id="a word after a bool",
        ),
        pytest.param(
            ["kube-apiserver", "--audit-log-path"],
            "--audit-log-path has no value: kube-apiserver does not start so",
            id="no value",
        ),
        pytest.param(
            ["/bin/bash", "-ec", "exec watch -- hyperkube kube-apiserver --v=2"],
            "a shell or the image says how it is started",
            id="OpenShift",
        ),
    ],
)
def test_flags_that_are_not_known(words: list[str], why: str) -> None:
    found = one(pod(*words))
    assert (found["known"], found["why"], found["verified"]) == (False, why, True)


def test_a_container_that_only_has_the_name() -> None:
    assert not one(pod(command=None))["known"]
    assert said([pod("sh", "-c", "curl kube-apiserver-x", name="a")], LIVE) == []
    assert said([pod("sleep", "1", name="a")], LIVE) == []


def test_variables() -> None:
    env = [
        {"name": "AGE", "value": "30"},
        {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
    ]
    words = ["--audit-log-maxage=$(AGE)", "--advertise-address=$(HOST)", "--v=$$(AGE)", "--a=$(B)"]
    found = one(pod("kube-apiserver", *words, env=env))
    assert found["flags"] == {
        "audit-log-maxage": ["30"],
        "advertise-address": ["$(HOST)"],
        "v": ["$(AGE)"],
        "a": ["$(B)"],
    }
    assert found["unsure"] == ["advertise-address"]


def test_a_cluster_that_shows_no_control_plane() -> None:
    node = msgspec.structs.replace(
        resource(NODE, "n", "", metadata={}), labels=(("eks.amazonaws.com/nodegroup", "a"),)
    )
    found = said([system(), node, pod(owner=None)], LIVE)
    (spoof, *missing) = found
    assert spoof["verified"] is False
    assert [(each["component"], each["found"], each["provider"]) for each in missing] == [
        ("kube-apiserver", False, "Amazon EKS"),
        ("kube-controller-manager", False, "Amazon EKS"),
        ("kube-scheduler", False, "Amazon EKS"),
        ("etcd", False, "Amazon EKS"),
    ]
    assert missing[0]["why"] == "no mirror pod of it is shown: Amazon EKS runs the control plane"


def test_only_what_is_missing_is_missing() -> None:
    found = said([system(), pod()], LIVE)
    assert [(each["component"], each["found"]) for each in found] == [
        ("kube-apiserver", True),
        ("kube-controller-manager", False),
        ("kube-scheduler", False),
        ("etcd", False),
    ]
    assert found[1]["why"] == "no mirror pod of it is shown"
    assert said([system()]) == [], "files lack nothing"


@pytest.mark.parametrize(
    ("version", "provider"),
    [
        ("v1.33.4-eks-99bf1d6", "Amazon EKS"),
        ("v1.33.4-gke.1350000", "Google GKE"),
        ("v1.33.4+rke2r1", ""),
    ],
)
def test_whose_build_a_server_is(version: str, provider: str) -> None:
    site = msgspec.structs.replace(LIVE, target=Target("k8s://c", "c-uid", version=version))
    assert said([system()], site)[0]["provider"] == provider


def test_hostile_pods() -> None:
    for container in ({"command": "kube-apiserver"}, {"command": [3, None]}, {"env": 5}, {}):
        said([pod(**{"args": ["kube-apiserver", "--v=1"], **container})], LIVE)
    found = resource(POD, "kube-apiserver", "kube-system", metadata=3, spec={"containers": "etcd"})
    assert said([found], LIVE) == []


def etcd(*words: str, **container: object) -> dict[str, Any]:
    return one(pod("etcd", *words, name="etcd-cp1", **container))


def test_etcd_takes_flags_from_its_environment() -> None:
    """As etcd 3.7.3 does: an argument counts before a variable, and an empty one is none."""
    environment = [
        {"name": "ETCD_CERT_FILE", "value": "/a.crt"},
        {"name": "ETCD_KEY_FILE", "value": "/b.key"},
        {"name": "ETCD_AUTO_TLS", "value": ""},
        {"name": "ETCD_TRUSTED_CA_FILE", "valueFrom": {"fieldRef": {"fieldPath": "a"}}},
        {"name": "OTHER", "value": "x"},
    ]
    found = etcd("--key-file=/a.key", env=environment)
    assert found["flags"] == {
        "cert-file": ["/a.crt"],
        "key-file": ["/a.key"],
        "trusted-ca-file": [""],
    }
    assert found["unsure"] == ["trusted-ca-file"]
    server = one(pod("kube-apiserver", env=environment))
    assert server["flags"] == {}


def test_a_file_that_etcd_is_configured_by_is_not_read() -> None:
    found = etcd("--config-file=/etc/etcd.yaml", "--client-cert-auth")
    assert "--config-file" in found["undecided"]
    assert etcd("--client-cert-auth")["undecided"] == ""


def test_what_was_taken_for_a_secret_is_not_sure() -> None:
    found = one(pod("kube-apiserver", "--anonymous-auth=«redacted:argument»", "--profiling=false"))
    assert (found["flags"]["anonymous-auth"], found["unsure"]) == (
        ["«redacted:argument»"],
        ["anonymous-auth"],
    )


def test_a_component_that_is_not_shown_says_what_would_tell() -> None:
    missing = said([system()], LIVE)
    assert "auditor permissions node --script" in missing[0]["undecided"]
    cloud = resource(NODE, "a", "", metadata={"labels": {"eks.amazonaws.com/nodegroup": "a"}})
    managed = said(
        [system(), msgspec.structs.replace(cloud, labels=(("eks.amazonaws.com/x", ""),))], LIVE
    )
    assert managed[0]["undecided"] == (
        "no mirror pod of it is shown: Amazon EKS runs the control plane"
    )


def test_a_process_that_a_probe_saw() -> None:
    seen = resource(
        NODE_COMPONENTS,
        "cp1",
        "",
        node="cp1",
        components=[
            process(
                "kube-apiserver", flags={"profiling": ["false"]}, hidden=["oidc-client-secret"]
            ),
            process("etcd", flags={"key-file": ["/k"]}, variables={"ETCD_CERT_FILE": "/c"}),
            process("kube-proxy"),
            process("kube-scheduler", unread="its arguments could not be read"),
        ],
    )
    server, etcd_of_node, scheduler = said([seen])
    assert server["flags"] == {"oidc-client-secret": [""], "profiling": ["false"]}
    assert (server["unsure"], server["node"], server["source"]) == (
        ["oidc-client-secret"],
        "cp1",
        "process",
    )
    assert etcd_of_node["flags"] == {"cert-file": ["/c"], "key-file": ["/k"]}
    assert scheduler["undecided"] == "its arguments could not be read"
    odd = msgspec.structs.replace(seen, body=b'{"components": [{"component": 1}]}')
    assert said([odd]) == []
