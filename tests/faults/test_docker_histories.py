"""Histories of images that go meanwhile, that are refused, and that are odd."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.model.resource import Gap, Resource
from tests.faults.engines import collector, healthy, read, told
from tests.faults.server import Asked, Reply, json_reply, serving

IMAGES = "/v1.41/images/json"
KINDS = frozenset({"docker/Image", "docker/ImageHistory"})
GONE = json_reply({"message": "No such image"}, 404)


def one(name: str, what: str = "history") -> str:
    """The path of an image, or of its history."""
    return f"/v1.41/images/sha256:{name}/{what}"


def layers(name: str) -> list[dict[str, object]]:
    """A history of one layer."""
    return [{"Id": f"sha256:{name}", "CreatedBy": "RUN x", "Tags": [f"{name}:1"], "Size": 1}]


def found(
    folder: Path, replies: dict[str, Reply]
) -> tuple[list[Resource], tuple[Gap, ...], list[str]]:
    """What is read of an engine with two images, its gaps, and the paths that were asked for."""
    answers: dict[str, Reply] = {
        IMAGES: json_reply([{"Id": "sha256:aa"}, {"Id": "sha256:bb"}]),
        **{one(name): json_reply(layers(name)) for name in ("aa", "bb")},
        **{one(name, "json"): json_reply({"Id": f"sha256:{name}"}) for name in ("aa", "bb")},
        **replies,
    }

    def handler(asked: Asked) -> Reply:
        return answers.get(asked.path) or healthy(asked)

    path = folder / "d.sock"
    with serving(handler, path=path) as server:
        kept = read(collector(f"docker+unix://{path}"), folder, KINDS)
    resources, gaps = told(kept)
    return resources, gaps, [asked.path for asked in server.asked]


def named(resources: list[Resource], kind: str = "docker/ImageHistory") -> list[str]:
    """The names of what is of a kind."""
    return sorted(each.name for each in resources if each.kind == kind)


def test_each_image_has_its_history(tmp_path: Path) -> None:
    """Which images there are is asked for once, and a history says of which image it is."""
    resources, gaps, asked = found(tmp_path, {})
    assert (named(resources), gaps) == (["aa:1", "bb:1"], ())
    first = next(each for each in resources if each.name == "aa:1")
    assert (first.uid, first.source) == ("sha256:aa", "/images/aa:1")
    assert json.loads(first.body) == {"Id": "sha256:aa", "Layers": layers("aa")}
    assert asked.count(IMAGES) == 1


def test_an_image_that_goes_meanwhile_is_a_gap_for_it_alone(tmp_path: Path) -> None:
    resources, gaps, _ = found(tmp_path, {one("aa"): GONE})
    assert named(resources) == ["bb:1"]
    assert named(resources, "docker/Image") == ["sha256:aa", "sha256:bb"]
    assert [(gap.scope, gap.detail) for gap in gaps] == [
        ("docker/ImageHistory", "sha256:aa: it was listed, and gone when it was asked for")
    ]


def test_a_list_that_is_refused_is_a_gap_of_both_kinds(tmp_path: Path) -> None:
    resources, gaps, _ = found(tmp_path, {IMAGES: json_reply({"message": "no"}, 403)})
    assert named(resources) == named(resources, "docker/Image") == []
    assert sorted(gap.scope for gap in gaps) == sorted(KINDS)


WITHOUT_TAGS = {
    "no history": [],
    "null": None,
    "ids that are not known": [{"Id": "<missing>", "CreatedBy": "RUN x", "Tags": None}],
}


@pytest.mark.parametrize("body", WITHOUT_TAGS.values(), ids=WITHOUT_TAGS.keys())
def test_a_history_without_tags_is_called_by_its_image(tmp_path: Path, body: object) -> None:
    resources, gaps, _ = found(tmp_path, {one("aa"): json_reply(body)})
    assert (named(resources), gaps) == (["bb:1", "sha256:aa"], ())


MALFORMED = {
    "an object": b'{"message": "x"}',
    "two answers": b'[], "Id": "sha256:bb", "Layers": []',
    "a text among layers": b'["x"]',
    "tags that are a number": b'[{"Tags": 3}]',
    "no UTF-8": b'[{"CreatedBy": "\xff"}]',
    "nothing": b"",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_history_is_a_gap_for_it_alone(tmp_path: Path, body: bytes) -> None:
    resources, gaps, _ = found(tmp_path, {one("aa"): Reply(body)})
    assert named(resources) == ["bb:1"]
    assert [gap.scope for gap in gaps] == ["docker/ImageHistory"]


def test_a_step_of_a_megabyte_is_read(tmp_path: Path) -> None:
    body = [{"CreatedBy": "RUN " + "x" * 1_000_000, "Tags": ["a:1"]}]
    resources, gaps, _ = found(tmp_path, {one("aa"): json_reply(body)})
    assert (named(resources), gaps) == (["a:1", "bb:1"], ())
