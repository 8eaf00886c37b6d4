"""A last look through a finished bundle for the credentials of the run itself.

What is audited is stripped of secrets when it is read. This is about us: our token, our passphrase.
They are in no evidence, unless something of the estate repeats them; then nothing is written.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import zstandard

from auditor.errors import RenderError
from auditor.evidence.blocks import SUFFIX, read_block
from auditor.evidence.content import content_of

SHORTEST: Final = 8
"""A shorter one would be found everywhere."""
PIECE: Final = 1 << 20
_SMALL: Final = 8
_ESCAPED: Final = re.compile("%[0-9A-F]{2}")
_UNESCAPED: Final = ("", "/", "$&+=:@", "!'()*", ";,/?:@&=+$#!'()*")
"""What is left as it is: in a query, a path, a segment of Go's, by JavaScript's two functions."""
_LOWER: Final = {ord(each): f"\\u{ord(each):04x}" for each in "&<>\u2028\u2029"}
_UPPER: Final = {ord(each): f"\\u{ord(each):04X}" for each in "&<>+'\u2028\u2029"}
_STYLES: Final[tuple[tuple[Mapping[int, str], bool], ...]] = tuple(
    (escaped, plainly)
    for escaped in ({}, {ord("/"): "\\/"}, _LOWER, _UPPER)
    for plainly in (False, True)
)
"""How Python, PHP, Go and .NET write texts in JSON."""


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
        with contextlib.suppress(OSError, ValueError, zstandard.ZstdError):
            return read_block(path, _SMALL * size)
    return None


def forms(secret: str) -> set[bytes]:
    """The bytes that a secret can stand as: in a URL, in JSON, in JSON in JSON, in base64.

    Most secrets are letters and digits, and are the same in many of these.
    """
    if len(secret) < SHORTEST:
        return set()
    plain = secret.encode("utf-8", "surrogatepass")
    once = set(_in_base64(plain))
    twice = {form for each in once for form in _in_base64(each)}
    texts = {plain, *_in_url(plain), *_in_json(secret), plain.hex().encode()}
    return {*texts, plain.hex().upper().encode(), *once, *twice}


def _in_url(plain: bytes) -> Iterator[bytes]:
    for safe in _UNESCAPED:
        text = quote(plain, safe=safe)
        for form in (text, _ESCAPED.sub(lambda found: found[0].lower(), text)):
            yield form.encode()
            yield form.replace("%20", "+").encode()


def _in_json(secret: str) -> Iterator[bytes]:
    """As it is written in JSON; a document of JSON is often a text in another."""
    for inner in _STYLES:
        once = _written(secret, inner)
        yield once.encode("utf-8", "surrogatepass")
        for outer in _STYLES:
            yield _written(once, outer).encode("utf-8", "surrogatepass")


def _written(text: str, style: tuple[Mapping[int, str], bool]) -> str:
    escaped, plainly = style
    return json.dumps(text, ensure_ascii=plainly)[1:-1].translate(escaped)


def _in_base64(plain: bytes) -> Iterator[bytes]:
    for shift in range(3):
        # in the middle of a longer text the first and the last characters depend on neighbours
        first = -(-shift * 8 // 6)
        last = (len(plain) + shift) * 8 // 6
        yield base64.b64encode(bytes(shift) + plain)[first:last]
        yield base64.urlsafe_b64encode(bytes(shift) + plain)[first:last]
