"""Commitments to secrets that were left out: equal ones can be seen, and proved later, not guessed.

A commitment is HMAC-SHA256 of the value as it was read, with a key of the run:
HMAC-SHA256 of the run's id with a secret that only the owner has. Who has the secret can show what
a value was; nobody else can try values, and commitments of two runs can't be compared.
"""

from __future__ import annotations

import errno
import hmac
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from auditor.errors import UsageError
from auditor.evidence.private import read_private, write_private
from auditor.late import late
from auditor.secrets.redactions import Commit

_LENGTH: Final = 32
_TEXT: Final = late(rb"([0-9a-f]{%d})\n?" % (2 * _LENGTH))
_NOT_OURS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""What a home says that nothing can be made in; a container's, perhaps."""
_HINT: Final = (
    "put it back from a copy; or remove it and a new one is made, but then nobody can open the "
    "commitments of earlier bundles any more"
)


def run_key(home: Path | None, run: str) -> bytes:
    """The key of a run, from the owner's secret, which is made when there is none.

    b"" where there is no home to keep a secret in: then nothing is committed to.

    Raises:
        UsageError: the secret can't be made, or what is there is none that nobody can guess.
    """
    if home is None or not home.parent.parent.is_dir():
        return b""
    place = home / "commitment-secret"
    if not os.path.lexists(place) and not _made(place):
        return b""
    found = _TEXT.fullmatch(read_private(place, 4 * _LENGTH, _HINT))
    if found is None:
        raise UsageError(f"{place}: it is not a secret of {_LENGTH} bytes", hint=_HINT)
    return hmac.digest(bytes.fromhex(found[1].decode()), run.encode(), "sha256")


def _made(place: Path) -> bool:
    """Make a secret, unless somebody else is faster; False where nothing can be made.

    Raises:
        UsageError: it can't be written although it could be made.
    """
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            write_private(place, os.urandom(_LENGTH).hex().encode() + b"\n")
    except OSError as error:
        if error.errno in _NOT_OURS:
            return False
        raise UsageError(
            f"{place}: {error.strerror}",
            hint="free some space there; --no-sign needs no such secret",
        ) from error
    return True


def committing(key: bytes) -> Commit:
    """How values are committed to with a key."""
    if not key:
        return lambda _: ""
    return lambda value: hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()
