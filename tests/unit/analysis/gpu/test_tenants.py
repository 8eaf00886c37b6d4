"""Whose a namespace is, and what named it."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.tenancy import Tenancies, make
from auditor.analysis.gpu.tenants import NamespaceMarks, TenantKey, Tenants
from auditor.model.fact import Fact
from auditor.model.gpus import KIND, TENANCY, DeviceFact, KeyInUse, TenancyFact
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import SHARED, claim, node, pod, resource
from tests.unit.analysis.joining import derived

GPU = "nvidia.com/gpu"
FILE, TEAM = TenantKey("file", "teams.yaml"), TenantKey("label", "team")
OWNER = TenantKey("annotation", "owner", (("part-of", "kubeflow-profile"),))
USER = TenantKey("pod-label", "user")


def namespace(name: str, annotations: Mapping[str, str] | None = None, **labels: str) -> Resource:
    metadata = {"name": name, "labels": labels, "annotations": annotations or {}}
    return resource("Namespace", name, metadata=metadata)


def labelled(path: str, **labels: str) -> Resource:
    made = pod(path, {GPU: 1}, on="n")
    body = msgspec.json.decode(made.body)
    body["metadata"]["labels"] = labels
    return msgspec.structs.replace(made, body=msgspec.json.encode(body))


def told(
    keys: tuple[TenantKey, ...], *objects: Resource, mapped: Mapping[str, str] | None = None
) -> tuple[dict[str, tuple[str, ...]], TenancyFact]:
    """Each tenant with what named it, and how tenants are told."""
    facts: list[Fact] = derived(Tenancies(keys, (), mapped or {}), objects)
    found = {
        tenant.tenant: tenant.keys
        for fact in facts
        if fact.kind == KIND
        for tenant in msgspec.json.decode(fact.body, type=DeviceFact).tenants
    }
    (tenancy,) = [fact for fact in facts if fact.kind == TENANCY]
    return found, msgspec.json.decode(tenancy.body, type=TenancyFact)


def test_the_first_key_that_says_something_counts() -> None:
    found, fact = told(
        (FILE, OWNER, TEAM),
        node(labels=SHARED, nvidia_com__gpu="8"),
        namespace("chat", team="web"),
        namespace("rank", team="web"),
        namespace("lab", {"owner": "ann@example.com"}, **{"part-of": "kubeflow-profile"}),
        namespace("old", {"owner": "ann@example.com"}),
        *(pod(f"{name}/x", {GPU: 1}) for name in ("chat", "rank", "lab", "old")),
        mapped={"chat": "llm"},
    )
    assert found == {
        "llm": ("file teams.yaml",),
        "web": ("label team",),
        "ann@example.com": ("annotation owner",),
        "old": ("namespace",),
    }
    assert fact.keys == (
        KeyInUse("file teams.yaml", "user", 1, ("chat",)),
        KeyInUse("annotation owner", "platform", 1, ("lab",)),
        KeyInUse("label team", "platform", 1, ("rank",)),
        KeyInUse("namespace", "", 1, ("old",)),
    )


def test_a_namespace_without_a_key_is_not_the_tenant_that_is_called_as_it_is() -> None:
    objects = (
        node(labels=SHARED, nvidia_com__gpu="8"),
        namespace("chat", team="web"),
        namespace("web"),
        pod("chat/x", {GPU: 5}),
        pod("web/y", {GPU: 1}),
    )
    found, _ = told((TEAM,), *objects)
    assert found == {"web": ("label team",), "namespace web": ("namespace",)}
    facts = derived(Tenancies((TEAM,), ()), objects)
    (share,) = [msgspec.json.decode(fact.body) for fact in facts if fact.kind == "gpu/Share"]
    assert share["tenants"] == ["namespace web", "web"]


def test_one_name_by_two_keys_is_one_tenant_and_both_are_said() -> None:
    found, _ = told(
        (FILE, TEAM),
        node(labels=SHARED, nvidia_com__gpu="8"),
        namespace("rank", team="web"),
        pod("chat/x", {GPU: 1}),
        pod("rank/x", {GPU: 1}),
        mapped={"chat": "web"},
    )
    assert found == {"web": ("file teams.yaml", "label team")}


def test_a_file_names_namespaces_whose_objects_were_not_read_and_others_that_are_not() -> None:
    mapped = {"chat": "llm", **{f"gone-{number:02}": "x" for number in range(25)}}
    at = node(labels=SHARED, nvidia_com__gpu="8")
    found, fact = told((FILE,), at, pod("chat/x", {GPU: 1}), mapped=mapped)
    assert found == {"llm": ("file teams.yaml",)}
    assert fact.unseen == tuple(f"gone-{number:02}" for number in range(20))
    assert fact.more_unseen == 5
    _, silent = told((TEAM,), at, pod("chat/x", {GPU: 1}), mapped=mapped)
    assert silent.unseen == (), "nobody asked the file"


def test_labels_of_pods_name_nobody_unless_that_was_asked_for() -> None:
    objects = (
        node(labels=SHARED, nvidia_com__gpu="8"),
        namespace("hub"),
        labelled("hub/ann", user="ann", team="ann"),
        labelled("hub/bob", user="bob", team="bob"),
        labelled("hub/proxy"),
        claim("hub/c", "gpu-0", pods=("ann", "bob")),
    )
    found, fact = told((TEAM,), *objects)
    assert found == {"hub": ("namespace",)}
    found, fact = told((USER,), *objects)
    assert found == {
        "ann": ("pod-label user",),
        "bob": ("pod-label user",),
        "hub": ("namespace",),
    }
    assert [key.written_by for key in fact.keys] == ["tenant", ""]
    facts = derived(Tenancies((USER,), ()), objects)
    exact = [
        body["tenants"]
        for fact in facts
        if fact.kind == "gpu/Share"
        for body in [msgspec.json.decode(fact.body)]
        if body["found"][0]["certainty"] == "exact"
    ]
    assert exact == [["ann", "bob"]], "the claim names its pods"


def test_labels_of_pods_that_are_not_texts_take_nothing_from_others() -> None:
    odd = resource("Pod", "odd", "hub", metadata={"labels": {"user": 5}}, spec={"nodeName": "n"})
    at = node(labels=SHARED, nvidia_com__gpu="8")
    found, _ = told((USER,), at, odd, labelled("hub/ann", user="ann"))
    assert found == {"ann": ("pod-label user",)}


def test_tables_make_the_keys() -> None:
    rows = {
        "tenancy-keys": [{"of": "file", "name": "t.yaml"}, {"of": "label", "name": "team"}],
        "tenant-map": [{"tenant": "llm", "namespaces": ["chat", "more"]}],
    }
    objects = (node(labels=SHARED, nvidia_com__gpu="8"), pod("more/x", {GPU: 1}))
    (device, *_) = [
        msgspec.json.decode(fact.body, type=DeviceFact)
        for fact in derived(make(rows), objects)
        if fact.kind == KIND
    ]
    assert [(each.tenant, each.keys) for each in device.tenants] == [("llm", ("file t.yaml",))]


WORDS = st.sampled_from(["a", "b", "c", "namespace a", "namespace namespace a"])
MARKS = st.builds(
    NamespaceMarks,
    st.dictionaries(st.just("team"), WORDS),
    st.dictionaries(st.just("owner"), WORDS),
)


@given(
    st.dictionaries(st.sampled_from("abcd"), MARKS),
    st.dictionaries(st.sampled_from("abcd"), WORDS),
    st.lists(st.sampled_from([FILE, TEAM, TenantKey("annotation", "owner")]), unique=True),
)
def test_two_namespaces_are_one_tenant_only_where_keys_name_both(
    marks: dict[str, NamespaceMarks], mapped: dict[str, str], keys: list[TenantKey]
) -> None:
    tenants = Tenants(keys, mapped)
    for name, each in marks.items():
        tenants.namespace(name, each)
    order = list("abcd")
    random.Random(len(marks)).shuffle(order)
    found = {name: tenants.of(name, "x") for name in order}
    for one in "abcd":
        for other in "abcd":
            if one != other and found[one].name == found[other].name:
                assert "namespace" not in {found[one].key, found[other].key}
