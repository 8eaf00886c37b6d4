"""Configurations of images that lie here: what is taken of them, and what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.model.evidence import TargetEntry
from auditor.model.images import Configuration, Step
from auditor.platforms.images import CONFIGURATION, HERE
from collectors.http.clock import system_clock
from collectors.images.contents.target import ContentTarget
from tests.unit.collectors.images.layers import (
    File,
    Saved,
    archived,
    blob,
    laid_out,
    layer,
    without,
)
from tests.unit.collectors.images.scanners import Kept

SAID: dict[str, Any] = {
    "os": "linux",
    "created": "2026-11-01T00:00:00Z",
    "config": {
        "User": "10001:0",
        "ExposedPorts": {"80/tcp": {}, "22/tcp": {}},
        "Env": ["PATH=/bin", "MODE=a b"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1},
        "Labels": {"team": "ml", "TEAM": "x"},
        "Entrypoint": ["/app"],
        "Cmd": "serve",
    },
    "history": [
        {"created_by": "COPY x / # buildkit", "created": "2026-11-01T00:00:00Z"},
        {"created_by": "USER 10001:0", "comment": "c", "empty_layer": True},
    ],
}
LAYERS = [layer(File("x"))]


def collected(path: Path, kinds: frozenset[str]) -> tuple[TargetEntry, list[Configuration]]:
    """What a target comes to, and the configurations that it keeps."""
    kept = Kept(path.parent)
    entry = ContentTarget(path, system_clock()).collect(kinds, kept, lambda _done, _total: None)
    bodies = [
        body
        for record, body in kept.answers
        if isinstance(body, bytes) and record.kind == CONFIGURATION
    ]
    return entry, [msgspec.json.decode(body, type=Configuration) for body in bodies]


def of(config: dict[str, Any], home: Path) -> tuple[list[Configuration], list[str]]:
    """What is read of an archive of an image with this configuration, and what is said of it."""
    path = archived(Saved(LAYERS, config=config).parts(), home / "a.tar")
    entry, found = collected(path, frozenset({CONFIGURATION}))
    assert entry.kinds == (CONFIGURATION,)
    return found, [each.detail for each in entry.gaps]


def test_all_that_it_says_is_taken(tmp_path: Path) -> None:
    (found,), gaps = of(SAID, tmp_path)
    assert not gaps
    assert (found.user, found.health, found.system) == ("10001:0", ("CMD", "true"), "linux")
    assert (found.ports, found.environment) == (("22/tcp", "80/tcp"), ("PATH=/bin", "MODE=a b"))
    assert (found.labels, found.entrypoint) == ({"team": "ml", "TEAM": "x"}, ("/app",))
    assert (found.command, found.layers) == (("serve",), 1)
    assert found.history == (
        Step("COPY x / # buildkit"),
        Step("USER 10001:0", "c", empty=True),
    )


@pytest.mark.parametrize(
    "config", [{}, {"config": None, "history": None}, {"config": {"Cmd": None}}]
)
def test_what_it_does_not_say_is_nothing(config: dict[str, Any], tmp_path: Path) -> None:
    (found,), gaps = of(config, tmp_path)
    assert (gaps, found.user, found.health, found.history, found.layers) == ([], "", (), (), 1)


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "Windows": ({"os": "Windows"}, "an image of Windows"),
    "a user of another type": ({"config": {"User": 0}}, "Expected `str`, got `int`"),
    "a user by another name": (
        {"config": {"User": "1", "user": "0"}},
        "a configuration in which User stands twice, or as 'user'",
    ),
    "a name that only Go folds": ({"config": {"U\u017fer": "0"}}, "User stands twice, or as"),
    "another configuration": ({"Config": {"User": "0"}}, "config stands twice, or as 'Config'"),
    "a test by another name": (
        {"config": {"Healthcheck": {"test": ["NONE"]}}},
        "Test stands twice, or as 'test'",
    ),
    "a line by another name": (
        {"history": [{"Created_by": "x"}]},
        "created_by stands twice, or as",
    ),
    "more layers than there are": ({"history": [{}] * 2}, "a history with 2 layers, and it has 1"),
    "no list": ({"history": {}}, "Expected `array | null`"),
    "a variable that is none": ({"config": {"Env": [None]}}, "Expected `str`, got `null`"),
    "nested": ({"history": json.loads("[" * 900 + "]" * 900)}, "Expected `object`"),
}


@pytest.mark.parametrize(("config", "said"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_configuration_is_a_gap(
    config: dict[str, Any], said: str, tmp_path: Path
) -> None:
    found, (gap,) = of(config, tmp_path)
    assert (found, gap.startswith("r.io/app:1: ")) == ([], True)
    assert said in gap


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"config": {"User": "0"}, "config": {"Env": []}, ', "stands twice"),
        ('{"config": {"User": "1", "User": "0"}, ', "stands twice"),
        ('{"x": [' + "[" * 100_000, "malformed"),
        ("{", "malformed"),
    ],
)
def test_a_text_that_is_none_is_a_gap(text: str, said: str, tmp_path: Path) -> None:
    saved = Saved(LAYERS)
    parts = without(saved.parts(), "index.json", "oci-layout")
    name = blob_of(parts)
    whole = text + parts[name].decode()[1:] if text.endswith(", ") else text
    parts["manifest.json"] = parts["manifest.json"].replace(name.encode(), b"c.json")
    path = archived({**without(parts, name), "c.json": whole.encode()}, tmp_path / "a.tar")
    entry, found = collected(path, HERE)
    causes = {each.scope: f"{each.cause.value} {each.detail}" for each in entry.gaps}
    assert found == []
    assert said in causes[CONFIGURATION]


def blob_of(parts: dict[str, bytes]) -> str:
    """Where the configuration stands."""
    name: str = json.loads(parts["manifest.json"])[0]["Config"]
    return name


def test_one_that_is_too_large_is_a_gap(tmp_path: Path) -> None:
    parts = Saved(LAYERS, config={"x": "y" * (4 << 20)}).parts()
    layout = laid_out(without(parts, "manifest.json"), tmp_path / "layout")
    with pytest.raises(Exception, match=r"is larger than|larger"):
        collected(layout, HERE)


def test_one_that_is_not_there_costs_no_other(tmp_path: Path) -> None:
    parts = without(Saved(LAYERS).parts(), "index.json", "oci-layout")
    listed = json.loads(parts["manifest.json"])
    listed.append({"Config": "gone.json", "RepoTags": None, "Layers": []})
    parts["manifest.json"] = json.dumps(listed).encode()
    entry, (found,) = collected(archived(parts, tmp_path / "a.tar"), HERE)
    assert found.image.names == ("r.io/app:1",)
    said = "gone.json: there is no gone.json in it"
    assert [(each.scope, each.detail) for each in entry.gaps] == [
        ("image/Configuration", said),
        ("image/Files", said),
    ]


def test_one_with_another_digest_is_none(tmp_path: Path) -> None:
    saved = Saved(LAYERS)
    parts = without(saved.parts(), "manifest.json")
    parts[blob_of(saved.parts())] += b" "
    with pytest.raises(Exception, match="is something else"):
        collected(archived(parts, tmp_path / "a.tar"), HERE)


def test_a_layout_beside_the_list_says_by_what_else_it_is_called(tmp_path: Path) -> None:
    (found,), _ = of(SAID, tmp_path)
    saved = Saved(LAYERS, config=SAID)
    index = json.loads(saved.parts()["index.json"])
    assert (found.image.id, found.image.digests) == (saved.id, ())
    assert found.manifests == (index["manifests"][0]["digest"],)


def test_images_of_an_index_stand_apart_and_what_is_about_one_is_none(tmp_path: Path) -> None:
    """Two platforms and an attestation, as BuildKit writes them."""
    one, other = (Saved(LAYERS, config={**SAID, "architecture": each}) for each in ("a", "b"))
    parts: dict[str, bytes] = {}
    entries = []
    for each, system in ((one, "linux"), (other, "linux"), (Saved([]), "unknown")):
        made = without(each.parts(), "manifest.json")
        (entry,) = json.loads(made["index.json"])["manifests"]
        entries.append({**entry, "platform": {"os": system, "architecture": "a"}})
        parts |= made
    inner = json.dumps({"manifests": entries}).encode()
    parts[blob(inner)] = inner
    digest = "sha256:" + blob(inner).rpartition("/")[2]
    parts["index.json"] = json.dumps({"manifests": [{"digest": digest}]}).encode()
    entry, found = collected(laid_out(parts, tmp_path / "layout"), frozenset({CONFIGURATION}))
    assert not entry.gaps
    assert {each.image.id for each in found} == {one.id, other.id}
    assert {each.manifests[0] for each in found} == {digest}
