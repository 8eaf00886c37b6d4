"""Secrets are replaced at the door, by a marker that says what kind they were.

Nothing is stored or judged before, so that no report, cache or message can hold a secret that a
filter of outputs forgot. The doors: ``bodies.py`` for what is kept, ``messages.py`` for what is
said, :mod:`auditor.runner.cleaning` for what is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

from auditor.secrets import fields, objects, positions
from auditor.secrets.hints import may_hold_secret
from auditor.secrets.keys import APPLIED, ENTRIES, SECRET, role_of
from auditor.secrets.marks import is_marker, marker
from auditor.secrets.texts import SHORTEST, whole_variable, without_secrets

_BY_NAME: Final = "by-name"
_SHORT: Final = 128
_VARIABLES: Final = frozenset({"env", "environment"})
"""Keys of lists of ``NAME=value``, as engines and compose files have them."""


def redact(value: Any) -> Any:
    """A copy of a decoded object without secrets; the object itself when it has none."""
    kind = value.__class__
    if kind is dict:
        return _mapping(value)
    if kind is list:
        return _list(value)
    return redact_text(value) if kind is str else value


def redact_field(key: str, value: Any) -> Any:
    """As :func:`redact`, of what stands under a key; "" is that of an item of a list."""
    found = redact_text(value, key) if value.__class__ is str else redact(value)
    if found is not value and isinstance(found, list):
        found = _variables(key, found)
    role = role_of(key)
    return _under(key, role, value, found) if role else found


def left_of(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    """A mapping without what one of its keys says is secret; itself when nothing is."""
    if key == "kind":
        return objects.of_its_kind(mapping)
    found = _under(key, role_of(key), mapping[key], mapping[key])
    return mapping if found is mapping[key] else {**mapping, key: found}


def redact_text(text: str, key: str = "") -> str:
    """Make a text without what is a secret in it, in whatever format it is written.

    ``key`` is the name under which it stands, where that is the name of a file.
    """
    name = key if "." in key else ""
    if len(text) > _SHORT:
        return without_secrets(text, redact, name)
    found = _of_short(text, name) if len(text) >= SHORTEST else None
    return text if found is None else found


@lru_cache(2_048)
def _of_short(text: str, name: str) -> str | None:
    """As :func:`redact_text`, None for the text itself: the same few stand in each object."""
    found = without_secrets(text, redact, name)
    return None if found is text else found


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    if "kind" in value:
        value = objects.of_its_kind(value)
    made, roles = value, 0
    for key, item in value.items():
        kind = item.__class__
        found: Any
        if kind is str:
            found = redact_text(item, key) if len(item) >= SHORTEST else item
        elif kind is dict:
            found = _mapping(item)
        elif kind is list:
            found = _list(item)
            if found is not item:
                found = _variables(key, found)
        else:
            found = item
        role = role_of(key)
        if role:
            roles |= role
            found = _under(key, role, item, found)
        if found is not item:
            if made is value:
                made = {**value}
            made[key] = found
    return fields.without(made, fields.in_pair, _BY_NAME) if fields.has_pair(roles) else made


def _list(values: list[Any]) -> list[Any]:
    made = values
    announced = started = False
    for at, item in enumerate(values):
        kind = item.__class__
        if kind is str:
            found: Any = redact_text(item) if len(item) >= SHORTEST else item
            announced = announced or (item[:1] == "-" and fields.is_announcing(item))
            started = started or positions.is_program(item)
        elif kind is dict:
            found = _mapping(item)
        else:
            found = redact(item)
        if found is not item:
            if made is values:
                made = [*values]
            made[at] = found
    if started:
        made = positions.in_arguments(made)
    return fields.without(made, fields.after_argument, "argument") if announced else made


def _variables(key: str, found: list[Any]) -> list[Any]:
    """Of variables, each one text, no word that follows the first one of a secret."""
    if key.lower() not in _VARIABLES:
        return found
    return [whole_variable(item) if item.__class__ is str else item for item in found]


def _under(key: str, role: int, item: Any, found: Any) -> Any:
    """What is left of a value, by what its key says; ``found`` is it without other secrets."""
    if role & SECRET:
        if fields.is_told(key, found):
            return marker(_BY_NAME)
        return fields.without(found, lambda value: fields.below(key, value), _BY_NAME)
    if role & ENTRIES:
        return objects.entries(found)
    if role & APPLIED and isinstance(item, str):
        return item if is_marker(item) else marker("applied-configuration")
    return found


def decode(raw: bytes) -> Any:
    """The object of its JSON, without secrets and without fields that are null.

    To the API server a null field is the same as an absent one. A null in a list stays.

    Raises:
        msgspec.DecodeError: ``raw`` is not valid JSON.
    """
    dense = _without_nulls(raw) if b"null" in raw else raw
    value = msgspec.json.decode(dense)
    if b"null" in dense:
        _drop_nulls(value)
    return redact(value) if may_hold_secret(raw) else value


def is_clean(raw: bytes) -> bool:
    """Whether :func:`decode` has nothing to leave out of JSON; in doubt it has."""
    return b"null" not in raw and not may_hold_secret(raw)


def cleaned(value: dict[str, Any], raw: bytes) -> dict[str, Any]:
    """As :func:`decode`, of a part of ``raw`` that was decoded for this call.

    It may be changed in place.
    """
    if b"null" in raw:
        _drop_nulls(value)
    found: dict[str, Any] = redact(value)
    return found


def clean(raw: bytes) -> bytes:
    """As :func:`decode`, encoded again."""
    return msgspec.json.encode(decode(raw))


def _without_nulls(raw: bytes) -> bytes:
    """Cut the null fields out of JSON that has no white space; some may be left.

    A bare quote before a letter opens a string: what follows one that closes is not a letter.
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
