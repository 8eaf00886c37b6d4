"""Histories and variables of images that reports are about, as builds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.images.builds import made_of
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from tests.unit.analysis.estate.layers import resource
from tests.unit.collectors.images.documents import read, report

TOKEN = "ghp_" + "a1B2" * 9


def build(*lines: str | dict[str, Any], env: list[str] | None = None) -> tuple[Resource, Any]:
    """The build of an image with the lines of its history, the oldest first."""
    fact = made_of(reported(*lines, env=env)).build
    assert isinstance(fact, Resource)
    return fact, msgspec.json.decode(fact.body)


def reported(*lines: str | dict[str, Any], env: list[str] | None = None) -> Resource:
    """The resource that a report comes to."""
    document = report()
    steps = [{"created_by": each} if isinstance(each, str) else each for each in lines]
    config = {"config": {"User": "1", "Env": env}, "history": steps or None}
    document["Metadata"]["ImageConfig"] = config
    (found,), gaps, _ = read(document, "app.json")
    assert not gaps
    return found


def test_steps_are_those_of_a_build() -> None:
    fact, body = build(
        "/bin/sh -c #(nop) ADD file:8a4e in / ",
        "RUN /bin/sh -c apt-get update # buildkit",
        "ADD app.tgz /app # buildkit",
        {"created_by": "COPY --chmod=777 a b # buildkit"},
    )
    assert (fact.kind, fact.name) == ("docker/ImageBuild", "r.io/app:1")
    assert (fact.parent and fact.parent.kind, body["last"]) == ("image/Report", False)
    assert [each["does"] for each in body["runs"]] == [["updates-index"]]
    assert [each.get("sources") for each in body["copies"]] == [None, ["app.tgz"], ["a"]]
    assert fact.in_source("/runs/0/text") == "/history/1/createdBy"


def test_variables_stand_once_and_without_secrets() -> None:
    fact, body = build(
        "ENV HF_TOKEN=secret-of-the-history # buildkit",
        env=["PATH=/bin", "HF_TOKEN=secret-of-now", f"LATER={TOKEN}"],
    )
    names = [each["name"] for each in body["environment"]]
    assert names == ["HF_TOKEN", "PATH", "LATER"]
    assert [each["value"].startswith("«redacted:") for each in body["environment"]] == [
        *(True, False, True)
    ]
    assert fact.in_source("/environment/2/name") == "/environment/2"
    assert b"secret-of" not in fact.body
    assert TOKEN.encode() not in fact.body


def test_an_image_without_a_history_has_its_variables_alone() -> None:
    _, body = build(env=["API_TOKEN=abcdef"])
    assert body.keys() == {"stage", "last", "form", "name", "environment"}


def test_a_layer_of_which_nothing_is_said_is_a_step_that_is_not_known() -> None:
    _, body = build({"comment": "Imported from -"}, {"empty_layer": True}, "USER 1")
    assert body["runs"] == [{"text": "a layer of Imported from -"}]


def test_a_report_without_a_configuration_has_no_build() -> None:
    document = report()
    del document["Metadata"]["ImageConfig"]
    (found,), _, _ = read(document, "app.json")
    assert made_of(found).build is None


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ({"history": "no"}, GapCause.MALFORMED),
        ({"history": [{"createdBy": 1}]}, GapCause.MALFORMED),
        ({"environment": [None, {}]}, GapCause.MALFORMED),
        ({"history": [{"createdBy": "RUN " + "a;" * 60_000}]}, GapCause.TRUNCATED),
    ],
)
def test_what_is_no_history_is_a_gap(body: Any, cause: GapCause) -> None:
    gap = made_of(resource("image/Report", "app", body)).build
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.cause) == ("image/Report", cause)
