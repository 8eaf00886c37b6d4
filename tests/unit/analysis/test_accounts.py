"""Accounts that decide whether silent pods get a token."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis import accounts
from auditor.analysis.accounts import AccountUses
from auditor.model.fact import Fact
from auditor.model.resource import Owner, Resource
from tests.unit.analysis.joining import derived

MOUNT = {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "t"}


def template(
    name: str = "web",
    kind: str = "Deployment",
    *,
    namespace: str = "ml",
    source: str = "a.yaml",
    controller: Owner | None = None,
    metadata: object = None,
    **spec: Any,
) -> Resource:
    body = {"metadata": metadata, "spec": spec, "owner": {"kind": kind, "name": name}}
    return Resource(
        kind="k8s/PodTemplate",
        api_version="apps/v1",
        name=name,
        namespace=namespace,
        uid=f"{source}#{name}",
        source=source,
        document=0,
        line=7,
        body=msgspec.json.encode(body),
        controller=controller,
        pointer="/spec/template",
    )


def account(name: str, namespace: str = "ml", source: str = "b.yaml", **body: object) -> Resource:
    return Resource(
        kind=accounts.ACCOUNT,
        api_version="v1",
        name=name,
        namespace=namespace,
        uid=f"{source}#{name}",
        source=source,
        document=3,
        line=40,
        body=msgspec.json.encode({"metadata": {"name": name}, **body}),
    )


def facts(*resources: Resource) -> list[Fact]:
    return derived(AccountUses(), resources)


def bodies(*resources: Resource) -> list[dict[str, Any]]:
    return [msgspec.json.decode(fact.body) for fact in facts(*resources)]


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        pytest.param({}, "default", id="no account is named"),
        pytest.param({"serviceAccountName": ""}, "default", id="an empty name"),
        pytest.param({"serviceAccountName": "a"}, "a", id="a name"),
        pytest.param({"serviceAccount": "a"}, "a", id="the old field"),
        pytest.param({"automountServiceAccountToken": None}, "default", id="null says nothing"),
    ],
)
def test_a_silent_pod_is_its_accounts(spec: dict[str, Any], name: str) -> None:
    (found,) = facts(template(**spec))
    assert (found.kind, found.key) == (accounts.KIND, ("ml", name))
    subject = found.subject
    assert (subject.source, subject.line, subject.pointer) == ("a.yaml", 7, "/spec/template")


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param(template(automountServiceAccountToken=True), id="it asks"),
        pytest.param(template(automountServiceAccountToken=False), id="it declines"),
        pytest.param(template(automountServiceAccountToken="no"), id="another type"),
        pytest.param(template(supportedModelFormats=[{"name": "onnx"}]), id="a serving runtime"),
        pytest.param(
            template(kind="Pod", metadata={"resourceVersion": "7"}, containers=[{"name": "c"}]),
            id="admitted without a token",
        ),
        pytest.param(
            msgspec.structs.replace(template(), kind="k8s/PodTemplatePatch"), id="a partial one"
        ),
        pytest.param(msgspec.structs.replace(template(), body=b'{"spec":[]}'), id="no spec"),
    ],
)
def test_a_pod_that_decides_or_has_no_token_is_nobodys(silent: Resource) -> None:
    assert facts(silent) == []


@pytest.mark.parametrize(
    "metadata",
    [pytest.param({}, id="as written"), pytest.param({"resourceVersion": "7"}, id="read")],
)
def test_a_pod_with_the_tokens_mount_has_it(metadata: dict[str, str]) -> None:
    containers = [{"name": "c", "volumeMounts": [MOUNT]}]
    assert len(facts(template(kind="Pod", metadata=metadata, containers=containers))) == 1


def test_the_account_is_found_where_it_is_declared() -> None:
    (fact,) = facts(template(serviceAccountName="a"), account("a"), account("other"))
    assert msgspec.json.decode(fact.body) == {
        "name": "a",
        "namespace": "ml",
        "declared": True,
        "bound": False,
        "users": "Deployment web",
    }
    subject = fact.subject
    assert (subject.kind, subject.source, subject.line) == (accounts.ACCOUNT, "b.yaml", 40)


def test_an_undeclared_account_stands_at_its_first_pod() -> None:
    later = template("b", source="b.yaml")
    (fact,) = facts(later, template("z", source="a.yaml"))
    subject = fact.subject
    assert (subject.kind, subject.name, subject.uid) == (accounts.ACCOUNT, "default", "")
    assert (subject.source, subject.pointer) == ("a.yaml", "/spec/template")
    assert msgspec.json.decode(fact.body)["users"] == "Deployment b and Deployment z"


def test_what_an_account_says_is_in_its_fact() -> None:
    said = account("default", automountServiceAccountToken=False)
    (body,) = bodies(template(), said)
    assert body["automountServiceAccountToken"] is False


def test_no_namespace_is_the_default_one() -> None:
    said = account("default", namespace="", automountServiceAccountToken=False)
    (body,) = bodies(template(namespace="default"), said)
    assert (body["namespace"], body["declared"]) == ("default", True)


def test_an_account_of_another_namespace_says_nothing() -> None:
    (body,) = bodies(template(), account("default", namespace="other"))
    assert body["declared"] is False


def test_pods_of_a_controller_are_one_user() -> None:
    owner = Owner("apps/v1", "StatefulSet", "ml", "db")
    pods = [template(f"db-{number}", "Pod", controller=owner) for number in range(5)]
    (body,) = bodies(*pods, template("db", "StatefulSet"))
    assert body["users"] == "StatefulSet db"


def test_many_users_are_named_by_the_first() -> None:
    (body,) = bodies(*(template(f"w{number}") for number in range(9)))
    assert body["users"] == "Deployment w0, Deployment w1, Deployment w2 and others"


def binding(*subjects: object, namespace: str = "") -> Resource:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    made = account("b", namespace, "c.yaml", subjects=list(subjects))
    return msgspec.structs.replace(made, kind=f"k8s/{kind}")


OF_A = {"kind": "ServiceAccount", "name": "a", "namespace": "ml"}


@pytest.mark.parametrize(
    ("made", "bound"),
    [
        pytest.param(binding(OF_A), True, id="by name"),
        pytest.param(binding({"kind": "User", "name": "eve"}, OF_A), True, id="beside another"),
        pytest.param(binding(OF_A, namespace="other"), True, id="in another namespace"),
        pytest.param(
            binding({"kind": "ServiceAccount", "name": "a"}, namespace="ml"),
            True,
            id="in the namespace of the binding",
        ),
        pytest.param(
            binding({"kind": "ServiceAccount", "name": "a"}, namespace="other"),
            False,
            id="in another binding's namespace",
        ),
        pytest.param(
            binding({"kind": "User", "name": "system:serviceaccount:ml:a"}), True, id="as a user"
        ),
        pytest.param(binding({**OF_A, "name": "b"}), False, id="another account"),
        pytest.param(binding({**OF_A, "namespace": "other"}), False, id="one of that name"),
        pytest.param(
            binding({"kind": "Group", "name": "system:serviceaccounts:ml"}), False, id="its group"
        ),
        pytest.param(binding({**OF_A, "kind": "User"}), False, id="a user of that name"),
        pytest.param(binding(7, {"kind": "ServiceAccount"}, {"name": 7}), False, id="odd subjects"),
    ],
)
def test_an_account_that_a_binding_names_is_bound(made: Resource, *, bound: bool) -> None:
    (body,) = bodies(template(serviceAccountName="a"), account("a"), made)
    assert body["bound"] is bound


def test_bindings_alone_are_nobodys_use() -> None:
    assert facts(binding(OF_A), account("a")) == []


SOURCES = st.sampled_from(["a.yaml", "b.yaml", "c.yaml"])
NAMES = st.sampled_from("abcdefgh")
TEMPLATES = st.builds(
    lambda name, source, of: template(name, source=source, serviceAccountName=of),
    NAMES,
    SOURCES,
    st.sampled_from("xy"),
)


@given(st.lists(TEMPLATES, max_size=24), st.integers(0, 24), st.randoms())
def test_combining_in_parts_is_combining_at_once(
    templates: list[Resource], cut: int, random: Any
) -> None:
    shuffled = list(templates)
    random.shuffle(shuffled)
    parts = derived(AccountUses(), shuffled[:cut], shuffled[cut:])
    assert parts == facts(*templates)
