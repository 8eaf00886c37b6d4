"""Commitments to secrets that were left out: equal ones can be seen, and proved later, not guessed.

A commitment is HMAC-SHA256 of the value as it was read, with a key of the run:
HMAC-SHA256 of the run's id with a secret that only the owner has. Who has the secret can show what
a value was; nobody else can try values, and commitments of two runs can't be compared.
"""

from __future__ import annotations

import hmac
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from auditor.redaction import Commit

_LENGTH: Final = 32


def run_key(home: Path | None, run: str) -> bytes:
    """The key of a run, from the owner's secret, which is made when there is none; b"" without."""
    if home is None or not home.parent.parent.is_dir():
        return b""
    place = home / "commitment-secret"
    with suppress(OSError):
        if not place.exists():
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                file.write(os.urandom(_LENGTH).hex().encode() + b"\n")
        secret = bytes.fromhex(place.read_text("ascii").strip())
        return hmac.digest(secret, run.encode(), "sha256")
    return b""


def committing(key: bytes) -> Commit:
    """How values are committed to with a key."""
    if not key:
        return lambda _: ""
    return lambda value: hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()
