"""What is listed, what is read, and what changes in between."""

from __future__ import annotations

import gc
import os
import subprocess
import weakref
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from auditor.model.resource import MOST_NAMED, Gap, Some, Target
from auditor.ports import Reading
from collectors.documents.collector import FilesCollector
from collectors.documents.guards import Limits
from collectors.documents.reading import FileReading
from collectors.documents.walk import shown
from collectors.kubernetes.manifests.recogniser import MANIFESTS

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def collector(root: Path, size: int = 1_000) -> FilesCollector:
    return FilesCollector(Target(str(root), "files"), root, (MANIFESTS,), limits=Limits(size))


def listed(root: Path) -> list[str]:
    plan = collector(root).plan(lambda _: 1)
    return [path for shard in plan.shards for path in shard.items]


def read(reader: FilesCollector) -> list[Reading | Gap]:
    plan = reader.plan(lambda _: 3)
    return [reading for shard in plan.shards for reading in reader.read(shard)]


def test_files_are_listed_in_one_order_everywhere(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", "a.yaml", "B.JSON", "é.yaml", "a.txt", ".git/c.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(POD)
    assert listed(tmp_path) == ["B.JSON", "a.yaml", "a/z.yml", "b.yaml", "é.yaml"]


def test_file_that_was_named_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "pod").write_text(POD)
    (reading,) = read(collector(tmp_path / "pod"))
    assert not isinstance(reading, Gap)
    assert [resource.name for resource in reading.resources()] == ["a"]
    assert reading.source == "pod"


def test_file_that_vanishes_after_it_was_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    reader = collector(tmp_path)
    (shard,) = reader.plan(lambda _: 1).shards
    (tmp_path / "a.yaml").unlink()
    (gap,) = reader.read(shard)
    assert gap == Gap(str(tmp_path), "a.yaml", GapCause.UNREACHABLE, "No such file or directory")


def test_file_that_becomes_a_pipe_after_it_was_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    reader = collector(tmp_path)
    (shard,) = reader.plan(lambda _: 1).shards
    (tmp_path / "a.yaml").unlink()
    os.mkfifo(tmp_path / "a.yaml")
    (gap,) = reader.read(shard)
    assert isinstance(gap, Gap)
    assert gap.detail == "not a regular file"


def test_file_that_grows_after_it_was_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    reader = collector(tmp_path, size=100)
    (shard,) = reader.plan(lambda _: 1).shards
    (tmp_path / "a.yaml").write_text(POD * 10)
    (gap,) = reader.read(shard)
    assert isinstance(gap, Gap)
    assert gap.detail == "more than 100 bytes"


def test_root_that_vanishes_is_no_audit(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="No such file"):
        collector(tmp_path / "gone").plan(lambda _: 1)


def test_standard_input_is_one_file(tmp_path: Path) -> None:
    reader = FilesCollector(
        Target("-", "files"), None, (MANIFESTS,), (POD + "---\n" + POD).encode()
    )
    (reading,) = read(reader)
    assert not isinstance(reading, Gap)
    first, second = reading.resources()
    assert (first.uid, second.uid) == ("-#k8s/Pod//a", "-#k8s/Pod//a~2")
    assert [first.line, second.line] == [1, 5]
    assert reading.line(first.document, "/metadata/name") == 3
    assert reading.line(second.document, "/kind") == 6


def test_link_inside_the_tree_is_read_once_a_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yaml").write_text(POD)
    (tmp_path / "z").symlink_to("real", target_is_directory=True)
    (tmp_path / "one.yaml").symlink_to("real/a.yaml")
    plan = collector(tmp_path).plan(lambda _: 1)
    assert [path for shard in plan.shards for path in shard.items] == ["one.yaml", "real/a.yaml"]
    assert plan.gaps == ()
    assert plan.passed.linked == Some(1, ("z",)), "nothing of it went unread"


@pytest.mark.parametrize("link", ["a-link", "z-link"])
def test_a_folder_is_read_in_its_own_place_whatever_a_link_is_called(
    tmp_path: Path, link: str
) -> None:
    (tmp_path / "m" / "deep").mkdir(parents=True)
    (tmp_path / "m" / "deep" / "a.yaml").write_text(POD)
    (tmp_path / link).symlink_to("m", target_is_directory=True)
    (tmp_path / f"{link}-2").symlink_to("m/deep", target_is_directory=True)
    (tmp_path / "m" / "ring").symlink_to("..", target_is_directory=True)
    plan = collector(tmp_path).plan(lambda _: 1)
    assert [path for shard in plan.shards for path in shard.items] == ["m/deep/a.yaml"]
    assert plan.passed.linked == Some(3, tuple(sorted((link, f"{link}-2", "m/ring"))))
    assert plan.gaps == ()


def test_links_to_a_hidden_folder_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / ".deploy" / "sub").mkdir(parents=True)
    (tmp_path / ".deploy" / "sub" / "a.yaml").write_text(POD)
    (tmp_path / "a").symlink_to(".deploy/sub", target_is_directory=True)
    (tmp_path / "b").symlink_to(".deploy", target_is_directory=True)
    (tmp_path / ".c").symlink_to(".deploy", target_is_directory=True)
    plan = collector(tmp_path).plan(lambda _: 1)
    assert [path for shard in plan.shards for path in shard.items] == ["a/a.yaml"]
    assert plan.passed.hidden == Some(2, (".c", ".deploy"))


DEEP = 1_900
"""More folders than Python has room for calls; their path is as long as the system allows."""


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A folder that goes with its test: what later clears the folders of tests calls itself."""
    folder = tmp_path / "deep"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)  # noqa: S607 - the system's own


@pytest.mark.process
def test_folders_are_entered_to_any_depth(deep: Path) -> None:
    here = os.open(deep, os.O_RDONLY)
    for _ in range(DEEP):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    handle = os.open("a.yaml", os.O_WRONLY | os.O_CREAT, dir_fd=here)
    os.write(handle, POD.encode())
    os.close(handle)
    os.close(here)
    (deep / "b.yaml").write_text(POD)
    (lowest, shallow) = sorted(listed(deep), key=len, reverse=True)
    assert (lowest.count("/"), shallow) == (DEEP, "b.yaml")


@pytest.mark.process
def test_what_is_deeper_than_a_path_is_long_is_a_gap(deep: Path) -> None:
    here = os.open(deep, os.O_RDONLY)
    for _ in range(24):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (deep / "b.yaml").write_text(POD)
    plan = collector(deep).plan(lambda _: 1)
    (gap,) = plan.gaps
    assert (gap.cause, gap.detail) == (GapCause.UNREACHABLE, "folder: File name too long")
    assert listed(deep) == ["b.yaml"]


PASSED = {
    "a.yaml.gz": ".yaml.gz",
    "b.yml.J2": ".yml.j2",
    "c.json.tmpl": ".json.tmpl",
    "d.yam": ".yam",
    "e.py": ".py",
    "Makefile": "",
    ".gitignore": "",
    ".hidden.txt": ".txt",
    "f.": "",
    "g.a-suffix-that-is-none-at-all": "",
}


def test_files_are_passed_over_by_how_they_are_called(tmp_path: Path) -> None:
    """A hidden file that is called as manifests are is read."""
    for name in PASSED:
        (tmp_path / name).write_text(POD)
    (tmp_path / ".a.yaml").write_text(POD)
    (tmp_path / "link.txt").symlink_to(".a.yaml")
    plan = collector(tmp_path).plan(lambda _: 1)
    assert [path for shard in plan.shards for path in shard.items] == [".a.yaml"]
    expected = Counter([*PASSED.values(), ".txt"])
    assert plan.passed.suffixes == tuple(sorted(expected.items()))
    assert plan.passed.files == len(PASSED) + 1
    assert plan.gaps == ()


def test_of_many_only_the_first_are_named(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f".h{number:03d}").mkdir()
        (tmp_path / f"a.s{number:03d}").write_text("")
    (tmp_path / "b.s007").write_text("")
    passed = collector(tmp_path).plan(lambda _: 1).passed
    assert (passed.hidden.count, len(passed.hidden.named)) == (100, MOST_NAMED)
    assert passed.hidden.named[0] == ".h000"
    assert dict(passed.suffixes)["others"] == 50
    assert dict(passed.suffixes)[".s007"] == 2
    assert passed.files == 101


@given(st.lists(st.sampled_from(["\\", "x", "f", "\udcff", "\\xff", "a/b"]), max_size=6), st.data())
def test_no_two_paths_look_alike(parts: list[str], data: st.DataObject) -> None:
    """A bundle knows a file by how its path is shown."""
    others = data.draw(st.lists(st.sampled_from(["\\", "x", "f", "\udcff", "\\xff"]), max_size=6))
    one, other = "".join(parts), "".join(others)
    assert (shown(one) == shown(other)) == (one == other)


def test_a_path_looks_as_it_is() -> None:
    assert shown("a/b\\c.yaml") == "a/b\\c.yaml"
    assert shown("a\udcff.yaml") == "a\\xff.yaml"
    assert shown("a\\xff.yaml") == "a\\\\xff.yaml"


@pytest.mark.parametrize(("name", "text"), [("a.yaml", POD), ("a.yaml", "{"), ("a.json", "{}")])
def test_a_file_that_was_read_is_forgotten(name: str, text: str, tmp_path: Path) -> None:
    """Without a look for cycles, which a run does without: else a shard holds all of its files."""
    (tmp_path / name).write_text(text)
    (reading,) = read(collector(tmp_path))
    assert isinstance(reading, FileReading)
    found = [(each.source, reading.line(each.document, "/kind")) for each in reading.resources()]
    assert len(found) == (text == POD)
    gone = weakref.ref(reading)
    gc.disable()
    try:
        del reading
        assert gone() is None
    finally:
        gc.enable()
