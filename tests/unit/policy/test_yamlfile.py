"""Values of policy files are what YAML makes of them, on the short way and on the long one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from auditor.errors import PolicyError
from auditor.policy.yamlfile import Reader

POLICIES = Path(__file__).parents[3] / "policies"
TEXTS = (
    "{a: [x, 'true', true, false, 0, -7, 12, '12', \"\"], b: {c: text}}",
    "[010, 0x1F, 1_000, +5, -0, 99999999999999999999999, 1.5, 1e3, .inf, ~, null]",
    "[yes, No, on, OFF, True, FALSE, 'yes']",
    "{1: one, true: two, ~: three}",
    "{<<: {a: 1, b: 2}, b: 3}",
    "{a: &x [1, {b: c}], d: *x}",
    "[2026-01-01, 2026-01-01 10:00:00, !!str 5, !!int '5', !!binary aGk=]",
    "{a: 1, a: 2}",
    "|\n  a text\n  of lines\n",
    "? [a, b]\n: c",
)


def read(text: str) -> tuple[object, list[PolicyError]]:
    errors: list[PolicyError] = []
    reader = Reader(text.encode(), "rule.yaml", errors)
    return reader.value(reader.root), errors


@pytest.mark.parametrize("text", TEXTS)
def test_a_value_is_that_of_the_loader(text: str) -> None:
    try:
        expected = yaml.safe_load(text)
    except yaml.YAMLError:
        value, errors = read(text)
        assert value is None
        assert [error.message.partition(":")[0] for error in errors] == ["no value"]
    else:
        assert repr(read(text)) == repr((expected, []))


@pytest.mark.bulk
def test_shipped_files_have_the_values_of_the_loader() -> None:
    files = sorted(POLICIES.rglob("*.yaml"))
    assert len(files) > 200
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert repr(read(text)) == repr((yaml.load(text, yaml.CSafeLoader), [])), file
