"""Who runs in images that are used, by reports and by archives: once, or not where they differ."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.images.setups import Setups
from auditor.model.enums import GapCause
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource
from auditor.runner.rows import joined
from tests.unit.analysis.estate.layers import resource
from tests.unit.analysis.images.test_joining import OTHER, deployment, every, pod
from tests.unit.analysis.joining import rows_of
from tests.unit.collectors.images.documents import DIGEST, ID, report


def here(user: str = "10001", **more: Any) -> Resource:
    """The configuration of an image that lies here."""
    image = {"id": ID, "names": ["r.io/app:1"]}
    return resource("image/Configuration", "app", {"image": image, "user": user, **more})


def derived(*parts: Resource | object) -> tuple[list[Fact], list[Gap]]:
    """The facts and the gaps that all of it comes to."""
    analysis = Setups({})
    lines = sorted(rows_of(analysis, every(*parts)))
    made = [
        each
        for _, groups in joined((analysis,), lines)
        for each in analysis.derive(groups)
        if isinstance(each, Fact | Gap)
    ]
    gaps = [each for each in made if isinstance(each, Gap)]
    return [each for each in made if isinstance(each, Fact)], gaps


def said(*parts: Resource | object) -> dict[str, tuple[str, bool, str]]:
    """Who runs, if there is a health check and by what that is known, by whose the image is."""
    facts, gaps = derived(*parts)
    assert not gaps
    bodies = [json.loads(each.body) for each in facts]
    return {each["by"]: (each["user"], each["healthcheck"], each["joined"]) for each in bodies}


def test_a_report_and_an_archive_say_the_same() -> None:
    for document in (report(), here()):
        assert said(document, deployment()) == {"Deployment ml/web": ("10001", False, "tag")}
        assert said(document) == {"": ("10001", False, "digest")}


def test_what_both_say_is_one_fact_with_both_as_evidence() -> None:
    (fact,), gaps = derived(report(), here(), deployment())
    assert not gaps
    assert [each.kind for each in fact.origins] == [
        *("k8s/Deployment", "image/Configuration", "image/Report")
    ]
    (alone,), _ = derived(here(), report())
    assert [each.kind for each in alone.origins] == ["image/Configuration", "image/Report"]


@pytest.mark.parametrize("owner", [(), (deployment(),)])
def test_of_two_that_differ_neither_is_taken(owner: tuple[Resource, ...]) -> None:
    facts, gaps = derived(report(), here("0"), *owner)
    assert facts == []
    assert {each.scope for each in gaps} == {"image/Setup"}
    assert "say something else of its user or its health check" in gaps[0].detail


@pytest.mark.parametrize(
    ("test", "has"), [(["CMD", "x"], True), (["NONE"], False), ([""], False), ([], False)]
)
def test_a_health_check(test: list[str], has: bool) -> None:  # noqa: FBT001 - a row of the table
    assert said(here(health=test)) == {"": ("10001", has, "digest")}


def test_a_report_without_a_configuration_says_nothing() -> None:
    document = report()
    del document["Metadata"]["ImageConfig"]
    assert said(document, deployment()) == {}
    assert said(document, here(), deployment()) == {"Deployment ml/web": ("10001", False, "tag")}


@pytest.mark.parametrize("owner", [(), (deployment(),)])
def test_of_windows_it_is_said_that_nothing_is(owner: tuple[Resource, ...]) -> None:
    document = report()
    document["Metadata"]["ImageConfig"] |= {"os": "Windows", "config": {"User": ""}}
    facts, (gap,) = derived(document, *owner)
    assert facts == []
    assert (gap.scope, gap.cause) == ("image/Setup", GapCause.UNSUPPORTED)
    assert gap.detail == "r.io/app:1: an image of Windows, whose users and commands are not judged"


def test_by_a_tag_the_newest_counts() -> None:
    old = report(CreatedAt="2026-11-01T10:00:00Z")
    old["Metadata"] |= {"ImageID": OTHER, "RepoDigests": [f"r.io/app@{OTHER}"]}
    old["Metadata"]["ImageConfig"] = {"config": {"User": "0"}}
    assert said(old, report(), deployment()) == {"Deployment ml/web": ("10001", False, "tag")}


def test_the_newest_is_found_by_time() -> None:
    """Trivy writes the zone of its machine: ``findings/trivy-reports-in-local-time.sh``."""
    old = report(CreatedAt="2026-11-02T04:55:01.87071586+09:00")
    old["Metadata"] |= {"ImageID": OTHER, "RepoDigests": [f"r.io/app@{OTHER}"]}
    new = report(CreatedAt="2026-11-01T20:00:00Z")
    new["Metadata"]["ImageConfig"] = {"config": {"User": "0"}}
    for both in ((new, old), (old, new)):
        assert said(*both, deployment()) == {"Deployment ml/web": ("0", False, "tag")}


def test_an_image_is_found_by_what_its_engine_calls_it_where_it_lies() -> None:
    running = pod("other:1", f"docker://{OTHER}")
    assert said(here(manifests=[OTHER]), running) == {
        "Pod ml/web-5d9-x": ("10001", False, "digest")
    }
    assert "" in said(here(manifests=[DIGEST]), running)
