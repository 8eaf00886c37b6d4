"""One fault for each rule in an inventory that is otherwise as it should be: found one for one.

What is as it should be is put together of the passing examples of all rules on a kind, and each
fault is that with one failing example over it. They are written as govc saves them and read by the
command, so what a rule finds beside its own fault is one too much, and so is what it misses.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from auditor.model.policy import Example, Rule
from auditor.platforms.vsphere import DATASTORE, HOST, MACHINE, PORT_GROUP, SWITCH
from tests.e2e.command import auditor
from tests.inventories import Saved
from tests.policies.shipped import RULES
from tests.policies.test_vsphere_examples import put

AT_LEAST: Final = {HOST: 64, MACHINE: 37, PORT_GROUP: 8, SWITCH: 5, DATASTORE: 1}
"""How many rules there are on a kind, so that none goes unnoticed."""
OPTIONS: Final = ("extraConfig", "option")
KEPT: Final = "confidential"
"""The folder of machines that are confidential; a few rules are on these alone."""
SETTINGS: Final = (
    *("--set", f"confidential=^/{KEPT}/"),
    *("--set", "vsphere-vm-passthrough-not-approved.approved=^/(approved|confidential)/"),
)
TOGETHER: Final = frozenset(
    {
        ("vsphere-host-audit-records-in-memory", "vsphere-host-logs-in-memory"),
        ("vsphere-vm-migration-unencrypted", "vsphere-vm-vgpu-migration-unencrypted"),
    }
)
"""Rules on one field: what is wrong for one is wrong for the other."""


def examples(rule: Rule, verdict: str) -> Iterator[dict[str, Any]]:
    """The bodies of some examples; those of the shipped parameters come first."""
    found = [each for each in rule.examples if each.expect == verdict]
    for each in sorted(found, key=_has_parameters):
        body = msgspec.json.decode(each.body)
        yield {name: value for name, value in body.items() if name not in {"name", "path", "moid"}}


def _has_parameters(example: Example) -> bool:
    return bool(example.parameters)


def over(below: Any, above: Any, what: str = "") -> Any:
    """Put a value over another one: of lists and options what is of another key stays."""
    if isinstance(below, dict) and isinstance(above, dict) and (above or what in OPTIONS):
        shared = below.keys() & above.keys()
        both = {name: over(below[name], above[name], name) for name in shared}
        return {**below, **above, **both}
    if isinstance(below, list) and isinstance(above, list):
        keys = [each.get("key") for each in above if isinstance(each, dict) and "key" in each]
        if not keys or any(isinstance(each, int) for each in keys):
            return above
        return [*(each for each in below if each.get("key") not in keys), *above]
    return above


def all_of(first: Any, second: Any) -> Any:
    """Put two values together."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {name: all_of(first[name], second[name]) for name in first.keys() & second.keys()}
        return {**first, **second, **both}
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *(each for each in second if each not in first)]
    return second


def folder_of(rule: Rule) -> str:
    """Where a fault is put: by a parameter of the run it is about such machines, or not."""
    if any(each.name == "confidential" for each in rule.parameters):
        return f"/{KEPT}"
    return "" if rule.id == "vsphere-vm-passthrough-not-approved" else "/approved"


@pytest.mark.parametrize("kind", AT_LEAST)
def test_each_fault_is_found_and_nothing_else(kind: str, tmp_path: Path) -> None:
    rules = [rule for rule in RULES.values() if rule.applies_to == (kind,)]
    assert len(rules) >= AT_LEAST[kind]
    well: Any = {}
    for rule in rules:
        well = all_of(well, next(examples(rule, "pass"), {}))
    saved = Saved(tmp_path / "inventory", api="9.1.0.0")
    put(saved, kind, "well", {**well, "name": "well", "path": "/approved/well"})
    put(saved, kind, "secret", {**well, "name": "secret", "path": f"/{KEPT}/secret"})
    expected = set()
    for rule in rules:
        fault, place = next(examples(rule, "fail")), f"{folder_of(rule)}/{rule.id}"
        put(saved, kind, rule.id, {**over(well, fault), "name": rule.id, "path": place})
        expected.add((rule.id, rule.id))
    for pair in TOGETHER:
        if pair[0] in {rule.id for rule in rules}:
            expected |= {pair, pair[::-1]}
    ran = auditor(
        *("scan", saved.write(), "--profile", "vsphere", *SETTINGS, "--format", "json"),
        "--no-cache",
    )
    found = {
        (each["rule"], each["resource"]["name"])
        for each in ran.results()["findings"]
        if each["verdict"] == "fail" and each["resource"]["kind"] == kind
    }
    assert found == expected
