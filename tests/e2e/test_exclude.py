"""``--exclude``: told in every report, kept in bundles, forbidden by a gate that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.command import Ran, auditor
from tests.unit.evidence.bundles import POD

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ml}\n"
TOLD = "left out by --exclude: testdata/ 2 files, *.tfvars.yaml 1 file"
GLOBS = ("--exclude", "testdata/", "--exclude", "*.tfvars.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in {
        "tree/ns.yaml": NAMESPACE,
        "tree/testdata/pod.yaml": POD,
        "tree/app/testdata/broken.yaml": "apiVersion: v1\nkind: [",
        "tree/app/x.tfvars.yaml": "a: {{ b }}: c\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def scan(folder: Path, *options: str | Path) -> Ran:
    return auditor("scan", "tree", *options, cwd=folder)


def test_the_screen_and_results_tell_of_it(folder: Path) -> None:
    whole = scan(folder)
    assert (whole.code, "--exclude" in whole.out) == (1, False)
    ran = scan(folder, *GLOBS)
    assert (ran.code, ran.err) == (0, "")
    assert f"  {TOLD}" in ran.out.splitlines()
    assert "  everything but what --exclude left out in scope was read" in ran.out.splitlines()
    again = "auditor scan tree --exclude testdata/ --exclude '*.tfvars.yaml' -o json=results.json"
    assert f"  {again}" in ran.out.splitlines()
    (target,) = scan(folder, *GLOBS, "--format", "json").results()["targets"]
    assert target["state"] == "complete"
    assert target["passed"]["excluded"] == [
        {
            "glob": "testdata/",
            "files": 2,
            "entries": {"count": 2, "named": ["app/testdata", "testdata"]},
        },
        {
            "glob": "*.tfvars.yaml",
            "files": 1,
            "entries": {"count": 1, "named": ["app/x.tfvars.yaml"]},
        },
    ]


def test_no_rule_is_blind_for_it(folder: Path) -> None:
    whole = scan(folder, "--format", "json").results()
    ran = scan(folder, *GLOBS, "--format", "json").results()
    assert whole["coverage"]["rules"]["blind"] > 0
    assert (ran["coverage"]["rules"]["blind"], ran["gaps"], ran["coverage"]["ratio"]) == (0, [], 1)


def test_a_gate_may_forbid_it(folder: Path) -> None:
    ran = scan(folder, *GLOBS, "--fail-on", "high, excluded")
    assert ran.code == 1
    assert "3 files left out by --exclude" in ran.out.splitlines()[0]
    assert scan(folder, *GLOBS, "--fail-on", "excluded>3").code == 0
    assert scan(folder, "--exclude", "none", "--exclude", "t*", "--fail-on", "excluded").code == 1
    own = folder / "own" / "profiles"
    own.mkdir(parents=True)
    strict = "id: strict\ntitle: Strict\nextends: [ai-platform]\ngate: critical, excluded\n"
    (own / "strict.yaml").write_text(strict)
    ran = scan(folder, *GLOBS, "--policies", "own", "--profile", "strict")
    assert ran.code == 1, ran.out


def test_a_glob_that_left_nothing_out_is_told(folder: Path) -> None:
    ran = scan(folder, *GLOBS, "--exclude", "tesdata/", "--exclude", "*.md")
    assert ran.code == 0
    assert ran.err.splitlines() == [
        "auditor: --exclude tesdata/: left nothing out that would be read",
        "auditor: --exclude *.md: left nothing out that would be read",
    ]
    assert scan(folder, *GLOBS, "--exclude", "tesdata/", "--quiet").err == ""


@pytest.mark.parametrize("glob", ["**", "*", "/**"])
def test_all_left_out_is_nothing_audited(folder: Path, glob: str) -> None:
    ran = scan(folder, "--exclude", glob, "--fail-on", "never")
    assert ran.code == 3
    assert ran.out.startswith("? INCOMPLETE  nothing was audited\n")
    assert f"  left out by --exclude: {glob} 4 files" in ran.out.splitlines()
    assert "  auditor scan tree" in ran.out.splitlines(), "the way out is not to leave it all out"


def test_it_is_for_files_alone(folder: Path) -> None:
    for targets in (("k8s://",), ("-",), ("-", "k8s://prod")):
        ran = auditor("scan", *targets, "--exclude", "a", cwd=folder, stdin=POD.encode())
        assert ran.code == 2
        assert "--exclude is for files and folders, and no target is one" in ran.err
    ran = auditor("scan", "-", "tree", *GLOBS, cwd=folder, stdin=POD.encode())
    assert ran.code == 1, "what comes on standard input has no path: it is read"
    assert TOLD in ran.out


def test_a_glob_that_can_not_be_meant(folder: Path) -> None:
    ran = scan(folder, "--exclude", "!testdata")
    assert ran.code == 2
    assert "--exclude '!testdata': what is left out can't be taken in again" in ran.err


def test_nothing_in_the_tree_leaves_anything_out(folder: Path) -> None:
    for name in (".gitignore", ".auditorignore", ".ignore", ".helmignore"):
        (folder / "tree" / name).write_text("testdata/\n*.tfvars.yaml\n")
    results = scan(folder, "--format", "json").results()
    assert results["targets"][0]["passed"]["excluded"] == []
    assert any(each["resource"]["name"] == "shell" for each in results["findings"])


def test_a_bundle_says_it_and_can_not_say_otherwise(folder: Path) -> None:
    assert scan(folder, *GLOBS, "-q", "--no-sign", "--output", "kept").code == 0
    replayed = auditor("replay", "kept", cwd=folder)
    assert (replayed.code, replayed.out[:11]) == (0, "REPLAY same"), replayed.out
    again = auditor("evaluate", "kept", cwd=folder)
    assert (again.code, f"  {TOLD}" in again.out.splitlines()) == (0, True)
    assert auditor("evaluate", "kept", "--fail-on", "excluded", cwd=folder).code == 1
    kept = folder / "kept"
    (entry,) = json.loads((kept / "inventory.json").read_text())["targets"]
    assert entry["leftOut"] == {"testdata/": 2, "*.tfvars.yaml": 1}


def test_a_diff_says_that_the_scope_was_another(folder: Path) -> None:
    assert scan(folder, "-q", "--no-sign", "--output", "before").code == 1
    assert scan(folder, *GLOBS, "-q", "--no-sign", "--output", "after").code == 0
    ran = auditor("diff", "before", "after", cwd=folder)
    assert ran.out.splitlines()[:2] == [
        "LEFT OUT of BEFORE by --exclude: nothing",
        "LEFT OUT of AFTER by --exclude: tree: testdata/ 2 files; tree: *.tfvars.yaml 1 file",
    ]
    told = json.loads(auditor("diff", "before", "after", "--json", cwd=folder).out)
    assert told["excluded"] == {
        "before": {},
        "after": {"tree": {"testdata/": 2, "*.tfvars.yaml": 1}},
    }
    assert "LEFT OUT" not in auditor("diff", "after", "after", cwd=folder).out
