"""A bundle is there whole or not at all, whatever stops the writing of it."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.command import ROOT, Ran, auditor
from tests.e2e.runs import generate

KILLS = 6


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    generate(folder / "tree", 300)
    assert auditor("keys", "create", folder / "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(auditor("keys", "export", folder / "k.pem").out)
    return folder


def started(
    tree: Path, place: Path, prepare: Callable[[], None] | None = None
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "auditor", "scan", "tree", "-q", "--workers", "2"]
    return subprocess.Popen(
        [*command, "--output", place, "--key", "k.pem"],
        cwd=tree,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=prepare,  # noqa: PLW1509 - limits of the process alone; no threads here
        start_new_session=True,
    )


def ended(process: subprocess.Popen[bytes]) -> Ran:
    out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out.decode(), err.decode())


def verified(tree: Path, place: Path) -> bool:
    return auditor("verify", place, "--key", tree / "k.pub").code == 0


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_killed_at_any_moment(tree: Path, tmp_path: Path, name: str) -> None:
    """What stands at the place is whole; what is left beside it is never taken for it."""
    begun = time.monotonic()
    assert ended(started(tree, tmp_path / "first")).code == 1
    whole = time.monotonic() - begun
    chance = random.Random(len(name))
    seen = set()
    for number in range(KILLS):
        place = tmp_path / str(number) / name
        place.parent.mkdir()
        process = started(tree, place)
        # most of what matters happens at the end: judging is over, the bundle is written
        time.sleep(whole * chance.uniform(0.5, 1.05))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        seen.add(place.exists())
        assert not place.exists() or verified(tree, place)
    assert verified(tree, tmp_path / "first")
    assert seen, "the moments were chosen around the end"


LIMITS = (1 << 12, 1 << 15, 1 << 18)


@pytest.mark.parametrize("most", LIMITS)
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_disk_that_is_full(tree: Path, tmp_path: Path, most: int, name: str) -> None:
    """No file may grow beyond a limit: the write fails as on a full disk, at another file each."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    place = tmp_path / "here" / name
    place.parent.mkdir()
    done = ended(started(tree, place, limit))
    assert done.code == 2, done
    assert "Traceback" not in done.err
    assert list(place.parent.iterdir()) == []


def test_places_where_nothing_can_be_made(tree: Path) -> None:
    done = auditor("scan", tree / "tree", "-q", "--no-sign", "--output", "/proc/bundle")
    assert done.code == 2, done
    assert "/proc" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_two_runs_into_one_place(tree: Path, tmp_path: Path, name: str) -> None:
    """Who is done first has it; the other says so and leaves nothing."""
    place = tmp_path / name
    codes = sorted(ended(each).code for each in [started(tree, place) for _ in range(3)])
    assert codes == [1, 2, 2]
    assert verified(tree, place)
    assert list(tmp_path.iterdir()) == [place]


def test_an_interrupt_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    place = tmp_path / "bundle"
    process = started(tree, place)
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.code in {130, 1}
    if done.code == 130:
        assert list(tmp_path.iterdir()) == []
