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
from tests.unit.evidence.bundles import made

pytestmark = pytest.mark.process


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


SDKS = ("kubernetes", "urllib3", "requests", "yaml", "ssl", "http")
OF_PYTHON = (
    *("base64", "dataclasses", "getpass", "json", "pickle", "random", "shlex", "shutil"),
    *("socket", "subprocess", "tempfile", "traceback", "xml", "zipfile", "zoneinfo"),
)
"""What takes longer to load than it is used in a run that does nothing special."""
ANALYSES = tuple(
    f"auditor.analysis.{package}"
    for package in ("auditing", "controlplane", "docker", "estate", "nodes", "vsphere")
)
"""Analyses of objects that are not in the file of the test."""
FORMS = tuple(f"collectors.images.{name}" for name in ("boms", "signatures", "trivy", "vex"))
"""Documents that it is not."""
LOADED = """
import sys
before = set(sys.modules)
from auditor.cli.app import run
run(sys.argv[1:])
print(*sorted(sys.modules.keys() - before), sep="\\n", file=sys.stderr)
"""


def loaded(*arguments: str | Path, cache: Path) -> set[str]:
    """The modules that a command loads, and the packages that they are in."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = done.stderr.split()
    assert "auditor.cli.app" in found, done.stderr
    parts = (name.split(".") for name in found)
    return {".".join(each[:length]) for each in parts for length in range(1, len(each) + 1)}


def test_a_scan_of_files_loads_what_it_needs(tmp_path: Path) -> None:
    """Once the rules are compiled, which are YAML before that, and it is known what analyses read.

    A scan of a small file is mostly what it loads: see ADR 0063.
    """
    command = ("scan", ESTATE / "platform/rbac.yaml", "--quiet", "-o", f"json={tmp_path / 'r'}")
    first, second = (loaded(*command, cache=tmp_path) for _ in range(2))
    assert first.issuperset(ANALYSES), "they are asked what they read"
    assert second & {*SDKS, *OF_PYTHON, *ANALYSES, *FORMS} == set()
    assert "auditor.analysis.rights" in second


def test_verifying_loads_nothing_that_judges(tmp_path: Path) -> None:
    found = loaded("verify", made(tmp_path).root, cache=tmp_path)
    ours = {f"auditor.{name}" for name in ("analysis", "cel", "platforms", "policy", "runner")}
    of_evidence = {"base64", "json"}
    of_cryptography = {"dataclasses", "random"}
    unused = {*SDKS, *OF_PYTHON} - of_evidence - of_cryptography
    assert found & {*ours, *unused, "collectors"} == set()


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
