"""Answers to lists, taken apart, and put together again as they are kept."""

from __future__ import annotations

import contextlib
from typing import Generic, TypeVar

import msgspec

from auditor.model.enums import Answered
from auditor.model.evidence import Redaction
from auditor.secrets.bodies import CleanBody, vouched
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.discovery import Served
from collectors.kubernetes.live.pods import Pod
from collectors.kubernetes.live.sanitize import BAD, POD, Sanitizer, below, text_of

Item = TypeVar("Item")


class ListMeta(msgspec.Struct, frozen=True, gc=False):
    """``metadata`` of a list (meta/v1 ListMeta); ``left`` are the items of later pages."""

    resourceVersion: str = ""  # noqa: N815 - the field's name in the API
    token: str = msgspec.field(default="", name="continue")
    left: int = msgspec.field(default=0, name="remainingItemCount")


class _Head(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    apiVersion: str = ""  # noqa: N815 - the field's name in the API


class _Page(_Head, Generic[Item], frozen=True, gc=False):
    metadata: ListMeta = ListMeta()
    items: list[Item] | None = None


class _ObjectMeta(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _One(_Head, frozen=True, gc=False):
    metadata: _ObjectMeta = _ObjectMeta()


class Page(msgspec.Struct, frozen=True):
    """One answer to a list: ``body`` is a list of the same kind, fit to be kept."""

    body: CleanBody
    count: int
    resource_version: str


class Listed(msgspec.Struct, frozen=True):
    """A page taken apart, its items as they came; all of one kind."""

    kind: str
    api_version: str
    meta: ListMeta
    items: list[msgspec.Raw] | list[Pod]

    def kept(self, sanitizer: Sanitizer) -> Page:
        """The page without what is not kept."""
        found: list[Redaction] = []
        head = _encode({"kind": f"{self.kind}List", "apiVersion": self.api_version})
        pieces = [head[:-1], b',"items":[']
        objects = sanitizer.sanitized(self.items, self.kind, self.api_version)
        for number, (kept, left_out) in enumerate(objects):
            if number:
                pieces.append(b",")
            pieces += kept
            if left_out:
                found += below(f"/items/{number}", left_out)
        pieces.append(b"]}")
        body = vouched(b"".join(pieces), found)
        return Page(body, len(self.items), self.meta.resourceVersion)


_decode_page = msgspec.json.Decoder(_Page[msgspec.Raw]).decode
_decode_pods = msgspec.json.Decoder(_Page[Pod]).decode
_decode_one = msgspec.json.Decoder(_One).decode
_encode = msgspec.json.encode


def take_apart(body: bytes, served: Served) -> Listed:
    """Read one answer to a list of a kind.

    Raises:
        Unanswered: it is not a list of that kind, or says that more follows without saying how.
    """
    kind = served.plain_kind
    try:
        page = _decoded(body, kind)
    except BAD as error:
        raise Unanswered(Answered.MALFORMED, f"the answer is not a list: {error}") from error
    _expect(page, f"{kind}List", served.api_version)
    if page.items is None:
        raise Unanswered(Answered.MALFORMED, "the answer is not a list: it has no items")
    if page.metadata.left and not page.metadata.token:
        detail = f"{page.metadata.left:,} more are left, and the server offers no next page"
        raise Unanswered(Answered.TRUNCATED, detail)
    return Listed(kind, served.api_version, page.metadata, page.items)


def _decoded(body: bytes, kind: str) -> _Page[msgspec.Raw] | _Page[Pod]:
    """A page with its items as they came; pods in their parts at once, when all of them are plain.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not a list.
    """
    if kind == POD:
        # whoever reads them one by one finds out which is not text, or not as pods are
        with contextlib.suppress(UnicodeDecodeError, msgspec.ValidationError):
            return _decode_pods(text_of(body))
    return _decode_page(body)


def take_one(body: bytes, served: Served, name: str) -> Listed:
    """Read one answer to a question for one object, as a list of one.

    Raises:
        Unanswered: it is another one.
    """
    try:
        found = _decode_one(body)
    except BAD as error:
        raise Unanswered(Answered.MALFORMED, f"the answer is not an object: {error}") from error
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
