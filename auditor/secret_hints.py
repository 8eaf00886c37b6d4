"""A quick look at JSON for what may be a secret: most of what is read holds none.

It is asked about each of a hundred thousand pods, so it only looks for bytes: in doubt there may be
a secret, and :func:`auditor.redact.redact` says whether there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from auditor.secret_names import IN_EVERY_NAME, LONGEST_NAME, NAME

_HINTS_JSON = (
    *(b"glpat-", b"xox", b"sk-", b"nvapi-", b"AKIA", b"ASIA", b"PRIVATE KEY", b"eyJ", b"Bearer "),
    *(b'"Secret"', b'"ConfigMap"', b"last-applied-configuration"),
)
_BEFORE_UNDERSCORE = (b"hf", b"ghp", b"gho", b"ghu", b"ghs", b"ghr", b"github", b"service")
_SNAKES_JSON = (b"hf_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"service_acc")
_COMMON = bytes(set(range(256)) - set(b'ABCDEFGHIJKLMNOPQRSTUVWXYZ "-gkvx'))
"""What most of JSON is of. Hints are looked for in what is left of it, which is soon done."""


def _left(hint: bytes) -> bytes:
    return hint.translate(None, _COMMON)


_LEFT_OF_HINTS = tuple((_left(hint), hint) for hint in _HINTS_JSON)
_FLAG, _VALUE, _DENSE_NAME, _DENSE_VALUE = b'"--', b'"value"', b'"name":"', b'","value":"'
_LEFT_OF_VALUE = _left(_VALUE)
_ESCAPE_JSON = re.compile(rb"\\u(?!00(?:3[cCeE]|26))")
"""A character written by its number, but for the three that Go always writes so."""
_URL_JSON = re.compile(rb'://[^/\s:@"]*:[^/\s@"]+@')
_SECRET_ARGUMENTS = (
    *(b"password", b"passwd", b"passphrase", b"token", b"secret", b"credential", b"credentials"),
    *(b"api-key", b"api_key", b"apikey", b"access-key", b"access_key", b"accesskey"),
    *(b"private-key", b"private_key", b"privatekey"),
)
_LONGEST_ARGUMENT = max(map(len, _SECRET_ARGUMENTS))
_FLAG_JSON = re.compile(
    rb'"--(?i:[a-z_-]*(?:password|passwd|token|secret|api[-_]?key))"\s*,\s*"'
)  # what it begins with is found faster than what may be of any case
_AROUND = LONGEST_NAME + 2
_SMALLER = 20
_VALUE_JSON = re.compile(rb'"value"\s*:\s*"')
_NAMED_VALUE_JSON = re.compile(rb'"name"\s*:\s*"([^"\\]*)"\s*,\s*"value"\s*:\s*"')


def may_hold_secret(raw: bytes) -> bool:
    """Whether :func:`redact` could find something in this JSON; in doubt it could."""
    rare = raw.translate(None, _COMMON)
    for left, hint in _LEFT_OF_HINTS:
        if left in rare and hint in raw:
            return True
    if b"_" in raw and _may_be_snake(raw):
        return True
    if b"\\" in raw and _may_hide_in_escapes(raw):
        return True
    if (b"@" in raw and _URL_JSON.search(raw)) or _may_set_secret(raw):
        return True
    if _FLAG in rare and _FLAG in raw and _FLAG_JSON.search(raw):
        return True
    return _LEFT_OF_VALUE in rare and _VALUE in raw and _may_name_secret(raw)


def _may_be_snake(raw: bytes) -> bool:
    """Whether there is a hint with an underscore, which there are many of."""
    for part in raw.split(b"_"):
        if part.endswith(_BEFORE_UNDERSCORE):
            return any(hint in raw for hint in _SNAKES_JSON)
    return False


def _may_name_secret(raw: bytes) -> bool:
    """Whether there is a value that is named like a secret, or one whose name is not before it."""
    *before, _ = raw.split(_DENSE_VALUE)
    if len(before) == raw.count(_VALUE):  # as the API server and most programs write it
        named = [part.rpartition(_DENSE_NAME) for part in before]
        if all(found and b'"' not in name and b"\\" not in name for _, found, name in named):
            return any(_is_name_of_secret(name) for *_, name in named)
    found = _NAMED_VALUE_JSON.findall(raw)
    return len(found) != len(_VALUE_JSON.findall(raw)) or any(map(_is_name_of_secret, found))


@lru_cache(1024)
def _is_name_of_secret(name: bytes) -> bool:
    return NAME.search(name.decode("utf-8", "replace")) is not None


def holding(raws: Sequence[bytes], group: int = 500) -> list[bool]:
    """Of each whether it may hold a secret: all are looked at at once, as most hold none.

    Where one of a group may, smaller groups are looked at.
    """
    if group <= 1 or len(raws) == 1:
        return [may_hold_secret(raw) for raw in raws]
    found: list[bool] = []
    for start in range(0, len(raws), group):
        some = raws[start : start + group]
        # no JSON has a NUL in it, so nothing is found across two
        if may_hold_secret(b"\0".join(some)):
            found += holding(some, group // _SMALLER)
        else:
            found += [False] * len(some)
    return found


def _may_hide_in_escapes(raw: bytes) -> bool:
    """Whether something is written by numbers, or a text is JSON that names a secret."""
    if b"\\/" in raw or _ESCAPE_JSON.search(raw):
        return True
    return b'\\"' in raw and _has_name_of_secret(raw)


def _has_name_of_secret(raw: bytes) -> bool:
    """Whether the name of a secret is anywhere; most of JSON is passed over."""
    lower = raw.lower()
    places = [at for word in IN_EVERY_NAME for at in _places(lower, word)]
    if not raw.isascii() or len(places) * _AROUND > len(raw):
        return NAME.search(raw.decode("utf-8", "replace")) is not None
    return any(
        NAME.search(raw[max(0, at - _AROUND) : at + _AROUND].decode("ascii")) for at in places
    )


def _places(text: bytes, word: bytes) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _may_set_secret(raw: bytes) -> bool:
    """Whether ``=`` follows a word that an argument with a secret ends with."""
    at = raw.find(b"=")
    while at >= 0:
        if raw[max(0, at - _LONGEST_ARGUMENT) : at].lower().endswith(_SECRET_ARGUMENTS):
            return True
        at = raw.find(b"=", at + 1)
    return False
