"""A last look through a finished bundle for the credentials of the run itself.

What is audited is stripped of secrets when it is read. This is about us: our token, our passphrase.
They are in no evidence, unless something of the estate repeats them; then nothing is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import zstandard

from auditor.errors import IntegrityError, RenderError
from auditor.evidence.blocks import SUFFIX, read_block
from auditor.evidence.content import content_of
from auditor.secrets.forms import forms

PIECE: Final = 1 << 20
_SMALL: Final = 8


def refuse_leaks(root: Path, secrets: Iterable[str], piece: int = PIECE) -> None:
    """Look for secrets in every file, also encoded: base64, percent signs, JSON escapes.

    A large file is read in pieces of a size: results can be larger than memory.

    Raises:
        RenderError: one is there; the error does not say which.
    """
    wanted = sorted({form for secret in secrets for form in forms(secret)})
    if not wanted:
        return
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        if any(form in part for part in _parts(path, piece, wanted) for form in wanted):
            raise RenderError(
                f"{path.relative_to(root)} would hold a credential of this run",
                hint="something that was audited repeats it: take it out there, and change it",
            )


def _parts(path: Path, size: int, wanted: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a file in pieces, each with the end of the one before.

    What is small is one piece: to put pieces together takes longer than to look through them.
    """
    whole = _small(path, size)
    if whole is not None:
        yield whole
        return
    overlap = max(map(len, wanted)) - 1
    rest = b""
    with content_of(path) as content:
        for data in content.pieces(size):
            part = rest + data
            yield part
            rest = part[-overlap:]


def _small(path: Path, size: int) -> bytes | None:
    """The content of a small block; None when it is large, or none."""
    if path.suffix == SUFFIX and path.stat().st_size <= size:
        with contextlib.suppress(OSError, ValueError, IntegrityError, zstandard.ZstdError):
            return read_block(path, _SMALL * size)
    return None
