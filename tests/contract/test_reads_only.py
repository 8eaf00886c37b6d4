"""Importing does nothing; scanning writes nothing but its own files, and talks to nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.runner.settings import SHARD_WEIGHT
from tests.e2e.command import ESTATE, ROOT


def watch(*arguments: str | Path, own: Path) -> subprocess.CompletedProcess[str]:
    """What ran under the hook: its output, and the deeds that it may not do on stderr."""
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(own),
        "XDG_CACHE_HOME": str(own / "cache"),
    }
    return subprocess.run(
        [sys.executable, "-m", "tests.contract.watch", *map(str, arguments)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_importing_does_nothing(tmp_path: Path) -> None:
    ran = watch("import", tmp_path, own=tmp_path)
    assert (ran.stderr, ran.returncode) == ("", 0)


def test_a_scan_of_files_loads_no_sdk(tmp_path: Path) -> None:
    """Once the rules are compiled; before that they are YAML."""
    code = (
        "import sys; from auditor.cli.app import run; run(sys.argv[1:]); "
        "print([name for name in sys.modules if name.partition('.')[0] in "
        "('kubernetes', 'urllib3', 'requests', 'yaml', 'ssl', 'http')])"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, "scan", ESTATE / "platform/rbac.yaml", "--quiet"],
            cwd=ROOT,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_scan_of_a_cluster_loads_only_connections(tmp_path: Path) -> None:
    """The package for clusters takes longer to load than a small one to read: see ADR 0014."""
    (tmp_path / "config").write_text(
        "{current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}], "
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], "
        "users: [{name: u, user: {token: t}}]}"
    )
    code = (
        "import sys; from auditor.cli.app import run; code = run(sys.argv[1:]); "
        "print(code, sorted({'kubernetes', 'requests', 'pydantic'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "scan", "k8s://", "--quiet", "--kubeconfig", "config"],
        cwd=tmp_path,
        env={"XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("3 []\n", "")


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    copy = tmp_path / "estate"
    shutil.copytree(ESTATE, copy)
    return copy


def state_of(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--workers", "1"), id="one worker"),
        pytest.param(("--format", "json", "--all"), id="json"),
    ],
)
def test_scanning_changes_nothing(estate: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    own = tmp_path / "own"
    own.mkdir()
    before = state_of(estate)
    for again in ("cold", "warm"):
        ran = watch("scan", own, "scan", estate, "--progress", "none", *options, own=own)
        assert (ran.stderr, ran.returncode) == ("", 1), again
        assert ran.stdout
    assert state_of(estate) == before
    assert [path.name for path in own.iterdir()] in (["cache"], []), "nothing is left behind"


def test_many_workers_talk_only_to_their_parent(estate: Path, tmp_path: Path) -> None:
    """A tree that is big enough for processes."""
    own = tmp_path / "own"
    own.mkdir()
    for number in range(2):
        (estate / f"big-{number}.yaml").write_bytes(FILLER + b"# " + b"x" * BIG + b"\n")
    ran = watch(
        "scan", own, "scan", estate, "--progress", "none", "--workers", "3", "--no-cache", own=own
    )
    assert ran.stderr == ""
    assert ran.returncode == 1


BIG = 2 * SHARD_WEIGHT
FILLER = b"""\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: filler, namespace: ml}
"""


def test_a_report_is_written_where_it_was_asked_for(estate: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    out = own / "results.json"
    ran = watch(
        "scan", own, "scan", estate, "--progress", "none", "-q", "-o", f"json={out}", own=own
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", "", 1)
    assert out.is_file()


def test_the_hook_sees(estate: Path, tmp_path: Path) -> None:
    """A scan told to write elsewhere is reported: the hook is not an ornament."""
    out = tmp_path / "results.json"
    own = tmp_path / "own"
    own.mkdir()
    one = estate / "platform/rbac.yaml"
    ran = watch("scan", own, "scan", one, "--progress", "none", "-q", "-o", f"json={out}", own=own)
    assert f"'{out}" in ran.stderr
    assert "auditor.cli" in ran.stderr
