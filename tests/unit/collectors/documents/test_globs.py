"""Globs of ``--exclude``: a table of what each matches, and git as an oracle."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.errors import UsageError
from collectors.documents.globs import Glob, Globs
from tests.sweeps import sweep

FILES = (
    *("a.yaml", "vendor.yaml", "x.tfvars.yaml", "testdata/a.yaml", "testdata/deep/b.yaml"),
    *("charts/one/ci/a.yaml", "charts/one/values.yaml", "charts/two/ci/b.yaml", "ci/a.yaml"),
    *("a/golden/x.yaml", "a/golden/y/z.yaml", "golden/x.yaml", "a/b/golden", "a/vendor/v.yaml"),
    *("vendor/v.yaml", "a/b/c/d.yaml", "a/d.yaml", "[x]/a.yaml", "a/testdata", "é/ü.yaml"),
)

CASES: dict[str, set[str]] = {
    "testdata/": {"testdata/a.yaml", "testdata/deep/b.yaml"},
    "testdata": {"testdata/a.yaml", "testdata/deep/b.yaml", "a/testdata"},
    "vendor": {"vendor/v.yaml", "a/vendor/v.yaml"},
    "/vendor": {"vendor/v.yaml"},
    "./vendor": {"vendor/v.yaml"},
    "a/vendor": {"a/vendor/v.yaml"},
    "*.tfvars.yaml": {"x.tfvars.yaml"},
    "**/golden/**": {"a/golden/x.yaml", "a/golden/y/z.yaml", "golden/x.yaml"},
    "golden/": {"a/golden/x.yaml", "a/golden/y/z.yaml", "golden/x.yaml"},
    "/charts/*/ci": {"charts/one/ci/a.yaml", "charts/two/ci/b.yaml"},
    "charts/**/*.yaml": {"charts/one/ci/a.yaml", "charts/one/values.yaml", "charts/two/ci/b.yaml"},
    "a/**/d.yaml": {"a/b/c/d.yaml", "a/d.yaml"},
    "ci/a.yaml": {"ci/a.yaml"},
    "**/ci/a.yaml": {"ci/a.yaml", "charts/one/ci/a.yaml"},
    "/*.yaml": {"a.yaml", "vendor.yaml", "x.tfvars.yaml"},
    "[a-b].yaml": {
        *("a.yaml", "testdata/a.yaml", "testdata/deep/b.yaml", "charts/one/ci/a.yaml"),
        *("charts/two/ci/b.yaml", "ci/a.yaml", "[x]/a.yaml"),
    },
    "/[!a]/": {"é/ü.yaml"},
    "/[^a]/": {"é/ü.yaml"},
    "[[]x[]]": {"[x]/a.yaml"},
    "d?.yaml": set(),
    "VENDOR": set(),
    "**": set(FILES),
    "*": set(FILES),
    "a/**": {path for path in FILES if path.startswith("a/")},
}


def left_out(text: str) -> set[str]:
    """Find the files that a glob leaves out, by themselves or with a folder that they are in."""
    globs = Globs.of((text,))
    return {
        path
        for path in FILES
        if any(
            globs.find(above, is_folder=above != path) is not None
            for above in (
                path[:at]
                for at in range(1, len(path) + 1)
                if not path[at:].strip("/") or path[at] == "/"
            )
        )
    }


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=CASES.keys())
def test_what_a_glob_leaves_out(text: str, expected: set[str]) -> None:
    assert left_out(text) == expected


WRONG = {
    "": "it names nothing",
    "/": "it names nothing",
    "./": "it names nothing",
    "!a": "can't be taken in again",
    "../a": "nothing above it",
    "a\\b": "folders are parted by /",
    "a[b": "a [ without its ]",
    "[]": "a [ without its ]",
    "[a/b]": "a [ without its ]",
    "[[:alpha:]]": "written as [a-z]",
}


@pytest.mark.parametrize(("text", "says"), WRONG.items(), ids=[repr(text) for text in WRONG])
def test_what_is_no_glob(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        Glob.of(text)
    assert f"--exclude {text!r}: " in caught.value.message
    assert says in caught.value.message
    assert caught.value.hint


def test_the_first_glob_that_matches_is_named() -> None:
    globs = Globs.of(("b", "a*", "a*", "**"))
    assert [glob.text for glob in globs.globs] == ["b", "a*", "**"]
    assert [globs.find(path, is_folder=False) for path in ("ab", "b", "c")] == [1, 0, 2]


def test_a_name_that_would_take_a_backtracking_matcher_for_ever() -> None:
    glob = Glob.of("**/*a*a*a*a*a*a*a*a*a*a*b/**/c/**/d/**/e")
    assert not glob.matches(f"{'a' * 250}/" * 100 + "c", is_folder=False)


PARTS = (
    *("a", "b", "c", "*", "**", "a*", "*.yaml", "?", "[ab]", "[!a]", "testdata", "vendor"),
    *("golden", "d.yaml", "ci", "charts", "*e*"),
)


@pytest.mark.process
@pytest.mark.skipif(shutil.which("git") is None, reason="git is what globs are compared with")
@sweep(150, 3_000)
def test_globs_mean_what_they_mean_in_gitignore(tmp_path: Path, size: int) -> None:
    """But that ``?`` is a character here, and a byte there."""
    git = ("git", "-C", str(tmp_path), "-c", "core.quotePath=false")
    subprocess.run((*git, "init", "--quiet"), check=True, timeout=60)
    plain = [path for path in FILES if path.isascii()]
    for path in plain:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    ignored = tmp_path / ".git" / "info" / "exclude"
    ignored.parent.mkdir(exist_ok=True)
    chance = random.Random(16)
    for _ in range(size):
        parts = chance.choices(PARTS, k=chance.randint(1, 4))
        text = chance.choice(("", "", "/")) + "/".join(parts) + chance.choice(("", "", "/"))
        ignored.write_text(f"{text}\n")
        ran = subprocess.run(
            (*git, "check-ignore", "--no-index", "--stdin"),
            input="\n".join(plain),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert left_out(text) & {*plain} == set(ran.stdout.splitlines()), text
