"""The objects of a file of JSON: a page of a list, one object, or many behind one another.

A page is cut into its items without decoding them. An item is decoded only as far as naming it
needs; its body stays as it was read (``clean`` false) until something decodes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Resource
from collectors.kubernetes.ledger import Ledger
from collectors.kubernetes.manifests.guards import (
    MAX_DEPTH,
    Unreadable,
    check_depth,
    decode,
    too_deep,
)
from collectors.kubernetes.manifests.json_text import Outline, is_deeper, spans
from collectors.kubernetes.manifests.positions import steps
from collectors.kubernetes.objects import Maker, Meta, refuse_odd_items


class _Page(msgspec.Struct, gc=False):
    """A list as the API server returns it; the items stay bytes."""

    items: list[msgspec.Raw] | None = None
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""


class _Named(msgspec.Struct, gc=False):
    """What names an object, of the right types."""

    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""
    metadata: Meta | None = None


class _Head(msgspec.Struct, gc=False):
    """What names an object, of whatever type it is: for the maker to refuse."""

    apiVersion: Any = None  # noqa: N815 - the field's name in the API
    kind: Any = None
    metadata: Any = None
    items: Any = None


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_named = msgspec.json.Decoder(_Named).decode
_decode_head = msgspec.json.Decoder(_Head).decode
_BYTE = re.compile(r" \(byte (\d+)\)$")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class NoJson(Exception):  # noqa: N818 - the text may still be YAML
    """The text is no JSON; says why, with the line."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason.detail)
        self.reason = reason


class JsonFile:
    """Reads one file."""

    def __init__(self, ledger: Ledger, data: bytes) -> None:
        self._ledger = ledger
        self._data = _paired(data)
        self._maker = Maker(ledger.source)
        self._starts: list[tuple[int, bool]] = []
        self._outlined = 0
        self._outline: Outline | None = None
        self._seen = (0, 1)

    def resources(self) -> Iterator[Resource]:
        """Every object, lists taken apart.

        Raises:
            NoJson: before anything is yielded.
            Unreadable: no UTF-8, or nested too deeply.
        """
        data = self._data
        if not data.isascii():
            decode(data)
        try:
            page = _decode_page(data)
        except msgspec.DecodeError as error:
            yield from self._many(error)
            return
        except RecursionError as error:
            raise too_deep() from error
        start = len(data) - len(data.lstrip())
        yield from self._page(page, data, start)

    def _many(self, error: msgspec.DecodeError) -> Iterator[Resource]:
        """The values of a stream, such as JSON lines; each stands for itself."""
        first = True
        for start, end in spans(self._data):
            raw = self._data[start:end]
            try:
                page = _decode_page(raw)
            except msgspec.ValidationError:
                yield from self._odd_value(raw, start)
            except msgspec.DecodeError as reason:
                if first:
                    raise NoJson(self._refused(error, 0)) from error
                self._ledger.add(self._refused(reason, start))
            except RecursionError:
                self._ledger.add(too_deep(self._line_at(start)))
            else:
                yield from self._page(page, raw, start)
            first = False

    def _odd_value(self, raw: bytes, start: int) -> Iterator[Resource]:
        """A value with a field of another type, or no object at all."""
        if raw[:1] == b"[":
            check_depth(raw.decode())
            self._ledger.skipped += 1
            return
        self._starts.append((start, b"\n" not in raw))
        yield from self._odd_object(raw, ("", ""), len(self._starts) - 1)

    def _refused(self, error: msgspec.DecodeError, start: int) -> Unreadable:
        match = _BYTE.search(str(error))
        line = self._line_at(start + int(match[1]) if match is not None else start)
        return Unreadable(GapCause.MALFORMED, _BYTE.sub("", str(error)), line=line)

    def _page(self, page: _Page, raw: bytes, start: int) -> Iterator[Resource]:
        if page.items is None or not page.kind.endswith("List"):
            yield from self._object(raw.strip(), ("", ""), start)
            return
        kind = page.kind.removesuffix("List")
        default = (page.apiVersion, kind) if kind else ("", "")
        on_one_line = b"\n" not in raw
        for item in page.items:
            body = bytes(item)
            if not on_one_line:
                start = self._data.find(body, start)
            yield from self._object(body, default, start)
            start += 0 if on_one_line else len(body)

    def _object(self, raw: bytes, default: tuple[str, str], start: int) -> Iterator[Resource]:
        number = len(self._starts)
        self._starts.append((start, b"\n" not in raw))
        if is_deeper(raw, MAX_DEPTH):
            self._ledger.add(too_deep(self._line_at(start)))
            return
        try:
            named = _decode_named(raw)
        except msgspec.DecodeError:
            yield from self._odd_object(raw, default, number)
            return
        version, kind = named.apiVersion or default[0], named.kind or default[1]
        if version and kind:
            line = self._line_at(start)
            yield self._maker.named((version, kind), named.metadata, raw, number, line)
        else:
            self._ledger.skipped += 1

    def _odd_object(self, raw: bytes, default: tuple[str, str], number: int) -> Iterator[Resource]:
        """An object that has a field of another type, perhaps one that we do not need."""
        start, _ = self._starts[number]
        try:
            head = _decode_head(raw)
            fields = {
                "apiVersion": head.apiVersion or default[0] or None,
                "kind": head.kind or default[1] or None,
                "metadata": head.metadata,
            }
            refuse_odd_items(fields["kind"], head.items, self._line_at(start))
            if fields["apiVersion"] is None or fields["kind"] is None:
                self._ledger.skipped += 1
                return
            yield self._maker.make(fields, raw, number, self._line_at(start), clean=False)
        except msgspec.DecodeError as error:
            self._ledger.add(self._refused(error, start))
        except Unreadable as error:
            self._ledger.add(error)

    def _line_at(self, offset: int) -> int:
        """The line of a place; places are mostly asked for in order."""
        seen, line = self._seen
        if offset < seen:
            seen, line = 0, 1
        line += self._data.count(b"\n", seen, offset)
        self._seen = offset, line
        return line

    def line(self, number: int, pointer: str) -> int:
        """The line of a field of a numbered object."""
        start, on_one_line = self._starts[number]
        line = self._line_at(start)
        if on_one_line or not pointer:
            return line
        return line + self._outlined_at(number).line_of(steps(pointer))

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """The lines of all nodes of a value that stands in a numbered object."""
        start, on_one_line = self._starts[number]
        line = self._line_at(start)
        if on_one_line:
            return [line]
        return [line + each for each in self._outlined_at(number).lines_of(steps(pointer), value)]

    def _outlined_at(self, number: int) -> Outline:
        if self._outline is None or self._outlined != number:
            self._outline = Outline(self._data, self._starts[number][0])
            self._outlined = number
        return self._outline


def _paired(data: bytes) -> bytes:
    """The text with U+FFFD for half a surrogate pair, as Go reads it; nothing moves by that."""
    if rb"\ud" not in data and rb"\uD" not in data:
        return data
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], data)
