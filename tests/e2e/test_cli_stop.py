"""Stopped in the middle: at once, with the right code, and with nothing left half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditor.runner.settings import SHARD_WEIGHT
from tests.e2e.command import (
    ESTATE,
    ROOT,
    Ran,
    auditor,
    by_shell,
    ended,
    forks,
    started,
    surroundings,
)
from tests.e2e.forks import Forked

OLD = b"the report of yesterday"


SHARDS = 60


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Much to read, so that there are many shards, and little to judge in each of them."""
    tree = tmp_path_factory.mktemp("stop") / "tree"
    tree.mkdir()
    notes = "".join(f"    note-{each}: {'a word ' * 20}\n" for each in range(SHARD_WEIGHT // 150))
    for number in range(SHARDS):
        head = f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{number}\n  annotations:\n"
        named = ", ".join(f"{{name: c{each}, image: r.io/{number}}}" for each in range(20))
        (tree / f"{number}.yaml").write_text(f"{head}{notes}spec: {{containers: [{named}]}}\n")
    return tree


@contextmanager
def scanning(tree: Path, place: Path, *options: str) -> Iterator[Forked]:
    """A scan in a process group of its own, with a folder for temporary files of its own."""
    (place / "tmp").mkdir()
    (place / "out.json").write_bytes(OLD)
    arguments = ["scan", tree, "--no-cache", "--progress", "json", "-o", "json=out.json"]
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(place / "tmp"), "LANG": "C.UTF-8"}
    with started(*arguments, *options, cwd=place, env=env, session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def stop(process: Forked, place: Path, number: signal.Signals) -> Ran:
    """Signal the whole group, as a terminal does, and look at what is left."""
    os.killpg(process.pid, number)
    ran = ended(process, timeout=60)
    assert list((place / "tmp").iterdir()) == [], "no temporary file stays"
    assert sorted(path.name for path in place.iterdir()) == ["out.json", "tmp"]
    assert (place / "out.json").read_bytes() == OLD, "the output is as it was"
    group_ends(process.pid)
    return ran


def group_ends(group: int) -> None:
    """Wait until nobody is left in a process group; orphans are the system's to take away."""
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"somebody is left in the group {group}")


def spool_appears(place: Path, process: Forked) -> None:
    while not list((place / "tmp").iterdir()):
        assert process.poll() is None
        time.sleep(0.01)


def lines_appear(process: Forked, number: int) -> None:
    for _ in range(number):
        assert process.stderr.readline()


MOMENTS = {"rules are being compiled": 0, "workers start": 1, "shards are done": 3}


@pytest.mark.parametrize("lines", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("workers", ["1", "3"])
def test_ctrl_c(tree: Path, tmp_path: Path, lines: int, workers: str) -> None:
    with scanning(tree, tmp_path, "--workers", workers) as process:
        spool_appears(tmp_path, process)
        lines_appear(process, lines)
        ran = stop(process, tmp_path, signal.SIGINT)
    assert ran.code == 130, ran.err
    assert ran.out == ""
    assert ran.err.endswith("\ninterrupted\n")
    assert "Traceback" not in ran.err


@pytest.fixture
def _closing_counts() -> Iterator[None]:
    """Whoever runs the tests may ignore a terminal that is closed, and hands that on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


ENDS = {"termination": (signal.SIGTERM, 143), "a terminal that is closed": (signal.SIGHUP, 129)}


@pytest.mark.usefixtures("_closing_counts")
@pytest.mark.parametrize(("number", "code"), ENDS.values(), ids=ENDS)
def test_ended_from_outside(tree: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    with scanning(tree, tmp_path, "--workers", "3") as process:
        lines_appear(process, 2)
        ran = stop(process, tmp_path, number)
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("most", [6, 8, 10])
def test_a_bundle_without_descriptors(tmp_path: Path, most: int) -> None:
    """A start that fails leaves nothing beside the place of the bundle, and no temporary file.

    Files are flushed beside one another: how many are open at once, a fast disk decides. What is
    not refused is whole.
    """
    (tmp_path / "tmp").mkdir()
    scan = f"AUDITOR scan {ESTATE} -q --no-sign --output made"
    ran = shell(f"ulimit -n {most}; TMPDIR=tmp HOME=. {scan}", tmp_path, cold=True)
    assert ran.returncode == 2 or (most > 6 and ran.returncode == 1)
    found = sorted(path.name for path in tmp_path.iterdir() if path.name != ".cache")
    if ran.returncode == 1:
        assert "intact, signer unknown" in auditor("verify", "made", cwd=tmp_path).out
    else:
        assert "Too many open files" in ran.stderr
    assert found == (["tmp"] if ran.returncode == 2 else ["made", "tmp"])
    assert "Traceback" not in ran.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


def shell(command: str, cwd: Path, *, cold: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell; streams beside the usual three are those of a ``cold`` start."""
    program, asked = (f"'{sys.executable}' -m auditor", {}) if cold else by_shell(forks())
    return subprocess.run(
        ["/bin/bash", "-c", command.replace("AUDITOR", program)],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), **surroundings(), **asked},
        pass_fds=[] if cold else [forks().fileno()],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """It says nothing, and the verdict's exit code stays what it is."""
    ran = shell(f"AUDITOR scan {ESTATE} | head -1; echo ${{PIPESTATUS[0]}}", tmp_path)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[1:] == ["1"]
    ran = shell("AUDITOR rules list | head -1; echo ${PIPESTATUS[0]}", tmp_path)
    assert (ran.stderr, ran.stdout.splitlines()[1:]) == ("", ["0"])
    reports = f"AUDITOR scan {ESTATE} --quiet -o markdown=- -o json=x.json"
    ran = shell(f"{reports} | head -1; echo ${{PIPESTATUS[0]}}", tmp_path)
    assert (ran.stderr, ran.stdout.splitlines()) == ("", ["# Audit: fail", "1"])
    assert json.loads((tmp_path / "x.json").read_bytes())["schema"] == "results/v1"


CLOSED = {
    "standard output": (">&-", 2, "Error: standard output is closed\nhint: --quiet needs none\n"),
    "standard output, quiet": ("--quiet >&-", 1, ""),
    "standard error": ("--quiet 2>&-", 1, ""),
    "everything": ("--quiet <&- >&- 2>&-", 1, ""),
    "a full disk": (
        ">/dev/full",
        2,
        (
            "Error: standard output: No space left on device\n"
            "hint: write to a file with -o json=FILE\n"
        ),
    ),
}


@pytest.mark.parametrize(("how", "code", "says"), CLOSED.values(), ids=CLOSED)
def test_closed_streams(tmp_path: Path, how: str, code: int, says: str) -> None:
    ran = shell(f"AUDITOR scan {ESTATE} --workers 1 {how}", tmp_path, cold=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (code, "", says)


def test_a_full_disk_for_any_command(tmp_path: Path) -> None:
    ran = shell("AUDITOR rules list >/dev/full", tmp_path)
    assert ran.returncode == 2
    assert "No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_full_disk_for_the_version(tmp_path: Path) -> None:
    ran = shell("AUDITOR --version >/dev/full", tmp_path)
    assert (ran.returncode, ran.stderr) == (
        2,
        "Error: standard output: No space left on device\n",
    )


def test_an_output_keeps_its_mode(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_bytes(OLD)
    real.chmod(0o640)
    ran = auditor("scan", ESTATE, "-q", "-o", "json=real.json", cwd=tmp_path)
    assert ran.code == 1
    assert real.read_bytes().startswith(b'{\n"schema"')
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_new_output_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It repeats what manifests say."""
    before = os.umask(0)
    try:
        ran = auditor("scan", ESTATE, "-q", "-o", "json=new.json", cwd=tmp_path)
    finally:
        os.umask(before)
    assert ran.code == 1
    assert (tmp_path / "new.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_nothing_is_written_through_a_link(tmp_path: Path, *, there: bool) -> None:
    if there:
        (tmp_path / "real.json").write_bytes(OLD)
    (tmp_path / "link.json").symlink_to("real.json")
    ran = auditor("scan", ESTATE, "--no-cache", "-q", "-o", "json=link.json", cwd=tmp_path)
    assert ran.code == 2
    assert "link.json is a link\nhint: name the file itself" in ran.err
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").exists() == there


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_an_output_that_is_our_own_stream_in_a_file(tmp_path: Path, name: str) -> None:
    """A stream that a shell led into a file goes on there: it is not replaced."""
    command = f"(echo before; AUDITOR scan {ESTATE} -q -o json={name}; echo after) > f"
    ran = shell(command, tmp_path)
    assert ran.stderr == ""
    lines = (tmp_path / "f").read_text().splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("before", "{", "after")


def test_an_output_that_is_another_program(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    scan = f"AUDITOR scan {ESTATE} -q"
    ran = shell(f"{scan} -o json=>(wc -l >p) & cat p", tmp_path, cold=True)
    assert ran.stderr == ""
    assert int(ran.stdout) > 100


def test_an_output_that_is_a_pipe(tmp_path: Path) -> None:
    ran = shell(f"AUDITOR scan {ESTATE} -q -o json=/dev/stdout | wc -l", tmp_path)
    assert ran.stderr == ""
    assert int(ran.stdout) > 100
