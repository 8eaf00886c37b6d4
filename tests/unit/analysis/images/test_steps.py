"""Steps that made an image, by an engine, an archive and a report: judged once, or not at all."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.analysis.images.steps import Steps
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Spot
from auditor.model.resource import Gap, Resource
from auditor.runner.rows import joined
from tests.unit.analysis.docker.test_history import history
from tests.unit.analysis.estate.layers import resource
from tests.unit.analysis.joining import rows_of
from tests.unit.collectors.images import documents
from tests.unit.collectors.images.documents import DIGEST, ID

OTHER = "sha256:" + "ef" * 32
RUN = "RUN /bin/sh -c apt-get update # buildkit"


def engine(*lines: str, id: str = ID) -> Resource:  # noqa: A002 - as the field is called
    """An image on an engine by its lines, the oldest first."""
    return history(*lines[::-1], id=id)


def told(kind: str, *lines: str, id: str = ID, **more: Any) -> Resource:  # noqa: A002 - likewise
    """The same in an archive, or in a report."""
    image = {"id": id, **more.pop("image", {})}
    made = {"image": image, "history": [{"createdBy": each} for each in lines], **more}
    if kind == "image/Configuration":
        made["layers"] = max(1, len(lines))
    return resource(kind, f"of-{kind}", made)


def here(*lines: str, **more: Any) -> Resource:
    return told("image/Configuration", *lines, **more)


def report(*lines: str, **more: Any) -> Resource:
    return told("image/Report", *lines, **more)


def derived(*parts: Resource) -> tuple[list[Fact], list[Gap]]:
    """The facts and the gaps that all of it comes to."""
    analysis = Steps({})
    made = [
        each
        for _, groups in joined((analysis,), sorted(rows_of(analysis, parts)))
        for each in analysis.derive(groups)
    ]
    gaps = [each for each in made if isinstance(each, Gap)]
    return [each for each in made if isinstance(each, Fact)], gaps


def kinds(fact: Fact) -> list[str]:
    return [each.kind for each in fact.origins]


HISTORY, CONFIGURATION, REPORT = "docker/ImageHistory", "image/Configuration", "image/Report"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([engine(RUN)], [[HISTORY]]),
        ([here(RUN)], [[CONFIGURATION]]),
        ([report(RUN)], [[REPORT]]),
        ([report(RUN), here(RUN)], [[CONFIGURATION, REPORT]]),
        ([report(RUN), engine(RUN)], [[HISTORY, REPORT]]),
        ([report(RUN), here(RUN), engine(RUN)], [[HISTORY, CONFIGURATION, REPORT]]),
        ([report(RUN), here()], [[REPORT, CONFIGURATION]]),
        ([here(RUN), engine("RUN y", id=OTHER)], [[HISTORY], [CONFIGURATION]]),
    ],
)
def test_one_image_has_one_build(parts: list[Resource], expected: list[list[str]]) -> None:
    for some in (parts, parts[::-1]):
        facts, gaps = derived(*some)
        assert not gaps
        assert sorted(map(kinds, facts)) == sorted(expected)
        assert b"updates-index" in b"".join(each.body for each in facts)


@pytest.mark.parametrize("first", [engine(RUN), here(RUN), report(RUN)])
@pytest.mark.parametrize("second", [engine("RUN x"), here("RUN x"), report("RUN x")])
def test_of_two_that_differ_neither_is_taken(first: Resource, second: Resource) -> None:
    facts, gaps = derived(first, second)
    assert facts == []
    assert {each.scope for each in gaps} == {"docker/ImageBuild"}
    assert gaps[0].detail.startswith(f"{ID}: ")
    assert gaps[0].detail.endswith(" tell of different steps that made it")


def test_an_order_of_steps_is_another_one() -> None:
    facts, gaps = derived(here(RUN, "RUN x"), engine("RUN x", RUN))
    assert (facts, len(gaps)) == ([], 1)


def test_a_digest_that_an_engine_calls_an_image_by_leads_to_it() -> None:
    """An engine that keeps images by their manifests has no other name for them."""
    for document in (here(RUN, manifests=[DIGEST]), report(RUN, image={"digests": [DIGEST]})):
        (fact,), gaps = derived(document, engine(RUN, id=DIGEST))
        assert (kinds(fact), gaps) == ([HISTORY, document.kind], [])
        (one, other), gaps = derived(document, engine(RUN, id=OTHER))
        assert {*kinds(one), *kinds(other)} == {HISTORY, document.kind}


def test_an_index_of_two_images_leads_to_neither() -> None:
    both = (here(RUN, manifests=[DIGEST]), here("RUN x", id=OTHER, manifests=[DIGEST]))
    facts, gaps = derived(*both, engine("RUN y", id=DIGEST))
    assert ([kinds(each) for each in facts], gaps) == (
        [[HISTORY], [CONFIGURATION], [CONFIGURATION]],
        [],
    )


def test_what_no_line_sets_is_added_to_what_an_engine_tells() -> None:
    lines = ("ENV MODE=a # buildkit", "EXPOSE map[80/tcp:{}]")
    environment = ["PATH=/bin", "MODE=a", "LATER=b"]
    (fact,), _ = derived(
        engine(*lines),
        here(
            "ENV MODE=a # buildkit", "EXPOSE map[80/tcp:{}]", environment=environment, ports=["22"]
        ),
    )
    body = json.loads(fact.body)
    assert [each["name"] for each in body["environment"]] == ["MODE", "PATH", "LATER"]
    assert body["ports"] == ["80/tcp", "22"]
    assert fact.spot("/ports/1") == Spot(1, "/ports/0")
    assert [fact.spot(f"/environment/{number}/value") for number in range(3)] == [
        Spot(0, "/Layers/1/CreatedBy"),
        Spot(1, "/environment/0"),
        Spot(1, "/environment/2"),
    ]


def test_what_can_not_be_told_is_a_gap_of_who_tells_it() -> None:
    long = "RUN /bin/sh -c " + "a;" * 60_000
    (fact,), (gap,) = derived(here(long), engine(RUN))
    assert (kinds(fact), gap.scope) == ([HISTORY], CONFIGURATION)


def test_how_an_image_of_windows_was_made_is_not_judged_and_said() -> None:
    written = documents.report()
    written["Metadata"]["ImageConfig"] |= {"os": "windows", "history": [{"created_by": "cmd"}]}
    (document,), _, _ = documents.read(written, "app.json")
    facts, (gap,) = derived(document)
    assert facts == []
    assert (gap.scope, gap.cause) == ("docker/ImageBuild", GapCause.UNSUPPORTED)
    assert gap.detail == "r.io/app:1: an image of Windows, whose users and commands are not judged"


def test_documents_without_an_id_stand_apart() -> None:
    one, other = report(RUN, id=""), report("RUN x", id="")
    facts, gaps = derived(one, msgspec.structs.replace(other, name="other", uid="other"))
    assert (len(facts), gaps) == (2, [])
