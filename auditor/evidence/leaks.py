"""A last look through a finished bundle for the credentials of the run itself.

What is audited is stripped of secrets when it is read. This is about us: our token, our passphrase.
They are in no evidence, unless something of the estate repeats them; then nothing is written.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from auditor.errors import RenderError
from auditor.evidence.compare import opened

SHORTEST: Final = 8
"""A shorter one would be found everywhere."""
PIECE: Final = 1 << 20


def refuse_leaks(root: Path, secrets: Iterable[str], piece: int = PIECE) -> None:
    """Look for secrets in every file, also encoded: base64, percent signs, JSON escapes.

    Every file is read in pieces of a size, none as a whole: results can be larger than memory.

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
    """The content of a file in pieces, each with the end of the one before."""
    overlap = max(map(len, wanted)) - 1
    rest = b""
    with opened(path) as file:
        while data := file.read(size):
            part = rest + data
            yield part
            rest = part[-overlap:]


def forms(secret: str) -> Iterator[bytes]:
    """The bytes that a secret can stand as."""
    if len(secret) < SHORTEST:
        return
    plain = secret.encode("utf-8", "surrogatepass")
    yield plain
    yield quote(secret, safe="", errors="surrogatepass").encode()
    for plainly in (False, True):
        once = json.dumps(secret, ensure_ascii=plainly)[1:-1]
        yield once.encode("utf-8", "surrogatepass")
        # a document of JSON is often a text in another
        yield json.dumps(once, ensure_ascii=plainly)[1:-1].encode("utf-8", "surrogatepass")
    for shift in range(3):
        # in the middle of a longer text the first and the last characters depend on neighbours
        first = -(-shift * 8 // 6)
        last = (len(plain) + shift) * 8 // 6
        yield base64.b64encode(bytes(shift) + plain)[first:last]
        yield base64.urlsafe_b64encode(bytes(shift) + plain)[first:last]
