"""Findings about whole namespaces: their lines are known when their files are read, once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.model.resource import Gap
from auditor.ports import Reading, Shard
from tests.e2e.passing import Passing
from tests.e2e.runs import Run, collector_of

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns-{}\n  labels: {{a: b}}\n"


@dataclass(frozen=True, slots=True, eq=False)
class Watched(Passing):
    """Reads as the manifests collector, notes each read, and calls ``between`` after the first."""

    between: Callable[[], None] = lambda: None
    read_files: list[str] = field(default_factory=list)

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        first = not self.read_files
        self.read_files.extend(shard.items)
        yield from self.inner.read(shard)
        if first:
            self.between()


def quota_findings(document: bytes) -> list[dict[str, Any]]:
    findings: list[dict[str, Any]] = json.loads(document)["findings"]
    return [item for item in findings if item["rule"] == "k8s-resource-quota-missing"]


def place(finding: dict[str, Any]) -> tuple[str, int]:
    return finding["resource"]["file"], finding["resource"]["line"]


def test_one_file_of_many_namespaces_is_read_once(tmp_path: Path) -> None:
    text = "---\n".join(NAMESPACE.format(number) for number in range(40))
    (tmp_path / "all.yaml").write_text(text)
    collector = Watched(collector_of(tmp_path))
    findings = quota_findings(Run().results(collector))
    lines = {item["resource"]["name"]: place(item) for item in findings}
    assert lines == {f"ns-{number}": ("all.yaml", number * 6 + 3) for number in range(40)}
    assert collector.read_files == ["all.yaml"]


def test_a_file_that_is_gone_when_it_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "ns.yaml"
    file.write_text("# first\n" + NAMESPACE.format(1))
    before = quota_findings(Run().results(collector_of(tmp_path)))
    after = quota_findings(Run().results(Watched(collector_of(tmp_path), file.unlink)))
    assert [place(item) for item in before] == [("ns.yaml", 4)]
    assert after == before
    assert not file.exists()


def test_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"ns\xff.yaml")).write_text(NAMESPACE.format(1))
    (found,) = quota_findings(Run().results(collector_of(tmp_path)))
    assert place(found) == ("ns\\xff.yaml", 3)
