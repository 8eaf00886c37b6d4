"""A bundle comes into its place whole; what stops the writing of it leaves nothing beside."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from zipfile import ZipFile

import pytest

from auditor.errors import RenderError
from auditor.evidence.archive import pack
from auditor.evidence.writing import beside, written


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "inner").mkdir(parents=True)
    (tmp_path / "root" / "inner" / "a").write_text("content")
    (tmp_path / "out").mkdir()
    return tmp_path / "root"


def test_an_archive_is_its_owner_s(root: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with pack(root, tmp_path / "out" / "b.zip"):
            pass
    finally:
        os.umask(before)
    (place,) = (tmp_path / "out").iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with ZipFile(place) as archive:
        assert archive.read("inner/a") == b"content"


STOPS = {
    "an interrupt": (KeyboardInterrupt(), KeyboardInterrupt),
    "an exit": (SystemExit(1), SystemExit),
    "a bug": (ValueError("x"), ValueError),
    "the system": (OSError(28, "No space left on device"), RenderError),
}


def stopped(place: Path, stop: BaseException, *, is_folder: bool) -> None:
    with beside(place, is_folder=is_folder) as name:
        if is_folder:
            name.mkdir()
        (name / "inner" if is_folder else name).write_text("half")
        raise stop


@pytest.mark.parametrize("is_folder", [True, False])
@pytest.mark.parametrize(("stop", "raised"), STOPS.values(), ids=STOPS.keys())
def test_whatever_stops_it(
    tmp_path: Path, stop: BaseException, raised: type[BaseException], *, is_folder: bool
) -> None:
    with pytest.raises(raised):
        stopped(tmp_path / "b", stop, is_folder=is_folder)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)


def test_an_interrupt_amid_the_packing(root: Path, tmp_path: Path) -> None:
    with (root / "large").open("wb") as file:
        file.truncate(8 << 30)
    place = tmp_path / "out" / "b.zip"
    with pytest.raises(KeyboardInterrupt), interrupted_after(0.2), pack(root, place):
        pass
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_is_its_owner_s(tmp_path: Path) -> None:
    with written(tmp_path / "b") as folder:
        (folder / "a").write_text("content")
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o700
