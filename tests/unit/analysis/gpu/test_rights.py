"""Which tenants may write what the matrix rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.sources import SOURCES, RoleRule, writable
from auditor.analysis.gpu.tenancy import Tenancies
from auditor.analysis.gpu.tenants import TenantKey
from auditor.model.fact import Fact
from auditor.model.gpus import WRITER, WriterFact
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import PLUGIN, SHARED, claim, node, pod, resource
from tests.unit.analysis.gpu.placed import A, register
from tests.unit.analysis.joining import derived

GPU = "nvidia.com/gpu"
TEAM = TenantKey("label", "team")
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def role(name: str, *rules: dict[str, Any], namespace: str = "") -> Resource:
    kind = "Role" if namespace else "ClusterRole"
    return resource(kind, name, namespace, rules=list(rules))


def may(verb: str, *resources: str, group: str = "") -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": [verb]}


def binding(
    to: str, *subjects: dict[str, str], namespace: str = "", kind: str = "ClusterRole"
) -> Resource:
    named = "RoleBinding" if namespace else "ClusterRoleBinding"
    return resource(
        named, "b", namespace, roleRef={"kind": kind, "name": to}, subjects=list(subjects)
    )


def account(path: str) -> dict[str, str]:
    namespace, _, name = path.partition("/")
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


def estate() -> list[Resource]:
    """Tenants llm and web, the plugin, and a pod of the control plane that asks for a GPU."""
    plugin = pod("gpu-operator/plugin", {GPU: 1}, owner="DaemonSet", serviceAccountName=ACCOUNT)
    return [
        node(labels=SHARED, nvidia_com__gpu="8"),
        pod("llm/x", {GPU: 1}),
        pod("web/y", {GPU: 1}),
        pod("kube-system/z", {GPU: 1}),
        plugin,
    ]


ACCOUNT = "nvidia-device-plugin"


def writers(*objects: Resource, keys: Sequence[TenantKey] = (TEAM,)) -> list[WriterFact]:
    facts: list[Fact] = derived(Tenancies(tuple(keys), (PLUGIN,)), objects)
    return [
        msgspec.json.decode(fact.body, type=WriterFact) for fact in facts if fact.kind == WRITER
    ]


def written(*objects: Resource, keys: Sequence[TenantKey] = (TEAM,)) -> list[list[str]]:
    return [[source.name for source in each.sources] for each in writers(*objects, keys=keys)]


def test_an_account_of_a_tenant_that_patches_namespaces() -> None:
    (found,) = writers(
        *estate(), role("r", may("patch", "namespaces")), binding("r", account("llm/bot"))
    )
    assert found.binding == "ClusterRoleBinding b"
    assert found.role == "ClusterRole r"
    assert found.subjects == ("ServiceAccount llm/bot",)
    assert found.tenants == ("llm",)
    assert [(each.name, each.written_by) for each in found.sources] == [
        ("namespace-marks", "platform")
    ]


def test_marks_that_name_nobody_are_no_matter() -> None:
    objects = (*estate(), role("r", may("patch", "namespaces")), binding("r", account("llm/bot")))
    assert written(*objects, keys=()) == []
    assert written(*objects, keys=(TenantKey("file", "t.yaml"),)) == []
    assert written(*objects, keys=(TenantKey("annotation", "owner"),)) == [["namespace-marks"]]


SUBJECTS = {
    "an account of a tenant": (account("llm/bot"), "", ("llm",)),
    "an account as a user": (
        {"kind": "User", "name": "system:serviceaccount:llm:bot"},
        "",
        ("llm",),
    ),
    "the accounts of a tenant": (
        {"kind": "Group", "name": "system:serviceaccounts:web"},
        "",
        ("web",),
    ),
    "all accounts": ({"kind": "Group", "name": "system:serviceaccounts"}, "", ("llm", "web")),
    "everybody": ({"kind": "Group", "name": "system:authenticated"}, "", ("llm", "web")),
    "an account without a GPU": (account("ci/bot"), "", ()),
    "the plugin": (account("gpu-operator/nvidia-device-plugin"), "", ()),
    "the control plane": (account("kube-system/deployment-controller"), "", ()),
    "a person anywhere": ({"kind": "User", "name": "ann"}, "", ()),
    "a group anywhere": ({"kind": "Group", "name": "admins"}, "", ()),
    "a part of Kubernetes": ({"kind": "User", "name": "system:kube-scheduler"}, "", ()),
    "nodes": ({"kind": "Group", "name": "system:nodes"}, "", ()),
    "a person in a tenant's namespace": ({"kind": "User", "name": "ann"}, "llm", ("llm",)),
    "a person in another": ({"kind": "User", "name": "ann"}, "ci", ()),
    "a tenant in another": (account("web/bot"), "llm", ("web",)),
    "an account without its namespace": (
        {"kind": "ServiceAccount", "name": "bot"},
        "llm",
        ("llm",),
    ),
    "a part of Kubernetes in a tenant's": (
        {"kind": "User", "name": "system:kube-scheduler"},
        "llm",
        (),
    ),
}


@pytest.mark.parametrize("name", list(SUBJECTS))
def test_who_is_a_tenant(name: str) -> None:
    subject, namespace, tenants = SUBJECTS[name]
    found = writers(
        *estate(),
        role("r", may("update", "pods/status")),
        binding("r", subject, namespace=namespace),
    )
    assert tuple(tenant for each in found for tenant in each.tenants) == tenants


def test_a_role_of_the_cluster_gives_in_a_namespace_what_is_in_namespaces() -> None:
    objects = (*estate(), role("r", EVERYTHING))
    everywhere = written(*objects, binding("r", account("llm/bot")))
    meant = {"pod-marks", *ADMIN}
    assert everywhere == [[each.name for each in SOURCES if each.name not in meant]]
    inside = written(*objects, binding("r", account("llm/bot"), namespace="llm"))
    assert inside == [["namespace-marks", "pod-status", "claim-status"]]
    elsewhere = written(*objects, binding("r", account("llm/bot"), namespace="gpu-operator"))
    assert elsewhere == [
        [
            *("namespace-marks", "pod-status", "claim-status", "sharing-configuration"),
            *("amd-operator", *PLATFORM),
        ]
    ]


ADMIN = ("admin-claims", "admin-templates")
PLATFORM = ("platform-pods", "platform-daemon-sets", "platform-commands")
LABELLED = "resource.kubernetes.io/admin-access"


@pytest.mark.parametrize(
    ("value", "namespace", "expected"),
    [
        ("true", "watch", [["admin-claims", "admin-templates"]]),
        ("true", "", [["admin-claims", "admin-templates"]]),
        ("true", "llm", []),
        ("false", "watch", []),
        ("false", "", []),
    ],
)
def test_claims_matter_where_they_may_have_admin_access(
    value: str, namespace: str, expected: list[list[str]]
) -> None:
    found = written(
        *estate(),
        resource("Namespace", "watch", metadata={"labels": {LABELLED: value}}),
        role("r", may("create", *CLAIMS, group="resource.k8s.io")),
        binding("r", account("llm/bot"), namespace=namespace),
    )
    assert found == expected


CLAIMS = ("resourceclaims", "resourceclaimtemplates")


def test_the_label_of_alpha_versions_lets_claims_have_admin_access_too() -> None:
    found = written(
        *estate(),
        resource(
            "Namespace", "watch", metadata={"labels": {"resource.k8s.io/admin-access": "true"}}
        ),
        role("r", may("create", CLAIMS[0], group="resource.k8s.io")),
        binding("r", account("llm/bot"), namespace="watch"),
    )
    assert found == [["admin-claims"]]


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [("gpu-operator", [list(PLATFORM)]), ("", [list(PLATFORM)]), ("ci", [])],
)
def test_pods_matter_where_the_platform_runs(namespace: str, expected: list[list[str]]) -> None:
    rules = (may("create", "pods", "pods/exec"), may("patch", "daemonsets", group="apps"))
    found = written(
        *estate(), role("r", *rules), binding("r", account("llm/bot"), namespace=namespace)
    )
    assert found == expected


def test_pods_are_no_matter_where_no_platform_was_seen() -> None:
    objects = [each for each in estate() if each.namespace != "gpu-operator"]
    bound = binding("r", account("llm/bot"), namespace="gpu-operator")
    assert written(*objects, role("r", may("create", "pods")), bound) == []


def test_a_role_of_a_namespace_and_of_another_that_is_called_the_same() -> None:
    subject = account("llm/bot")
    bound = binding("r", subject, namespace="llm", kind="Role")
    patching = may("patch", "pods/status")
    assert written(*estate(), role("r", patching, namespace="llm"), bound) == [["pod-status"]]
    assert written(*estate(), role("r", patching, namespace="web"), bound) == []
    assert written(*estate(), role("r", patching), bound) == [], "that is another kind of role"
    assert written(*estate(), bound) == [], "no role says what it gives"


def test_what_a_scheduler_wrote_is_the_tenants_own_and_said_where_it_counts() -> None:
    annotations = {
        "hami.io/vgpu-devices-allocated": f"{A},NVIDIA,3000,30:;",
        "hami.io/vgpu-node": "n",
    }
    hami = [
        resource("Node", "n", **register("hami-core")),
        pod("llm/x", {GPU: 1}, annotations=annotations),
    ]
    edit = role("edit", may("patch", "pods"))
    bound = binding("edit", {"kind": "User", "name": "ann"}, namespace="llm")
    (found,) = writers(*hami, edit, bound)
    assert [(each.name, each.written_by) for each in found.sources] == [("pod-marks", "scheduler")]
    assert writers(*estate(), edit, bound) == [], "no scheduler wrote anything there"


def test_who_only_looks_on_is_no_tenant() -> None:
    looking = claim("mon/c", "gpu-0", result={"adminAccess": True})
    objects = (looking, role("r", EVERYTHING), binding("r", account("mon/bot")))
    assert writers(*objects) == []


def test_nobody_has_a_gpu() -> None:
    assert writers(role("r", EVERYTHING), binding("r", account("llm/bot"))) == []


def test_rules_are_read_as_the_api_reads_them() -> None:
    for rule in (
        may("patch", "Namespaces"),
        may("get", "namespaces"),
        may("patch", "namespaces", group="apps"),
        may("patch", "nodes/*", "pods/*", "namespaces/*"),
        may("create", "nodes", "pods/status", "resourceclaims/status"),
        may("patch", "resourceclaims", "resourceclaimtemplates", group="resource.k8s.io"),
        may("get", "pods", "daemonsets"),
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
        {"resources": ["namespaces"], "verbs": ["patch"]},
    ):
        assert writable([msgspec.convert(rule, RoleRule, strict=False)]) == [], rule
    (status,) = [may("patch", "*/status")]
    found = writable([msgspec.convert(status, RoleRule)])
    assert found == ["node-status", "pod-status"]
    assert writable(
        [RoleRule(["resource.k8s.io"], ["*/status", "resourceslices"], ["create"])]
    ) == ["slices"]


WORDS = st.sampled_from(
    ["", "*", "nvidia.com", "resource.k8s.io", "nodes", "pods", "pods/status", "patch", "create"]
)
RULES = st.builds(RoleRule, st.lists(WORDS), st.lists(WORDS), st.lists(WORDS))


@given(st.lists(RULES, max_size=3), st.lists(RULES, max_size=3))
def test_more_rules_let_somebody_write_no_less(ours: list[RoleRule], more: list[RoleRule]) -> None:
    assert set(writable(ours)) <= set(writable([*ours, *more]))
    assert set(writable([*ours, *more])) == set(writable(ours)) | set(writable(more))


def test_every_source_says_who_writes_it() -> None:
    assert {each.written_by for each in SOURCES} == {"platform", "kubelet", "scheduler", "driver"}
    assert len({each.name for each in SOURCES}) == len(SOURCES)
