"""The secret behind commitments: made once, whole or not at all, and never one that is known."""

from __future__ import annotations

import hmac
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.evidence.commitments import committing, run_key

WELL = "0f" * 32


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config" / "auditor"


def test_it_is_made_once(home: Path) -> None:
    first = run_key(home, "a run")
    place = home / "commitment-secret"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["commitment-secret"]
    secret = bytes.fromhex(place.read_text().strip())
    assert len(secret) == 32
    assert first == run_key(home, "a run") == hmac.digest(secret, b"a run", "sha256")
    assert run_key(home, "another run") != first


def test_many_at_once_make_one(home: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: run_key(home, "a run"), range(64)))
    assert len(found) == 1
    assert [path.name for path in home.iterdir()] == ["commitment-secret"]


def test_without_a_home_nothing_is_committed_to(tmp_path: Path) -> None:
    assert run_key(None, "a run") == b""
    assert run_key(tmp_path / "none" / "config" / "auditor", "a run") == b""
    assert committing(b"")("a secret") == ""


def write(text: bytes, mode: int = 0o600) -> Callable[[Path], None]:
    def make(place: Path) -> None:
        place.write_bytes(text)
        place.chmod(mode)

    return make


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (write(b""), "not a secret of 32 bytes"),
    "half of one": (write(WELL[:32].encode()), "not a secret of 32 bytes"),
    "too long": (write(f"{WELL}00".encode()), "not a secret of 32 bytes"),
    "no digits": (write(b"zz" * 32), "not a secret of 32 bytes"),
    "no text": (write(b"\xff" * 64), "not a secret of 32 bytes"),
    "blanks between": (write(b" ".join([b"0f"] * 32)), "not a secret of 32 bytes"),
    "others can read it": (write(WELL.encode(), 0o644), "others can open it (mode 0644)"),
    "others can write it": (write(WELL.encode(), 0o620), "others can open it (mode 0620)"),
    "a pipe": (os.mkfifo, "not a regular file"),
    "a folder": (Path.mkdir, "Is a directory"),
    "a link to nothing": (lambda place: place.symlink_to("none"), "No such file"),
}


@pytest.mark.parametrize(("make", "says"), BAD.values(), ids=BAD.keys())
def test_a_secret_that_is_none(home: Path, make: Callable[[Path], None], says: str) -> None:
    home.mkdir()
    make(home / "commitment-secret")
    with pytest.raises(UsageError) as caught:
        run_key(home, "a run")
    assert caught.value.message.startswith(f"{home / 'commitment-secret'}: ")
    assert says in caught.value.message
    assert "chmod 600" in caught.value.hint or "put it back" in caught.value.hint


@pytest.mark.process
def test_a_disk_that_is_full_leaves_none(home: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    program = (
        "import signal, sys; from pathlib import Path; "
        "from auditor.evidence.commitments import run_key; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); run_key(Path(sys.argv[1]), 'a run')"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, home],
        preexec_fn=limit,
        check=False,
        capture_output=True,
    )
    assert b"UsageError" in done.stderr
    assert list(home.iterdir()) == []
    assert run_key(home, "a run") == run_key(home, "a run")
