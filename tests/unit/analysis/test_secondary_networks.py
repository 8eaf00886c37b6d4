"""Which pods have networks that no policy reaches."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis import facts
from auditor.analysis.secondary_networks import (
    KIND,
    NETWORKS,
    NOT_VALID,
    POLICY,
    POLICY_FOR,
    SecondaryNetworks,
    named_in,
)
from auditor.model.fact import Fact
from auditor.model.resource import Owner, Resource, Target
from tests.unit.analysis.joining import SITE, derived

TRAIN = {"app": "train"}
LIVE = msgspec.structs.replace(SITE, target=Target("k8s://c", "uid-of-a-cluster"))


def resource(kind: str, name: str, namespace: str, **body: object) -> Resource:
    return Resource(
        kind=kind,
        api_version="batch/v1",
        name=name,
        namespace=namespace,
        uid=f"a.yaml#{name}",
        source="a.yaml",
        document=0,
        line=3,
        body=msgspec.json.encode(body),
    )


def pods(
    networks: object,
    labels: object = TRAIN,
    *,
    namespace: str = "ml",
    owner: str = "Job",
    kind: str = facts.KIND,
    controller: Owner | None = None,
) -> Resource:
    above = resource(f"k8s/{owner}", "train", namespace)
    made = resource(
        kind, "train", namespace, metadata={"labels": labels, "annotations": {NETWORKS: networks}}
    )
    return msgspec.structs.replace(
        made, parent=above, pointer="/spec/template", controller=controller, part="template"
    )


def policy(
    networks: object = "rdma", selector: object = {"matchLabels": TRAIN}, namespace: str = "ml"
) -> Resource:
    metadata = {"annotations": {POLICY_FOR: networks}}
    spec = {"podSelector": selector}
    return resource(POLICY, "p", namespace, metadata=metadata, spec=spec)


def body_of(fact: Fact) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(fact.body)
    return found


def said(*resources: Resource) -> tuple[list[str], list[str]]:
    """The networks that no policy reaches, and those of which nobody can tell."""
    (fact,) = derived(SecondaryNetworks(), resources)
    body = body_of(fact)
    return body["unpoliced"], body["unsure"]


def test_a_policy_for_one_network_of_two() -> None:
    (fact,) = derived(SecondaryNetworks(), [policy()], [pods("rdma, storage/nfs@net2")])
    assert body_of(fact) == {
        "kind": "Job",
        "name": "train",
        "namespace": "ml",
        "networks": ["ml/rdma", "storage/nfs"],
        "unpoliced": ["storage/nfs"],
        "unsure": [],
        "live": False,
    }
    assert fact.kind == KIND
    assert fact.subject.kind == "k8s/Job"
    assert fact.subject.pointer == "/spec/template/metadata/annotations"
    assert fact.part == "template"
    assert fact.heuristic


@pytest.mark.parametrize(
    ("other", "unpoliced", "unsure"),
    [
        pytest.param(policy(), [], [], id="selected"),
        pytest.param(policy("ml/rdma, other"), [], [], id="by its whole name"),
        pytest.param(policy(selector={}), [], [], id="every pod"),
        pytest.param(policy(selector={"matchLabels": {"app": "x"}}), ["ml/rdma"], [], id="others"),
        pytest.param(policy("storage/rdma"), ["ml/rdma"], [], id="another network"),
        pytest.param(policy(""), ["ml/rdma"], [], id="no network"),
        pytest.param(policy(None), ["ml/rdma"], [], id="no annotation"),
        pytest.param(policy(namespace="web"), ["ml/rdma"], [], id="another namespace"),
        pytest.param(policy("[{"), [], ["ml/rdma"], id="an annotation that is not valid"),
        pytest.param(policy(selector=["a"]), [], ["ml/rdma"], id="a selector that is not valid"),
        pytest.param(policy(namespace=""), [], ["ml/rdma"], id="no namespace is said"),
        pytest.param(
            policy(selector={"matchLabels": {"job-name": "x"}}), [], ["ml/rdma"], id="a label added"
        ),
    ],
)
def test_what_a_policy_is_about(other: Resource, unpoliced: list[str], unsure: list[str]) -> None:
    assert said(other, pods("rdma")) == (unpoliced, unsure)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rdma", ["ml/rdma"]),
        (" a/rdma@net1 , rdma,rdma ", ["a/rdma", "ml/rdma"]),
        (
            '[{"name": "rdma"}, {"name": "nfs", "namespace": "s", "interface": "x"}]',
            ["ml/rdma", "s/nfs"],
        ),
        ("", []),
        ("  ", []),
        ("[]", []),
        ("a/b/c", [NOT_VALID]),
        ("a,", [NOT_VALID]),
        ("@net1", [NOT_VALID]),
        ('[{"namespace": "s"}]', [NOT_VALID]),
        ("[" * 5000, [NOT_VALID]),
    ],
)
def test_networks_of_an_annotation(text: str, named: list[str]) -> None:
    assert named_in(text, "ml") == named


def test_an_annotation_that_is_not_valid_is_unsure() -> None:
    assert said(pods("a/b/c")) == ([], [NOT_VALID])


@pytest.mark.parametrize("networks", ["", None, 7, ["rdma"]])
def test_pods_without_another_network_have_no_fact(networks: object) -> None:
    assert derived(SecondaryNetworks(), [policy(), pods(networks)]) == []


def test_pods_that_kubernetes_made_of_a_template_are_left_out() -> None:
    made = Owner("apps/v1", "ReplicaSet", "ml", "x")
    by_operator = Owner("x.example/v1", "Farm", "ml", "x")
    assert derived(SecondaryNetworks(), [pods("rdma", owner="Pod", controller=made)]) == []
    assert said(pods("rdma", owner="Pod", controller=by_operator)) == (["ml/rdma"], [])


def test_labels_that_an_operator_may_add_are_unsure() -> None:
    wants = policy(selector={"matchLabels": {"role": "head"}})
    assert said(wants, pods("rdma")) == (["ml/rdma"], [])
    assert said(wants, pods("rdma", owner="Farm.x.example")) == ([], ["ml/rdma"])
    assert said(wants, pods("rdma", kind=facts.PATCH)) == ([], ["ml/rdma"])
    added = policy(selector={"matchLabels": {"job-name": "x"}})
    assert said(added, pods("rdma", owner="Pod")) == (["ml/rdma"], []), "a pod has what it has"


def test_a_template_of_no_namespace_may_be_anywhere() -> None:
    assert said(policy(), pods("rdma", namespace="")) == ([], ["/rdma"])
    assert said(policy(), pods("other/rdma", namespace="")) == (["other/rdma"], [])
    assert said(pods("rdma", namespace="")) == (["/rdma"], [])


def test_a_cluster_has_all_of_its_policies() -> None:
    row = [*SecondaryNetworks().extract(pods("rdma"), LIVE)]
    groups = [(each.key, iter([each])) for each in row]
    (fact,) = SecondaryNetworks().derive(iter(groups))
    assert body_of(fact)["live"] is True
    assert not fact.heuristic
