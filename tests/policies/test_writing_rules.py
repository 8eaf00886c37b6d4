"""What docs/writing-rules.md shows does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.engine.selftest import check_rule
from auditor.policy import PolicySet, load, policies_folder, resolve

DOCUMENT = Path(__file__).parents[2] / "docs/writing-rules.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
RULE = "acme-image-from-our-registry"


def block(start: str) -> str:
    (only,) = (text for text in BLOCKS if text.startswith(start))
    return str(only)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    folder = tmp_path_factory.mktemp("policies")
    rule = block(f"id: {RULE}").replace("tags: [image]", "tags: [image, acme]")
    files = {
        f"rules/{RULE}.yaml": rule,
        "profiles/acme.yaml": block("id: acme\n"),
        "controls/acme-baseline.yaml": block("framework: acme-baseline\n"),
        "tables/pod-templates.yaml": block("- {kind: Trainer"),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return load((policies_folder(), folder))


def test_the_rule_passes_its_test(policy: PolicySet) -> None:
    assert check_rule(policy.rules[RULE]).problems == ()


def test_the_profile_takes_it(policy: PolicySet) -> None:
    rules = {chosen.rule.id: chosen for chosen in resolve(policy, "acme", {}).rules}
    assert rules[RULE].params == {"registry": "registry.acme.example/"}
    assert "k8s-image-tag-mutable" not in rules
    assert rules["k8s-service-node-port"].severity.value == "low"


def test_the_row_is_added(policy: PolicySet) -> None:
    assert policy.tables["pod-templates"][-1]["kind"] == "Trainer"


def test_the_framework_maps_shipped_rules(policy: PolicySet) -> None:
    assert policy.controls["acme-baseline:A.1"].rules == ("k8s-container-privileged",)
    assert len(policy.controls["acme-baseline:A.2"].rules) == 2
    assert policy.controls["acme-baseline:A.3"].rules == ()
    assert policy.frameworks["acme-baseline"].version == "2026"
