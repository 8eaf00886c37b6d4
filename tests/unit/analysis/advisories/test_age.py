"""Of which day the advisories are, and where that is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.analysis.advisories.age import PackAge, date_of, make
from auditor.analysis.advisories.images import KnownImages
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from tests.policies.shipped import POLICY
from tests.unit.analysis.estate.layers import resource
from tests.unit.analysis.joining import derived

TABLES = POLICY.tables
DAY = "2026-11-30"


def row(component: str, day: str) -> dict[str, str]:
    return {"component": component, "as-of": day}


@pytest.mark.parametrize(
    ("table", "date"),
    [
        ([], ""),
        ([row("runc", "2026-05-02")], "2026-05-02"),
        ([row("runc", "2026-05-02"), row("runc", "2026-11-28")], "2026-11-28"),
        (
            [row("runc", "2026-11-28"), row("runc", "2026-05-02"), row("esxi", "2026-11-01")],
            "2026-11-01",
        ),
    ],
)
def test_the_newest_row_of_each_component_and_the_oldest_of_all(
    table: list[dict[str, str]], date: str
) -> None:
    assert date_of(table) == date


def node(name: str) -> Resource:
    return resource("k8s/Node", name, {"metadata": {"labels": {}}})


def workload(name: str, image: str) -> Resource:
    body = {"spec": {"containers": [{"name": "c", "image": image}]}}
    return replace(resource("k8s/PodTemplate", name, body), parent=None)


def facts(*objects: Resource, day: str = DAY) -> list[Fact]:
    analysis: PackAge = make(TABLES).on(day)
    return [each for each in derived(analysis, objects) if isinstance(each, Fact)]


def body(fact: Fact) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fact.body)
    return found


def test_it_is_told_once_a_run_at_the_first_by_name() -> None:
    (fact,) = facts(node("b"), node("a"), workload("z", "nvcr.io/nvidia/k8s/container-toolkit:v1"))
    assert fact.subject.name == "a"
    date = date_of(TABLES["advisories"])
    assert body(fact)["date"] == date
    assert date >= "2026-11-01"


def test_nothing_is_told_where_nothing_has_a_version() -> None:
    assert facts(workload("web", "r.io/web:1")) == []
    assert len(facts(workload("t", "nvcr.io/nvidia/k8s/container-toolkit:v1"))) == 1


@pytest.mark.parametrize(("day", "age"), [("2027-01-27", 60), ("2026-11-28", 0), ("", None)])
def test_its_age_is_of_the_day_of_the_run(day: str, age: int | None) -> None:
    made = PackAge("2026-11-28", KnownImages(()))
    (fact,) = (each for each in derived(made.on(day), [node("a")]) if isinstance(each, Fact))
    assert body(fact).get("age") == age
