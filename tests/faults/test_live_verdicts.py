"""What is not read of a cluster, by design or for a fault, is never part of what is satisfied."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.ports import Collector
from reports.terminal import Style, renderer
from tests.e2e.runs import Run, collector_of
from tests.faults import server as fake
from tests.faults.server import Handler, healthy, serving
from tests.faults.test_live_faults import KINDS, collector, on
from tests.live.cluster import read

UNREAD = frozenset({"k8s/ConfigMap", "k8s/Secret"})
LEFT_OUT = {"k8s-secret-in-config-map", "k8s-service-account-token-permanent"}
SECRETS = {("owasp-kubernetes", "K08"), ("nsa-kubernetes", "secrets")}


def pages_of(folder: Path, handler: Handler, kinds: frozenset[str] = KINDS | UNREAD) -> Collector:
    folder.mkdir(exist_ok=True)
    with serving(handler) as server:
        return read(collector(folder, server), kinds, folder)


def results(*collectors: Collector, list_all: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Run(list_all=list_all).results(*collectors))
    return document


def screen(found: Collector) -> str:
    with tempfile.TemporaryDirectory() as spool:
        report = Run().report(found, Path(spool))
        return b"".join(renderer(Style())(report)).decode()


def states(document: dict[str, Any], wanted: set[tuple[str, str]]) -> Sequence[str]:
    return [
        control["state"]
        for control in document["controls"]
        if (control["framework"], control["id"]) in wanted
    ]


def test_what_is_never_read_satisfies_nothing(tmp_path: Path) -> None:
    found = pages_of(tmp_path, healthy)
    document = results(found)
    assert states(document, SECRETS) == ["undetermined", "undetermined"]
    (target,) = document["targets"]
    assert {item["kind"]: item["rules"] for item in target["excluded"]} == {
        "k8s/ConfigMap": ["k8s-secret-in-config-map"],
        "k8s/Secret": ["k8s-service-account-token-permanent"],
    }
    assert target["state"] == "complete", "it is by design"
    assert document["gaps"] == []
    rules = document["coverage"]["rules"]
    assert (rules["blind"], rules["excluded"]) == (0, 2)
    assert rules["evaluated"] == len(document["counts"]) - 2
    assert document["coverage"]["ratio"] < 1
    unknown = {rule for rule, count in document["counts"].items() if count["unknown"]}
    assert unknown == LEFT_OUT, "rules about files do not miss anything"


def test_the_screen_says_what_is_never_read(tmp_path: Path) -> None:
    text = screen(pages_of(tmp_path, healthy))
    assert "not read: k8s/Secret, secrets are never read\n" in text
    assert "so not judged: k8s-secret-in-config-map\n" in text
    assert "everything else in scope was read\n" in text
    assert "coverage=100.0%" not in text
