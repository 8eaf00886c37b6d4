"""Answers as they are kept: no managed fields, no applied copies, no secrets."""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.model.enums import Answered
from auditor.redact import clean, may_hold_secret
from collectors.kubernetes.live.client import Unanswered

_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class ListMeta(msgspec.Struct, frozen=True, gc=False):
    """``metadata`` of a list (meta/v1 ListMeta)."""

    resourceVersion: str = ""  # noqa: N815 - the field's name in the API
    token: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | None = None


class Page(msgspec.Struct, frozen=True):
    """One answer to a list: ``body`` is a list of the same kind, fit to be kept."""

    body: bytes
    count: int
    resource_version: str
    token: str


class Listed(msgspec.Struct, frozen=True):
    """A page taken apart, its items as they came."""

    kind: str
    api_version: str
    meta: ListMeta
    items: list[msgspec.Raw]

    def kept(self) -> Page:
        """The page without what is not kept."""
        kind = self.kind.removesuffix("List")
        named = msgspec.json.encode({"kind": kind, "apiVersion": self.api_version})[:-1] + b","
        items = b",".join(_named(kept(bytes(item)), named) for item in self.items)
        head = msgspec.json.encode({"kind": self.kind, "apiVersion": self.api_version})
        body = head[:-1] + b',"items":[' + items + b"]}"
        return Page(body, len(self.items), self.meta.resourceVersion, self.meta.token)


def _named(item: bytes, named: bytes) -> bytes:
    """An item that says what it is: in a list of the API server none does."""
    if item[:1] != b"{" or item[1:2] == b"}":
        return item
    return named + item[1:]


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.encode


def take_apart(body: bytes, kind: str) -> Listed:
    """Read one answer to a list of ``kind``.

    Raises:
        Unanswered: it is no list of that kind.
    """
    try:
        page = _decode_page(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unanswered(Answered.MALFORMED, f"the answer is no list: {error}") from error
    if page.kind != f"{kind}List":
        what = page.kind[:80] or "nothing that says what it is"
        raise Unanswered(Answered.MALFORMED, f"asked for a {kind}List, the answer is {what}")
    return Listed(page.kind, page.apiVersion, page.metadata, page.items or [])


def kept(raw: bytes) -> bytes:
    """One object without managed fields, the applied copy of itself, and secrets."""
    try:
        found = _slim(raw)
    except (msgspec.DecodeError, RecursionError):
        found = raw
    if not may_hold_secret(found):
        return found
    try:
        return clean(found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # What nobody can read nobody can judge: its place is kept, for the reader to report.
        return b'{"metadata":"unreadable"}'


def _slim(raw: bytes) -> bytes:
    if b'"managedFields"' not in raw and b"last-applied-configuration" not in raw:
        return raw
    value = _decode_object(raw)
    meta = _decode_object(value["metadata"]) if "metadata" in value else {}
    meta.pop("managedFields", None)
    if "annotations" in meta:
        annotations = _decode_object(meta["annotations"])
        if annotations.pop(_APPLIED, None) is not None:
            meta["annotations"] = msgspec.Raw(_encode(annotations))
    value["metadata"] = msgspec.Raw(_encode(meta))
    return _encode(value)
