"""The container file: what it copies is there and enough, what it installs is pinned and fits."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from auditor.version import VERSION
from tests.e2e.command import auditor
from tests.packaging.wheel import ROOT

DEPLOY = ROOT / "deploy"
FILE = DEPLOY / "Containerfile"
PROJECT = ROOT / "pyproject.toml"
_PINNED = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ \\]+)(?: \\\n +--hash=sha256:[0-9a-f]{64})+$",
    re.MULTILINE,
)


def pinned(name: str) -> dict[str, str]:
    """The versions in a file of requirements, of which each line must have a digest."""
    text = (DEPLOY / name).read_text()
    found = {each["name"]: each["version"] for each in _PINNED.finditer(text)}
    left = [line for line in _PINNED.sub("", text).splitlines() if line and line[0] != "#"]
    assert left == []
    return found


def unmet(wanted: list[str], there: dict[str, str]) -> list[str]:
    """What is asked for and not there in a version that fits."""
    parsed = map(Requirement, wanted)
    return [
        str(each)
        for each in parsed
        if not each.specifier.contains(there.get(canonicalize_name(each.name), "0"))
    ]


def test_all_that_is_asked_for_is_pinned() -> None:
    project = tomllib.loads(PROJECT.read_text())
    wanted = project["project"]["dependencies"]
    extras = project["project"]["optional-dependencies"]
    assert unmet([*wanted, *extras["timestamp"], *extras["s3"]], pinned("requirements.txt")) == []
    assert unmet(project["build-system"]["requires"], pinned("requirements-build.txt")) == []


def copied() -> list[str]:
    """What of the checkout is put into the image, or is built there."""
    lines = re.findall(r"^COPY (?!--from)(.*) \S+$", FILE.read_text(), re.MULTILINE)
    return [name for line in lines for name in line.split()]


def test_what_it_copies_is_there_and_is_what_the_wheel_is_made_of() -> None:
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]
    wanted = [*wheel["wheel"]["packages"], *wheel["wheel"]["force-include"]]
    assert {*wanted, "pyproject.toml", "hatch_build.py", "README.md", "LICENSE"} <= set(copied())


@pytest.mark.long
def test_what_it_copies_makes_the_same_wheel_twice(tmp_path: Path) -> None:
    """With nothing beside it: the compiled policies are made anew each time."""
    made = []
    for number in range(2):
        root = tmp_path / str(number)
        for name in (each for each in copied() if not each.startswith("deploy/")):
            source = ROOT / name
            unbuilt = shutil.ignore_patterns("__pycache__", "_shipped.bin")
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=unbuilt)
            else:
                root.mkdir(exist_ok=True)
                shutil.copy(source, root / name)
        line = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
        env = {"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": "1700000000"}
        subprocess.run(line, cwd=root, env=env, check=True, capture_output=True, timeout=300)
        (wheel,) = (root / "dist").iterdir()
        made.append(wheel.read_bytes())
    assert made[0] == made[1]
    assert zipfile.ZipFile(wheel).read("auditor/_shipped.bin")


def test_bases_are_one_by_its_digest_and_nobody_is_root() -> None:
    text = FILE.read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.search(r"@sha256:[0-9a-f]{64}$", bases[0])
    assert re.findall(r"^USER (.*)", text, re.MULTILINE) == ["65532:65532"]


def test_our_own_audit_of_it() -> None:
    done = auditor("scan", FILE, "--no-cache", "--format", "json")
    assert (done.results()["findings"], done.results()["gaps"]) == ([], [])


def test_the_chart_is_of_this_version() -> None:
    chart = (DEPLOY / "chart" / "Chart.yaml").read_text()
    assert f'appVersion: "{VERSION}"' in chart
