"""Secrets for a vCenter: from a file, a program, or nowhere; never from an argument."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from auditor.cli.vsphere_options import NAMES, entering
from auditor.cli.vsphere_secrets import from_file, from_program
from auditor.config import Config, VsphereConfig
from auditor.errors import UsageError

TARGET = ("vsphere://audit@vc.example",)
OPTION = "--password-command"


def config(password: str = "", session: str = "") -> Config:
    vsphere = VsphereConfig(password=password, session=session)
    return Config(None, None, None, "", "", vsphere=vsphere)


def chosen(**given: object) -> dict[str, object]:
    """What a command was told."""
    nothing: dict[str, object] = dict.fromkeys(NAMES, "")
    return {**nothing, "insecure": False, **given}


def script(folder: Path, text: str) -> str:
    """A program of its own."""
    path = folder / "tell"
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o700)
    return str(path)


@pytest.mark.process
def test_the_first_line_that_a_program_prints(tmp_path: Path) -> None:
    told = script(tmp_path, "import sys; print(sys.argv[1:]); print(2)")
    assert from_program(OPTION, f"{told} a 'b  c' $HOME ;") == "['a', 'b  c', '$HOME', ';']"


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import sys; print('s3cret'); sys.exit(3)", "ended with code 3"),
        ("", "its first line is empty"),
        ("print(); print('s3cret')", "its first line is empty"),
        ("import os; os.write(1, b'\\xff\\xfe')", "it is not text"),
        ("print('s3cret' * 4096)", "printed more than 4 KiB"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "ended with code -15"),
    ],
)
def test_a_program_that_tells_none(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        from_program(OPTION, script(tmp_path, text))
    assert said in raised.value.message
    assert "s3cret" not in f"{raised.value.message}{raised.value.hint}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/nowhere/at-all", "can't be run: No such file or directory"),
        ("'open", "No closing quotation"),
        ("  ", "is empty"),
        ("a\0b", "can't be run"),
    ],
)
def test_what_is_no_program(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        from_program(OPTION, line)


@pytest.mark.process
@pytest.mark.parametrize("closes", [True, False])
def test_a_program_that_does_not_end(tmp_path: Path, *, closes: bool) -> None:
    """Whoever it started ends with it."""
    child = tmp_path / "child"
    text = (
        "import os, time\n"
        f"if os.fork() == 0:\n  open({str(child)!r}, 'w').write(str(os.getpid()))\n"
        f"{'os.close(1)' if closes else ''}\ntime.sleep(60)"
    )
    with pytest.raises(UsageError, match="did not end within 1 s"):
        from_program(OPTION, script(tmp_path, text), 1.0)
    for _ in range(100):
        try:
            os.kill(int(child.read_text()), 0)
        except (ProcessLookupError, ValueError, FileNotFoundError):
            return
        time.sleep(0.05)
    pytest.fail("a process is left")


def test_an_option_goes_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("of the file\nmore\n")
    made = entering(config("of the environment"), chosen(password_file=file), TARGET)
    assert made.vsphere.password == "of the file"  # noqa: S105 - not one
    made = entering(config(session="held"), chosen(password_file=file), TARGET)
    assert (made.vsphere.password, made.vsphere.session) == ("of the file", "")


def test_a_session_goes_before_a_password() -> None:
    made = entering(config("word", "held"), chosen(), TARGET)
    assert (made.vsphere.password, made.vsphere.session) == ("", "held")


def test_two_secrets_are_one_too_many(tmp_path: Path) -> None:
    given = chosen(password_command="a", session_file=tmp_path)  # noqa: S106 - not one
    with pytest.raises(UsageError, match="--password-command and --session-file"):
        entering(config(), given, TARGET)


def test_a_session_is_shown_to_one_server(tmp_path: Path) -> None:
    """Whoever runs the second would be in the first."""
    two = (*TARGET, "k8s://a", "vsphere://other")
    with pytest.raises(UsageError, match="a session is of one vCenter, and 2 are named"):
        entering(config(session="held"), chosen(), two)
    (tmp_path / "s").write_text("held")
    with pytest.raises(UsageError, match="2 are named"):
        entering(config(), chosen(session_file=tmp_path / "s"), two)
    assert entering(config(session="held"), chosen(), (*TARGET, "k8s://a")).vsphere.session


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "its first line is empty"),
        (b"\nx", "its first line is empty"),
        (b"\xff", "it is not text"),
        (b"x" * 5000, "larger than 4 KiB"),
    ],
)
def test_a_file_that_has_none(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "s").write_bytes(data)
    with pytest.raises(UsageError, match=said):
        from_file("--session-file", tmp_path / "s")
    with pytest.raises(UsageError, match="No such file"):
        from_file("--session-file", tmp_path / "t")
