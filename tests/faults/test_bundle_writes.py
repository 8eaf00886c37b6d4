"""A bundle is there whole or not at all, whatever stops the writing of it."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.command import ROOT, Ran, auditor, ended, started, surroundings
from tests.e2e.forks import Forked
from tests.e2e.runs import generate
from tests.sweeps import sweep

SIZES = (
    pytest.param(60, id="small"),
    pytest.param(300, id="large", marks=pytest.mark.long),
)


@pytest.fixture(scope="module", params=SIZES)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    generate(folder / "tree", request.param)
    assert auditor("keys", "create", folder / "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(auditor("keys", "export", folder / "k.pem").out)
    return folder


SCAN = ("scan", "tree", "-q", "--workers", "2", "--key", "k.pem", "--output")


def scanning(tree: Path, place: Path) -> Forked:
    """A scan into a bundle, in a session of its own."""
    return started(*SCAN, place, cwd=tree, session=True)


def made(tree: Path, place: Path) -> Ran:
    with scanning(tree, place) as process:
        return ended(process)


def verified(tree: Path, place: Path) -> bool:
    return auditor("verify", place, "--key", tree / "k.pub").code == 0


@sweep(some=2, whole=20)
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_killed_at_any_moment(tree: Path, tmp_path: Path, name: str, size: int) -> None:
    """What stands at the place is whole; what is left beside it is never taken for it."""
    begun = time.monotonic()
    assert made(tree, tmp_path / "first").code == 1
    whole = time.monotonic() - begun
    chance = random.Random(len(name))
    seen = set()
    for number in range(size):
        place = tmp_path / str(number) / name
        place.parent.mkdir()
        with scanning(tree, place) as process:
            # most of what matters happens at the end: judging is over, the bundle is written
            time.sleep(whole * chance.uniform(0.5, 1.05))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        seen.add(place.exists())
        assert not place.exists() or verified(tree, place)
    assert verified(tree, tmp_path / "first")
    assert seen, "the moments were chosen around the end"


LIMITS = (1 << 12, 1 << 15, 1 << 18)


@pytest.mark.parametrize("most", LIMITS)
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_file_that_may_not_grow(tree: Path, tmp_path: Path, most: int, name: str) -> None:
    """No file may grow beyond a limit: a write fails with EFBIG, at another file each."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    place = tmp_path / "here" / name
    place.parent.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *SCAN, place],
        cwd=tree,
        env={**surroundings(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        preexec_fn=limit,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2, done
    assert b"Traceback" not in done.stderr
    assert list(place.parent.iterdir()) == []


@pytest.fixture(scope="module")
def apart() -> list[str]:
    """What starts a program that may mount file systems nobody else sees."""
    for command in (["unshare", "-Urm"], ["unshare", "-m"]):
        probe = [*command, "mount", "-t", "tmpfs", "none", "/mnt"]
        if shutil.which("unshare") and not subprocess.run(probe, check=False).returncode:
            return command
    pytest.skip("NO FULL DISK WAS TRIED: this system lets nobody mount a tmpfs (unshare -Urm)")


SMALL = """
mount -t tmpfs -o "$1" none "$2"; cd "$3"; place="$2"; shift 3
code=0; "$@" || code=$?
rm -rf "$place/tmp"; echo "left: $(ls -A "$place")"; exit $code
"""


def on_a_small_disk(apart: list[str], tree: Path, disk: Path, options: str, *more: str) -> Ran:
    """Scan into a file system of its own, and tell what is left there."""
    disk.mkdir()
    scan = [sys.executable, "-m", "auditor", "scan", "tree", "-q", "--key", "k.pem"]
    done = subprocess.run(
        [*apart, "sh", "-euc", SMALL, "sh", options, disk, tree, *more, *scan,
         "--output", disk / "bundle"],
        env={**surroundings(), "PYTHONPATH": str(ROOT)},
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("size", ["8k", "64k", "256k"])
def test_a_disk_that_is_full(apart: list[str], tree: Path, tmp_path: Path, size: str) -> None:
    done = on_a_small_disk(apart, tree, tmp_path / "disk", f"size={size}")
    assert (done.code, done.out) == (2, "left: \n"), done
    assert "No space left on device" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("size", ["8k", "256k"])
def test_a_disk_for_temporary_files_that_is_full(
    apart: list[str], tree: Path, tmp_path: Path, size: str
) -> None:
    disk = tmp_path / "disk"
    begin = ("sh", "-euc", 'mkdir "$0"; TMPDIR="$0" exec "$@"', str(disk / "tmp"))
    done = on_a_small_disk(apart, tree, disk, f"size={size}", *begin)
    assert (done.code, done.out) == (2, "left: \n"), done
    assert "No space left on device" in done.err
    assert "Traceback" not in done.err


def test_a_disk_that_can_only_be_read(apart: list[str], tree: Path, tmp_path: Path) -> None:
    done = on_a_small_disk(apart, tree, tmp_path / "disk", "ro")
    assert (done.code, done.out) == (2, "left: \n"), done
    assert f"nothing can be made in {tmp_path / 'disk'}" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_folder_that_can_only_be_read(tree: Path, tmp_path: Path, name: str) -> None:
    """Root may write everywhere, so root gives that up: in a user namespace it has no rights."""
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)
    give_up = ["unshare", "-U"] if os.geteuid() == 0 else []
    if give_up and subprocess.run([*give_up, "true"], check=False).returncode:
        pytest.skip("NO READ-ONLY FOLDER WAS TRIED: root can't give up its rights (unshare -U)")
    scan = [sys.executable, "-m", "auditor", "scan", "tree", "-q", "--no-sign"]
    done = subprocess.run(
        [*give_up, *scan, "--output", folder / name],
        cwd=tree,
        env={**surroundings(), "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done
    assert f"nothing can be made in {folder}" in done.stderr
    assert "hint: name another folder" in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_two_runs_into_one_place(tree: Path, tmp_path: Path, name: str) -> None:
    """Who is done first has it; the other says so and leaves nothing."""
    place = tmp_path / name
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(scanning(tree, place)) for _ in range(3)]
        codes = sorted(ended(each).code for each in running)
    assert codes == [1, 2, 2]
    assert verified(tree, place)
    assert list(tmp_path.iterdir()) == [place]


def test_an_interrupt_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    place = tmp_path / "bundle"
    with scanning(tree, place) as process:
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert done.code in {130, 1}
    if done.code == 130:
        assert list(tmp_path.iterdir()) == []
