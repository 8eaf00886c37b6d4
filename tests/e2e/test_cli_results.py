"""results.json: valid under its published schema, and the same bytes on screen and in a file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.command import ESTATE, ROOT, Ran, auditor

SCHEMA = json.loads((ROOT / "policies/schema/results.v1.schema.json").read_text("utf-8"))
EPOCH = {"SOURCE_DATE_EPOCH": "1750000000"}
HOSTILE = """\
apiVersion: v1
kind: Pod
metadata: {name: "a\\e[2J\\u202e\\0b", namespace: "n\\r\\n"}
spec:
  hostPID: true
  containers: [{name: "\\x9b31m", image: "«»\\U000E0041", securityContext: {privileged: true}}]
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The estate, names that are meant to do harm, and all kinds of gaps."""
    root = tmp_path_factory.mktemp("results") / "tree"
    shutil.copytree(ESTATE, root)
    (root / "hostile\x1b[2J.yaml").write_text(HOSTILE)
    (root / "broken.yaml").write_text("kind: [")
    (root / "wrong-type.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: 5}\n"
    )
    (root / "binary.yaml").write_bytes(b"a: \xc3\x28\n")
    (root / "loop.yaml").symlink_to("loop.yaml")
    chart = root / "chart"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 1.0.0\n")
    return root


@pytest.fixture(scope="module", params=[(), ("--all",)], ids=["default", "all"])
def ran(tree: Path, request: pytest.FixtureRequest) -> Ran:
    options: tuple[str, ...] = request.param
    output = tree.parent / f"results{len(options)}.json"
    result = auditor(
        *("scan", tree, "--format", "json", "-o", f"json={output}", *options),
        env=EPOCH,
    )
    assert result.code == 1, result.err
    assert output.read_bytes() == result.out.encode(), "a file and the screen are the same bytes"
    return result


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_results_follow_the_schema(ran: Ran) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(ran.results())] == []


def test_gaps_and_hostile_names_are_in_it(ran: Ran) -> None:
    results = ran.results()
    scopes = {gap["scope"] for gap in results["gaps"]}
    assert {"broken.yaml", "binary.yaml", "loop.yaml"} <= scopes
    names = {finding["resource"]["name"] for finding in results["findings"]}
    assert any("\x1b[2J\u202e" in name for name in names), "true bytes, escaped as JSON"
    assert "\x1b" not in ran.out


WRONG: dict[str, Any] = {
    "a verdict that is none": ("findings", 0, "verdict", "maybe"),
    "a severity that is none": ("findings", 0, "severity", "urgent"),
    "a gap without a cause": ("gaps", 0, "cause", None),
    "a fingerprint that is none": ("findings", 0, "fingerprint", "x"),
}


@pytest.mark.parametrize(("part", "number", "field", "value"), WRONG.values(), ids=WRONG)
def test_the_schema_refuses(ran: Ran, part: str, number: int, field: str, value: object) -> None:
    results = ran.results()
    results[part][number][field] = value
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(results)
