"""Answers as they are kept: no managed fields, no applied copies, no secrets."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.model.enums import Answered
from auditor.model.evidence import Redaction
from auditor.redact import clean, may_hold_secret, redact_text
from auditor.redaction import MARK, Commit, redactions
from collectors.kubernetes.live.client import Unanswered

UNREADABLE: Final = b'{"metadata":"unreadable"}'
"""What nobody can read nobody can judge: its place is kept, for the reader to report."""

_NODE: Final = b'"nodeName":"'
_ACCESS: Final = b"kube-api-access-"
_TOKEN: Final = 5
"""Characters that ServiceAccount admission ends the name of a volume with."""
_NAME: Final = re.compile(rb"[a-z0-9.-]+")
_WORTH_IT: Final = 512
_MOST: Final = 4_096
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
    redactions: tuple[Redaction, ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """A page taken apart, its items as they came."""

    kind: str
    api_version: str
    meta: ListMeta
    items: list[msgspec.Raw]

    def kept(self, keeper: Keeper) -> Page:
        """The page without what is not kept."""
        kind = self.kind.removesuffix("List")
        named = msgspec.json.encode({"kind": kind, "apiVersion": self.api_version})[:-1] + b","
        found: list[Redaction] = []
        kept = []
        for number, item in enumerate(self.items):
            raw = bytes(item)
            kept.append(_named(keeper.kept(raw), named))
            if keeper.lists and MARK in kept[-1]:
                found += keeper.left_out(kept[-1], raw, f"/items/{number}")
        items = b",".join(kept)
        head = msgspec.json.encode({"kind": self.kind, "apiVersion": self.api_version})
        body = head[:-1] + b',"items":[' + items + b"]}"
        meta = self.meta
        return Page(body, len(self.items), meta.resourceVersion, meta.token, tuple(found))


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


class Keeper:
    """Makes objects fit to be kept: no managed fields, no applied copies, no secrets.

    Pods of one origin share their ``spec`` but for two names. It is looked through once, with marks
    in place of the names, and remembered as it is kept; the names are looked at each time.
    """

    def __init__(self, commit: Commit | None = None) -> None:
        self._commit = commit
        self._node = secrets.token_hex(12).encode()
        self._token = secrets.token_hex(12).encode()
        self._specs: dict[bytes, bytes] = {}

    @property
    def lists(self) -> bool:
        """Whether anybody asks what was left out."""
        return self._commit is not None

    def left_out(self, kept: bytes, raw: bytes, place: str) -> Iterator[Redaction]:
        """Where secrets were left out of an object that stands at a place of its page."""
        if self._commit is None:
            return iter(())
        value, original = msgspec.json.decode(kept), msgspec.json.decode(raw)
        return redactions(value, original, self._commit, place)

    def kept(self, raw: bytes) -> bytes:
        """One object as it is kept; the place of one that nobody can read."""
        try:
            return self._slim(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return UNREADABLE

    def _slim(self, raw: bytes) -> bytes:
        try:
            value = _decode_object(raw)
            meta = _decode_object(value["metadata"]) if "metadata" in value else {}
        except (msgspec.ValidationError, RecursionError):
            return clean(raw)
        if meta.pop("managedFields", None) is not None or "annotations" in meta:
            _forget_applied(meta)
            value["metadata"] = msgspec.Raw(_encode(meta))
        spec = bytes(value.get("spec", b""))
        if len(spec) < _WORTH_IT:
            return _cleaned(_encode(value))
        rest = {name: item for name, item in value.items() if name != "spec"}
        found = _cleaned(_encode(rest))
        comma = b"," if rest else b""
        return b'%b%b"spec":%b}' % (found[:-1], comma, self._spec(spec))

    def _spec(self, spec: bytes) -> bytes:
        """A spec as it is kept, from memory where another differs in nothing but the names."""
        node, token = _names(spec)
        if node:
            spec = spec.replace(_NODE + node, _NODE + self._node, 1)
        if token:
            spec = spec.replace(_ACCESS + token, _ACCESS + self._token)
        found = self._specs.get(spec)
        if found is None:
            found = _cleaned(spec)
            if len(self._specs) < _MOST:
                self._specs[spec] = found
        if may_hold_secret(node):
            node = msgspec.json.encode(redact_text(node.decode()))[1:-1]
        return found.replace(self._node, node).replace(self._token, token)


def _cleaned(raw: bytes) -> bytes:
    return clean(raw) if may_hold_secret(raw) else raw


def _names(spec: bytes) -> tuple[bytes, bytes]:
    """The node of a pod's spec, and the ending of the name of its token's volume."""
    node = token = b""
    start = spec.find(_NODE)
    if start >= 0:
        start += len(_NODE)
        node = spec[start : spec.find(b'"', start)]
    start = spec.find(_ACCESS)
    if start >= 0:
        start += len(_ACCESS)
        token = spec[start : start + _TOKEN]
    return (
        node if _NAME.fullmatch(node) else b"",
        token if len(token) == _TOKEN and token.isalnum() else b"",
    )


def _forget_applied(meta: dict[str, msgspec.Raw]) -> None:
    if "annotations" in meta and b"last-applied-configuration" in bytes(meta["annotations"]):
        annotations = _decode_object(meta["annotations"])
        annotations.pop(_APPLIED, None)
        meta["annotations"] = msgspec.Raw(_encode(annotations))
