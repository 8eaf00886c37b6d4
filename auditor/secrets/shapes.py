"""Credentials that are known by their shape, wherever they stand in a text.

Every pattern here can begin only where the one before has ended: no text, however long, makes them
look at the same character more than a few times.
"""

from __future__ import annotations

import re
from typing import Final

from auditor.late import late
from auditor.secrets.marks import has_marker, marker
from auditor.secrets.names import says_no_secret

_WHOLE: Final = frozenset({"private-key", "gcp-service-account"})
"""Shapes of which only the beginning is matched: nothing of the text is kept."""
_HASH: Final = (
    r"\$\$?(?:(?:apr1|1)\$\$?[./A-Za-z0-9]{1,8}\$\$?[./A-Za-z0-9]{22}"
    r"|2[abxy]\$\$?[0-9]{2}\$\$?[./A-Za-z0-9]{53}"
    r"|[56]\$\$?(?:rounds=[0-9]{1,9}\$\$?)?[./A-Za-z0-9]{1,16}\$\$?"
    r"(?:[./A-Za-z0-9]{86}|[./A-Za-z0-9]{43})"
    r"|argon2(?:id|i|d)\$\$?v=[0-9]{1,4}\$\$?m=[0-9]{1,9},t=[0-9]{1,6},p=[0-9]{1,6}"
    r"\$\$?[A-Za-z0-9+/]{8,128}\$\$?[A-Za-z0-9+/]{16,128})(?![./A-Za-z0-9])"
)
"""What htpasswd, crypt(3) and argon2 write; in compose files each dollar is doubled."""
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("private-key", late(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    # the same as base64 writes it, as fields of APIs hold keys: the words come at three offsets
    (
        "private-key",
        late(
            r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{0,40}"
            r"(?:UFJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW)"
        ),
    ),
    ("aws-access-key-id", late(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    (
        "github-token",
        late(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
    ),
    ("gitlab-token", late(r"\bglpat-[A-Za-z0-9_\-]{20,}")),
    ("slack-token", late(r"\bxox[abposr]-[A-Za-z0-9-]{10,}")),
    ("huggingface-token", late(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("anthropic-key", late(r"\bsk-ant-[A-Za-z0-9_\-]{20,}")),
    # words with hyphens between them are a name, as that of a model or a package may be
    (
        "openai-key",
        late(
            r"\bsk-(?!(?:(?:[a-z]+|v?[0-9]{1,4}|[0-9]{1,4}[bkm])[-_]){2,}"
            r"(?:[a-z]+|v?[0-9]{1,4}|[0-9]{1,4}[bkm])(?![A-Za-z0-9_-]))"
            r"(?:proj-)?[A-Za-z0-9_\-]{32,}"
        ),
    ),
    ("nvidia-api-key", late(r"\bnvapi-[A-Za-z0-9_\-]{32,}")),
    (
        "jwt",
        late(r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ),
    ("gcp-service-account", late(r'"type"\s*:\s*"service_account"')),
    # swarmkit, ca/config.go and manager/encryption: what joins a swarm, what unlocks a manager
    ("swarm-token", late(r"\bSWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}\b")),
    ("swarm-key", late(r"\bSWMKEY-1-[A-Za-z0-9+/]{43}")),
    ("password-hash", late(_HASH)),
    # RFC 6750, 2.1; a scheme is the same in small letters (RFC 9110, 11.1)
    ("bearer-token", late(r"(?i:(?<=\bBearer ))[A-Za-z0-9._~+/-]{12,}=*")),
)
HINTS: Final = (
    *(
        "PRIVATE KEY",
        "LS0tLS1CRUdJTi",
        "AKIA",
        "ASIA",
        "gh",
        "glpat-",
        "xox",
        "hf_",
        "sk-",
        "nvapi-",
        "eyJ",
    ),
    *("service_account", "earer ", "EARER ", "SWMTKN-1-", "SWMKEY-1-"),
    *("apr1$", "$1$", "$2a$", "$2b$", "$2x$", "$2y$", "$5$", "$6$", "$argon2"),
)
"""One of these is in every text that has something of a shape, but for the user of a URL."""
_AUTHORITY_END = late(r"[/?#\s\"'`<>,;]")
_NOT_IN_USER = late(r"[\s\"'`]")
_PORT = late(r"[0-9]{1,5}(?:[/?#].*)?", re.DOTALL)
_TOKEN = late(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[\w~+=-]{12,}|[\w~+=-]{32,}", re.ASCII)
_LONGEST: Final = 4096
"""Characters of what stands between ``://`` and ``@`` that are looked at."""


def without_shapes(text: str) -> str:
    """Replace what has the shape of a credential, also of one inside a URL."""
    for hint in HINTS:
        if hint in text:
            for shape, pattern in _SHAPES:
                if pattern.search(text):
                    if shape in _WHOLE:
                        return marker(shape)
                    text = pattern.sub(marker(shape), text)
            break
    return _without_users(text) if "@" in text and "://" in text else text


def _without_users(text: str) -> str:
    """Replace passwords and tokens that sign in by a URL (RFC 3986, 3.2.1).

    Each at sign is looked back from to the one before, so that all of a text is looked at once.
    """
    parts: list[str] = []
    done, last, at = 0, 0, text.find("@")
    while at >= 0:
        start = text.rfind("://", max(last, at - _LONGEST), at) + len("://")
        if start >= len("://"):
            end = _end_of_user(text, at)
            span = _secret_of(text, start, end)
            if span is not None:
                parts += (text[done : span[0]], marker("url-credentials"))
                done, at = span[1], end
        last, at = at + 1, text.find("@", at + 1)
    return "".join((*parts, text[done:])) if parts else text


def _end_of_user(text: str, at: int) -> int:
    """The last at sign before the host: a password may have one in it that is not encoded."""
    end = _AUTHORITY_END.search(text, at, at + _LONGEST)
    return text.rfind("@", at, end.start() if end is not None else at + _LONGEST)


def _secret_of(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the password before an at sign is, or the token; None when nobody signs in there."""
    user = text[start:end]
    if not user or has_marker(user) or _NOT_IN_USER.search(user):
        return None
    colon = user.find(":")
    if colon < 0:
        http = text.endswith(("http://", "https://"), 0, start)
        return (start, end) if http and _TOKEN.fullmatch(user) else None
    if "/" in user[:colon]:
        return None
    password = user[colon + 1 :]
    if not password or password.endswith("/") or (_PORT.fullmatch(password) and "/" in password):
        return None
    return None if says_no_secret("password", password) else (start + colon + 1, end)
