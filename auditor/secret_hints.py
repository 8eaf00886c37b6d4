"""A quick look at JSON for what may be a secret: most of what is read holds none.

It is asked about each of a hundred thousand pods, so it only looks for bytes: in doubt there may be
a secret, and :func:`auditor.redact.redact` says whether there is.
"""

from __future__ import annotations

import re

from auditor.secret_names import NAME

_HINTS_JSON = (b"glpat-", b"xox", b"sk-", b"nvapi-", b"last-applied-configuration")
_SNAKES_JSON = (b"hf_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"service_acc")
_CAPITALS_JSON = (
    *((b"AKIA", b"AKIA"), (b"ASIA", b"ASIA"), (b"PRIVATE KEY", b"PRIVATE KEY"), (b"J", b"eyJ")),
    *((b'"S"', b'"Secret"'), (b'"CM"', b'"ConfigMap"'), (b"B ", b"Bearer ")),
)
"""What is left of a hint without small letters and digits, and the hint."""
_NO_CAPITALS = bytes(set(range(256)) - set(b'ABCDEFGHIJKLMNOPQRSTUVWXYZ "'))
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
    rb'"--[a-z_-]*(?:password|passwd|token|secret|api[-_]?key)"\s*,\s*"', re.IGNORECASE
)
_VALUE_JSON = re.compile(rb'"value"\s*:\s*"')
_NAMED_VALUE_JSON = re.compile(rb'"name"\s*:\s*"([^"\\]*)"\s*,\s*"value"\s*:\s*"')


def may_hold_secret(raw: bytes) -> bool:
    """Whether :func:`redact` could find something in this JSON; in doubt it could."""
    for hint in _HINTS_JSON:
        if hint in raw:
            return True
    capitals = raw.translate(None, _NO_CAPITALS)
    for left, hint in _CAPITALS_JSON:
        if left in capitals and hint in raw:
            return True
    if b"_" in raw and any(hint in raw for hint in _SNAKES_JSON):
        return True
    if b"\\" in raw and _may_hide_in_escapes(raw):
        return True
    if (b"@" in raw and _URL_JSON.search(raw)) or _may_set_secret(raw):
        return True
    if b'"--' in raw and _FLAG_JSON.search(raw):
        return True
    if b'"value"' not in raw:
        return False
    named = _NAMED_VALUE_JSON.findall(raw)
    if len(named) != len(_VALUE_JSON.findall(raw)):
        return True
    return any(NAME.search(name.decode()) for name in named)


def _may_hide_in_escapes(raw: bytes) -> bool:
    """Whether something is written by numbers, or a text is JSON that names a secret."""
    if b"\\/" in raw or _ESCAPE_JSON.search(raw):
        return True
    return b'\\"' in raw and NAME.search(raw.decode("utf-8", "replace")) is not None


def _may_set_secret(raw: bytes) -> bool:
    """Whether ``=`` follows a word that an argument with a secret ends with."""
    at = raw.find(b"=")
    while at >= 0:
        if raw[max(0, at - _LONGEST_ARGUMENT) : at].lower().endswith(_SECRET_ARGUMENTS):
            return True
        at = raw.find(b"=", at + 1)
    return False
