"""Where a configuration is found, and which is not believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.configuration.finding import distrusted, find, read_found
from auditor.errors import UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a folder in it, and configurations where none should count."""
    (tmp_path / "auditor.yaml").write_text("outside")
    (tmp_path / "r" / "a" / "b").mkdir(parents=True)
    return tmp_path / "r"


def test_the_nearest_up_to_the_top_of_the_repository(tree: Path) -> None:
    (tree / ".git").mkdir()
    assert find(tree / "a" / "b") is None, "above the repository is never looked at"
    (tree / "auditor.yaml").write_text("top")
    for place in (tree, tree / "a", tree / "a" / "b"):
        found = find(place)
        assert found is not None
        assert (found.path, found.root) == (tree / "auditor.yaml", tree)
    (tree / "a" / "auditor.yaml").write_text("near")
    near = find(tree / "a" / "b")
    assert near is not None
    assert (near.path, near.root) == (tree / "a" / "auditor.yaml", tree)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_worktree_is_a_repository_of_its_own(tree: Path, kind: str) -> None:
    (tree / ".git").mkdir()
    (tree / "auditor.yaml").write_text("top")
    mark = tree / "a" / ".git"
    mark.symlink_to("nowhere") if kind == "link" else mark.write_text("gitdir: x\n")
    assert find(tree / "a" / "b") is None


def test_without_a_repository_only_where_we_are_counts(tree: Path) -> None:
    assert find(tree) is None
    (tree / "auditor.yaml").write_text("here")
    assert find(tree / "a") is None
    found = find(tree)
    assert found is not None
    assert found.root == tree


def status(mode: int, owner: int) -> os.stat_result:
    return os.stat_result((mode, 1, 1, 1, owner, owner, 1, 0, 0, 0))


FOLDER, FILE = 0o040755, 0o100644
TRUST = {
    "ours": (FILE, 7, FOLDER, 7, ""),
    "of root": (FILE, 0, FOLDER, 0, ""),
    "writable by our group": (0o100664, 7, 0o040775, 7, ""),
    "of another user": (FILE, 8, FOLDER, 7, "it is owned by another user (8, and we are 7)"),
    "in the folder of another": (FILE, 7, FOLDER, 8, "its folder is owned by another user"),
    "writable by all": (0o100646, 7, FOLDER, 7, "everybody may write to it"),
    "in a folder writable by all": (FILE, 7, 0o040757, 7, "everybody may write to its folder"),
    "in a sticky folder": (FILE, 7, 0o041777, 0, ""),
    "of another in a sticky folder": (FILE, 8, 0o041777, 0, "it is owned by another user"),
    "a folder": (FOLDER, 7, FOLDER, 7, "it is no regular file"),
    "a pipe": (0o010644, 7, FOLDER, 7, "it is no regular file"),
    "a device": (0o020644, 7, FOLDER, 7, "it is no regular file"),
}


@pytest.mark.parametrize(("mode", "owner", "around", "of", "why"), TRUST.values(), ids=TRUST)
def test_who_may_have_written_it(mode: int, owner: int, around: int, of: int, why: str) -> None:
    found = distrusted(status(mode, owner), status(around, of), 7)
    assert found.startswith(why)
    assert bool(found) == bool(why)


def test_root_believes_nobody_else() -> None:
    assert "another user (8, and we are 0)" in distrusted(status(FILE, 8), status(FOLDER, 0), 0)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("profile: a\n")
    (tmp_path / "auditor.yaml").symlink_to("other")
    found = find(tmp_path)
    assert found is not None, "it is told, and not passed over"
    with pytest.raises(UsageError, match="it is a link, and nobody named it") as caught:
        read_found(found.path, "auditor.yaml")
    assert caught.value.hint == "auditor scan --config auditor.yaml takes it by your word"


@pytest.mark.parametrize("kind", ["folder", "pipe", "large", "dangling", "writable"])
def test_what_is_not_read(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "auditor.yaml"
    match kind:
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case "large":
            place.write_bytes(b"#" * ((1 << 20) + 1))
        case "dangling":
            place.symlink_to("nowhere")
        case _:
            place.write_text("profile: a\n")
            place.chmod(0o666)
    with pytest.raises(UsageError, match=r"auditor\.yaml"):
        read_found(place, "auditor.yaml")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_was_given_away(tmp_path: Path) -> None:
    place = tmp_path / "auditor.yaml"
    place.write_text("profile: a\n")
    assert read_found(place, "auditor.yaml") == b"profile: a\n"
    os.chown(place, 12345, -1)
    with pytest.raises(UsageError, match="owned by another user"):
        read_found(place, "auditor.yaml")
