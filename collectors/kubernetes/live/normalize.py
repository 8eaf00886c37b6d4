"""Answers as they are kept: no managed fields, no applied copies, no secrets."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from auditor.model.enums import Answered
from auditor.model.evidence import Redaction
from auditor.redact import clean, may_hold_secret
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
            object_, left_out = keeper.keep(bytes(item))
            kept.append(_named(object_, named))
            if left_out:
                found += below(f"/items/{number}", left_out)
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


def below(place: str, left_out: Iterable[Redaction]) -> Iterator[Redaction]:
    """What was left out of a part, by its place in the whole."""
    for each in left_out:
        yield msgspec.structs.replace(each, path=place + each.path)


@dataclass(slots=True)
class _Spec:
    """A spec as it is kept, and what was left out of it."""

    body: bytes
    left_out: tuple[Redaction, ...]


@dataclass(slots=True)
class _Names:
    """Stand-ins for the two names that pods of one origin do not share: nothing else is so called.

    ``met`` is whether one of them stood in a secret.
    """

    node: bytes = field(default_factory=lambda: secrets.token_hex(12).encode())
    token: bytes = field(default_factory=lambda: secrets.token_hex(12).encode())
    met: bool = False


class Keeper:
    """Makes objects fit to be kept: no managed fields, no applied copies, no secrets.

    Pods of one origin share their ``spec`` but for two names. It is looked through once, with marks
    in place of the names, and remembered as it is kept; the names are looked at each time.
    """

    def __init__(self, commit: Commit | None = None) -> None:
        """``commit`` is how to commit to what is left out, None when nobody asks what that is."""
        self._commit = commit
        self._names = _Names()
        self._specs: dict[bytes, _Spec] = {}

    def keep(self, raw: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        """One object as it is kept, and what was left out of it.

        What nobody can read keeps its place.
        """
        try:
            return self._slim(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return UNREADABLE, ()

    def _slim(self, raw: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        try:
            value = _decode_object(raw)
            meta = _decode_object(value["metadata"]) if "metadata" in value else {}
        except (msgspec.ValidationError, RecursionError):
            return self._cleaned(raw, always=True)
        if meta.pop("managedFields", None) is not None or "annotations" in meta:
            _forget_applied(meta)
            value["metadata"] = msgspec.Raw(_encode(meta))
        spec = bytes(value.get("spec", b""))
        if len(spec) < _WORTH_IT:
            return self._cleaned(_encode(value))
        del value["spec"]
        found, left_out = self._cleaned(_encode(value))
        comma = b"," if value else b""
        body, inside = self._spec(spec)
        if inside:
            left_out = (*left_out, *below("/spec", inside))
        return b'%b%b"spec":%b}' % (found[:-1], comma, body), left_out

    def _spec(self, spec: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        """A spec as it is kept, from memory where another differs in nothing but the names."""
        names = self._names
        node, token = _names_in(spec)
        common = spec
        if node:
            common = common.replace(_NODE + node, _NODE + names.node, 1)
        if token:
            common = common.replace(_ACCESS + token, _ACCESS + names.token)
        found = self._specs.get(common)
        if found is None:
            names.met = False
            found = _Spec(*self._cleaned(common))
            if names.met:
                # a commitment is to the secret itself, with its own names
                return self._cleaned(spec)
            if len(self._specs) < _MOST:
                self._specs[common] = found
        body = found.body.replace(names.node, node) if node else found.body
        return body.replace(names.token, token) if token else body, found.left_out

    def _cleaned(self, raw: bytes, *, always: bool = False) -> tuple[bytes, tuple[Redaction, ...]]:
        """An object or a part of one without secrets; ``always`` also without its nulls."""
        if not always and not may_hold_secret(raw):
            return raw, ()
        found = clean(raw)
        if self._commit is None or MARK not in found:
            return found, ()
        before, after = msgspec.json.decode(raw), msgspec.json.decode(found)
        return found, tuple(redactions(after, before, self._committed))

    def _committed(self, value: str) -> str:
        names = self._names
        if names.node.decode() in value or names.token.decode() in value:
            names.met = True
        return self._commit(value) if self._commit is not None else ""


def _names_in(spec: bytes) -> tuple[bytes, bytes]:
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
        node if _NAME.fullmatch(node) and not may_hold_secret(node) else b"",
        token if len(token) == _TOKEN and token.isalnum() else b"",
    )


def _forget_applied(meta: dict[str, msgspec.Raw]) -> None:
    if "annotations" in meta and b"last-applied-configuration" in bytes(meta["annotations"]):
        annotations = _decode_object(meta["annotations"])
        annotations.pop(_APPLIED, None)
        meta["annotations"] = msgspec.Raw(_encode(annotations))
