"""A quick look at JSON for what may be a secret: most of what is read holds none.

It is asked about each of a hundred thousand pods, so it only looks for bytes: in doubt there may be
a secret, and :func:`auditor.secrets.redact.redact` says whether there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auditor.late import late
from auditor.secrets.key_hints import may_tell
from auditor.secrets.positions import HINTS as POSITION_HINTS
from auditor.secrets.text_hints import find, may_sign_in

__all__ = ("find", "holding", "may_hold_secret")

_HINTS_JSON: Final = (
    b"LS0tLS1CRUdJTi",  # "-----BEGIN " as base64 writes it
    *(b"glpat-", b"xox", b"sk-", b"nvapi-", b"AKIA", b"ASIA", b"PRIVATE KEY", b"eyJ", b"earer "),
    *(b"EARER ", b"hf_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
    *(b"service_acc", b"last-applied-configuration", b"SWMTKN-1-", b"SWMKEY-1-"),
    *(b"apr1$", b"$1$", b"$2a$", b"$2b$", b"$2x$", b"$2y$", b"$5$", b"$6$", b"$argon2"),
    *POSITION_HINTS,
)
_RARE: Final = (b"$", b"gh", b"SWM")
"""What is in several hints, and in few objects: where it is not, none of them is."""
_RARE_HINTS: Final = tuple(
    (rare, tuple(hint for hint in _HINTS_JSON if rare in hint)) for rare in _RARE
)
_OTHER_HINTS: Final = tuple(hint for hint in _HINTS_JSON if not any(rare in hint for rare in _RARE))
_ESCAPE_JSON = late(rb"\\u(?!00(?:3[cCeE]|26))")
"""A character written by its number, but for the three that Go always writes so."""
_SMALLER = 8


def may_hold_secret(raw: bytes) -> bool:
    """Whether :func:`redact` could find something in this JSON; in doubt it could."""
    for hint in _OTHER_HINTS:
        if find(raw, hint) >= 0:
            return True
    for rare, hints in _RARE_HINTS:
        if find(raw, rare) >= 0 and any(find(raw, hint) >= 0 for hint in hints):
            return True
    return (
        (b"\\" in raw and _may_hide_in_escapes(raw))
        or (b"@" in raw and may_sign_in(raw))
        or may_tell(raw)
    )


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
