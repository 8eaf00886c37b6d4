"""What is left out of a tree: counted by the files that would be read, and never looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.model.resource import NONE_OF_IT, LeftOut, Some, Target
from auditor.ports import Plan
from collectors.documents.collector import FilesCollector
from collectors.documents.globs import Globs
from collectors.kubernetes.manifests.recogniser import MANIFESTS

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def planned(root: Path, *globs: str) -> Plan:
    target = Target(str(root), "files")
    return FilesCollector(target, root, (MANIFESTS,), globs=Globs.of(globs)).plan(lambda _: 1)


def files(plan: Plan) -> list[str]:
    return [path for shard in plan.shards for path in shard.items]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in (
        *(
            "a.yaml",
            "vendor/x.yaml",
            "vendor/deep/y.json",
            "vendor/notes.txt",
            "vendor/.git/z.yaml",
        ),
        *("app/vendor/q.yaml", "app/b.yaml", "app/b.ci.yaml", "pictures/p.png"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(POD)
    return tmp_path


def test_what_is_left_out_is_counted_by_its_globs(tree: Path) -> None:
    plan = planned(tree, "vendor/", "*.ci.yaml", "none", "app/vendor")
    assert files(plan) == ["a.yaml", "app/b.yaml"]
    assert plan.gaps == ()
    assert plan.passed.excluded == (
        LeftOut("vendor/", 3, Some(2, ("app/vendor", "vendor"))),
        LeftOut("*.ci.yaml", 1, Some(1, ("app/b.ci.yaml",))),
        LeftOut("none", 0, NONE_OF_IT),
        LeftOut("app/vendor", 0, NONE_OF_IT),
    )
    assert plan.passed.excluded_files == 4


def test_what_would_not_be_read_is_passed_over_as_ever(tree: Path) -> None:
    plan = planned(tree, "pictures/", "*.txt", ".git")
    assert plan.passed.excluded_files == 0
    assert plan.passed.suffixes == ((".txt", 1),)
    assert plan.passed.hidden == Some(1, ("vendor/.git",))
    assert len(files(plan)) == 6


def test_a_file_that_was_named_has_its_name_as_its_path(tree: Path) -> None:
    plan = planned(tree / "vendor" / "notes.txt", "vendor/", "*.txt")
    assert plan.shards == ()
    assert plan.passed.excluded[1] == LeftOut("*.txt", 1, Some(1, ("notes.txt",)))


def test_nothing_that_is_left_out_is_a_gap(tree: Path) -> None:
    os.mkfifo(tree / "pipe.yaml")
    (tree / "out.yaml").symlink_to("/etc/hostname")
    (tree / "lost.yaml").symlink_to("nowhere")
    (tree / "vendor" / "kustomization.yaml").write_text("resources: []")
    (tree / "vendor" / "closed").mkdir(mode=0)
    assert {gap.scope for gap in planned(tree).gaps} >= {"pipe.yaml", "out.yaml", "vendor"}
    plan = planned(tree, "pipe.yaml", "out.yaml", "lost.yaml", "/vendor")
    assert plan.gaps == ()
    assert [each.files for each in plan.passed.excluded[:3]] == [1, 1, 1]


def test_a_chart_without_its_chart_yaml_is_a_folder(tree: Path) -> None:
    (tree / "app" / "kustomization.yaml").write_text("resources: [b.yaml]")
    assert [gap.scope for gap in planned(tree).gaps] == ["app"]
    plan = planned(tree, "kustomization.yaml")
    assert plan.gaps == ()
    assert "app/b.yaml" in files(plan)


def test_a_link_is_left_out_by_its_own_path_alone(tree: Path) -> None:
    (tree / "link").symlink_to("vendor", target_is_directory=True)
    (tree / "x.yaml").symlink_to("vendor/x.yaml")
    assert files(planned(tree, "/vendor", "/app")) == [
        *("a.yaml", "link/deep/y.json", "link/x.yaml", "x.yaml"),
    ]
    plan = planned(tree, "/vendor", "/app", "link/", "x.yaml")
    assert files(plan) == ["a.yaml"]
    assert plan.passed.excluded[2] == LeftOut("link/", 1, Some(1, ("link",)))


def test_names_that_are_not_unicode_and_links_in_a_ring(tree: Path) -> None:
    (tree / "ring").symlink_to("ring")
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff.yaml")).write_text(POD)
    plan = planned(tree, "?.yaml")
    assert plan.passed.excluded[0].entries.named[-1] == "vendor/x.yaml"
    assert "\\xff.yaml" in plan.passed.excluded[0].entries.named
    assert [gap.scope for gap in planned(tree).gaps] == ["ring"]
    assert planned(tree, "ring").gaps == ()


def test_many_entries_are_named_by_the_first(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number:02}.yaml").write_text(POD)
    (left,) = planned(tmp_path, "*").passed.excluded
    assert (left.files, left.entries.count, len(left.entries.named)) == (50, 50, 20)
