"""Which tenants have the same RDMA adapter."""

from __future__ import annotations

import pytest

from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import bodies, facts, pod, resource

KIND = "gpu/AdapterShare"
HCA = "rdma/hca"


def test_two_tenants_on_a_node() -> None:
    (found,) = bodies(
        KIND,
        pod("a/x", {HCA: 1}),
        pod("b/y", {HCA: 1, "rdma/two": 1}),
        pod("a/z", {HCA: 1, "rdma/two": 2}, on="m"),
        pod("b/z", {HCA: "1"}, on="m"),
    )
    assert found == {
        "tenants": ["a", "b"],
        "resources": [HCA],
        "node": "m",
        "nodes": 2,
        "pods": ["a/z", "b/z"],
    }


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(pod("a/y", {HCA: 1}), id="the same tenant"),
        pytest.param(pod("b/y", {HCA: 1}, on="m"), id="another node"),
        pytest.param(pod("b/y", {"rdma/other": 1}), id="another adapter"),
        pytest.param(pod("b/y", {HCA: 0}), id="none"),
        pytest.param(pod("b/y", {"nvidia.com/mlnx_vf": 1}), id="a virtual function"),
        pytest.param(pod("b/y", {HCA: 1}, phase="Succeeded"), id="it has ended"),
        pytest.param(pod("b/y", {HCA: 1}, on=""), id="it is nowhere yet"),
        pytest.param(
            pod(
                "gpu-operator/y",
                {HCA: 1},
                owner="DaemonSet",
                serviceAccountName="nvidia-device-plugin",
            ),
            id="a part of the platform",
        ),
    ],
)
def test_who_shares_nothing(other: Resource) -> None:
    assert bodies(KIND, pod("a/x", {HCA: 1}), other) == []


def test_the_finding_is_of_the_namespaces() -> None:
    spaces = [resource("Namespace", name) for name in "ab"]
    (fact,) = [
        each
        for each in facts(*spaces, pod("a/x", {HCA: 1}), pod("b/y", {HCA: 1}))
        if each.kind == KIND
    ]
    assert (fact.key, fact.part) == (("a", "b"), "tenants a and b")
    assert [fact.subject.name, *(each.name for each in fact.related)] == ["a", "b"]
    (bare,) = [
        each for each in facts(pod("a/x", {HCA: 1}), pod("b/y", {HCA: 1})) if each.kind == KIND
    ]
    assert bare.subject.kind == "k8s/Pod", "whose namespaces were not read"


def test_an_init_container_has_one_too() -> None:
    init = {"name": "i", "image": "r", "resources": {"requests": {HCA: 1}}}
    pods = [pod("a/x", {HCA: 1}), pod("b/y", initContainers=[init])]
    assert [found["tenants"] for found in bodies(KIND, *pods)] == [["a", "b"]]
