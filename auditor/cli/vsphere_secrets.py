"""What a vCenter is entered with: a password, or a session that somebody else opened.

Each comes from the environment, a file or a program that prints it, and a password from the
terminal; never from an argument, which everybody on the machine can see. What an option names goes
before what the environment holds, a session before a password.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditor.bounded import read_named
from auditor.config import VsphereConfig
from auditor.errors import UsageError
from auditor.platforms.vsphere import VSPHERE
from auditor.secrets.uris import shown

if TYPE_CHECKING:
    import subprocess

MOST: Final = 1 << 12
"""Bytes of a secret, its line end and what follows it."""
PATIENCE: Final = 60.0
"""Seconds that a program may take."""


def from_file(option: str, path: Path) -> str:
    """Read a secret from the first line of a file, or of what is written into a pipe.

    Raises:
        UsageError: there is none.
    """
    try:
        data = read_named(path, MOST)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "not the name of a file"
        raise UsageError(f"{option} {path}: {what}", hint="one line with it") from error
    return first_line(f"{option} {path}", data)


def from_program(option: str, line: str, seconds: float = PATIENCE) -> str:
    """Run a program, not by a shell, and take the first line that it prints.

    What it says besides is shown on a terminal, and nowhere else.

    Raises:
        UsageError: it can't be run, failed, did not end in time, or printed none.
    """
    words = words_of(option, line)
    shows = sys.stderr is not None and sys.stderr.isatty()
    return first_line(f"{option} {words[0]}", printed_by(option, words, seconds, shows=shows))


def words_of(option: str, line: str) -> list[str]:
    """Take a command apart into a program and its arguments, as a shell does.

    Raises:
        UsageError: there is none.
    """
    import shlex

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", hint="write it as in a shell") from error
    if not words:
        raise UsageError(f"{option} is empty", hint="a program, with its arguments")
    return words


def from_terminal(config: VsphereConfig, targets: Sequence[str]) -> str:
    """Ask a person for the password of the first vCenter; "" where nobody can be asked."""
    named = [each for each in targets if _is_vcenter(each)]
    asked = all(each is not None and each.isatty() for each in (sys.stdin, sys.stderr))
    has_user = config.user or any("@" in each for each in named)
    if not (named and asked and has_user):
        return ""
    import getpass

    return getpass.getpass(f"password of {shown(named[0].partition('?')[0])}: ", sys.stderr)


def refuse_several(targets: Sequence[str]) -> None:
    """Keep a session on the server that opened it.

    Raises:
        UsageError: several vCenters are named, to each of which it would be shown.
    """
    named = [each for each in targets if _is_vcenter(each)]
    if len(named) > 1:
        raise UsageError(
            f"a session is of one vCenter, and {len(named)} are named",
            hint="collect each by itself (auditor collect), and judge the folders together",
        )


def _is_vcenter(target: str) -> bool:
    return target.partition("://")[0] in VSPHERE.schemes and "://" in target


def first_line(what: str, data: bytes) -> str:
    """The first line of a text.

    Raises:
        UsageError: it is empty, or this is no text.
    """
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{what}: it is not text", hint="one line with it") from error
    if not lines or not lines[0]:
        raise UsageError(f"{what}: its first line is empty", hint="one line")
    return lines[0]


def printed_by(
    option: str,
    words: Sequence[str],
    seconds: float = PATIENCE,
    *,
    shows: bool = False,
    most: int = MOST,
) -> bytes:
    """Run a program, not by a shell, and take what it prints, ``most`` bytes of it.

    ``shows`` is whether it has the terminal, to ask a person.

    Raises:
        UsageError: it can't be run, failed, did not end in time, or printed more.
    """
    import subprocess

    try:
        process = subprocess.Popen(  # noqa: S603 - what the user names, no shell
            words,
            stdin=None if shows else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if shows else subprocess.DEVNULL,
            start_new_session=not shows,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no program may be called so"
        raise UsageError(f"{option}: {words[0]} can't be run: {why}", hint="is it there?") from None
    hint = f"run {words[0]} by itself: it must print the secret, and end"
    try:
        data = _heard(process, seconds, most)
    except TimeoutError as error:
        raise UsageError(f"{option}: {words[0]} {error}", hint=hint) from None
    finally:
        _end(process, group=not shows)
    if process.returncode:
        said = f"{option}: {words[0]} ended with code {process.returncode}"
        raise UsageError(said, hint=hint)
    return data


def _heard(process: subprocess.Popen[bytes], seconds: float, most: int) -> bytes:
    """What a program prints until it ends.

    Raises:
        TimeoutError: it did not end in time, or printed more than any secret is long.
    """
    import selectors
    import subprocess

    assert process.stdout is not None  # noqa: S101 - it was opened with a pipe
    end, out = time.monotonic() + seconds, bytearray()
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while waiting.select(max(0.0, end - time.monotonic())):
            piece = os.read(process.stdout.fileno(), MOST)
            if not piece:
                break
            out += piece
            if len(out) > most:
                raise TimeoutError(f"printed more than {most >> 10} KiB")
        else:
            raise TimeoutError(f"did not end within {seconds:g} s")
    try:
        process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"did not end within {seconds:g} s") from None
    return bytes(out)


def _end(process: subprocess.Popen[bytes], *, group: bool) -> None:
    """Leave nothing of it behind, whatever happened, an interrupt included."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if group:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
