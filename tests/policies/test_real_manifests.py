"""Rules on manifests as people write them: what is right stays quiet, what is wrong is named.

Rows hold no more than they are about, so that their namespace is often one that is only named; that
is told of each of them, and has a test of its own.

All rows are scanned at once by one command, each in a folder of its own, as separate targets.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.command import auditor
from tests.policies.real_world import Row
from tests.policies.real_world_rows import ROWS

ONLY_NAMED = "k8s-named-namespace-"

ABOUT_OBJECTS = frozenset({"gpu-environment-honoured"})
"""What a ClusterPolicy leaves out, whatever is in its pods: the rule's own examples hold that."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, frozenset[str]]:
    """The rules that did not pass, by the name of the row; unknown ones have a question mark."""
    home = tmp_path_factory.mktemp("rows")
    for number, row in enumerate(ROWS):
        folder = home / str(number)
        folder.mkdir()
        items = {"apiVersion": "v1", "kind": "List", "items": list(row.objects)}
        (folder / "all.json").write_text(json.dumps(items))
    options = ("--format", "json", "--progress", "none", "--workers", "1", "--no-cache")
    done = auditor("scan", *options, *(home / str(number) for number in range(len(ROWS))))
    assert done.code == 1, done.err
    results = done.results()
    assert results["gaps"] == []
    rules: dict[str, set[str]] = {row.name: set() for row in ROWS}
    for finding in results["findings"]:
        if finding["rule"].startswith(ONLY_NAMED):
            continue
        row = ROWS[int(Path(finding["resource"]["target"]).name)]
        doubt = "" if finding["verdict"] == "fail" else "?"
        rules[row.name].add(finding["rule"].removeprefix("k8s-") + doubt)
    return {name: frozenset(rules[name]) for name in rules}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_exactly_these_rules_fail(row: Row, found: dict[str, frozenset[str]]) -> None:
    assert sorted(found[row.name] - ABOUT_OBJECTS) == sorted(row.fails)


def test_names_are_used_once() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
