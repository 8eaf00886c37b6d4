r"""A quick look at JSON for secrets inside its texts: see ``hints.py``, which asks.

A name in a text is followed by something else than the quote that ends a text: in
``"a":"password: x"`` by a colon, in ``"secretName":"x"`` by the quote. A line feed before it is
written as ``\n``, of which the ``n`` is none of the name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import stringzilla

from auditor.late import late
from auditor.secrets.names import is_secret_name

# at the speed of memory: bytes.find is ten times slower, and each word is a pass over all there is
find: Final[Callable[..., int]] = stringzilla.find
"""``find(text, word)``, and from which place on: where a word is, -1 when it is nowhere."""

_NAME: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"
_REST = late(rb"[\w./-]*")
_AT_THE_END = late(rb'[\w./-]{0,512}+(?:"|\Z)')
_ESCAPE = late(rb"u[0-9a-fA-F]{4}|[ntrbf]")
_BEFORE: Final = 300
_LONGEST: Final = 200
_NOT_IN_USER = late(rb'[\s"\'`]')
_LONGEST_USER: Final = 4096
_TOKEN: Final = 12
"""The least length of a token that signs in by a URL."""


def goes_on(raw: bytes, at: int) -> bool:
    """Whether the name around a place is followed by something else than the end of its text."""
    return _AT_THE_END.match(raw, at) is None


def may_name_in_text(raw: bytes, at: int) -> bool:
    """Whether the name around a place, within a text of JSON, may say what a secret is."""
    found = _REST.match(raw, at)
    return _is_in_text(raw, at, found.end() if found is not None else at)


def may_sign_in(raw: bytes) -> bool:
    """Whether a URL may have a password or a token: ``://user:password@``, ``://token@``."""
    last, start, at = 0, -1, raw.find(b"@")
    while at >= 0:
        found = raw.rfind(b"://", last, at)
        start = found + len(b"://") if found >= 0 else start
        if start >= 0 and at - start <= _LONGEST_USER:
            user = raw[start:at]
            told = 0 <= user.find(b":") < len(user) - 1 or len(user) >= _TOKEN
            if told and not _NOT_IN_USER.search(user):
                return True
        last, at = at, raw.find(b"@", at + 1)
    return False


def _is_in_text(raw: bytes, at: int, end: int) -> bool:
    head = raw[max(0, at - _BEFORE) : at]
    before = head.rstrip(_NAME)
    own = head[len(before) :] + raw[at:end]
    if len(own) > _LONGEST:
        return True
    if before.endswith(b"\\"):
        own = _ESCAPE.sub(b"", own, count=1) if _ESCAPE.match(own) else own
    if _names(own):
        return True
    if before.endswith(b" "):
        words = before[:-1]
        if _names(words[len(words.rstrip(_NAME)) :] + b" " + own):
            return True
    close = raw.find(b'"', end, end + _BEFORE)
    if close <= 0 or raw[close - 1 : close] != b"\\":
        return False
    return _names(raw[raw.rfind(b'"', max(0, at - _BEFORE), at) + 1 : close - 1])


@lru_cache(4096)
def _names(name: bytes) -> bool:
    return is_secret_name(name.decode("utf-8", "replace").lstrip("-./"))
