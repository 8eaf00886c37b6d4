"""A pod is seen wherever it stands: judged, or named in a gap; and where none is, none is seen."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.model.resource import Gap, Resource, Target
from auditor.ports import Shard
from collectors.documents.collector import FilesCollector
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from tests.e2e.command import ROOT, auditor
from tests.policies import hidden
from tests.policies.hidden import Planted

TABLE = yaml.load((ROOT / "policies/tables/pod-templates.yaml").read_text(), yaml.CSafeLoader)
BATCH = 250
ABOUT_OBJECTS = {"ray-without-authentication"}
"""What the objects get wrong that hold no pod."""


def scanned(folder: Path, objects: Sequence[hidden.Json]) -> dict[str, set[str]]:
    """What a scan says of each object: rules without a pass, and "" for a gap."""
    for start in range(0, len(objects), BATCH):
        items = {"apiVersion": "v1", "kind": "List", "items": objects[start : start + BATCH]}
        (folder / f"{start}.json").write_text(json.dumps(items))
    options = ("--format", "json", "--progress", "none", "--no-cache", "--workers", "1")
    done = auditor("scan", *options, folder)
    assert done.code in {0, 1, 3}, done.err
    results = done.results()
    said: dict[str, set[str]] = {}
    for finding in results["findings"]:
        rule = finding["rule"].removeprefix("k8s-")
        said.setdefault(finding["resource"]["name"], set()).add(rule)
    for gap in results["gaps"]:
        for word in gap["detail"].replace(":", " ").replace("/", " ").replace(",", " ").split():
            said.setdefault(word, set()).add("")
    return said


def check(folder: Path, seed: int, number: int) -> None:
    dice = random.Random(seed)
    made: list[Planted] = []
    objects: list[hidden.Json] = []
    for index in range(number):
        made.append(hidden.planted(dice, index))
        objects += [made[-1].value, hidden.clean(dice, index)]
    said = scanned(folder, objects)
    silent = [
        (each.form, json.dumps(each.value))
        for each in made
        if each.rule not in said.get(each.name, ())
    ]
    assert silent == [], f"{len(silent)}: {sorted({form for form, _ in silent})}"
    assert {each.form for each in made} == set(hidden.FORMS)
    loud = {name: rules - ABOUT_OBJECTS for name, rules in said.items() if "clean" in name}
    assert {name: rules for name, rules in loud.items() if rules} == {}


def test_none_of_a_thousand_is_silent(tmp_path: Path) -> None:
    check(tmp_path, 20260704, 1_000)


@pytest.mark.long
def test_none_of_many_is_silent(tmp_path: Path) -> None:
    check(tmp_path, random.SystemRandom().randrange(1 << 32), 10_000)


def derived(folder: Path, value: hidden.Json) -> list[Resource | Gap]:
    """The facts of one object, as the collector reads it."""
    (folder / "a.json").write_text(json.dumps(value))
    collector = FilesCollector(Target("t", "files"), folder, (MANIFESTS,))
    workloads = Workloads(rows_from_table(TABLE))
    found: list[Resource | Gap] = []
    for reading in collector.read(Shard(0, ("a.json",), 0)):
        assert not isinstance(reading, Gap)
        for resource in reading.resources():
            found += workloads.derive(resource)
    return found


@pytest.mark.parametrize("form", hidden.QUIET)
@pytest.mark.parametrize("kind", ["Fleet", "Workflow"])
def test_what_is_no_pod_makes_no_fact(tmp_path: Path, form: str, kind: str) -> None:
    dice = random.Random(1)
    spec = {"a": [hidden.QUIET[form](dice)], "b": hidden.QUIET[form](dice)}
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}}
    facts = derived(tmp_path, {**head, "spec": spec})
    assert [fact for fact in facts if isinstance(fact, Gap) or fact.heuristic] == []


@pytest.mark.parametrize(
    "kind",
    [
        ("v1", "ConfigMap"),
        ("v1", "LimitRange"),
        ("v1", "Secret"),
        ("v1", "Event"),
        ("policy/v1beta1", "PodSecurityPolicy"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("apps/v1", "ControllerRevision"),
    ],
)
def test_kinds_of_kubernetes_hold_pods_where_the_table_says(
    tmp_path: Path, kind: tuple[str, str]
) -> None:
    version, name = kind
    pod = {"hostPID": True, "containers": [{"name": "a", "image": "b"}]}
    head = {"apiVersion": version, "kind": name, "metadata": {"name": "x"}}
    assert derived(tmp_path, {**head, "spec": pod, "data": {"a": json.dumps(pod)}}) == []
