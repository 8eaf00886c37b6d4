"""Modes of files on a Docker host: all there are, against what a bit means.

Others compare them as numbers, by which 0606 is less than 0644.
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
    "service-unit": 0o644,
    "socket-unit": 0o644,
    "settings-folder": 0o755,
    "registry-files": 0o444,
    "settings-file": 0o644,
    "defaults-file": 0o644,
    "sysconfig-file": 0o644,
    "engine-socket": 0o660,
    "containerd-socket": 0o660,
    "tls-authority": 0o444,
    "tls-certificate": 0o444,
    "tls-key": 0o400,
}


@functools.cache
def rule_of(name: str) -> ActiveRule:
    rule = RULES[f"docker-host-{name}-mode"]
    active = compile_rule(ChosenRule(rule, rule.severity, {}), [])
    assert active is not None
    return active


@functools.cache
def judge_of(name: str) -> Judge:
    active = rule_of(name)
    shape = PLATFORMS.shape_of(active.rule.applies_to[0])
    return Judge([(0, active)], shape, list_all=frozenset({0}))


def body_of(name: str, mode: int) -> dict[str, object]:
    """What was seen of a host where the file of a rule has a mode."""
    file = {"path": "/a", "type": "file", "mode": mode, "permissions": f"{mode:04o}"}
    field = {"tls-": name.removeprefix("tls-")}.get(name[:4], "files")
    return {field: [file]}


def passes(name: str, mode: int) -> bool:
    """Whether the check of a rule holds for the file; nobody asks why not."""
    active = rule_of(name)
    return active.check.run(body_of(name, mode), None, active.params) is True


def verdict(name: str, mode: int) -> Verdict:
    """What the rule says of a file with a mode."""
    (outcome,) = judge_of(name).judge(body_of(name, mode)).outcomes
    return outcome.verdict


def test_every_rule_on_modes_is_here() -> None:
    rules = {name for name in RULES if name.startswith("docker-host-") and name.endswith("-mode")}
    assert rules == {f"docker-host-{name}-mode" for name in ALLOWED}


@pytest.mark.parametrize(("name", "allowed"), ALLOWED.items(), ids=ALLOWED)
def test_all_modes(name: str, allowed: int) -> None:
    """A mode passes if and only if it has no bit that is not allowed."""
    wrong = {
        f"{mode:04o}" for mode in range(0o10000) if passes(name, mode) != (mode & ~allowed == 0)
    }
    assert wrong == set()
    for mode in range(0, 0o10000, 41):
        assert verdict(name, mode) is (Verdict.FAIL if mode & ~allowed else Verdict.PASS)


BELOW = {("service-unit", 0o606), ("service-unit", 0o642), ("settings-folder", 0o747)}


@pytest.mark.parametrize(("name", "mode"), sorted({*BELOW, ("engine-socket", 0o657)}))
def test_a_smaller_number_is_not_fewer_rights(name: str, mode: int) -> None:
    """What docker-bench-security lets pass, as ``[ $(stat -c %a FILE) -le 644 ]`` does."""
    assert int(f"{mode:o}") <= int(f"{ALLOWED[name]:o}")
    assert verdict(name, mode) is Verdict.FAIL
