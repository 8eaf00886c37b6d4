"""Rules on manifests as people write them: what is right stays quiet, what is wrong is named.

All rows are scanned at once by the command, each in a folder of its own, as separate targets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.policies.real_world import Row
from tests.policies.real_world_rows import ROWS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, frozenset[str]]:
    """The rules that did not pass, by the name of the row; unknown ones have a question mark."""
    home = tmp_path_factory.mktemp("rows")
    for number, row in enumerate(ROWS):
        folder = home / str(number)
        folder.mkdir()
        items = {"apiVersion": "v1", "kind": "List", "items": list(row.objects)}
        (folder / "all.json").write_text(json.dumps(items))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "auditor", "scan", "--format", "json", "--progress", "none"),
            *("--workers", "1", "--no-cache", *(str(home / str(n)) for n in range(len(ROWS)))),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1, done.stderr.decode()
    results = json.loads(done.stdout)
    assert results["gaps"] == []
    rules: dict[str, set[str]] = {row.name: set() for row in ROWS}
    for finding in results["findings"]:
        row = ROWS[int(Path(finding["resource"]["target"]).name)]
        doubt = "" if finding["verdict"] == "fail" else "?"
        rules[row.name].add(finding["rule"].removeprefix("k8s-") + doubt)
    return {name: frozenset(rules[name]) for name in rules}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_exactly_these_rules_fail(row: Row, found: dict[str, frozenset[str]]) -> None:
    assert sorted(found[row.name]) == sorted(row.fails)


def test_names_are_used_once() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
