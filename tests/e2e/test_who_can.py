"""``auditor who-can``, as a new user asks."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.command import ROOT, auditor
from tests.e2e.terminal import on_terminal

RBAC = b"""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ml-dev}
rules:
  - {apiGroups: [""], resources: [pods, pods/exec], verbs: [create, get]}
  - {apiGroups: [""], resources: [secrets], resourceNames: [db, cache], verbs: [get]}
  - {apiGroups: [ray.io], resources: [rayclusters], verbs: [patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: metrics}
rules:
  - {nonResourceURLs: [/metrics, "/healthz*"], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: devs, namespace: ml}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ml-dev}
subjects:
  - {kind: Group, name: data-science, apiGroup: rbac.authorization.k8s.io}
  - {kind: ServiceAccount, name: bot}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ops}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects:
  - {kind: User, name: eve, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: scrape}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: metrics}
subjects:
  - {kind: ServiceAccount, name: prometheus, namespace: monitoring}
"""
MISSING = b"""
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: magic, namespace: ml}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: magic}
subjects:
  - {kind: User, name: mallory, apiGroup: rbac.authorization.k8s.io}
"""
DEVELOPERS = (
    "    in ml: by RoleBinding ml/devs (rbac.yaml:16), ClusterRole ml-dev (rbac.yaml:2), "
    "rule 1 (rbac.yaml:6)"
)
OPERATORS = (
    "    everywhere: by ClusterRoleBinding ops (rbac.yaml:24), ClusterRole edit (of every "
    "cluster), rule 3 of system:aggregate-to-edit"
)
MASTERS = (
    "The group system:masters may do everything: the API server asks no role about it. Who is in "
    "a group, whoever logs people in knows."
)
SCREEN = f"""\
create pods/exec: 3 subjects
  Group data-science
{DEVELOPERS}
  ServiceAccount ml/bot
{DEVELOPERS}
  User eve
{OPERATORS}
{MASTERS}
"""


@pytest.fixture
def rbac(tmp_path: Path) -> Path:
    path = tmp_path / "rbac.yaml"
    path.write_bytes(RBAC)
    return path


def asked(rbac: Path, *words: str) -> tuple[int, dict[str, Any]]:
    ran = auditor("who-can", *words, rbac, "--format", "json")
    assert ran.err == ""
    return ran.code, json.loads(ran.out)


def subjects(found: dict[str, Any]) -> list[str]:
    return [each["subject"]["name"] for each in found["grants"]]


def test_the_screen(rbac: Path) -> None:
    ran = auditor("who-can", "create", "pods/exec", rbac)
    assert (ran.code, ran.out, ran.err) == (0, SCREEN, "")


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ("users", "impersonate:user-info users.authentication.k8s.io"),
        ("groups", "impersonate:user-info groups.authentication.k8s.io"),
        ("serviceaccounts", "impersonate:serviceaccount serviceaccounts.authentication.k8s.io"),
    ],
)
def test_who_may_impersonate_is_asked_in_two_ways(rbac: Path, resource: str, named: str) -> None:
    """Who has no right to impersonate may have one for some requests: it is said how to ask."""
    ran = auditor("who-can", "impersonate", resource, rbac)
    assert f"for some requests by other verbs: ask `auditor who-can {named}`" in ran.out
    assert "for some requests" not in auditor("who-can", "get", resource, rbac).out
    verb, what = named.split()
    assert asked(rbac, verb, what)[0] == 0


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_narrow_terminal(rbac: Path, columns: int) -> None:
    ran = on_terminal("who-can", "create", "pods/exec", rbac, "--plain", columns=columns)
    assert max(map(len, ran.out.splitlines())) <= columns
    assert " ".join(ran.out.split()) == " ".join(SCREEN.split())


ANSWERS: dict[tuple[str, ...], list[str]] = {
    ("get", "secrets"): ["eve", "data-science", "bot"],
    ("get", "secrets", "--name", "db"): ["eve", "data-science", "bot"],
    ("get", "secrets", "--name", "other"): ["eve"],
    ("get", "secrets", "-n", "web"): ["eve"],
    ("get", "Secret", "-n", "ml"): ["eve", "data-science", "bot"],
    ("create", "po"): ["eve", "data-science", "bot"],
    ("create", "pods.core"): ["eve", "data-science", "bot"],
    ("patch", "rayclusters.ray.io"): ["data-science", "bot"],
    ("patch", "rayclusters.other.io"): [],
    ("patch", "networkpolicies"): ["eve"],
    ("get", "/metrics"): ["prometheus"],
    ("get", "/healthz/etcd"): ["prometheus"],
    ("get", "/metrics/"): [],
    ("patch", "nodes"): [],
    ("*", "*"): [],
    ("impersonate", "serviceaccounts"): ["eve"],
}


@pytest.mark.parametrize("words", list(ANSWERS))
def test_who_it_is(rbac: Path, words: tuple[str, ...]) -> None:
    code, found = asked(rbac, *words)
    assert (code, subjects(found)) == (0, ANSWERS[words])


def test_names_that_narrow_are_told(rbac: Path) -> None:
    _, found = asked(rbac, "get", "secrets")
    assert [each["names"] for each in found["grants"]] == [[], ["db", "cache"], ["db", "cache"]]
    screen = auditor("who-can", "get", "secrets", rbac).out
    assert "    in ml, only named db, cache: by RoleBinding ml/devs" in screen


def test_the_table(rbac: Path) -> None:
    ran = auditor("who-can", "patch", "rayclusters.ray.io", rbac, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["subject"] for row in rows] == ["data-science", "bot"]
    assert rows[1] == {
        "target": str(rbac),
        "subject_kind": "ServiceAccount",
        "subject_namespace": "ml",
        "subject": "bot",
        "namespace": "ml",
        "names": "",
        "certain": "True",
        "binding": "RoleBinding ml/devs",
        "binding_place": "rbac.yaml:16",
        "role": "ClusterRole ml-dev",
        "role_place": "rbac.yaml:2",
        "rule_of": "ml-dev",
        "rule": "3",
        "rule_place": "rbac.yaml:8",
    }


def test_a_role_that_was_not_read_leaves_the_answer_open(rbac: Path) -> None:
    rbac.write_bytes(RBAC + b"---" + MISSING)
    code, found = asked(rbac, "get", "secrets", "-n", "ml")
    assert code == 3
    (each,) = found["undecided"]
    assert (each["binding"]["name"], each["why"]) == ("magic", "its role was not read")
    assert asked(rbac, "get", "secrets", "-n", "web")[0] == 0
    ran = auditor("who-can", "get", "secrets", rbac, "--plain")
    expected = "not known: RoleBinding ml/magic (rbac.yaml:38) gives Role ml/magic to 1 subject"
    assert expected in ran.out
    table = auditor("who-can", "get", "secrets", rbac, "--format", "csv").out
    assert list(csv.DictReader(io.StringIO(table)))[-1]["certain"] == "False"


def test_a_file_that_is_not_read_leaves_it_open(rbac: Path) -> None:
    (rbac.parent / "broken.yaml").write_text("kind: RoleBinding\nsubjects: [")
    ran = auditor("who-can", "get", "secrets", rbac.parent)
    assert ran.code == 3
    assert "not read: broken.yaml  malformed" in ran.out


def test_nobody(tmp_path: Path) -> None:
    (tmp_path / "ns.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    ran = auditor("who-can", "get", "secrets", tmp_path)
    assert ran.code == 0
    assert ran.out.startswith("get secrets: nobody by what was read\n")


def test_several_targets_each_for_itself(rbac: Path) -> None:
    other = rbac.parent / "other.yaml"
    other.write_bytes(MISSING)
    ran = auditor("who-can", "get", "/metrics", rbac, other)
    assert f"{rbac}: get /metrics: 1 subject\n" in ran.out
    assert f"{other}: get /metrics: nobody by what was read\n" in ran.out


WRONG = {
    ("get", "gadgets"): ("gadgets: this is no resource of Kubernetes itself", "rayclusters.ray.io"),
    ("get", "nodes", "-n", "ml"): ("nodes are in no namespace", "auditor who-can get nodes"),
    ("get", "/metrics", "-n", "ml"): ("an address has no name", "auditor who-can get /metrics"),
    ("get", ""): ("(nothing): this is no resource", "rayclusters.ray.io"),
}


@pytest.mark.parametrize("words", list(WRONG))
def test_what_can_not_be_asked(rbac: Path, words: tuple[str, ...]) -> None:
    ran = auditor("who-can", *words, rbac)
    assert ran.code == 2
    assert all(each in ran.err for each in WRONG[words])


def test_names_can_not_steer_a_terminal_or_a_spreadsheet(tmp_path: Path) -> None:
    name = "=cmd|'/c calc'\\e[31m\\u202e"
    text = RBAC.decode().replace("name: data-science", f'name: "{name}"')
    (tmp_path / "r.yaml").write_text(text)
    ran = auditor("who-can", "create", "pods", tmp_path)
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    table = auditor("who-can", "create", "pods", tmp_path, "--format", "csv").out
    assert any(row[3].startswith("'=cmd") for row in csv.reader(io.StringIO(table)))


def test_results_list_the_roles_by_their_schema(rbac: Path) -> None:
    ran = auditor("scan", rbac, "--profile", "role-grants", "--format", "json")
    schema = json.loads((ROOT / "policies/schema/role-grants.v1.schema.json").read_text())
    listed = ran.results()["facts"]["k8s/RoleGrants"]
    assert [each["body"]["name"] for each in listed] == ["edit", "metrics", "ml-dev"]
    for each in listed:
        jsonschema.validate(each["body"], schema)


def test_a_scan_by_the_default_profile_lists_no_roles(rbac: Path) -> None:
    assert "facts" not in auditor("scan", rbac, "--format", "json").results()
