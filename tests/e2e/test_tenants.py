"""``--set tenant=…``: who is a tenant by what, as a new user tries it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.command import ROOT, auditor
from tests.e2e.test_gpus import written
from tests.unit.analysis.gpu import objects

GPU = "nvidia.com/gpu"
SCHEMA = json.loads((ROOT / "policies/schema/gpu-tenancy.v1.schema.json").read_text())


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """Two tenants that surely share, and namespaces that name them in several ways."""
    profile = {"app.kubernetes.io/part-of": "kubeflow-profile"}
    chat = {"labels": {"team": "llm", "capsule.clastix.io/tenant": "oil"}}
    rank = {"labels": profile, "annotations": {"owner": "ann@example.com"}}
    found = [
        objects.node("n1", labels=objects.SHARED, nvidia_com__gpu="8"),
        objects.resource("Namespace", "chat", metadata=chat),
        objects.resource("Namespace", "rank", metadata=rank),
        objects.resource("Namespace", "idle", metadata={}),
        objects.pod("chat/x", {GPU: 5}, on="n1"),
        objects.pod("rank/y", {GPU: 1}, on="n1"),
    ]
    return written(found, tmp_path)


def matrix(cluster: Path, *options: str | Path) -> dict[str, Any]:
    done = auditor("gpus", cluster, "--format", "json", *options)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def tenants(found: dict[str, Any]) -> dict[str, list[str]]:
    return {each["tenant"]: each["keys"] for each in found["devices"][0]["tenants"]}


KEYS = {
    "": {"oil": ["label capsule.clastix.io/tenant"], "ann@example.com": ["annotation owner"]},
    "capsule": {"oil": ["label capsule.clastix.io/tenant"], "rank": ["namespace"]},
    "kubeflow": {"chat": ["namespace"], "ann@example.com": ["annotation owner"]},
    "label:team": {"llm": ["label team"], "rank": ["namespace"]},
    "annotation:owner": {"chat": ["namespace"], "ann@example.com": ["annotation owner"]},
    "label:team,table": {"llm": ["label team"], "ann@example.com": ["annotation owner"]},
    "rancher": {"chat": ["namespace"], "rank": ["namespace"]},
    "namespace": {"chat": ["namespace"], "rank": ["namespace"]},
}


@pytest.mark.parametrize("key", list(KEYS))
def test_the_key_says_who_is_a_tenant_and_is_said(cluster: Path, key: str) -> None:
    found = matrix(cluster, *(("--set", f"tenant={key}") if key else ()))
    assert tenants(found) == KEYS[key]
    for each in found["tenancy"]:
        each.pop("target")
        jsonschema.Draft202012Validator(SCHEMA).validate(each)


def test_the_screen_says_which_key_named_whom(cluster: Path) -> None:
    done = auditor("gpus", cluster, "--set", "tenant=label:team")
    lines = done.out.splitlines()
    assert lines[1] == "tenants by label team: 1; namespace, where no key names one: rank"
    assert lines[3:5] == [
        "    llm  5 x time-slicing  possible  chat/x",
        "    rank (no key)  1 x time-slicing  possible  rank/y",
    ]
    table = auditor("gpus", cluster, "--set", "tenant=label:team", "--format", "csv").out
    rows = csv.DictReader(io.StringIO(table))
    assert [row["tenant_by"] for row in rows] == ["label team", "namespace"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("m.yaml", "chat: a\nrank: b\nnope: c\n"), ("m.json", '{"chat":"a","rank":"b","nope":"c"}')],
)
def test_a_map_file(cluster: Path, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "maps").mkdir()
    path = tmp_path / "maps" / name
    path.write_text(text)
    found = matrix(cluster, "--set", f"tenant=file:{path}")
    assert tenants(found) == {"a": [f"file {name}"], "b": [f"file {name}"]}
    assert found["tenancy"][0]["unseen"] == ["nope"]
    shown = auditor("gpus", cluster, "--set", f"tenant=file:{path}").out
    assert "the file names namespaces that nothing was read of: nope" in shown


def test_a_map_makes_two_namespaces_one_tenant(cluster: Path, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    path = tmp_path / "maps" / "m.yaml"
    path.write_text("chat: a\nrank: a\n")
    setting = ("--profile", "gpu-tenancy", "--set", f"tenant=file:{path}")
    assert auditor("scan", cluster, "--profile", "gpu-tenancy", "--quiet").code == 1
    done = auditor("scan", cluster, *setting, "--format", "json")
    assert done.results()["counts"]["gpu-tenants-share"]["fail"] == 0, done.err
    (device,) = done.results()["facts"]["gpu/Device"]
    assert device["body"]["shares"] == []


def test_the_content_of_a_map_is_in_the_bundle_and_replays(cluster: Path, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    path, bundle = tmp_path / "maps" / "m.yaml", tmp_path / "bundle"
    path.write_text("rank: b\nchat: a # one\n")
    profile = ("--profile", "gpu-tenancy")
    setting = ("--set", f"tenant=file:{path},label:team")
    auditor("scan", cluster, *profile, *setting, "--output", bundle, "--no-sign", "--quiet")
    before = (bundle / "results.json").read_bytes()
    path.unlink()
    replayed = auditor("replay", bundle)
    assert (replayed.code, replayed.out[:11]) == (0, "REPLAY same"), replayed.out + replayed.err
    document = json.loads(before)
    assert document["profile"]["parameters"]["tenant"] == "file:m.yaml,label:team"
    assert str(tmp_path / "maps").encode() not in before
    table = (bundle / "policy/01/tables/tenant-map.yaml").read_text()
    assert table == (
        '- {tenant: "a", namespaces: ["chat"]}\n- {tenant: "b", namespaces: ["rank"]}\n'
    )
    path.write_text('{"chat": "a", "rank": "b"}')
    again = auditor("scan", cluster, *profile, *setting, "--format", "json").results()
    assert again["tool"]["policy"] == document["tool"]["policy"], "as it is written is no matter"
    other = auditor("evaluate", bundle, *profile, "--set", "tenant=label:team", "--format", "json")
    (device,) = other.results()["facts"]["gpu/Device"]
    named = [each["tenant"] for each in device["body"]["tenants"]]
    assert named == ["llm", "rank"], "a bundle is judged by another key"


def test_a_map_inside_of_what_is_scanned_is_no_object(cluster: Path, tmp_path: Path) -> None:
    (tmp_path / "teams.yaml").write_text("chat: a\nrank: b\n")
    done = auditor("gpus", tmp_path, "--set", "tenant=file:teams.yaml", cwd=tmp_path)
    assert done.code == 0, done.out + done.err
    assert "tenants by file teams.yaml: 2" in done.out


def test_labels_of_pods_are_flagged(cluster: Path) -> None:
    done = auditor("gpus", cluster, "--set", "tenant=pod-label:user,label:team")
    assert "tenants by label team: 1; namespace, where no key names one: rank" in done.out
    document = json.loads(cluster.read_text())
    for item in document["items"]:
        if item["kind"] == "Pod":
            item["metadata"]["labels"] = {"user": f"of-{item['metadata']['name']}"}
    cluster.write_text(json.dumps(document))
    done = auditor("gpus", cluster, "--set", "tenant=pod-label:user,label:team")
    assert "tenants by pod-label user: 2, which tenants write themselves" in done.out
    assert auditor("gpus", cluster, "--set", "tenant=label:user").out.count("(no key)") == 0


WRONG: dict[str, tuple[bytes | None, str, str]] = {
    "file:none.yaml": (
        None,
        "file none.yaml: cannot be read: No such file or directory",
        "a map in",
    ),
    "file:empty.yaml": (b"", "empty.yaml:1:1: the file is empty", ""),
    "file:.": (None, ".: no regular file", ""),
    "file:twice.yaml": (
        b"a: b\na: c\n",
        "twice.yaml:2:1: key 'a' is there twice",
        "1 error in the map",
    ),
    "file:large.yaml": (b"#" * (1 << 21), "large.yaml: larger than 1 MiB", ""),
    "file:a.yaml,file:b.yaml": (b"a: b", "it names two files", "put them into one"),
    "labl:team": (None, "'labl:team' is not a key of tenants", "did you mean 'label'?"),
    "team": (None, "'team' is not a key of tenants", "as label:KEY, annotation:KEY, file:PATH"),
    "": (None, "'' names nothing", "as label:KEY"),
}


@pytest.mark.parametrize("value", list(WRONG))
@pytest.mark.parametrize("command", ["gpus", "scan"])
def test_what_is_wrong_is_said(tmp_path: Path, command: str, value: str) -> None:
    content, message, hint = WRONG[value]
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    for part in value.split(","):
        if content is not None:
            (tmp_path / part.removeprefix("file:")).write_bytes(content)
    done = auditor(command, "pod.yaml", "--set", f"tenant={value}", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert hint in done.err


def test_a_link_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    done = auditor("gpus", ".", "--set", "tenant=file:/dev/zero", cwd=tmp_path)
    assert (done.code, "no regular file" in done.err) == (2, True)


def test_profiles_without_rules_on_tenants_have_no_such_parameter(cluster: Path) -> None:
    options = ("--profile", "pod-security-baseline", "--set", "tenant=capsule")
    done = auditor("scan", cluster, *options)
    assert (done.code, "no selected rule has a parameter tenant" in done.err) == (2, True)


def test_keys_set_twice(cluster: Path) -> None:
    done = auditor("gpus", cluster, "--set", "tenant=capsule", "--set", "tenant=rancher")
    assert done.code == 2
    assert "--set tenant is given twice: 'capsule' and 'rancher'" in done.err
    assert "--set NAME=A,B" in done.err


RBAC = "rbac.authorization.k8s.io"
ROLE = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "labeller"},
    "rules": [{"apiGroups": [""], "resources": ["namespaces", "nodes"], "verbs": ["patch"]}],
}
BINDING = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "everywhere"},
    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "labeller"},
    "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": "chat"}],
}


def with_rights(cluster: Path) -> Path:
    document = json.loads(cluster.read_text())
    document["items"] += [ROLE, BINDING]
    cluster.write_text(json.dumps(document))
    return cluster


def test_what_a_tenant_may_write_is_said_and_fails(cluster: Path) -> None:
    with_rights(cluster)
    lines = auditor("gpus", cluster, "--set", "tenant=label:team").out.splitlines()
    assert (
        "tenants may write namespace-marks, node-marks: ServiceAccount chat/bot by "
        "ClusterRoleBinding everywhere"
    ) in lines
    (writer,) = matrix(cluster)["writers"]
    writer.pop("target")
    schema = json.loads((ROOT / "policies/schema/gpu-writer.v1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(writer)
    done = auditor("scan", cluster, "--profile", "gpu-tenancy", "--format", "json").results()
    failed = {
        each["rule"]: (each["resource"]["kind"], each["resource"]["name"], each["message"])
        for each in done["findings"]
        if each["verdict"] == "fail" and "writable" in each["rule"]
    }
    may = "ServiceAccount chat/bot, of tenant oil on GPUs, may write labels and annotations of"
    by = "ClusterRoleBinding everywhere of ClusterRole labeller"
    assert failed == {
        "gpu-tenancy-key-writable": (
            "k8s/ClusterRoleBinding",
            "everywhere",
            f"{may} namespaces by {by}, and so who is a tenant",
        ),
        "gpu-evidence-writable": (
            "k8s/ClusterRoleBinding",
            "everywhere",
            f"{may} nodes by {by}",
        ),
    }


def test_keys_that_no_tenant_may_write_are_no_finding(cluster: Path, tmp_path: Path) -> None:
    with_rights(cluster)
    (tmp_path / "maps").mkdir()
    path = tmp_path / "maps" / "m.yaml"
    path.write_text("chat: a\nrank: b\n")
    options = ("--profile", "gpu-tenancy", "--set", f"tenant=file:{path}", "--format", "json")
    counts = auditor("scan", cluster, *options).results()["counts"]
    assert counts["gpu-tenancy-key-writable"]["fail"] == 0
    assert counts["gpu-evidence-writable"]["fail"] == 1


def test_rights_that_are_not_as_the_api_has_them_are_a_gap(cluster: Path) -> None:
    document = json.loads(with_rights(cluster).read_text())
    document["items"][-2]["rules"] = "all"
    cluster.write_text(json.dumps(document))
    done = auditor("gpus", cluster)
    assert done.code == 3
    assert "k8s/ClusterRole" in done.out
    assert "proven: ann@example.com and oil" in done.out, "the matrix is as it was"
