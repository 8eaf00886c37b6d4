"""Secrets are replaced at the door, by a marker that says what kind they were.

A collector calls :func:`redact` on what it read, before anything is stored or judged, so that no
report, cache or message can hold a secret that an output-side filter forgot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from auditor.secret_names import NAME, is_secret_name, says_no_secret

MARKER: Final = "«redacted:{}»"

# Every pattern below can begin only where the one before has ended: no text, however long, makes
# them look at the same character more than a few times.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("private-key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("aws-access-key-id", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    (
        "github-token",
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
    ),
    ("gitlab-token", re.compile(r"\bglpat-[A-Za-z0-9_\-]{20,}")),
    ("slack-token", re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}")),
    ("huggingface-token", re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("anthropic-key", re.compile(r"\bsk-ant-[A-Za-z0-9_\-]{20,}")),
    ("openai-key", re.compile(r"\bsk-(?:proj-)?[A-Za-z0-9_\-]{32,}")),
    ("nvidia-api-key", re.compile(r"\bnvapi-[A-Za-z0-9_\-]{32,}")),
    (
        "jwt",
        re.compile(r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ),
    ("gcp-service-account", re.compile(r'"type"\s*:\s*"service_account"')),
)
_HINTS = (
    *("PRIVATE KEY", "AKIA", "ASIA", "gh", "glpat-", "xox", "hf_", "sk-", "nvapi-", "eyJ"),
    "service_account",
)
_URL = re.compile(r"(?P<head>://[^/\s:@]*:)(?P<secret>[^/\s@]+)(?=@)")
_ARGUMENT = re.compile(
    r"(?:^|(?<=\s))(?P<head>--?[a-z-]*(?:password|passwd|token|secret|api-key|apikey)=)"
    r"(?P<secret>.+)",
    re.IGNORECASE,
)
_FLAG = re.compile(
    r"--[a-z_-]*(?:password|passwd|token|secret|api[-_]?key)", re.IGNORECASE | re.ASCII
)
"""An argument whose value is the next one."""


def marker(shape: str) -> str:
    """The text that stands for a secret of some shape."""
    return MARKER.format(shape)


def redact(value: Any) -> Any:
    """A copy of a decoded object without secrets; the object itself when it has none."""
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list):
        return _without_arguments(_changed_list(value, redact))
    if isinstance(value, str):
        return redact_text(value)
    return value


def redact_text(text: str) -> str:
    """A text without what has the shape of a credential."""
    if len(text) < 8:
        return text
    for hint in _HINTS:
        if hint in text:
            for shape, pattern in _SHAPES:
                if pattern.search(text):
                    if shape in {"private-key", "gcp-service-account"}:
                        return marker(shape)
                    text = pattern.sub(marker(shape), text)
            break
    if "://" in text and "@" in text:
        text = _URL.sub(lambda match: match["head"] + marker("url-credentials"), text)
    if text[:1] == "-" and "=" in text:
        text = _ARGUMENT.sub(lambda match: match["head"] + marker("argument"), text)
    return text


def _changed_list(values: list[Any], change: Callable[[Any], Any]) -> list[Any]:
    made = [change(value) for value in values]
    if all(new is old for new, old in zip(made, values, strict=True)):
        return values
    return made


def _without_arguments(values: list[Any]) -> list[Any]:
    """A list without what follows an argument that announces a secret."""
    secret = [at for at in range(1, len(values)) if _is_announced(values[at - 1], values[at])]
    if not secret:
        return values
    made = [*values]
    for at in secret:
        made[at] = marker("argument")
    return made


def _is_announced(flag: Any, value: Any) -> bool:
    return (
        isinstance(flag, str)
        and flag[:2] == "--"
        and _FLAG.fullmatch(flag) is not None
        and isinstance(value, str)
        and value[:1] != "-"
        and "«redacted:" not in value
        and not says_no_secret(flag, value)
    )


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("kind") == "Secret" and value.get("apiVersion") == "v1":
        value = {
            key: _hidden(item) if key in {"data", "stringData"} else item
            for key, item in value.items()
        }
    made: dict[str, Any] = {}
    changed = False
    for key, item in value.items():
        new = _env(item) if key == "env" and isinstance(item, list) else redact(item)
        changed = changed or new is not item
        made[key] = new
    return made if changed else value


def _hidden(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {key: marker("secret-data") for key in values}


def _env(items: list[Any]) -> list[Any]:
    return _changed_list(items, _variable)


def redact_variables(items: list[Any]) -> None:
    """Hide, in place, the values of environment variables whose names say that they are secret.

    For a collector that has redacted each text already, while it was reading.
    """
    for item in items:
        if isinstance(item, dict) and _is_secret_variable(item):
            item["value"] = marker("by-name")


def _variable(item: Any) -> Any:
    cleaned = redact(item)
    if not isinstance(cleaned, dict):
        return cleaned
    return {**cleaned, "value": marker("by-name")} if _is_secret_variable(cleaned) else cleaned


def _is_secret_variable(item: dict[str, Any]) -> bool:
    name, value = item.get("name"), item.get("value")
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and is_secret_name(name)
        and "«redacted:" not in value
        and not says_no_secret(name, value)
    )


_HINTS_JSON = (
    *(b"PRIVATE KEY", b"AKIA", b"ASIA", b"glpat-", b"xox", b"hf_", b"sk-", b"nvapi-", b"eyJ"),
    *(b"service_account", b'"Secret"'),
)
_GITHUB_JSON = (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_")
_ESCAPE_JSON = re.compile(rb"\\u(?!00(?:3[cCeE]|26))")
"""A character written by its number, but for the three that Go always writes so."""
_URL_JSON = re.compile(rb'://[^/\s:@"]*:[^/\s@"]+@')
_SECRET_ARGUMENTS = (b"password", b"passwd", b"token", b"secret", b"api-key", b"apikey")
_LONGEST_ARGUMENT = max(map(len, _SECRET_ARGUMENTS))
_FLAG_JSON = re.compile(
    rb'"--[a-z_-]*(?:password|passwd|token|secret|api[-_]?key)"\s*,\s*"', re.IGNORECASE
)
_VALUE_JSON = re.compile(rb'"value"\s*:\s*"')
_NAMED_VALUE_JSON = re.compile(rb'"name"\s*:\s*"([^"\\]*)"\s*,\s*"value"\s*:\s*"')


def decode(raw: bytes) -> Any:
    """The object of its JSON, without secrets and without fields that are null.

    To the API server a null field is the same as an absent one. A null in a list stays.

    Raises:
        msgspec.DecodeError: ``raw`` is no JSON.
    """
    dense = _without_nulls(raw) if b"null" in raw else raw
    value = msgspec.json.decode(dense)
    if b"null" in dense:
        _drop_nulls(value)
    return redact(value) if may_hold_secret(raw) else value


def cleaned(value: dict[str, Any]) -> dict[str, Any]:
    """As :func:`decode`, of what was decoded for this call; it may be changed in place."""
    _drop_nulls(value)
    found: dict[str, Any] = redact(value)
    return found


def clean(raw: bytes) -> bytes:
    """As :func:`decode`, encoded again."""
    return msgspec.json.encode(decode(raw))


def _without_nulls(raw: bytes) -> bytes:
    """Cut the null fields out of JSON that has no white space; some may be left.

    A bare quote before a letter opens a string: what follows one that closes is no letter.
    """
    parts: list[bytes] = []
    done = 0
    at = raw.find(_NULL)
    while at >= 0:
        start, end = raw.rfind(b'"', done, at), at + len(_NULL)
        if start >= 0 and raw[start + 1 : start + 2].isalpha() and b"\\" not in raw[start - 1 : at]:
            if start > done and raw[start - 1] == _COMMA:
                start -= 1
            elif raw[end : end + 1] == b",":
                end += 1
            parts.append(raw[done:start])
            done = end
        at = raw.find(_NULL, end)
    return b"".join((*parts, raw[done:])) if parts else raw


_NULL = b'":null'
_COMMA = ord(",")


def _drop_nulls(value: object) -> None:
    stack = [value]
    while stack:
        found = stack.pop()
        items: Iterable[object] = ()
        if isinstance(found, dict):
            if None in found.values():
                for key in [key for key, item in found.items() if item is None]:
                    del found[key]
            items = found.values()
        elif isinstance(found, list):
            items = found
        for item in items:
            if isinstance(item, dict | list):
                stack.append(item)  # noqa: PERF401 - half the time of a generator


def may_hold_secret(raw: bytes) -> bool:
    """Whether :func:`redact` could find something in this JSON; in doubt it could."""
    for hint in _HINTS_JSON:
        if hint in raw:
            return True
    if b"gh" in raw and any(hint in raw for hint in _GITHUB_JSON):
        return True
    if b"\\" in raw and (b"\\/" in raw or _ESCAPE_JSON.search(raw)):
        return True
    if _URL_JSON.search(raw) or _may_set_secret(raw):
        return True
    if b'"--' in raw and _FLAG_JSON.search(raw):
        return True
    if b'"value"' not in raw:
        return False
    named = _NAMED_VALUE_JSON.findall(raw)
    if len(named) != len(_VALUE_JSON.findall(raw)):
        return True
    return any(NAME.search(name.decode()) for name in named)


def _may_set_secret(raw: bytes) -> bool:
    """Whether ``=`` follows a word that an argument with a secret ends with."""
    at = raw.find(b"=")
    while at >= 0:
        if raw[max(0, at - _LONGEST_ARGUMENT) : at].lower().endswith(_SECRET_ARGUMENTS):
            return True
        at = raw.find(b"=", at + 1)
    return False
