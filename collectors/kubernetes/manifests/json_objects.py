"""The Kubernetes objects in a document of JSON: a page of a list, an object, a list of lists.

A page is cut into its items without decoding them. An item is decoded only as far as naming it
needs; its body stays as it was read (``clean`` false) until something decodes it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

import msgspec

from auditor.model.resource import Resource
from collectors.documents.guards import MAX_DEPTH, Unreadable, too_deep
from collectors.documents.json_file import JsonDocument
from collectors.documents.json_positions import Positions
from collectors.documents.json_stream import refused
from collectors.documents.json_text import is_deeper
from collectors.documents.ledger import Ledger
from collectors.kubernetes.lists import (
    MOST_NESTED,
    UNSAID,
    Head,
    cut_off,
    head_of_items,
    is_list,
    odd_document,
    odd_items,
    pointer_of_object,
    too_nested,
)
from collectors.kubernetes.manifests.json_heads import (
    Page,
    decode_any,
    decode_array,
    decode_head,
    decode_items,
    decode_named,
    decode_page,
    is_page,
    look,
    may_hold,
    with_said,
)
from collectors.kubernetes.objects import Maker

Inside: TypeAlias = Generator[Resource, None, bool]
"""The objects in a value; returns whether there was anything of Kubernetes in it."""


class JsonObjects:
    """Takes what is of Kubernetes out of the documents of one file of JSON."""

    def __init__(self, ledger: Ledger, maker: Maker) -> None:
        self._ledger = ledger
        self._maker = maker
        self._data = b""
        self._positions = Positions(b"")

    def objects(self, document: JsonDocument) -> Inside:
        """Take a document apart, lists included; see :class:`DocumentReader`."""
        self._data, self._positions = document.data, document.positions
        looked, raw, start = document.looked(look), document.raw, document.start
        if isinstance(looked, list):
            return self._members(looked, raw, start, UNSAID, 0)
        if isinstance(looked, Page) and looked.items is not None and is_page(looked):
            return self._page(looked, raw, start, looked.apiVersion, 0)
        return self._object(raw.strip(), start, UNSAID, 0)

    def _page(self, page: Page, raw: bytes, start: int, version: str, depth: int) -> Inside:
        """A list; of the API ``version`` of what it stands in, when it does not say its own."""
        metadata = decode_any(page.metadata) if bytes(page.metadata) else None
        said = head_of_items(version, page.kind)
        self._tell_cut(metadata, said, start)
        items = page.items or []
        return (yield from self._members(items, raw, start, said, depth, listed=True))

    def _tell_cut(self, metadata: object, said: Head, start: int) -> None:
        missing = cut_off(metadata, said)
        if missing is not None:
            self._ledger.add(missing.at(self._positions.line_at(start)))

    def _members(
        self,
        items: list[msgspec.Raw],
        raw: bytes,
        start: int,
        said: Head,
        depth: int,
        *,
        listed: bool = False,
    ) -> Inside:
        """The members of an array or a list; whether there was anything of Kubernetes in it."""
        if depth == MOST_NESTED:
            return self._too_nested(raw, start)
        others: list[int] = []
        found = listed
        on_one_line = b"\n" not in raw
        for item in items:
            body = bytes(item)
            if not on_one_line:
                start = self._data.find(body, start)
            if (yield from self._value(body, start, said, depth + 1)):
                found = True
            else:
                others.append(start)
            start += 0 if on_one_line else len(body)
        if found:
            for other in others:
                self._ledger.skip(self._positions.line_at(other))
        return found

    def _value(self, raw: bytes, start: int, said: Head, depth: int) -> Inside:
        if raw[:1] == b"{":
            return (yield from self._object(raw, start, said, depth))
        if raw[:1] != b"[":
            return False
        try:
            items = decode_array(raw)
        except RecursionError:
            self._ledger.add(too_deep(self._positions.line_at(start)))
            return True
        return (yield from self._members(items, raw, start, said, depth))

    def _too_nested(self, raw: bytes, start: int) -> bool:
        """Whether there is something of Kubernetes in so many lists, which is told."""
        if is_deeper(raw, MAX_DEPTH):
            self._ledger.add(too_deep(self._positions.line_at(start)))
            return True
        holds = may_hold(raw) and pointer_of_object(msgspec.json.decode(raw)) is not None
        if holds:
            self._ledger.add(too_nested().at(self._positions.line_at(start)))
        return holds

    def _object(self, raw: bytes, start: int, said: Head, depth: int) -> Inside:
        """An object, or a list in a list; whether it was something of Kubernetes."""
        try:
            named = decode_named(raw)
        except RecursionError:
            self._ledger.add(too_deep(self._positions.line_at(start)))
            return True
        except msgspec.DecodeError:
            return (yield from self._odd_object(raw, start, said, depth))
        items = bytes(named.items)
        if items[:1] == b"[":
            page = decode_page(raw)
            if is_page(page):
                version = page.apiVersion or said.api_version
                return (yield from self._page(page, raw, start, version, depth))
        if is_deeper(raw, MAX_DEPTH):
            self._ledger.add(too_deep(self._positions.line_at(start)))
            return True
        version, kind = named.apiVersion or said.api_version, named.kind or said.kind
        if not version or not kind:
            return self._no_object(raw, start)
        number = self._positions.note(start, raw)
        line = self._positions.line_at(start)
        try:
            odd = odd_items(kind) if items and items != b"null" and items[:1] != b"[" else None
            if odd is not None:
                raise odd
            raw = raw if named.kind else with_said(raw, version, kind)
            yield self._maker.named((version, kind), named.metadata, raw, number, line)
        except Unreadable as error:
            self._ledger.add(error.at(line))
        return True

    def _odd_object(self, raw: bytes, start: int, said: Head, depth: int) -> Inside:
        """An object that has a field of another type, perhaps one that we do not need."""
        line = self._positions.line_at(start)
        if is_deeper(raw, MAX_DEPTH):
            self._ledger.add(too_deep(line))
            return True
        try:
            head = decode_head(raw)
        except msgspec.DecodeError as error:
            self._ledger.add(refused(error, start, self._positions))
            return True
        fields = {
            "apiVersion": head.apiVersion or said.api_version or None,
            "kind": head.kind or said.kind or None,
            "metadata": head.metadata,
        }
        if isinstance(head.items, list) and is_list(fields["kind"], head.items):
            inner = head_of_items(fields["apiVersion"], head.kind)
            self._tell_cut(head.metadata, inner, start)
            items = decode_items(raw).items
            return (yield from self._members(items, raw, start, inner, depth, listed=True))
        if fields["apiVersion"] is None or fields["kind"] is None:
            return self._no_object(raw, start)
        number = self._positions.note(start, raw)
        try:
            odd = odd_items(fields["kind"]) if head.items is not None else None
            if odd is not None:
                raise odd
            whole = raw if head.kind else with_said(raw, fields["apiVersion"], fields["kind"])
            yield self._maker.make(fields, whole, number, line, clean=False)
        except Unreadable as error:
            if error.pointer:
                line = self._positions.line_in(start, raw, error.pointer)
            self._ledger.add(error.at(line))
        return True

    def _no_object(self, raw: bytes, start: int) -> bool:
        """Tell of what is not an object and has something of one; whether it has."""
        if not may_hold(raw):
            return False
        odd = odd_document(msgspec.json.decode(raw))
        if odd is None:
            return False
        error, pointer = odd
        self._ledger.add(error.at(self._positions.line_in(start, raw, pointer)))
        return True
