"""Names that say that a value is secret, and values that are none whatever their name."""

from __future__ import annotations

import re
from typing import Final

_WORDS = (
    r"PASSW(?:OR)?D|PASSPHRASE|SECRET|TOKEN|(?:API|PRIVATE|ACCESS|SESSION|SIGNING|MASTER)[-_]?KEY"
    r"|ENCRYPTION[-_]?KEY|CREDENTIAL|(?<![A-Z0-9])DSN(?![A-Z0-9])|CONNECTION[-_]?STRING"
    r"|(?<![A-Z0-9])(?:PASS|PWD|PIN|CREDS|BEARER)(?![A-Z0-9])"
)
_SIGNS_IN = r"(?<![A-Z0-9])AUTH(?:ORIZATION)?(?![A-Z0-9])"
_SECRET_NAME = re.compile(_WORDS, re.IGNORECASE)
NAME: Final = re.compile(f"{_WORDS}|{_SIGNS_IN}", re.IGNORECASE)
IN_EVERY_NAME: Final = (
    *(b"pass", b"secret", b"token", b"key", b"cred", b"dsn", b"string", b"pwd", b"pin"),
    *(b"bearer", b"auth"),
)
"""In small letters; where none of them is in ASCII, :data:`NAME` is not there either."""
LONGEST_NAME: Final = len("CONNECTION_STRING")
_HARMLESS_NAME = re.compile(
    r"_(?:FILE|PATH|DIR|NAME|URL|URI|ENDPOINT|TTL|EXPIRY|EXPIRATION|TIMEOUT|LIFETIME|LENGTH|LIMIT"
    r"|ENABLED|REQUIRED|TYPE|KIND|MODE|FORMAT|PROVIDER|BACKEND|STORE|ISSUER|AUDIENCE"
    r"|ALGORITHM|REGION|VERSION)$|TOKENIZ",
    re.IGNORECASE,
)
_HOW_AND_WHERE = re.compile(
    r"_(?:METHOD|STRATEGY|MECHANISM|PLUGIN|REALM|DOMAIN|SCOPES?|HOST|PORT|SERVER|SERVICE|ADDR"
    r"|ADDRESS|USER|USERNAME|SOURCE|DB|DATABASE)$",
    re.IGNORECASE,
)
"""What names with AUTH say that are not about what one signs in with."""
_HARMLESS_VALUE = re.compile(
    r"(?:true|false|/[^\s=+/]*/[^\s=+]*|/[^\s=+/]+\.[a-z0-9]{1,8}"
    r"|\$\([A-Za-z_]\w*\)|\$\{\w+\}|</?\|?\w{1,24}\|?>)?",
    re.IGNORECASE,
)
"""Switches, paths, references to other variables, and tokens of a model's vocabulary."""

_COUNT = re.compile(r"[0-9]{1,6}")
_NO_COUNT = re.compile(r"PASS|PWD|SECRET|(?<![A-Z0-9])PIN(?![A-Z0-9])", re.IGNORECASE)
_MEASURE = re.compile(
    r"[-_](?:AGE|COUNT|SIZE|ROUNDS|RETRIES|ATTEMPTS|INTERVAL|SECONDS|MINUTES|HOURS|DAYS)$",
    re.IGNORECASE,
)
_HEADER = re.compile(r"[A-Z]+(?:-[A-Z]+)*", re.IGNORECASE)
_SWITCH = re.compile(r"none|yes|no|on|off|enabled|disabled", re.IGNORECASE)
_AUTH = re.compile(r"(?:.*[^A-Z0-9])?AUTH", re.IGNORECASE | re.DOTALL)


def is_secret_name(name: str) -> bool:
    """Whether what is so named may be a secret: then :data:`NAME` is in its name."""
    if not NAME.search(name) or _HARMLESS_NAME.search(name):
        return False
    return not _HOW_AND_WHERE.search(name) or _SECRET_NAME.search(name) is not None


def says_no_secret(name: str, value: str) -> bool:
    """Whether the value of something that is named like a secret can't be one.

    Few digits are a count, but not of passwords: those are short numbers, too. What a name that
    ends with HEADER says is the name of a header or what stands in it.
    """
    if _HARMLESS_VALUE.fullmatch(value):
        return True
    if _COUNT.fullmatch(value):
        return not _NO_COUNT.search(name) or _MEASURE.search(name) is not None
    upper = name.upper()
    if upper == "PWD":
        return value.startswith("/")
    if upper.endswith("_HEADER"):
        return _HEADER.fullmatch(value) is not None
    return _AUTH.fullmatch(name) is not None and _SWITCH.fullmatch(value) is not None
