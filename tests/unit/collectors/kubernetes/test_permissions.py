"""The role that is printed: each kind in the words of RBAC, nothing dropped without a word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
import pytest
import yaml

from auditor.analysis.namespaces import OTHER_POLICIES
from auditor.analysis.scopes import JUDGED, kinds_of_the_cluster
from auditor.analysis.table import ANALYSES
from auditor.engine.sources import needing, sources_of, wanted_by
from auditor.errors import PolicyError, UsageError
from auditor.platforms import PLATFORMS
from auditor.platforms.accelerators import ACCELERATORS
from auditor.platforms.docker import DOCKER
from auditor.platforms.images import IMAGES
from auditor.platforms.isolation import ISOLATION
from auditor.platforms.kubernetes import BUILT_IN as KINDS
from auditor.platforms.kubernetes import (
    COMPONENT_FLAGS,
    FACTS,
    KUBELET_CONFIGURATION,
    METRICS,
    PREFIX,
    PROBED,
)
from auditor.platforms.network import NETWORK
from auditor.platforms.stack import STACK
from auditor.platforms.vsphere import VSPHERE
from auditor.policy import ProgramCache, Shipped
from auditor.policy.compile import compile_rule
from auditor.policy.resolve import ChosenRule
from auditor.ports import RolePlan
from collectors.kubernetes.permissions import role
from collectors.kubernetes.resources import Named, named
from tests.e2e.command import auditor
from tests.e2e.runs import preparation
from tests.policies.shipped import POLICY

ROLES = "k8s/ClusterRole"
RUNTIMES = "k8s/ClusterServingRuntime.serving.kserve.io"
SPARK = "k8s/SparkApplication.sparkoperator.k8s.io"
REASONS = {
    "k8s/Namespace": ("about-namespaces",),
    "k8s/Pod": ("about-pods",),
    "k8s/Secret": ("about-secrets",),
    ROLES: ("about-roles",),
    RUNTIMES: ("about-pods",),
    SPARK: ("about-pods",),
}


def plan(
    *namespaces: str,
    account: tuple[str, str] = ("auditor", "auditor"),
    reasons: Mapping[str, tuple[str, ...]] | None = None,
) -> RolePlan:
    known = frozenset({RUNTIMES})
    return RolePlan("p", REASONS if reasons is None else reasons, namespaces, account, known)


def printed(chosen: RolePlan) -> tuple[list[dict[str, Any]], str]:
    """The objects, and the comments."""
    lines = list(role(chosen))
    comments = "\n".join(line for line in lines if line.lstrip().startswith("#"))
    return list(yaml.safe_load_all("\n".join(lines))), comments


def granted(value: Mapping[str, Any]) -> set[tuple[str, str, str, str]]:
    return {
        (
            rule["apiGroups"][0],
            rule["resources"][0],
            rule["verbs"][0],
            rule.get("resourceNames", [""])[0],
        )
        for rule in value["rules"]
    }


def test_the_role_of_a_cluster() -> None:
    objects, comments = printed(plan())
    kinds = [each["kind"] for each in objects]
    assert kinds == ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
    assert granted(objects[2]) == {
        ("", "namespaces", "get", ""),
        ("", "namespaces", "list", ""),
        ("", "pods", "list", ""),
        ("rbac.authorization.k8s.io", "clusterroles", "list", ""),
        ("serving.kserve.io", "clusterservingruntimes", "list", ""),
        ("sparkoperator.k8s.io", "sparkapplications", "list", ""),
    }
    assert "Not in it: k8s/Secret, secrets are never read" in comments
    assert "k8s://CONTEXT?namespace=a" in comments, "why it may get any namespace"


def test_what_the_server_prints_of_itself() -> None:
    """At paths, not as resources; and no Role of a namespace can grant that."""
    reasons = {**REASONS, COMPONENT_FLAGS: ("about-flags",), METRICS: ("about-counters",)}
    objects, comments = printed(plan(reasons=reasons))
    of_paths = [rule for rule in objects[2]["rules"] if "nonResourceURLs" in rule]
    assert of_paths == [
        {"nonResourceURLs": ["/flagz"], "verbs": ["get"]},
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
    ]
    assert "what the API server prints of itself: about-counters" in comments
    objects, comments = printed(plan("a", reasons=reasons))
    assert not [rule for rule in objects[2]["rules"] if "nonResourceURLs" in rule]
    assert f"#   {COMPONENT_FLAGS} (/flagz):\n#     about-flags\n" in comments


def test_kubelets_are_in_the_role_where_they_are_asked_for() -> None:
    """And where a rule rests on what they tell."""
    reasons = {**REASONS, KUBELET_CONFIGURATION: ("about-kubelets",)}
    configz = ("", "nodes/configz", "get", "")
    objects, comments = printed(msgspec.structs.replace(plan(reasons=reasons), kubelets=True))
    assert configz in granted(objects[2])
    assert "what each kubelet tells of its configuration: about-kubelets" in comments
    assert f"Not in it: {KUBELET_CONFIGURATION}" not in comments
    objects, comments = printed(plan(reasons=reasons))
    assert configz not in granted(objects[2])
    assert f"Not in it: {KUBELET_CONFIGURATION}" in comments
    objects, comments = printed(msgspec.structs.replace(plan(), kubelets=True))
    assert configz not in granted(objects[2])
    assert "kubelets are asked for nothing" in comments
    objects, comments = printed(msgspec.structs.replace(plan("a", reasons=reasons), kubelets=True))
    assert "nodes/configz" not in str(objects), "nodes are in no namespace"
    assert f"#   {KUBELET_CONFIGURATION} (nodes/configz):\n#     about-kubelets\n" in comments


def test_who_lists_no_namespaces_gets_but_one() -> None:
    objects, _ = printed(plan(reasons={"k8s/Pod": ("about-pods",)}))
    assert ("", "namespaces", "get", "kube-system") in granted(objects[2])
    assert ("", "namespaces", "get", "") not in granted(objects[2])


def test_the_roles_of_namespaces() -> None:
    """What no namespace holds is left out, and said with the rules that miss it."""
    objects, comments = printed(plan("a", "b"))
    assert [(each["kind"], each["metadata"].get("namespace")) for each in objects] == [
        ("Namespace", None),
        ("ServiceAccount", "auditor"),
        ("Role", "a"),
        ("RoleBinding", "a"),
        ("Role", "b"),
        ("RoleBinding", "b"),
    ]
    for each in (objects[2], objects[4]):
        assert granted(each) == {
            ("", "namespaces", "get", ""),
            ("", "pods", "list", ""),
            ("sparkoperator.k8s.io", "sparkapplications", "list", ""),
        }
    assert f"#   {ROLES}:\n#     about-roles\n" in comments
    assert f"#   {RUNTIMES}:\n#     about-pods\n" in comments
    assert "never complete (exit code 3)" in comments
    assert "the uid of the namespace kube-system" in comments
    assert "k8s/Namespace:" not in comments
    assert "k8s://CONTEXT?namespace=a,b" in comments


@pytest.mark.parametrize(
    ("chosen", "made"),
    [
        pytest.param(plan(), ["auditor"], id="ours"),
        pytest.param(plan(account=("ops", "x")), ["ops"], id="of that name"),
        pytest.param(plan(account=("kube-system", "x")), [], id="one that is always there"),
        pytest.param(plan("ops", account=("ops", "x")), [], id="one that is audited"),
    ],
)
def test_the_namespace_of_the_account_comes_first(chosen: RolePlan, made: list[str]) -> None:
    objects, _ = printed(chosen)
    names = [each["metadata"]["name"] for each in objects if each["kind"] == "Namespace"]
    assert names == made
    assert objects[len(made)]["kind"] == "ServiceAccount"


@pytest.mark.parametrize("odd", ["123", "1e3", "0x1f", "null", "on", "y", "true"])
def test_names_that_yaml_takes_for_something_else(odd: str) -> None:
    objects, _ = printed(plan(odd, account=(odd, odd)))
    assert objects[0]["metadata"] == {"name": odd, "namespace": odd}
    assert objects[1]["metadata"] == {"name": "auditor", "namespace": odd}
    assert objects[2]["subjects"] == [{"kind": "ServiceAccount", "name": odd, "namespace": odd}]


def test_each_kind_that_a_profile_reads_has_a_name() -> None:
    """A kind without one would be granted by no role. A profile reads what its rules rest on."""
    errors: list[PolicyError] = []
    shipped = partial(Shipped().programs, POLICY.digest, [each.name for each in PLATFORMS])
    programs = ProgramCache(None, "", "", shipped)
    rules = [
        compile_rule(ChosenRule(rule, rule.severity, {}), errors, programs)
        for rule in POLICY.rules.values()
    ]
    analyses = ANALYSES.made(POLICY.tables)
    known = needing([rule for rule in rules if rule is not None], analyses.feeds)
    assert (errors, len(known)) == ([], len(POLICY.rules))
    sources = sources_of(known, analyses)
    wanted = wanted_by(sources.values()).of("k8s://")
    assert [kind for kind in sorted(wanted) if named(kind) is None] == []
    assert preparation().ready.wanted.of("k8s://") <= wanted


def test_each_kind_that_a_rule_may_name_has_a_name() -> None:
    nameless = {kind for kind in PLATFORMS.kinds if named(kind) is None}
    facts = {f"{PREFIX}{name}" for name in FACTS}
    assert nameless == {
        "files/DuplicateKey",
        *facts,
        *PROBED,
        *ACCELERATORS.kinds,
        *DOCKER.kinds,
        *IMAGES.kinds,
        *ISOLATION.kinds,
        *NETWORK.kinds,
        *STACK.kinds,
        *VSPHERE.kinds,
    }


def test_a_kind_that_has_no_name_is_no_silence() -> None:
    with pytest.raises(UsageError, match="k8s/NamespacePosture, which r rests on") as raised:
        list(role(plan(reasons={"k8s/NamespacePosture": ("r",)})))
    assert raised.value.hint


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("k8s/Endpoints", Named("", "endpoints", namespaced=True)),
        ("k8s/Ingress", Named("networking.k8s.io", "ingresses", namespaced=True)),
        ("k8s/NetworkPolicy", Named("networking.k8s.io", "networkpolicies", namespaced=True)),
        ("k8s/Deployment", Named("apps", "deployments", namespaced=True)),
        ("k8s/PodSecurityPolicy", Named("policy", "podsecuritypolicies", namespaced=False)),
        (
            "k8s/SecurityContextConstraints.security.openshift.io",
            Named("security.openshift.io", "securitycontextconstraints", namespaced=True),
        ),
        (SPARK, Named("sparkoperator.k8s.io", "sparkapplications", namespaced=True)),
    ],
)
def test_names(kind: str, expected: Named) -> None:
    assert named(kind) == expected


def test_the_table_says_what_no_namespace_holds() -> None:
    """Of the shipped kinds that are called so: each is, as its definition says."""
    ready = preparation().ready
    wanted = ready.wanted.of("k8s://")
    built_in = {f"k8s/{kind}" for kind in KINDS}
    called = {kind for kind in wanted - built_in if kind.startswith("k8s/Cluster")}
    others = {"k8s/GPUCluster.nvidia.com", "k8s/NVIDIADriver.nvidia.com"}
    others |= JUDGED
    assert wanted >= JUDGED
    others |= {kind for kind, of_all in OTHER_POLICIES.items() if of_all}
    assert kinds_of_the_cluster(ready.profile.tables) == called | others
    assert len(called) == 9


REFUSED = {
    "an account that is YAML": (("--account", "a/b}, x: {y"), "is not a name of a service account"),
    "a namespace that is YAML": (("--namespace", "Bad Name: {x}"), "is not a name of a namespace"),
    "no account": (("--account", "a/"), "'' is not a name of a service account"),
    "no namespace of the account": (("--account", "/b"), "'' is not a name of a namespace"),
    "no slash": (("--account", "auditor"), "no namespace"),
    "two slashes": (("--account", "a/b/c"), "'b/c' is not a name"),
    "a newline": (("--namespace", "a\n"), "is not a name of a namespace"),
    "too long": (("--namespace", "a" * 64), "is not a name of a namespace"),
    "too long an account": (("--account", "a/" + "b" * 254), "is not a name of a service account"),
    "a dash at the end": (("--namespace", "a-"), "is not a name of a namespace"),
    "a ConfigMap without a namespace": (("--config-map", "a"), "no namespace"),
    "a ConfigMap that is YAML": (("--config-map", "a/b]"), "is not a name of a ConfigMap"),
    "a dot in a namespace": (("--account", "a.b/c"), "'a.b' is not a name of a namespace"),
}


@pytest.mark.parametrize(("options", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_names_that_no_server_takes(options: tuple[str, ...], says: str) -> None:
    done = auditor("permissions", "k8s", *options)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert "hint: " in done.err


def test_config_maps_are_granted_by_name_alone() -> None:
    pairs = (("gpu-operator", "plugin-config"), ("gpu-operator", "b.c"), ("kube-system", "1e3"))
    objects, comments = printed(msgspec.structs.replace(plan(), config_maps=pairs))
    roles = [each for each in objects if each["kind"] == "Role"]
    assert {each["metadata"]["namespace"]: each["rules"] for each in roles} == {
        namespace: [
            {
                "apiGroups": [""],
                "resources": ["configmaps"],
                "resourceNames": names,
                "verbs": ["get"],
            }
        ]
        for namespace, names in (
            ("gpu-operator", ["plugin-config", "b.c"]),
            ("kube-system", ["1e3"]),
        )
    }
    bound = [each for each in objects if each["kind"] == "RoleBinding"]
    assert [each["roleRef"]["name"] for each in bound] == ["auditor-gpu-configuration"] * 2
    assert "how GPUs are shared" in comments


def test_a_role_without_one_says_how_to_allow_for_it() -> None:
    wanted = {"k8s/ConfigMap": ("about-sharing",)}
    _, comments = printed(plan(reasons=wanted))
    assert "auditor permissions k8s --config-map NAMESPACE/NAME" in comments
    _, comments = printed(plan())
    assert "--config-map" not in comments


def test_an_account_may_have_dots() -> None:
    done = auditor("permissions", "k8s", "--account", "ops/audit.bot")
    assert (done.code, done.err) == (0, "")
    assert "metadata: {name: audit.bot, namespace: ops}" in done.out
