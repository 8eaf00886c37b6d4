"""``auditor audit-policy``, as a new user asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.command import ROOT, auditor
from tests.e2e.terminal import on_terminal

EXAMPLE = ROOT / "examples/control-plane/audit-policy.yaml"
OPENSHIFT = b"""
apiVersion: config.openshift.io/v1
kind: APIServer
metadata: {name: cluster}
spec: {audit: {profile: None}}
"""
REFUSED = b"""
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: metadata
"""
CONFIG_MAP = b"""
apiVersion: v1
kind: ConfigMap
metadata: {name: audit, namespace: kube-system}
data:
  policy.yaml: |
    apiVersion: audit.k8s.io/v1
    kind: Policy
    rules: [{level: Metadata, verbs: [get]}]
"""


def lines(*arguments: str, code: int = 0, stdin: bytes = b"") -> list[str]:
    """What is printed, by line."""
    ran = auditor("audit-policy", *arguments, stdin=stdin)
    assert ran.code == code, ran.err
    return ran.out.splitlines()


def asked(*arguments: str) -> list[str]:
    return lines(str(EXAMPLE), "--as", *arguments)[2:]


def test_one_request() -> None:
    found = asked(
        "alice", "--group", "dev", "--verb", "create", "--resource", "pods/exec", "-n", "ml"
    )
    assert found == [
        "create pods/exec in namespace ml, by alice (groups dev, system:authenticated)",
        "  RequestResponse: the same, with what was sent and answered",
        "  by rule 5 (audit-policy.yaml:22)",
        "  no events at RequestReceived",
        "  not asked any more: rule 6 (audit-policy.yaml:29)",
    ]


@pytest.mark.parametrize(
    ("arguments", "level", "by"),
    [
        pytest.param(
            ("alice", "--verb", "get", "--resource", "pods", "--subresource", "exec"),
            *("None: nothing is written", "no rule matches, which is None"),
            id="an exec over a WebSocket",
        ),
        pytest.param(
            ("system:serviceaccount:ci:robot", "--verb", "patch", "--resource", "deploy"),
            *("None: nothing is written", "by rule 2 (audit-policy.yaml:11)"),
            id="a caller by name, a short name",
        ),
        pytest.param(
            ("", "--verb", "get", "--url", "/healthz/ping"),
            *("None: nothing is written", "by rule 1 (audit-policy.yaml:8)"),
            id="a refused login at a URL",
        ),
        pytest.param(
            ("alice", "--verb", "list", "--resource", "secrets"),
            *("Metadata: who, what, when and how it ended", "by rule 4 (audit-policy.yaml:19)"),
            id="a list",
        ),
        pytest.param(
            ("alice", "--verb", "create", "--resource", "widgets.example.com"),
            *("None: nothing is written", "no rule matches, which is None"),
            id="a custom resource",
        ),
    ],
)
def test_which_rule_decides(arguments: tuple[str, ...], level: str, by: str) -> None:
    assert asked(*arguments)[1:3] == [f"  {level}", f"  {by}"]


def test_all_that_matters() -> None:
    found = lines(str(EXAMPLE))
    assert found[0] == "audit-policy.yaml:3: 6 rules, no events at RequestReceived"
    assert "None by rule 1 (audit-policy.yaml:8): everybody" in found
    assert "  get /healthz, /livez, /readyz, /version" in found
    assert "decides nothing: rule 6 is behind rule 5" in found
    (ignored,) = (line for line in found if "ignored" in line)

    assert "rules[5].namespace: namespace is no field: is namespaces meant?" in ignored
    assert ignored.endswith("(audit-policy.yaml:30)")


def test_json() -> None:
    made = json.loads("\n".join(lines(str(EXAMPLE), "--format", "json")))
    assert made["schema"] == "audit-policy/v1"
    (policy,) = made["policies"]
    assert policy["omitted"] == ["RequestReceived"]
    (probes,) = (
        row for row in policy["rows"] if row["what"] == ["get /healthz, /livez, /readyz, /version"]
    )
    assert probes["columns"][0]["rule"] == {"number": 1, "place": "audit-policy.yaml:8"}
    arguments = ("--as", "a", "--verb", "list", "--resource", "secrets", "--format", "json")
    made = json.loads("\n".join(lines(str(EXAMPLE), *arguments)))
    assert made["policies"][0]["answer"]["level"] == "Metadata"
    assert made["policies"][0]["rows"] == []


def test_other_sources() -> None:
    found = lines("-", stdin=CONFIG_MAP)
    assert found[0] == "standard input:6: 1 rule"
    found = lines("-", "--as", "a", "--verb", "get", "--resource", "pods", stdin=OPENSHIFT)
    assert found[2:4] == ["  None: nothing is written", "  by rule 3 (standard input:5)"]


def test_a_policy_that_is_refused() -> None:
    found = lines("-", stdin=REFUSED, code=3)
    assert found[0] == "standard input:2: the API server does not start with this policy"
    assert found[1].endswith("rules[0].level: metadata is no level (standard input:5)")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("k8s://a",), "k8s://a: an API server does not show its audit policy"),
        (("-",), "-: no audit policy"),
        (("-", "--verb", "get"), "--verb asks about a request, and --as does not say whose"),
        (("-", "--group", "a"), "--group asks about a request, and --as does not say whose"),
        (("-", "--as", "a"), "a request has a verb, and a resource or a URL"),
        (
            ("-", "--as", "a", "--verb", "get", "--url", "/x", "--resource", "pods"),
            "a request has a verb, and a resource or a URL",
        ),
        (
            ("-", "--as", "a", "--verb", "exec", "--resource", "pods"),
            "exec is no verb of a resource",
        ),
        (("-", "--as", "a", "--verb", "watch", "--url", "/x"), "watch is no verb of a URL"),
        (
            ("-", "--as", "a", "--verb", "get", "--resource", "widgets"),
            "widgets: this is no resource of Kubernetes itself",
        ),
        (
            ("-", "--as", "a", "--verb", "get", "--resource", "nodes", "-n", "ml"),
            "nodes are in no namespace: -n has no meaning for them",
        ),
    ],
)
def test_questions_that_are_none(arguments: tuple[str, ...], error: str) -> None:
    ran = auditor("audit-policy", *arguments, stdin=b"kind: Pod\napiVersion: v1\n")
    assert ran.code == 2
    assert error in ran.err


def test_something_that_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: [")
    ran = auditor("audit-policy", str(tmp_path))
    assert ran.code == 2
    assert "no audit policy could be read: a.yaml" in ran.err
    (tmp_path / "b.yaml").write_bytes(CONFIG_MAP)
    ran = auditor("audit-policy", str(tmp_path))
    assert ran.code == 3
    assert ran.err.startswith("not read: a.yaml")
    assert ran.out.startswith("b.yaml:6: 1 rule\n")


def test_a_narrow_terminal() -> None:
    ran = on_terminal("audit-policy", str(EXAMPLE), columns=60)
    assert ran.code == 0
    plain = ran.out.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert max(map(len, plain.splitlines())) <= 60
    assert "\n  get /healthz, /livez, /readyz, /version\n" in plain
