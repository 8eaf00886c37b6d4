r"""A quick look at JSON for secrets that a name tells: of a field, an argument, or one of a pair.

A name that tells has one of few words in it. Each place of such a word is looked at by itself::

    "dbPassword": "x"            the text is a key: what stands behind the colon is asked
    ["--password", "x"]          the text is an argument
    "kind": "Secret"             the text is a kind

A pair is found by its value: ``{"name":"DB_PASSWORD","value":"x"}``. Nearly all pairs have just
these two fields, in that order, and then it is exact; else the name of any pair there counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import stringzilla

from auditor.late import late
from auditor.secrets.fields import is_announcing
from auditor.secrets.keys import ENTRIES, OF_THE_API, PAIR_NAME, SECRET, role_of
from auditor.secrets.names import IN_EVERY_NAME, LONGEST_NAME, is_secret, is_secret_name
from auditor.secrets.objects import has_secrets
from auditor.secrets.text_hints import find, goes_on, may_name_in_text

fold: Final[Callable[[bytes], bytes]] = stringzilla.utf8_uncased_fold
"""ASCII in small letters, at the speed of memory: ``bytes.lower`` takes seven times as long."""

_WORDS: Final = (*IN_EVERY_NAME, b'list"')
"""What is in all names of secrets, and in the kinds that have some: Secret, SecretList, List."""
_NEAR: Final = (64, 96)
"""Bytes before and behind a place, among which nearly always is all that has to be seen."""
_FAR: Final = (4 * LONGEST_NAME, 4 * LONGEST_NAME)
"""So many have all characters of a name that count."""
_TELLS, _GOES_ON = 1, 2
_QUOTE, _BACKSLASH, _DASH, _OPEN = b'"', b"\\", b"-", b"{"
_REST = late(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"\s*(?P<next>[:,]?)\s*', re.DOTALL)
_TEXT = late(rb'"([^"\\]{0,800})"')
_NUMBER = late(rb"([0-9]{1,6})(?![0-9.eE]|\Z)")
_KIND = late(rb'(?:"kind"|^[kind]{0,4}"?)\s*:?\s*"$')
"""Before a text that is a kind; where less than all of it is seen, it may be one."""
_PAIR_ENDS: Final = (b'value"', b'values"', b'"val"', b'"default"')
"""How the keys of the values of pairs end: see :data:`auditor.secrets.keys.PAIR_VALUES`."""
_PAIR_KEY = late(rb'"(?P<key>[a-z]+)"\s*:', re.IGNORECASE)
_ALONE = late(rb'\{\s*"name"\s*:\s*"([^"\\]*)"\s*,\s*"value"\s*:\s*"([^"\\]*)"\s*\}')
_SELECTING = late(rb'"operator"\s*:\s*"\w*"\s*,\s*$')
_STRINGS = late(rb'"([^"\\]{1,40})"\s*:\s*"([^"\\]*)')


def may_tell(raw: bytes) -> bool:
    """Whether a name in JSON may tell of a secret; in doubt it does."""
    lower = fold(raw) if raw.isascii() else raw.lower()
    for word in _WORDS:
        at = find(lower, word)
        if at >= 0 and _may_tell(raw, lower, word, at):
            return True
    for word in _PAIR_ENDS:
        at = find(lower, word)
        if at >= 0 and _may_pair(raw, lower, word, at):
            return True
    return False


def _may_tell(raw: bytes, lower: bytes, word: bytes, at: int) -> bool:
    """Whether a word tells of a secret at a place where it is found, or at a later one."""
    while at >= 0:
        seen = _near(*_around(raw, at, _NEAR))
        if seen & _TELLS and _tells(*_around(raw, at, _FAR), far=True):
            return True
        if seen & _GOES_ON and goes_on(raw, at) and may_name_in_text(raw, at):
            return True
        at = find(lower, word, at + len(word))
    return False


def _may_pair(raw: bytes, lower: bytes, word: bytes, at: int) -> bool:
    """As :func:`_may_tell`, of the key of a value."""
    while at >= 0:
        if _may_be_paired(*_around(raw, at, _NEAR)) and _pairs(raw):
            return True
        at = find(lower, word, at + len(word))
    return False


def _around(raw: bytes, at: int, reach: tuple[int, int]) -> tuple[bytes, int]:
    """What stands around a place, and where in it the place is."""
    before, behind = reach
    if at < before:
        return raw[: at + behind], at
    return raw[at - before : at + behind], before


@lru_cache(2_048)
def _near(window: bytes, at: int) -> int:
    """What may be said of a place by what is near: the sum of bits, 0 for no secret.

    The same words stand around the same names in pod after pod.
    """
    seen = _TELLS if _tells(window, at, far=False) else 0
    cut = window.find(_QUOTE, at) < 0
    return seen | _GOES_ON if cut or goes_on(window, at) else seen


def _tells(window: bytes, at: int, *, far: bool) -> bool:
    """Whether the text around a place is a name of something that may be a secret."""
    start = window.rfind(_QUOTE, 0, at) + 1
    if not start:
        return not far  # so far behind the beginning of a name nothing counts
    rest = _REST.match(window, at)
    if rest is None or rest.end() == len(window):
        return True
    end = window.rfind(_QUOTE, at, rest.end())
    token = window[start:end]
    whole = window[start - 2 : start - 1] != _BACKSLASH and _BACKSLASH not in token
    follows = rest["next"]
    if follows == b":":
        return not whole or _key_tells(token, window, rest.end())
    if not whole:
        return False  # a text with quotes in it is not a kind and no argument
    if token[:1] == _DASH:
        return follows == b"," and _announces(token) and _is_told(token, window, rest.end())
    if _KIND.search(window[:start]) is None:
        return False
    return has_secrets(token.decode("utf-8", "replace"))


def _key_tells(token: bytes, raw: bytes, at: int) -> bool:
    """Whether a key, with its value at a place, is that of a secret."""
    role = _role_of(token)
    if not role & (SECRET | ENTRIES):
        return False
    name, first = token.decode("utf-8", "replace"), raw[at : at + 1]
    if first in {b"t", b"f", b"n"}:
        return False
    if first == b"{" and name in OF_THE_API:
        return False
    if role & SECRET and first not in {b"{", b"["}:
        value = _TEXT.match(raw, at) or _NUMBER.match(raw, at)
        return value is None or is_secret(name, value[1].decode("utf-8", "replace"))
    return True


def _is_told(flag: bytes, raw: bytes, at: int) -> bool:
    """Whether what stands at a place may be the secret that an argument announces."""
    if raw[at : at + 2] == b'"-':
        return False
    value = _TEXT.match(raw, at)
    return value is None or _is_secret(flag, value[1])


@lru_cache(8192)
def _role_of(name: bytes) -> int:
    return role_of(name.decode("utf-8", "replace"))


@lru_cache(4096)
def _announces(token: bytes) -> bool:
    return is_announcing(token.decode("utf-8", "replace"))


@lru_cache(2_048)
def _may_be_paired(window: bytes, at: int) -> bool:
    """Whether a field at a place may hold what a secret name beside it names."""
    start = window.rfind(_OPEN, 0, at)
    alone = _ALONE.match(window, start) if start >= 0 else None
    if alone is not None and alone.end() > at:
        return _is_secret(alone[1], alone[2])
    start = window.rfind(_QUOTE, 0, at + 1)
    if start < 0:
        return False  # the word is the end of more than the key of a value
    key = _PAIR_KEY.match(window, start)
    if key is None and b":" in window[at:]:
        return False
    return _SELECTING.search(window[:start]) is None


@lru_cache(4096)
def _is_secret_name(name: bytes) -> bool:
    return is_secret_name(name.decode("utf-8", "replace"))


def _is_secret(name: bytes, value: bytes) -> bool:
    if not _is_secret_name(name):
        return False
    return is_secret(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))


def _pairs(raw: bytes) -> bool:
    """Whether anything names a pair like a secret."""
    return _BACKSLASH in raw or any(
        _role_of(key) & PAIR_NAME and _is_secret_name(name) for key, name in _STRINGS.findall(raw)
    )
