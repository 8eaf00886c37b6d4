"""What a kind is called: only Kubernetes' own have no group in their name."""

from __future__ import annotations

import pytest

from auditor.model.resource import Owner, Resource, Subject
from auditor.platforms import PLATFORMS
from auditor.platforms import kubernetes as kinds
from auditor.platforms.kubernetes import controlled_by, groups_of, kind_name

NAMES = {
    "core": ("", "Pod", "k8s/Pod"),
    "built in": ("apps", "Deployment", "k8s/Deployment"),
    "built in, with a dot": ("networking.k8s.io", "Ingress", "k8s/Ingress"),
    "in a group of the past": ("extensions", "Ingress", "k8s/Ingress"),
    "a role in the older group of OpenShift": (
        "authorization.openshift.io",
        "ClusterRole",
        "k8s/ClusterRole",
    ),
    "a binding in that group, which has other fields": (
        "authorization.openshift.io",
        "RoleBinding",
        "k8s/RoleBinding.authorization.openshift.io",
    ),
    "in two groups": ("events.k8s.io", "Event", "k8s/Event"),
    "in a group that it never had": ("batch", "Deployment", "k8s/Deployment"),
    "newer than this table": ("networking.k8s.io", "Novelty", "k8s/Novelty"),
    "no list of it": ("authentication.k8s.io", "TokenReview", "k8s/TokenReview"),
    "custom": ("ray.io", "RayCluster", "k8s/RayCluster.ray.io"),
    "custom, named as a built-in": ("a.example", "Deployment", "k8s/Deployment.a.example"),
    "ends as built-in groups do": ("evil.k8s.io", "Deployment", "k8s/Deployment.evil.k8s.io"),
    "defined into a built-in group": (
        "networking.k8s.io",
        "Deployment",
        "k8s/Deployment.networking.k8s.io",
    ),
    "named as a fact": ("node.k8s.io", "PodTemplate", "k8s/PodTemplate.node.k8s.io"),
    "named as a fact, in the core": ("", "PodTemplate", "k8s/PodTemplate.core"),
    "named as a fact that nobody has": ("", "NamespacePosture", "k8s/NamespacePosture.core"),
    "named as a fact, in a group without a dot": ("apps", "PodTemplate", "k8s/PodTemplate.apps"),
    "Spark": (
        "sparkoperator.k8s.io",
        "SparkApplication",
        "k8s/SparkApplication.sparkoperator.k8s.io",
    ),
    **{
        group: (group, "Node", f"k8s/Node.{group}")
        for group in (
            "cluster.x-k8s.io",
            "gateway.networking.k8s.io",
            "jobset.x-k8s.io",
            "kueue.x-k8s.io",
            "leaderworkerset.x-k8s.io",
            "metrics.k8s.io",
            "policy.networking.k8s.io",
            "snapshot.storage.k8s.io",
        )
    },
}


@pytest.mark.parametrize(("group", "kind", "name"), NAMES.values(), ids=NAMES.keys())
def test_names(group: str, kind: str, name: str) -> None:
    assert kind_name(group, kind) == name


@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        ("k8s/Pod", ("",)),
        ("k8s/Deployment", ("apps", "extensions")),
        ("k8s/PodSecurityPolicy", ("policy", "extensions")),
        ("k8s/Event", ("", "events.k8s.io")),
        ("k8s/Deployment.evil.k8s.io", ("evil.k8s.io",)),
        ("k8s/RayCluster.ray.io", ("ray.io",)),
        ("k8s/NamespacePosture", ()),
        ("k8s/PodTemplate", ()),
        ("k8s/PodTemplate.core", ("",)),
    ],
)
def test_groups(kind: str, groups: tuple[str, ...]) -> None:
    assert groups_of(kind) == groups


def test_each_kind_of_the_table_has_one_scope() -> None:
    both = {kind for names in kinds.NAMESPACED.values() for kind in names}
    assert both.isdisjoint({kind for names in kinds.OF_THE_CLUSTER.values() for kind in names})


def test_what_a_group_has_is_called_so() -> None:
    for kind, groups in kinds.BUILT_IN.items():
        name = f"k8s/{kind}.core" if kind in kinds.FACTS else f"k8s/{kind}"
        assert {kind_name(group, kind) for group in groups} == {name}
        assert groups_of(name) == groups


@pytest.mark.parametrize(
    ("controller", "labels", "expected"),
    [
        pytest.param(None, (), None, id="nobody's"),
        pytest.param(("Job", "a"), (), ("Job", "a"), id="job"),
        pytest.param(
            ("ReplicaSet", "web-5d9"),
            (("pod-template-hash", "5d9"),),
            ("Deployment", "web"),
            id="deployment through replica set",
        ),
        pytest.param(("ReplicaSet", "web-5d9"), (), ("ReplicaSet", "web-5d9"), id="no hash"),
        pytest.param(
            ("ReplicaSet", "web"),
            (("pod-template-hash", "5d9"),),
            ("ReplicaSet", "web"),
            id="other hash",
        ),
    ],
)
def test_controllers(
    controller: tuple[str, str] | None,
    labels: tuple[tuple[str, str], ...],
    expected: tuple[str, str] | None,
) -> None:
    owner = None if controller is None else Owner("apps/v1", controller[0], "ml", controller[1])
    pod = Resource("k8s/Pod", "v1", "p", "ml", "u", "a.yaml", 0, 1, b"{}", labels, owner)
    found = controlled_by(pod)
    assert (None if found is None else (found.kind, found.name)) == expected
    counted = PLATFORMS.counting()(pod)
    kinds = {"Job": "k8s/Job", "Deployment": "k8s/Deployment", "ReplicaSet": "k8s/ReplicaSet"}
    if expected is None:
        assert counted is None
    else:
        assert counted == Subject(kinds[expected[0]], "ml", expected[1])
