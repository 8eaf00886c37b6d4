"""Passphrases and PINs: where they come from, and which ones this run has used."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from auditor.bounded import read_named
from auditor.config import Config
from auditor.errors import UsageError

_MOST_SECRET = 4096
_MOST_FILE = 1 << 16


class Passphrases:
    """Where a passphrase comes from: a file, a descriptor, the environment, or a terminal.

    It never comes from the arguments, which everybody on the machine can read. Whoever asks again
    gets the same answer: a descriptor can be read only once, and a person is asked only once.

    Attributes:
        given: what was answered, and must be in nothing that is written.
    """

    def __init__(self, config: Config, file: Path | None, descriptor: int | None) -> None:
        self._config = config
        self._file = file
        self._descriptor = descriptor
        self._answer: bytes | None = None
        self.given: set[str] = set()

    def __call__(self, what: str) -> bytes | None:
        """Answer, told what for; None when there is none to be had.

        Raises:
            UsageError: there is none where it should be, or it is not text.
        """
        if self._answer is None:
            found = self._found(what)
            if found is None:
                return None
            self.given.add(_text(found, what))
            self._answer = found
        return self._answer

    def _found(self, what: str) -> bytes | None:
        if self._file is not None:
            return _first_line(self._file, str(self._file))
        if self._descriptor is not None:
            return _first_line(self._descriptor, f"descriptor {self._descriptor}")
        if self._config.passphrase:
            return self._config.passphrase.encode("utf-8", "surrogateescape")
        if sys.stdin.isatty() and sys.stderr.isatty():
            return getpass.getpass(f"{what}: ", sys.stderr).encode("utf-8", "surrogateescape")
        return None


def typed_twice(target: Path) -> bytes:
    """Have a new passphrase typed on a terminal.

    Raises:
        UsageError: there is no terminal, or two different ones were typed.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"{target}: there is no passphrase",
            hint="--passphrase-file FILE, AUDITOR_PASSPHRASE, a terminal, or --no-passphrase",
        )
    what = f"passphrase of {target}"
    first = getpass.getpass(f"{what}: ", sys.stderr)
    if not first or first != getpass.getpass("once more: ", sys.stderr):
        raise UsageError("the passphrases do not match, or are empty", hint="try again")
    found = first.encode("utf-8", "surrogateescape")
    _text(found, what)
    return found


def _first_line(source: Path | int, name: str) -> bytes:
    try:
        if isinstance(source, int):
            with open(source, "rb", closefd=False) as file:
                data = file.read(_MOST_SECRET)
        else:
            data = read_named(source, _MOST_FILE)
    except ValueError as error:
        raise UsageError(f"{name!r}: {error}", hint="it holds the passphrase") from error
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", hint="it holds the passphrase") from error
    text = data.split(b"\n", 1)[0].rstrip(b"\r")[:_MOST_SECRET]
    if not text:
        raise UsageError(f"{name}: there is no passphrase in it", hint="its first line is read")
    return text


def _text(found: bytes, what: str) -> str:
    """A passphrase as text; the error does not say a byte of it."""
    try:
        text = found.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        # PKCS#12 and PKCS#11 know no others, and OpenSSL ends at a NUL
        raise UsageError(f"{what}: it is not text in UTF-8", hint="choose another passphrase")
    return text
