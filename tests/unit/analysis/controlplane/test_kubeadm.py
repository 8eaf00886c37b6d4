"""Flags of a control plane, by the configuration that kubeadm keeps."""

from __future__ import annotations

import msgspec
import pytest

from auditor.analysis.controlplane.components import (
    CONFIG_MAP,
    CONFIGURATION,
    ControlPlanes,
)
from collectors.documents.values import value_of
from tests.unit.analysis.controlplane.planes import pointer_of, read_yaml, said
from tests.unit.analysis.joining import derived
from tests.unit.analysis.test_selections import resource

KUBEADM = """
apiVersion: kubeadm.k8s.io/{version}
kind: ClusterConfiguration
kubernetesVersion: v1.35.1
apiServer:
  extraArgs: {args}
etcd: {{external: {{endpoints: []}}}}
"""


@pytest.mark.parametrize(
    ("version", "args", "pointer"),
    [
        ("v1beta4", '[{name: audit-log-path, value: "-"}]', "/apiServer/extraArgs/0"),
        ("v1beta3", '{audit-log-path: "-"}', "/apiServer/extraArgs/audit-log-path"),
    ],
)
def test_kubeadm(version: str, args: str, pointer: str) -> None:
    text = KUBEADM.format(version=version, args=args)
    document = value_of(text)
    maps = resource(
        CONFIG_MAP, "kubeadm-config", "kube-system", data={"ClusterConfiguration": text}
    )
    alone = msgspec.structs.replace(
        resource(CONFIGURATION, "c", ""), body=msgspec.json.encode(document)
    )
    for each, place in ((maps, "/data/ClusterConfiguration"), (alone, pointer)):
        found = derived(ControlPlanes(read_yaml), [each])
        bodies = {fact.part: msgspec.json.decode(fact.body) for fact in found}
        assert sorted(bodies) == ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]
        server = bodies["kube-apiserver"]
        assert server["flags"] == {"audit-log-path": ["-"]}
        assert (server["partial"], server["verified"], server["version"]) == (True, True, "1.35.1")
        (fact,) = (fact for fact in found if fact.part == "kube-apiserver")
        assert pointer_of(fact, "/flags/audit-log-path/0") == place


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ("3", "extraArgs is neither a map nor a list"),
        ("[{name: v, value: 2}]", "an argument in extraArgs is not a text"),
        ("[text]", "an argument in extraArgs is not a text"),
    ],
)
def test_kubeadm_with_something_else(args: str, why: str) -> None:
    text = KUBEADM.format(version="v1beta4", args=args)
    maps = resource(
        CONFIG_MAP, "kubeadm-config", "kube-system", data={"ClusterConfiguration": text}
    )
    server = said([maps])[0]
    assert (server["known"], server["why"]) == (False, why)


def test_kubeadm_that_is_no_yaml() -> None:
    data = {"ClusterConfiguration": "a: [", "ClusterStatus": "{}"}
    found = said([resource(CONFIG_MAP, "kubeadm-config", "kube-system", data=data)])
    assert {each["known"] for each in found} == {False}
    assert said([resource(CONFIG_MAP, "kubeadm-config", "ml", data=data)]) == []
    assert said([resource(CONFIG_MAP, "kubeadm-config", "kube-system", data={})]) == []
