"""What of a value of JSON is decoded to tell what it is; the rest of it stays bytes."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from auditor.secrets.objects import has_secrets
from collectors.documents.json_text import beginning
from collectors.kubernetes.lists import is_named_list
from collectors.kubernetes.objects import Meta

_NOTHING: Final = msgspec.Raw()
"""What a field that is not there is, where one that is there stays bytes."""


class Page(msgspec.Struct, gc=False):
    """A list as the API server returns it; the items stay bytes."""

    items: list[msgspec.Raw] | None = None
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""
    metadata: msgspec.Raw = _NOTHING


class _Named(msgspec.Struct, gc=False):
    """What names an object, of the right types; with ``items`` it may be a list."""

    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""
    metadata: Meta | None = None
    items: msgspec.Raw = _NOTHING


class _Head(msgspec.Struct, gc=False):
    """What names an object, of whatever type it is: for the maker to refuse."""

    apiVersion: Any = None  # noqa: N815 - the field's name in the API
    kind: Any = None
    metadata: Any = None
    items: Any = None


class _Items(msgspec.Struct, gc=False):
    items: list[msgspec.Raw]


decode_page = msgspec.json.Decoder(Page).decode
decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
decode_items = msgspec.json.Decoder(_Items).decode
decode_any = msgspec.json.Decoder(Any).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
decode_named = msgspec.json.Decoder(_Named).decode
decode_head = msgspec.json.Decoder(_Head).decode


def look(raw: bytes) -> Page | list[msgspec.Raw]:
    """Decode an array or an object as far as its members.

    Raises:
        msgspec.ValidationError: a field of a list that is of another type.
        msgspec.DecodeError, RecursionError: it is not valid JSON that can be read.
    """
    start = beginning(raw)
    return decode_array(raw) if raw[start : start + 1] == b"[" else decode_page(raw)


def is_page(page: Page) -> bool:
    """Whether it is a list: by its kind, or because an item claims to be an object."""
    return is_named_list(page.kind) or any(map(_says_object, page.items or ()))


def _says_object(raw: msgspec.Raw) -> bool:
    """Whether an item claims to be an object."""
    try:
        head = decode_head(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return head.apiVersion is not None and head.kind is not None


def may_hold(raw: bytes) -> bool:
    """Whether there can be something of an object in a text, told by the names of its fields."""
    return b'"kind"' in raw or b'"apiVersion"' in raw or b"\\u" in raw


def with_said(raw: bytes, version: object, kind: object) -> bytes:
    """An item with what only its list says that it is, where that says what in it is a secret."""
    if not has_secrets(kind):
        return raw
    said = {"apiVersion": version, "kind": kind}
    return msgspec.json.encode({**said, **_decode_fields(raw), **said})
