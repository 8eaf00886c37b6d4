"""Sentences, requests and headers without secrets: what a program says of what it read.

Nothing is judged by a message, so less is left in it than in an object: ``password=hunter22`` in
the middle of a sentence is a secret here, and in the description of a custom resource it is prose.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec

from auditor.late import late
from auditor.secrets.marks import MARK, marker
from auditor.secrets.names import is_secret
from auditor.secrets.redact import redact_text

Value = TypeVar("Value")

_PAIR: Final = late(
    r"(?P<name>[A-Za-z][\w.-]{0,80})="
    r"(?P<value>(?:\$[({][^)}\s]*[)}]|[^\s&;,\"'`<>()\[\]{}])+)",
    re.ASCII,
)
_SIGNED: Final = late(
    r"(?P<name>[?&](?:sig|signature|code|x-(?:amz|goog)-(?:signature|credential))=)[^&#\s\"']+",
    re.IGNORECASE | re.ASCII,
)
"""What signs in by the query of an address, and is called by no word of secrets (RFC 6749, SAS)."""
_COOKIE: Final = late(r"(?P<name>\b(?:set-)?cookie:[ \t]*)[^\r\n]+", re.IGNORECASE | re.ASCII)


def redact_message(text: str) -> str:
    """Replace what is or may be a secret in a sentence, a request or a header.

    The text itself is returned when there is none.
    """
    made = redact_text(text)
    if "=" in made:
        made = _PAIR.sub(_without_value, _SIGNED.sub(_after_name, made))
    if "ookie:" in made or "OOKIE:" in made:
        made = _COOKIE.sub(_after_name, made)
    return text if made == text else made


def redact_texts(value: Value) -> Value:
    """A copy of a frozen struct, or of a tuple, without secrets in any of its texts.

    The value itself is returned when there is none. Bytes are left alone: a body is an object, or
    the sink's to clean.
    """
    made: object = value
    if value.__class__ is str:
        made = redact_message(str(value))
    elif isinstance(value, tuple):
        items = tuple(map(redact_texts, value))
        made = value if all(map(_same, items, value)) else items
    elif isinstance(value, msgspec.Struct):
        made = _fields(value)
    return made  # type: ignore[return-value]  # of the class that it was


def _fields(value: msgspec.Struct) -> msgspec.Struct:
    changed: dict[str, object] = {}
    for name in value.__struct_fields__:
        found = getattr(value, name)
        made = redact_texts(found)
        if made is not found:
            changed[name] = made
    return msgspec.structs.replace(value, **changed) if changed else value


def _same(one: object, other: object) -> bool:
    return one is other


def _after_name(found: re.Match[str]) -> str:
    return found[0] if MARK in found[0] else found["name"] + marker("argument")


def _without_value(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    if MARK in value or not is_secret(name, value):
        return found[0]
    return f"{name}={marker('argument')}"
