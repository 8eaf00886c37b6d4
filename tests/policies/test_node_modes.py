"""Modes of files on a node: all there are, against what a bit means.

Others compare them as numbers, by which 0577 is less than 0600.
"""

from __future__ import annotations

import functools

import pytest

from auditor.engine.judge import Judge
from auditor.model.enums import Verdict
from auditor.platforms import PLATFORMS
from auditor.policy.compile import compile_rule
from auditor.policy.compiled import ActiveRule
from auditor.policy.resolve import ChosenRule
from tests.policies.shipped import RULES

ALLOWED = {
    "admin-credentials": ("adminCredentials", 0o600),
    "api-server-manifest": ("apiServerManifest", 0o600),
    "certificates": ("certificates", 0o644),
    "client-authority": ("clientAuthority", 0o644),
    "controller-manager-credentials": ("controllerManagerCredentials", 0o600),
    "controller-manager-manifest": ("controllerManagerManifest", 0o600),
    "etcd-data": ("etcdData", 0o700),
    "etcd-manifest": ("etcdManifest", 0o600),
    "keys": ("keys", 0o600),
    "kubelet-credentials": ("kubeletCredentials", 0o600),
    "kubelet-settings": ("kubeletSettings", 0o600),
    "kubelet-unit": ("kubeletUnit", 0o600),
    "network-files": ("networkFiles", 0o600),
    "proxy-credentials": ("proxyCredentials", 0o600),
    "scheduler-credentials": ("schedulerCredentials", 0o600),
    "scheduler-manifest": ("schedulerManifest", 0o600),
}


AS_ON_MANAGED_CLUSTERS = ("kubelet-credentials", "kubelet-settings", "proxy-credentials")
"""The rules whose parameter ``allowed`` may be 644."""


@functools.cache
def rule_of(name: str, allowed: str = "600") -> ActiveRule:
    rule = RULES[f"k8s-node-{name}-mode"]
    params = {each.name: allowed for each in rule.parameters}
    active = compile_rule(ChosenRule(rule, rule.severity, params), [])
    assert active is not None
    return active


@functools.cache
def judge_of(name: str, allowed: str = "600") -> Judge:
    shape = PLATFORMS.shape_of("k8s/NodeFiles")
    return Judge([(0, rule_of(name, allowed))], shape, list_all=frozenset({0}))


def body_of(name: str, mode: int) -> dict[str, object]:
    """What was seen of a node where the file of a rule has a mode."""
    file = {"path": "/a", "type": "file", "mode": mode, "permissions": f"{mode:04o}"}
    return {"node": "a", ALLOWED[name][0]: [file]}


def passes(name: str, mode: int, allowed: str = "600") -> bool:
    """Whether the check of a rule holds for the file; nobody asks why not."""
    active = rule_of(name, allowed)
    return active.check.run(body_of(name, mode), None, active.params) is True


def verdict(name: str, mode: int) -> Verdict:
    """What the rule says of a file with a mode."""
    (outcome,) = judge_of(name).judge(body_of(name, mode)).outcomes
    return outcome.verdict


def test_every_rule_on_modes_is_here() -> None:
    rules = {name for name in RULES if name.startswith("k8s-node-") and name.endswith("-mode")}
    assert rules == {f"k8s-node-{name}-mode" for name in ALLOWED}


@pytest.mark.parametrize(("name", "allowed"), [(name, ALLOWED[name][1]) for name in ALLOWED])
def test_all_modes(name: str, allowed: int) -> None:
    """A mode passes if and only if it has no bit that is not allowed."""
    wrong = {
        f"{mode:04o}" for mode in range(0o10000) if passes(name, mode) != (mode & ~allowed == 0)
    }
    assert wrong == set()
    for mode in range(0, 0o10000, 41):
        assert verdict(name, mode) is (Verdict.FAIL if mode & ~allowed else Verdict.PASS)


@pytest.mark.parametrize("name", AS_ON_MANAGED_CLUSTERS)
def test_all_modes_where_others_may_read(name: str) -> None:
    wrong = {
        f"{mode:04o}"
        for mode in range(0o10000)
        if passes(name, mode, "644") != (mode & ~0o644 == 0)
    }
    assert wrong == set()


@pytest.mark.parametrize(("name", "mode"), [("admin-credentials", 0o577), ("keys", 0o066)])
def test_a_smaller_number_is_not_fewer_rights(name: str, mode: int) -> None:
    assert mode < ALLOWED[name][1]
    assert verdict(name, mode) is Verdict.FAIL
