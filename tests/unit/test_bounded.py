"""What a person names is read within a size and a time: files, pipes, devices."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from auditor.bounded import read_named
from auditor.cli.passphrases import Passphrases
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.evidence.keys import new_key, read_key, write_key
from auditor.evidence.trust import trust_in
from auditor.evidence.trust_file import read_trust


def test_a_file(tmp_path: Path) -> None:
    place = tmp_path / "f"
    place.write_bytes(b"x" * 100_000)
    assert read_named(place, 100_000) == b"x" * 100_000
    with pytest.raises(OSError, match="larger than 97 KiB"):
        read_named(place, 99_999)
    assert read_named(Path(os.devnull), 10) == b""


@pytest.mark.parametrize(
    ("place", "says"),
    [("/dev/zero", "a device"), ("/", "Is a directory"), ("/nowhere", "No such file")],
)
def test_what_is_no_file(place: str, says: str) -> None:
    with pytest.raises(OSError, match=says):
        read_named(Path(place), 1000)


def test_a_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(OSError, match=r"nobody wrote to within 0\.05 s"):
        read_named(tmp_path / "p", 1000, 0.05)


def test_a_pipe_whose_writer_never_ends(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    writer = os.open(tmp_path / "p", os.O_RDWR)
    os.write(writer, b"begun")
    with pytest.raises(OSError, match="nobody wrote to within"):
        read_named(tmp_path / "p", 1000, 0.05)
    os.write(writer, b"x" * 2000)
    with pytest.raises(OSError, match="larger than"):
        read_named(tmp_path / "p", 1000, 5)
    os.close(writer)


def test_a_pipe_whose_writer_comes_later(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    writer = threading.Thread(target=(tmp_path / "p").write_bytes, args=(b"late" * 50_000,))
    writer.start()
    assert read_named(tmp_path / "p", 1 << 20, 30) == b"late" * 50_000
    writer.join()


@pytest.mark.parametrize("content", [b"", b"said"])
def test_a_pipe_of_a_shell_is_at_its_end_when_its_writer_is_gone(content: bytes) -> None:
    """As ``<(...)`` is; also when all was said before anybody listened, or nothing."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    assert read_named(Path(f"/dev/fd/{reader}"), 1000, 30) == content
    os.close(reader)


def test_keys_and_trust_files_are_read_so(tmp_path: Path) -> None:
    write_key(new_key("p256"), tmp_path / "key", None)
    pem = read_key(tmp_path / "key", lambda _: None).public.pem
    reader, writer = os.pipe()
    os.write(writer, pem.encode())
    os.close(writer)
    assert trust_in(Path(f"/dev/fd/{reader}")).keys[0].public.pem == pem
    os.close(reader)
    with pytest.raises(UsageError, match="/dev/zero: a device, and no file"):
        trust_in(Path("/dev/zero"))
    with pytest.raises(UsageError, match="/dev/zero: a device, and no file"):
        read_trust(Path("/dev/zero"))
    (tmp_path / "trust").write_text("keys: [{name: a, file: /dev/zero}]")
    with pytest.raises(UsageError, match="/dev/zero: a device, and no file"):
        read_trust(tmp_path / "trust")


def test_a_passphrase_is_read_so(tmp_path: Path) -> None:
    config = read_config({})
    (tmp_path / "f").write_text("open sesame\r\nmore")
    assert Passphrases(config, tmp_path / "f", None)("x") == b"open sesame"
    with pytest.raises(UsageError, match="/dev/zero: a device, and no file"):
        Passphrases(config, Path("/dev/zero"), None)("x")
