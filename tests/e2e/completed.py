"""Pods, and what is judged of them once other objects have completed them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from auditor.ports import Reading, Shard
from tests.e2e.passing import Passing
from tests.e2e.runs import Run, collector_of

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Denied(Passing):
    """Reads all, and says that some kinds were denied, or a file was not read."""

    gaps: tuple[Gap, ...]

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        yield from self.gaps
        yield from self.inner.read(shard)


def gap(scope: str, namespace: str = "") -> Gap:
    return Gap("tree", scope, GapCause.DENIED, "forbidden", namespace=namespace)


def deployment(name: str = "vllm", namespace: str = "ml", **spec: Any) -> Json:
    pod = {"containers": [{"name": "main", "image": "r.io/a"}], **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "spec": {"template": {"spec": pod}},
    }


def judged(folder: Path, *objects: Json, gaps: tuple[Gap, ...] = (), **run: Any) -> list[Json]:
    folder.mkdir(exist_ok=True)
    for number, each in enumerate(objects):
        (folder / f"{number}.yaml").write_text(yaml.safe_dump(each))
    collector = Denied(collector_of(folder), gaps)
    findings: list[Json] = json.loads(Run(**run).results(collector))["findings"]
    return findings


def verdicts(findings: list[Json], rules: set[str]) -> dict[str, str]:
    return {item["rule"]: item["verdict"] for item in findings if item["rule"] in rules}
