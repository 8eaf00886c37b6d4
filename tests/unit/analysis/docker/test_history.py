"""Histories of images as builds: what is known of them, and what is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.docker.history import made_of
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource

SECRET = "«redacted:argument»"  # noqa: S105 - what stands for one


def history(*lines: str | dict[str, Any], id: str = "sha256:1") -> Resource:  # noqa: A002 - the field
    """An image by its lines, the newest first."""
    layers = [{"CreatedBy": each} if isinstance(each, str) else each for each in lines]
    body = msgspec.json.encode({"Id": id, "Layers": layers})
    return Resource("docker/ImageHistory", "", "a:1", "", id, "/images/a:1", 0, 0, body)


def build(*lines: str | dict[str, Any]) -> tuple[Resource, Any]:
    """The build of an image."""
    fact = made_of(history(*lines)).build
    assert isinstance(fact, Resource)
    return fact, msgspec.json.decode(fact.body)


def test_the_oldest_step_comes_first() -> None:
    fact, body = build(
        "RUN /bin/sh -c chmod 777 /x # buildkit",
        "RUN |1 V=1 /bin/sh -c curl x | sh # buildkit",
    )
    assert (fact.kind, fact.part, body["form"]) == ("docker/ImageBuild", "", "history")
    assert (body["stage"], body["last"]) == ("a:1", False)
    assert [each["does"] for each in body["runs"]] == [["runs-download"], ["opens-to-all"]]
    assert [each["program"] for each in body["commands"]] == ["curl", "sh", "chmod"]
    assert [each["text"] for each in body["runs"]] == ["curl x | sh", "chmod 777 /x"]
    assert fact.in_source("/runs/1/text") == "/Layers/0/CreatedBy"
    assert fact.in_source("/runs/0") == "/Layers/1/CreatedBy"


def test_secrets_of_all_kinds() -> None:
    _, body = build(
        f"RUN /bin/sh -c x --token {SECRET} # buildkit",
        f"|2 HF_TOKEN={SECRET} V=1 /bin/sh -c make",
        f"|2 HF_TOKEN={SECRET} V=1 /bin/sh -c test",
        f"/bin/sh -c #(nop)  ENV A=b API_TOKEN={SECRET}",
        "/bin/sh -c #(nop)  ARG HF_TOKEN",
        "ARG PASSWORD=",
    )
    assert [each["secret"] for each in body["runs"]] == [False, False, True]
    found = [(each["name"], each["secret"]) for each in body["arguments"]]
    assert found == [("PASSWORD", False), ("HF_TOKEN", True), ("V", False)]
    assert body["environment"] == [
        {"name": "A", "value": "b"},
        {"name": "API_TOKEN", "value": SECRET},
    ]


def test_copies_say_what_their_builder_wrote() -> None:
    _, body = build(
        "ADD --checksum=sha256:0 https://x.example/a /b # buildkit",
        "COPY --chmod=777 --chown=1:1 f g /h/ # buildkit",
        "COPY f /h # buildkit",
        "/bin/sh -c #(nop) ADD multi:0a2f in /dir/ ",
    )
    classic, plain, open_to_all, remote = body["copies"]
    assert classic == {"instruction": "ADD"}
    assert plain == {"instruction": "COPY", "sources": ["f"]}
    assert (open_to_all["sources"], open_to_all["openToAll"]) == (["f", "g"], True)
    assert (remote["sources"], remote["checksum"]) == (["https://x.example/a"], "sha256:0")


def test_ports() -> None:
    _, body = build("EXPOSE map[22/tcp:{} 80/tcp:{}]")
    assert body["ports"] == ["22/tcp", "80/tcp"]


def test_a_layer_of_which_nothing_is_said_is_a_step_that_is_not_known() -> None:
    imported = {"CreatedBy": "", "Comment": "Imported from -", "Size": 7, "Tags": None}
    _, body = build("USER 1", {"CreatedBy": "", "Size": 0}, imported, "RUN /dev/pipes/E # buildkit")
    texts = [{"text": "/dev/pipes/E"}, {"text": "a layer of Imported from -"}]
    assert body["runs"] == texts
    assert body["commands"] == texts


def test_an_image_without_a_history_has_no_steps_to_speak_of() -> None:
    _, body = build()
    assert body.keys() == {"stage", "last", "form", "name"}


def test_layers_of_another_image_are_judged_with_that_one() -> None:
    own = {"CreatedBy": "RUN a", "Tags": ["a:1", "a:2"]}
    base = {"CreatedBy": "RUN b", "Tags": ["b:1"]}
    _, body = build(own, {"CreatedBy": "RUN c", "Tags": []}, base, "RUN d")
    assert [each["text"] for each in body["runs"]] == ["c", "a"]


LONG = {
    "text": "RUN /bin/sh -c echo " + "x" * 1_000_000,
    "commands": "RUN /bin/sh -c " + "a;" * 60_000,
    "variables": "ENV " + "A=b " * 200_000,
}


@pytest.mark.parametrize("line", LONG.values(), ids=LONG.keys())
def test_a_history_that_is_longer_than_is_read_is_a_gap(line: str) -> None:
    gap = made_of(history(line)).build
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.cause) == ("docker/ImageHistory", GapCause.TRUNCATED)
    assert gap.detail.startswith("a:1: a history of more than 400,000 characters")


def test_a_long_step_is_repeated_in_part() -> None:
    _, body = build("RUN /bin/sh -c curl x | sh; echo " + "x" * 300_000)
    assert [len(each["text"]) for each in body["runs"]] == [400]
    assert body["runs"][0]["does"] == ["runs-download"]


def test_what_no_engine_writes_is_a_gap() -> None:
    gap = made_of(history({"CreatedBy": 3})).build
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.cause) == ("docker/ImageHistory", GapCause.MALFORMED)
