"""Every command that the documentation shows works, and prints what it says.

In a ``console`` block a line with ``$ `` is a command; what follows is its output, where some is
shown. ``...`` or ``…`` on a line of its own stands for any lines. An HTML comment before the block
says what is special: ``<!-- exit 1 -->``, ``<!-- not run: why -->``, ``<!-- in order -->`` where a
command needs what the one before it has made.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.cli.options import DEFAULT_PROFILE
from auditor.policy import load, resolve
from tests.e2e.command import by_shell, surroundings
from tests.e2e.forks import Forks
from tests.faults import engines
from tests.faults.server import healthy, serving
from tests.packaging.wheel import ROOT

PAGES = (
    *("README.md", "docs/usage.md", "docs/frameworks.md"),
    *("docs/writing-rules.md", "docs/evidence.md"),
)
_BLOCK = re.compile(
    r"(?:<!--\s*(?P<mark>exit \d+|in order|not run: [^>]*?)\s*-->\n)?```console\n(?P<body>.*?)```",
    re.DOTALL,
)
NEEDED = frozenset({"helm", "kubectl"})
"""Programs that a reader has and a test machine may not."""

SOURCES = (
    ("overlays/prod", "kustomization.yaml", "resources: [mlflow.yaml]\n"),
    ("chart", "Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
    ("stack", "compose.yaml", "services: {web: {image: a, privileged: true}}\n"),
)
"""What those programs read, as (folder, file, text)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One command of a page, with the output and the exit code that the page shows."""

    page: str
    command: str
    output: str
    codes: frozenset[int]


def shown() -> Iterator[Shown]:
    """All commands of all pages, in order."""
    for page in PAGES:
        for block in _BLOCK.finditer((ROOT / page).read_text("utf-8")):
            mark = block["mark"] or ""
            if mark.startswith("not run"):
                continue
            parts = re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]
            if mark == "in order":
                yield Shown(page, "; ".join(map(str.strip, parts)), "", frozenset({0}))
                continue
            codes = frozenset({int(mark.split()[1])} if mark else {0, 1})
            for part in parts:
                command, _, output = part.partition("\n")
                yield Shown(page, command.strip(), output.strip(), codes)


COMMANDS = list(shown())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has: the project, with the folders that the commands speak of."""
    place = tmp_path_factory.mktemp("readme") / "auditor"
    place.mkdir()
    for name in ("auditor", "collectors", "reports", "policies", "examples", "docs"):
        shutil.copytree(ROOT / name, place / name, symlinks=True)
    for name in ("Makefile", "README.md", "pyproject.toml", "hatch_build.py", "LICENSE"):
        shutil.copy(ROOT / name, place)
    shutil.copytree(place / "examples" / "estate" / "serving", place / "manifests")
    shutil.copy(
        place / "examples" / "estate" / "mlops" / "mlflow.yaml", place / "chart-output.yaml"
    )
    workload = place / "examples" / "estate" / "mlops" / "mlflow.yaml"
    for folder, name, text in SOURCES:
        (place / folder).mkdir(parents=True)
        (place / folder / name).write_text(text)
    shutil.copy(workload, place / "overlays" / "prod")
    (place / "chart" / "templates").mkdir()
    shutil.copy(workload, place / "chart" / "templates")
    return place


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster of our own for what the pages call the current one, or prod: never a reader's."""
    with serving(healthy) as server:
        cluster = {"name": "c", "cluster": {"server": server.url}}
        context = {"cluster": "c", "user": "u"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "prod",
            "clusters": [cluster],
            "contexts": [{"name": "prod", "context": context}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        path = tmp_path_factory.mktemp("cluster") / "kubeconfig"
        path.write_text(json.dumps(config))
        yield path


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine of our own for what the pages call the local one: never a reader's."""
    path = tmp_path_factory.mktemp("engine") / "d.sock"
    with serving(engines.healthy, path=path):
        yield f"unix://{path}"


def test_there_are_commands() -> None:
    assert {item.page for item in COMMANDS} >= {"README.md"}
    assert any(item.command.startswith("auditor scan") for item in COMMANDS)


def test_the_first_sample_has_as_many_rules_as_there_are() -> None:
    (said,) = re.findall(r"profile (\S+), (\d+) rules; examples", (ROOT / "README.md").read_text())
    rules = resolve(load((ROOT / "policies",)), said[0], {}).rules
    assert said == (DEFAULT_PROFILE, str(len(rules)))


def programs(command: str) -> set[str]:
    return {part.split()[0] for part in re.split(r"[|;&]+", command) if part.split()}


@pytest.mark.parametrize("item", COMMANDS, ids=lambda item: f"{item.page}: {item.command}")
def test_a_command(
    item: Shown,
    checkout: Path,
    tools: Path,
    warm: Forks,
    kubeconfig: Path,
    engine: str,
    pip_settings: dict[str, str],
) -> None:
    foreign = sorted(programs(item.command) & NEEDED)
    missing = [name for name in foreign if shutil.which(name) is None]
    if missing:
        item = without_sources(item)
    path = f"{tools}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-c", item.command],
        cwd=checkout,
        env={
            **of_pip(),
            **pip_settings,
            "PATH": path,
            "KUBECONFIG": str(kubeconfig),
            "DOCKER_HOST": engine,
            "XDG_CACHE_HOME": str(tools),
            "XDG_CONFIG_HOME": str(tools / "config"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(checkout),
            **by_shell(warm)[1],
        },
        pass_fds=[warm.fileno()],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in item.codes, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if item.output:
        assert as_pattern(item.output).search(done.stdout), done.stdout


def of_pip() -> dict[str, str]:
    """What else pip has to know."""
    return {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "HOME"))}


def without_sources(item: Shown) -> Shown:
    """A pipe from a program that is not here, fed with what it would print."""
    _, _, ours = item.command.partition("| ")
    command = f"cat chart-output.yaml | {ours}" if ours else "true"
    return Shown(item.page, command, "", item.codes)


def as_pattern(output: str) -> re.Pattern[str]:
    lines = [
        r"(?:.*\n)*?" if line.strip() in {"...", "…"} else re.escape(line.rstrip()) + r"[ ]*\n"
        for line in output.splitlines()
    ]
    return re.compile("".join(lines))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command is put, as ``pip install`` puts it on the path."""
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="module")
def warm(checkout: Path, tools: Path) -> Iterator[Forks]:
    """What commands are forked from: the program of the checkout."""
    found = Forks({"PYTHONPATH": str(ROOT), **surroundings()}, tools / "forks.log", checkout)
    script = tools / "auditor"
    script.write_text(f'#!/bin/sh\nexec {by_shell(found)[0]} "$@"\n')
    script.chmod(0o755)
    yield found
    found.stop()
