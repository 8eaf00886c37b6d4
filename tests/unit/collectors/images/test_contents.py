"""Images of archives and layouts: each form, and every way in which one is none."""

from __future__ import annotations

import itertools
import json
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError
from collectors.http.clock import Clock, system_clock
from tests.unit.collectors.images.contents import SU, collected, read, refused
from tests.unit.collectors.images.layers import (
    File,
    Saved,
    archived,
    blob,
    digest,
    laid_out,
    layer,
    without,
)

FORMS: list[Callable[[dict[str, bytes], Path], Path]] = [
    lambda parts, home: laid_out(without(parts, "manifest.json"), home / "layout"),
    lambda parts, home: archived(without(parts, "manifest.json"), home / "oci.tar"),
    lambda parts, home: archived(without(parts, "index.json", "oci-layout"), home / "saved.tar"),
]


@pytest.mark.parametrize("form", FORMS, ids=["layout", "oci-archive", "docker-archive"])
@pytest.mark.parametrize("packed", ["", "gzip", "zstd"])
def test_each_form_has_the_files_of_its_image(
    tmp_path: Path, form: Callable[[dict[str, bytes], Path], Path], packed: str
) -> None:
    saved = Saved([layer(SU, File("x")), layer(File("y", 0o2755))], packed)
    found = read(form(saved.parts(), tmp_path))
    assert [(each.path, each.mode, each.layer) for each in found.special] == [
        ("/usr/bin/su", "4755", 0),
        ("/y", "2755", 1),
    ]
    assert (found.image.id, found.image.names) == (saved.id, ("r.io/app:1",))
    assert (found.layers, found.entries) == (2, 3)
    assert len(found.image.digests) == int(form is not FORMS[2])


def test_a_part_that_is_there_twice_is_not_one_of_them(tmp_path: Path) -> None:
    path = archived(Saved([layer(SU)]).parts(), tmp_path / "a.tar")
    with tarfile.open(path, "a") as archive:
        archive.addfile(tarfile.TarInfo("index.json"))
    with pytest.raises(CollectionError, match=r"two parts of the name 'index\.json'"):
        collected(path)


def test_time_is_bounded(tmp_path: Path) -> None:
    moments = itertools.count(0, 600)
    clock = Clock(system_clock().now, lambda: float(next(moments)), float)
    path = archived(Saved([layer(SU)] * 4).parts(), tmp_path / "a.tar")
    entry, found = collected(path, clock)
    assert (found, entry.gaps[0].cause.value) == ([], "truncated")
    assert "take longer to unpack" in entry.gaps[0].detail


def test_layers_have_to_be_those_of_the_configuration(tmp_path: Path) -> None:
    saved = Saved([layer(SU)])
    parts = saved.parts()
    parts[blob(saved.layers[0])] = layer(File("usr/bin/su"))
    told = refused(archived(parts, tmp_path / "a.tar"))
    assert told == "r.io/app:1: layer 0 is not the one that its configuration names"
    short = Saved([layer(SU)], config={"rootfs": {"type": "layers", "diff_ids": []}})
    told = refused(archived(short.parts(), tmp_path / "b.tar"))
    assert told == "r.io/app:1: 1 layers, and its configuration has 0"


def test_one_image_that_is_broken_costs_no_other(tmp_path: Path) -> None:
    good, bad = Saved([layer(SU)]).parts(), Saved([layer(File("other"))]).parts()
    both = json.loads(good["manifest.json"]) + json.loads(bad["manifest.json"])
    both[1]["Layers"] = ["gone"]
    parts = {**bad, **good, "manifest.json": json.dumps(both).encode()}
    entry, (found,) = collected(archived(parts, tmp_path / "a.tar"))
    assert [each.path for each in found.special] == ["/usr/bin/su"]
    (gap,) = entry.gaps
    assert (gap.scope, gap.detail) == ("image/Files", "r.io/app:1: there is no gone in it")


def test_layers_that_are_links_are_found_as_engines_once_wrote_them(tmp_path: Path) -> None:
    parts = without(Saved([layer(SU)]).parts(), "index.json", "oci-layout")
    saved = json.loads(parts["manifest.json"])
    name, saved[0]["Layers"] = saved[0]["Layers"][0], ["two/layer.tar"]
    parts["one/layer.tar"] = parts.pop(name)
    parts["manifest.json"] = json.dumps(saved).encode()
    for target, said in (("../one/layer.tar", ""), ("layer.tar", "layer.tar leads to itself")):
        path = archived(parts, tmp_path / "a.tar")
        with tarfile.open(path, "a") as archive:
            entry = tarfile.TarInfo("two/layer.tar")
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
        if said:
            assert refused(path) == f"r.io/app:1: two/{said}"
        else:
            assert [each.path for each in read(path).special] == ["/usr/bin/su"]


def test_a_folder_is_not_left(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(layer(SU))
    parts = Saved([layer(SU)]).parts()
    saved = json.loads(parts["manifest.json"])
    saved[0]["Layers"] = ["../secret"]
    parts["manifest.json"] = json.dumps(saved).encode()
    assert "there is no ../secret in it" in refused(laid_out(parts, tmp_path / "a"))
    saved[0]["Layers"] = ["inside"]
    parts["manifest.json"] = json.dumps(saved).encode()
    place = laid_out(parts, tmp_path / "b")
    (place / "inside").symlink_to(tmp_path / "secret")
    assert "there is no inside in it" in refused(place)


def _index(**descriptor: Any) -> dict[str, bytes]:
    entry = {"digest": "sha256:" + "0" * 64, **descriptor}
    return {"index.json": json.dumps({"manifests": [entry]}).encode()}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"x": b"y"}, "neither an archive of docker save nor an OCI layout"),
        ({"manifest.json": b"[]"}, "there is no image in it"),
        ({"manifest.json": b"[" * 9_000}, "a.tar: "),
        ({"manifest.json": b"{}"}, "Expected `array`, got `object`"),
        (_index(), "there is no blobs/sha256/000"),
        (_index(digest="sha256:../../etc/passwd"), "a part that is named by"),
        ({**_index(), "blobs/sha256/" + "0" * 64: b"{}"}, "is something else"),
        (_index(platform={"os": "unknown"}), "there is no image in it"),
    ],
)
def test_a_place_without_an_image_says_so(
    tmp_path: Path, parts: dict[str, bytes], said: str
) -> None:
    with pytest.raises(CollectionError, match=r"a\.tar: ") as caught:
        collected(archived(parts, tmp_path / "a.tar"))
    assert said in caught.value.message


def test_what_is_no_archive_says_so(tmp_path: Path) -> None:
    packed = tmp_path / "a.tar.gz"
    packed.write_bytes(zlib.compress(layer(SU), wbits=31))
    for path, said in ((packed, "unpack it by gunzip"), (tmp_path / "none", "No such file")):
        with pytest.raises(CollectionError, match=said):
            collected(path)


def test_an_image_of_several_platforms_is_several(tmp_path: Path) -> None:
    one, two = Saved([layer(SU)]), Saved([layer(File("x"))])
    parts = {**one.parts(), **two.parts()}
    inner = {
        "manifests": [
            *json.loads(one.parts()["index.json"])["manifests"],
            *json.loads(two.parts()["index.json"])["manifests"],
        ]
    }
    data = json.dumps(inner).encode()
    parts[blob(data)] = data
    outer = {"manifests": [{"digest": digest(data)}]}
    parts["index.json"] = json.dumps(outer).encode()
    place = archived(without(parts, "manifest.json"), tmp_path / "a.tar")
    _, found = collected(place)
    assert [len(each.special) for each in found] == [1, 0]
    assert [each.image.digests[0] for each in found] == [digest(data)] * 2


def test_a_platform_that_is_not_there_costs_no_other(tmp_path: Path) -> None:
    parts = Saved([layer(SU)]).parts()
    listed = json.loads(parts["index.json"])
    none = b'{"layers": []}'
    listed["manifests"] += [{"digest": "sha256:" + "0" * 64}, {"digest": digest(none)}]
    parts |= {"index.json": json.dumps(listed).encode(), blob(none): none}
    entry, found = collected(archived(without(parts, "manifest.json"), tmp_path / "a.tar"))
    assert [each.path for each in found[0].special] == ["/usr/bin/su"]
    missing = "sha256:" + "0" * 64
    assert sorted(gap.detail for gap in entry.gaps) == sorted(
        (
            f"{missing}: there is no blobs/sha256/{'0' * 64} in it",
            f"{digest(none)}: {digest(none)} is no manifest",
        )
    )
