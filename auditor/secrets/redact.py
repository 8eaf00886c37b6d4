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
from auditor.secrets.marks import MARK, marker
from auditor.secrets.names import is_secret, says_no_secret
from auditor.secrets.texts import without_secrets

APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation: the whole object once more, as a text, also of a Secret."""
_NAMED_LISTS: Final = frozenset({"env", "httpHeaders"})
"""Fields that are lists of a name with a value."""
_SETTING: Final = re.compile(
    r"(?:passw(?:or)?d|passphrase|token|secret|api[-_]?key|access[-_]?key|private[-_]?key)$",
    re.IGNORECASE | re.ASCII,
)
"""How the key of a secret ends."""

_FLAG = re.compile(
    r"--[a-z_-]*(?:password|passwd|token|secret|api[-_]?key)", re.IGNORECASE | re.ASCII
)
"""An argument whose value is the next one."""


def redact(value: Any) -> Any:
    """A copy of a decoded object without secrets; the object itself when it has none."""
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list):
        return _without_arguments(_changed_list(value, redact))
    if isinstance(value, str):
        return redact_text(value)
    return value


def redact_text(text: str, key: str = "") -> str:
    """Make a text without what is a secret in it, in whatever format it is written.

    ``key`` is the name under which it stands, where that is the name of a file.
    """
    return without_secrets(text, _document, key)


def _document(value: Any) -> Any:
    """What is left of the value of a text that is JSON."""
    return redact(_by_name(value))


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
        and MARK not in value
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
    return text if text.startswith(MARK) else marker("applied-configuration")


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
        key: _setting(key, item) if isinstance(item, str) else item for key, item in values.items()
    }
    return values if all(made[key] is item for key, item in values.items()) else made


def _setting(key: str, text: str) -> Any:
    found = _named(key, text) if _SETTING.search(key) else text
    return redact_text(text, key) if found is text else found


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
