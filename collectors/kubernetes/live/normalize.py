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
from auditor.redact import APPLIED, clean
from auditor.redaction import MARK, Commit, redactions
from auditor.secret_hints import may_hold_secret
from collectors.kubernetes.live.client import Unanswered
from collectors.kubernetes.live.discovery import Served

UNREADABLE: Final = b'{"metadata":"unreadable"}'
"""What nobody can read nobody can judge: its place is kept, for the reader to report."""

_NODE: Final = b'"nodeName":"'
_ACCESS: Final = b"kube-api-access-"
_TOKEN: Final = 5
"""Characters that ServiceAccount admission ends the name of a volume with."""
_NAME: Final = re.compile(rb"[a-z0-9.-]+")
_WORTH_IT: Final = 512
_MOST: Final = 512
_HEAD: Final[tuple[str, ...]] = ("kind", "apiVersion")


class ListMeta(msgspec.Struct, frozen=True, gc=False):
    """``metadata`` of a list (meta/v1 ListMeta); ``left`` are the items of later pages."""

    resourceVersion: str = ""  # noqa: N815 - the field's name in the API
    token: str = msgspec.field(default="", name="continue")
    left: int = msgspec.field(default=0, name="remainingItemCount")


class _Head(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    apiVersion: str = ""  # noqa: N815 - the field's name in the API


class _Page(_Head, frozen=True, gc=False):
    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | None = None


class _ObjectMeta(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _One(_Head, frozen=True, gc=False):
    metadata: _ObjectMeta = _ObjectMeta()


class Page(msgspec.Struct, frozen=True):
    """One answer to a list: ``body`` is a list of the same kind, fit to be kept."""

    body: bytes
    count: int
    resource_version: str
    redactions: tuple[Redaction, ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """A page taken apart, its items as they came; all of one kind."""

    kind: str
    api_version: str
    meta: ListMeta
    items: list[msgspec.Raw]

    def kept(self, keeper: Keeper) -> Page:
        """The page without what is not kept."""
        named = _encode({"kind": self.kind, "apiVersion": self.api_version})[:-1]
        found: list[Redaction] = []
        kept = []
        for number, item in enumerate(self.items):
            object_, left_out = keeper.keep(bytes(item), self)
            # in a list of the API server no item says what it is
            kept.append(named + (b"," if len(object_) > len(b"{}") else b"") + object_[1:])
            if left_out:
                found += below(f"/items/{number}", left_out)
        head = _encode({"kind": f"{self.kind}List", "apiVersion": self.api_version})
        body = b'%b,"items":[%b]}' % (head[:-1], b",".join(kept))
        return Page(body, len(self.items), self.meta.resourceVersion, tuple(found))


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_one = msgspec.json.Decoder(_One).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.encode
_BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def take_apart(body: bytes, served: Served) -> Listed:
    """Read one answer to a list of a kind.

    Raises:
        Unanswered: it is no list of that kind, or says that more follows without saying how.
    """
    kind = served.plain_kind
    try:
        page = _decode_page(body)
    except _BAD as error:
        raise Unanswered(Answered.MALFORMED, f"the answer is no list: {error}") from error
    _expect(page, f"{kind}List", served.api_version)
    if page.items is None:
        raise Unanswered(Answered.MALFORMED, "the answer is no list: it has no items")
    if page.metadata.left and not page.metadata.token:
        detail = f"{page.metadata.left:,} more are left, and the server offers no next page"
        raise Unanswered(Answered.TRUNCATED, detail)
    return Listed(kind, served.api_version, page.metadata, page.items)


def take_one(body: bytes, served: Served, name: str) -> Listed:
    """Read one answer to a question for one object, as a list of one.

    Raises:
        Unanswered: it is another one.
    """
    try:
        found = _decode_one(body)
    except _BAD as error:
        raise Unanswered(Answered.MALFORMED, f"the answer is no object: {error}") from error
    _expect(found, served.plain_kind, served.api_version)
    if found.metadata.name != name:
        what = found.metadata.name[:80] or "one without a name"
        raise Unanswered(Answered.MALFORMED, f"asked for {name}, the answer is {what}")
    return Listed(served.plain_kind, served.api_version, ListMeta(), [msgspec.Raw(body)])


def _expect(found: _Head, kind: str, api_version: str) -> None:
    if (found.kind, found.apiVersion) != (kind, api_version):
        what = f"{found.kind[:80]} {found.apiVersion[:80]}".strip()
        what = what or "nothing that says what it is"
        detail = f"asked for a {kind} {api_version}, the answer is {what}"
        raise Unanswered(Answered.MALFORMED, detail)


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
        self._nodes: dict[bytes, bool] = {}

    def keep(self, raw: bytes, listed: Listed) -> tuple[bytes, tuple[Redaction, ...]]:
        """One object as it is kept, without its kind, and what was left out of it.

        What nobody can read keeps its place, and so does what says that it is of another kind than
        the list it came in.
        """
        try:
            value = _decode_object(raw)
            head = {name: value.pop(name) for name in _HEAD if name in value}
            if head and not _is(head, listed):
                return UNREADABLE, ()
            return self._slim(value, repeats=listed.kind == "Pod")
        except _BAD:
            return UNREADABLE, ()

    def _slim(
        self, value: dict[str, msgspec.Raw], *, repeats: bool
    ) -> tuple[bytes, tuple[Redaction, ...]]:
        """``repeats``: others of its kind likely have the same spec."""
        try:
            meta = _decode_object(value["metadata"]) if "metadata" in value else {}
        except (msgspec.ValidationError, RecursionError):
            return self._cleaned(_encode(value), always=True)
        if meta.pop("managedFields", None) is not None or "annotations" in meta:
            _forget_applied(meta)
            value["metadata"] = msgspec.Raw(_encode(meta))
        spec = bytes(value.get("spec", b""))
        if not repeats or len(spec) < _WORTH_IT:
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
        if node and self._may_name(node):
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
            if len(self._specs) >= _MOST:
                self._specs.clear()  # pods of one origin stand together in a list
            self._specs[common] = found
        body = found.body.replace(names.node, node) if node else found.body
        return body.replace(names.token, token) if token else body, found.left_out

    def _may_name(self, node: bytes) -> bool:
        """Whether the name of a node is none that looks like a secret: there are few nodes."""
        known = self._nodes.get(node)
        if known is None:
            known = not may_hold_secret(node)
            if len(self._nodes) < _MOST:
                self._nodes[node] = known
        return known

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


def _is(head: dict[str, msgspec.Raw], listed: Listed) -> bool:
    """Whether an item says that it is what its list is of."""
    kind, version = head.get("kind"), head.get("apiVersion")
    return (kind is None or msgspec.json.decode(kind) == listed.kind) and (
        version is None or msgspec.json.decode(version) == listed.api_version
    )


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
        node if _NAME.fullmatch(node) else b"",
        token if len(token) == _TOKEN and token.isalnum() else b"",
    )


def _forget_applied(meta: dict[str, msgspec.Raw]) -> None:
    if "annotations" in meta and b"last-applied-configuration" in bytes(meta["annotations"]):
        annotations = _decode_object(meta["annotations"])
        annotations.pop(APPLIED, None)
        meta["annotations"] = msgspec.Raw(_encode(annotations))
