"""Secrets are replaced at the door, by a marker that says what kind they were.

A collector calls :func:`redact` on what it read, before anything is stored or judged, so that no
report, cache or message can hold a secret that an output-side filter forgot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from auditor.secrets.hints import may_hold_secret
from auditor.secrets.names import is_secret, says_no_secret

MARKER: Final = "«redacted:{}»"
_MARK: Final = "«redacted:"
APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation: the whole object once more, as a text, also of a Secret."""
_NAMED_LISTS: Final = frozenset({"env", "httpHeaders"})
"""Fields that are lists of a name with a value."""
_SETTING: Final = re.compile(
    r"(?:passw(?:or)?d|passphrase|token|secret|api[-_]?key|access[-_]?key|private[-_]?key)$",
    re.IGNORECASE | re.ASCII,
)
"""How the key of a secret ends."""

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
    ("bearer-token", re.compile(r"(?<=\bBearer )[A-Za-z0-9._~+/-]{12,}=*")),  # RFC 6750, 2.1
)
_HINTS = (
    *("PRIVATE KEY", "AKIA", "ASIA", "gh", "glpat-", "xox", "hf_", "sk-", "nvapi-", "eyJ"),
    *("service_account", "Bearer "),
)
_URL = re.compile(r"(?P<head>://[^/\s:@]*:)(?P<secret>[^/\s@]+)(?=@)")
_WORD = (
    "passw(?:or)?d|passphrase|token|secret|api[-_]?key|access[-_]?key|private[-_]?key|credentials?"
)
_ARGUMENT = re.compile(
    rf"(?:^|(?<=\s))(?P<head>--?[\w.-]*(?:{_WORD})=)(?!(?:''|\"\")?(?:\s|$))(?P<secret>.+)",
    re.IGNORECASE | re.ASCII,
)
_ASSIGNED = re.compile(
    r"""(?P<before>^|[\s"'`(;&|?])(?P<dash>-{0,2})"""
    rf"""(?P<name>[\w.-]*(?:{_WORD}))(?P<is>=["']?)(?P<secret>\$\(\w+\)|[^\s"'`;&|)]+)""",
    re.IGNORECASE | re.ASCII,
)
"""In a script, a URL or a list of settings; in prose a word before an equals sign says nothing."""

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
    if "=" in text:
        if text[0] == "-":
            text = _ARGUMENT.sub(lambda match: match["head"] + marker("argument"), text)
        else:
            found = _ASSIGNED.sub(_assigned, text)
            text = text if found == text else found
    return _document(text) if text[0] in "{[" else text


def _assigned(match: re.Match[str]) -> str:
    """A setting without its value, where it is one of a program, a script or a URL."""
    before, name = match["before"], match["name"]
    is_setting = match["dash"] or before in {"?", "&"} or name.isupper()
    alone = not before and match.end() == len(match.string)
    if not (is_setting or alone) or says_no_secret(name, match["secret"]):
        return match[0]
    return f"{before}{match['dash']}{name}{match['is']}{marker('argument')}"


def _document(text: str) -> str:
    """A text that is JSON, without the secrets in it."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    found = redact(_by_name(value))
    return text if found is value else msgspec.json.encode(found).decode()


def _by_name(value: Any) -> Any:
    """A copy without what stands under the name of a secret; the value itself when nothing does."""
    if isinstance(value, list):
        return _changed_list(value, _by_name)
    if not isinstance(value, dict):
        return value
    made = {key: _named(key, item) for key, item in value.items()}
    if all(made[key] is item for key, item in value.items()):
        return value
    return made


def _named(key: str, item: Any) -> Any:
    if not isinstance(item, str):
        return _by_name(item)
    return marker("by-name") if is_secret(key, item) else item


def _changed_list(values: list[Any], change: Callable[[Any], Any]) -> list[Any]:
    made = values
    for at, value in enumerate(values):
        found = change(value)
        if found is not value:
            if made is values:
                made = [*values]
            made[at] = found
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
        and _MARK not in value
        and not says_no_secret(flag, value)
    )


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("apiVersion") == "v1":
        value = _of_its_kind(value)
    made = value
    for key, item in value.items():
        kind = item.__class__
        found: Any
        if kind is str:
            found = redact_text(item) if key != APPLIED else _applied(item)
        elif kind is dict:
            found = _mapping(item)
        elif kind is list:
            found = _env(item) if key in _NAMED_LISTS else redact(item)
        else:
            continue
        if found is not item:
            if made is value:
                made = {**value}
            made[key] = found
    return made


def _applied(text: str) -> str:
    return text if text.startswith(_MARK) else marker("applied-configuration")


def _of_its_kind(value: dict[str, Any]) -> dict[str, Any]:
    """A Secret without its data; a ConfigMap without what is called like a secret."""
    hide: Callable[[Any], Any]
    fields: tuple[str, ...]
    match value.get("kind"):
        case "Secret":
            hide, fields = _hidden, ("data", "stringData")
        case "ConfigMap":
            hide, fields = _settings, ("data",)
        case _:
            return value
    hidden = {key: hide(value[key]) for key in fields if key in value}
    return {**value, **hidden} if any(hidden[key] is not value[key] for key in hidden) else value


def _settings(values: Any) -> Any:
    """The data of a ConfigMap: a short text under a key that ends like the name of a secret."""
    if not isinstance(values, dict):
        return values
    made = {
        key: _named(key, item) if isinstance(item, str) and _SETTING.search(key) else item
        for key, item in values.items()
    }
    return values if all(made[key] is item for key, item in values.items()) else made


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
    return isinstance(name, str) and isinstance(value, str) and is_secret(name, value)


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
