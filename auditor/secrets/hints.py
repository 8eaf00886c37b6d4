"""A quick look at JSON for what may be a secret: most of what is read holds none.

It is asked about each of a hundred thousand pods, so it only looks for bytes: in doubt there may be
a secret, and :func:`auditor.secrets.redact.redact` says whether there is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from auditor.secrets.names import is_secret_name
from auditor.secrets.text_hints import find, may_name_in_text, may_sign_in, places

__all__ = ("find", "holding", "may_hold_secret")

_HINTS_JSON: Final = (
    *(b"glpat-", b"xox", b"sk-", b"nvapi-", b"AKIA", b"ASIA", b"PRIVATE KEY", b"eyJ", b"earer "),
    *(
        b"EARER ",
        b"hf_",
        b"ghp_",
        b"gho_",
        b"ghu_",
        b"ghs_",
        b"ghr_",
        b"github_pat_",
        b"service_acc",
    ),
    *(b'"Secret"', b'"ConfigMap"', b"last-applied-configuration"),
)
_ESCAPE_JSON = re.compile(rb"\\u(?!00(?:3[cCeE]|26))")
"""A character written by its number, but for the three that Go always writes so."""
_FLAG: Final = b'"--'
_FLAG_JSON = re.compile(rb'"--(?i:[a-z_-]*(?:password|passwd|token|secret|api[-_]?key))"\s*,\s*"')
_SMALLER = 8
_VALUE: Final = b'"value"'
_DENSE_NAME, _DENSE_VALUE = b'"name":"', b'","value":"'
_LONGEST_DENSE: Final = 300
_VALUE_JSON = re.compile(rb'"value"\s*:\s*"')
_NAMED_VALUE_JSON = re.compile(rb'"name"\s*:\s*"([^"\\]*)"\s*,\s*"value"\s*:\s*"')


def may_hold_secret(raw: bytes) -> bool:
    """Whether :func:`redact` could find something in this JSON; in doubt it could."""
    for hint in _HINTS_JSON:
        if find(raw, hint) >= 0:
            return True
    return (
        (b"\\" in raw and _may_hide_in_escapes(raw))
        or (b"@" in raw and may_sign_in(raw))
        or may_name_in_text(raw)
        or _may_announce_secret(raw)
        or _may_name_secret(raw)
    )


def _may_announce_secret(raw: bytes) -> bool:
    """Whether an argument is named like a secret, which is the next one."""
    return any(_FLAG_JSON.match(raw, at) for at in places(raw, _FLAG))


def _may_name_secret(raw: bytes) -> bool:
    """Whether there is a value that is named like a secret, or one whose name is not before it."""
    for at in places(raw, _VALUE):
        name = _dense_name(raw, at)
        if name is None:
            found = _NAMED_VALUE_JSON.findall(raw)
            return len(found) != len(_VALUE_JSON.findall(raw)) or any(map(_names_secret, found))
        if _names_secret(name):
            return True
    return False


def _dense_name(raw: bytes, at: int) -> bytes | None:
    """The name before a value, as the API server and most programs write it; None when unsure."""
    end = at - len(b'",')
    if end < 0 or not raw.startswith(_DENSE_VALUE, end):
        return None
    start = raw.rfind(_DENSE_NAME, max(0, end - _LONGEST_DENSE), end)
    if start < 0:
        return None
    name = raw[start + len(_DENSE_NAME) : end]
    return None if b'"' in name or b"\\" in name else name


@lru_cache(1024)
def _names_secret(name: bytes) -> bool:
    return is_secret_name(name.decode("utf-8", "replace"))


def holding(raws: Sequence[bytes], group: int = 64) -> list[bool]:
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
    """Whether something is written by numbers, or with slashes that are."""
    return b"\\/" in raw or _ESCAPE_JSON.search(raw) is not None
