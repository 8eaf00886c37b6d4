"""What doctor says of images that lie here: which they are, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, auditor
from tests.unit.collectors.images.layers import (
    File,
    Saved,
    archived,
    blob,
    laid_out,
    layer,
    without,
)

LAYER = layer(File("x"))
SAVED = Saved([LAYER], config={"os": "linux", "architecture": "amd64", "config": {"User": "1"}})
HINT = "hint: docker save, podman save or skopeo copy write one; a folder has an OCI layout"


def doctor(path: Path, *options: str) -> Ran:
    return auditor("doctor", f"images://{path}", "--profile", "cis-docker", *options)


def saved(parts: dict[str, bytes], home: Path) -> Path:
    """An archive of docker save, as engines wrote it before they wrote layouts as well."""
    return archived(without(parts, "index.json", "oci-layout"), home / "app.tar")


def test_it_says_which_image_there_is(tmp_path: Path) -> None:
    path = saved(SAVED.parts(), tmp_path)
    ran = doctor(path)
    assert (ran.code, ran.out.splitlines()) == (
        0,
        [
            f"images://{path} is reached at {path}",
            "  form      an archive of docker save",
            "  image     r.io/app:1 for linux/amd64, 1 layer",
            f"            {SAVED.id}",
            "            without the digest of a manifest: what a cluster runs is told by its tag",
            "  reads     2 of 2 kinds are allowed; 0 are not served here",
        ],
    )


def test_a_layout_has_digests(tmp_path: Path) -> None:
    folder = laid_out(without(SAVED.parts(), "manifest.json"), tmp_path / "layout")
    lines = doctor(folder).out.splitlines()
    assert lines[1:4] == [
        "  form      an OCI layout in a folder",
        "  image     r.io/app:1 for linux/amd64, 1 layer",
        f"            {SAVED.id}",
    ]
    assert lines[4].startswith("  reads  ")


def test_what_a_profile_does_not_ask_for_is_not_looked_at(tmp_path: Path) -> None:
    path = archived(without(SAVED.parts(), blob(LAYER)), tmp_path / "app.tar")
    found = json.loads(auditor("doctor", f"images://{path}", "--json").out)
    assert [each["kind"] for each in found["reads"]] == ["image/Configuration"]
    assert (found["blind"], found["told"][0]) == ([], ["form", "an archive of docker save"])


def _is_windows(home: Path) -> Path:
    config = {"os": "windows", "architecture": "amd64"}
    return saved(Saved([LAYER], config=config).parts(), home)


def _has_no_layer(home: Path) -> Path:
    return saved(without(SAVED.parts(), blob(LAYER)), home)


WRONG: dict[str, tuple[Callable[[Path], Path], str, str, str]] = {
    "Windows": (
        _is_windows,
        "image/Configuration",
        "image-user-root",
        "r.io/app:1: an image of Windows, whose users and commands are not judged",
    ),
    "a layer that is not there": (
        _has_no_layer,
        "image/Files",
        "image-setuid-files",
        f"r.io/app:1: layer 0 is not in it: {blob(LAYER)}",
    ),
}


@pytest.mark.parametrize(("make", "kind", "rule", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_an_image_is_what_a_scan_misses(
    tmp_path: Path, make: Callable[[Path], Path], kind: str, rule: str, said: str
) -> None:
    path = make(tmp_path)
    ran = doctor(path)
    assert ran.code == 3
    assert f"  missing   {said}: " in ran.out
    assert f"would miss {kind}\n" in ran.out
    assert f"              {rule}\n" in ran.out
    assert "  open      cis-docker 4." in ran.out
    found: dict[str, Any] = json.loads(doctor(path, "--json").out)
    scanned = auditor("scan", f"images://{path}", "--profile", "cis-docker", "--format", "json")
    (gap,) = scanned.results()["gaps"]
    (blind,) = found["blind"]
    assert (gap["scope"], gap["cause"]) == (blind["kind"], blind["cause"])
    assert gap["rules"] == sorted(blind["rules"])


def _none(home: Path) -> Path:
    return home / "app.tar"


def _text(home: Path) -> Path:
    (home / "app.tar").write_text("x" * 2_000)
    return home / "app.tar"


def _no_list(home: Path) -> Path:
    return archived({"x": b"y"}, home / "app.tar")


def _empty(home: Path) -> Path:
    return archived({"manifest.json": b"[]"}, home / "app.tar")


def _malformed(home: Path) -> Path:
    return archived({"manifest.json": b"[{"}, home / "app.tar")


def _other_digest(home: Path) -> Path:
    parts = without(SAVED.parts(), "manifest.json")
    name = next(each for each in parts if parts[each].startswith(b'{"config": {"User"'))
    return laid_out({**parts, name: parts[name] + b" "}, home / "layout")


NONE = {
    "not there": (_none, "No such file or directory"),
    "no archive": (_text, "no tar archive, or one that is damaged"),
    "no list": (_no_list, "neither an archive of docker save nor an OCI layout"),
    "no image": (_empty, "there is no image in it"),
    "a list that is none": (_malformed, "Input data was truncated"),
    "another digest": (_other_digest, " is something else"),
}


@pytest.mark.parametrize(("make", "said"), NONE.values(), ids=NONE.keys())
def test_an_archive_that_is_none_is_said_to_be_none(
    tmp_path: Path, make: Callable[[Path], Path], said: str
) -> None:
    ran = doctor(make(tmp_path))
    error, hint = ran.err.splitlines()
    assert (ran.code, hint, ran.out) == (3, HINT, "")
    assert said in error


def test_images_that_are_scanned_have_nothing_to_be_asked(tmp_path: Path) -> None:
    ran = auditor("doctor", "images://trivy/abc", cwd=tmp_path)
    assert ran.code == 2
    assert "images are scanned that other targets use" in ran.err
