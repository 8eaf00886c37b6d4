"""The objects of a file of JSON: a page of a list, one object, or many behind one another.

A page is cut into its items without decoding them. An item is decoded only as far as naming it
needs; its body stays as it was read (``clean`` false) until something decodes it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Resource
from auditor.secrets.objects import has_secrets
from collectors.kubernetes.ledger import Ledger
from collectors.kubernetes.lists import (
    MOST_NESTED,
    UNSAID,
    Head,
    cut_off,
    head_of_items,
    is_list,
    is_named_list,
    odd_document,
    odd_items,
    place_of_object,
    too_nested,
)
from collectors.kubernetes.manifests.guards import MAX_DEPTH, Unreadable, decode, too_deep
from collectors.kubernetes.manifests.json_text import Outline, is_deeper, spans
from collectors.kubernetes.manifests.positions import steps
from collectors.kubernetes.objects import Maker, Meta

_Inside: TypeAlias = Generator[Resource, None, bool]
"""The objects in a value; returns whether there was anything of Kubernetes in it."""

_MARKS: Final = (b"", b"---")
"""Lines between values that say nothing: kubectl cuts a stream of YAML there."""


_NOTHING: Final = msgspec.Raw()
"""What a field that is not there is, where one that is there stays bytes."""


class _Page(msgspec.Struct, gc=False):
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


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_items = msgspec.json.Decoder(_Items).decode
_decode_any = msgspec.json.Decoder(Any).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
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

    def __init__(self, ledger: Ledger, data: bytes, *, alone: bool = True) -> None:
        """``alone``: what is no JSON in the text is nothing else either."""
        self._ledger = ledger
        self._data = _paired(data)
        self._alone = alone
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
        start = len(data) - len(data.lstrip())
        try:
            whole = _opened(data)
        except msgspec.ValidationError:
            yield from self._whole(data.strip(), start, None)
        except msgspec.DecodeError as error:
            yield from self._many(error)
        except RecursionError as error:
            raise too_deep() from error
        else:
            yield from self._whole(data, start, whole)

    def _many(self, error: msgspec.DecodeError) -> Iterator[Resource]:
        """The values of a stream, such as JSON lines; each stands for itself."""
        values = list(spans(self._data))
        self._refuse_text(values)
        for number, (start, end) in enumerate(values):
            raw = self._data[start:end]
            try:
                whole = _opened(raw)
            except msgspec.ValidationError:
                yield from self._whole(raw, start, None)
            except msgspec.DecodeError as reason:
                if number == 0:
                    raise NoJson(self._refused(error, 0)) from error
                self._ledger.add(self._refused(reason, start))
            except RecursionError:
                self._ledger.add(too_deep(self._line_at(start)))
            else:
                yield from self._whole(raw, start, whole)

    def _refuse_text(self, values: Sequence[tuple[int, int]]) -> None:
        """Tell of text between values, which may be objects in YAML; marks of documents are none.

        Raises:
            NoJson: the text may be read in another way.
        """
        at = 0
        for start, end in (*values, (len(self._data), 0)):
            between = self._data[at:start]
            text = between.strip()
            if text and any(line.strip() not in _MARKS for line in text.splitlines()):
                line = self._line_at(start - len(between.lstrip()))
                odd = Unreadable(GapCause.MALFORMED, "text between values of JSON", line=line)
                if not self._alone:
                    raise NoJson(odd)
                self._ledger.add(odd)
            at = end

    def _refused(self, error: msgspec.DecodeError, start: int) -> Unreadable:
        match = _BYTE.search(str(error))
        line = self._line_at(start + int(match[1]) if match is not None else start)
        return Unreadable(GapCause.MALFORMED, _BYTE.sub("", str(error)), line=line)

    def _whole(
        self, raw: bytes, start: int, opened: _Page | list[msgspec.Raw] | None
    ) -> Iterator[Resource]:
        """A value that stands for itself."""
        if isinstance(opened, list):
            found = yield from self._members(opened, raw, start, UNSAID, 0)
        elif opened is not None and opened.items is not None and _is_list(opened):
            found = yield from self._page(opened, raw, start, opened.apiVersion, 0)
        else:
            found = yield from self._object(raw.strip(), start, UNSAID, 0)
        if not found:
            self._ledger.skip(self._line_at(start))

    def _page(self, page: _Page, raw: bytes, start: int, version: str, depth: int) -> _Inside:
        """A list; of the API ``version`` of what it stands in, when it does not say its own."""
        metadata = _decode_any(page.metadata) if bytes(page.metadata) else None
        said = head_of_items(version, page.kind)
        self._tell_cut(metadata, said, start)
        items = page.items or []
        return (yield from self._members(items, raw, start, said, depth, listed=True))

    def _tell_cut(self, metadata: object, said: Head, start: int) -> None:
        missing = cut_off(metadata, said)
        if missing is not None:
            self._ledger.add(missing.at(self._line_at(start)))

    def _members(
        self,
        items: list[msgspec.Raw],
        raw: bytes,
        start: int,
        said: Head,
        depth: int,
        *,
        listed: bool = False,
    ) -> _Inside:
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
                self._ledger.skip(self._line_at(other))
        return found

    def _value(self, raw: bytes, start: int, said: Head, depth: int) -> _Inside:
        if raw[:1] == b"{":
            return (yield from self._object(raw, start, said, depth))
        if raw[:1] != b"[":
            return False
        try:
            items = _decode_array(raw)
        except RecursionError:
            self._ledger.add(too_deep(self._line_at(start)))
            return True
        return (yield from self._members(items, raw, start, said, depth))

    def _too_nested(self, raw: bytes, start: int) -> bool:
        """Whether there is something of Kubernetes in so many lists, which is told."""
        if is_deeper(raw, MAX_DEPTH):
            self._ledger.add(too_deep(self._line_at(start)))
            return True
        holds = _may_hold(raw) and place_of_object(msgspec.json.decode(raw)) is not None
        if holds:
            self._ledger.add(too_nested().at(self._line_at(start)))
        return holds

    def _object(self, raw: bytes, start: int, said: Head, depth: int) -> _Inside:
        """An object, or a list in a list; whether it was something of Kubernetes."""
        number = len(self._starts)
        try:
            named = _decode_named(raw)
        except RecursionError:
            self._ledger.add(too_deep(self._line_at(start)))
            return True
        except msgspec.DecodeError:
            return (yield from self._odd_object(raw, start, said, depth))
        items = bytes(named.items)
        if items[:1] == b"[":
            page = _decode_page(raw)
            if _is_list(page):
                version = page.apiVersion or said.api_version
                return (yield from self._page(page, raw, start, version, depth))
        if is_deeper(raw, MAX_DEPTH):
            self._ledger.add(too_deep(self._line_at(start)))
            return True
        version, kind = named.apiVersion or said.api_version, named.kind or said.kind
        if not version or not kind:
            return self._no_object(raw, start)
        self._starts.append((start, b"\n" not in raw))
        line = self._line_at(start)
        try:
            odd = odd_items(kind) if items and items != b"null" and items[:1] != b"[" else None
            if odd is not None:
                raise odd
            raw = raw if named.kind else _saying(raw, version, kind)
            yield self._maker.named((version, kind), named.metadata, raw, number, line)
        except Unreadable as error:
            self._ledger.add(error.at(line))
        return True

    def _odd_object(self, raw: bytes, start: int, said: Head, depth: int) -> _Inside:
        """An object that has a field of another type, perhaps one that we do not need."""
        line = self._line_at(start)
        if is_deeper(raw, MAX_DEPTH):
            self._ledger.add(too_deep(line))
            return True
        try:
            head = _decode_head(raw)
        except msgspec.DecodeError as error:
            self._ledger.add(self._refused(error, start))
            return True
        fields = {
            "apiVersion": head.apiVersion or said.api_version or None,
            "kind": head.kind or said.kind or None,
            "metadata": head.metadata,
        }
        if isinstance(head.items, list) and is_list(fields["kind"], head.items):
            inner = head_of_items(fields["apiVersion"], head.kind)
            self._tell_cut(head.metadata, inner, start)
            items = _decode_items(raw).items
            return (yield from self._members(items, raw, start, inner, depth, listed=True))
        if fields["apiVersion"] is None or fields["kind"] is None:
            return self._no_object(raw, start)
        number = len(self._starts)
        self._starts.append((start, b"\n" not in raw))
        try:
            odd = odd_items(fields["kind"]) if head.items is not None else None
            if odd is not None:
                raise odd
            raw = raw if head.kind else _saying(raw, fields["apiVersion"], fields["kind"])
            yield self._maker.make(fields, raw, number, line, clean=False)
        except Unreadable as error:
            self._ledger.add(error.at(line))
        return True

    def _no_object(self, raw: bytes, start: int) -> bool:
        """Tell of what is no object and has something of one; whether it has."""
        if not _may_hold(raw):
            return False
        odd = odd_document(msgspec.json.decode(raw))
        if odd is None:
            return False
        error, pointer = odd
        line = self._line_at(start)
        if pointer and b"\n" in raw:
            line += Outline(self._data, start).line_of(steps(pointer))
        self._ledger.add(error.at(line))
        return True

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


def _opened(data: bytes) -> _Page | list[msgspec.Raw]:
    """An array or an object as far as its members.

    Raises:
        msgspec.ValidationError: a field of a list that is of another type.
        msgspec.DecodeError, RecursionError: it is no JSON that can be read.
    """
    return _decode_array(data) if data.lstrip()[:1] == b"[" else _decode_page(data)


def _is_list(page: _Page) -> bool:
    return is_named_list(page.kind) or any(map(_says_object, page.items or ()))


def _says_object(raw: msgspec.Raw) -> bool:
    """Whether an item claims to be an object."""
    try:
        head = _decode_head(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return head.apiVersion is not None and head.kind is not None


def _may_hold(raw: bytes) -> bool:
    """Whether there can be something of an object in a text, told by the names of its fields."""
    return b'"kind"' in raw or b'"apiVersion"' in raw or b"\\u" in raw


def _saying(raw: bytes, version: object, kind: object) -> bytes:
    """An item with what only its list says that it is, where that says what in it is a secret."""
    if not has_secrets(kind):
        return raw
    said = {"apiVersion": version, "kind": kind}
    return msgspec.json.encode({**said, **_decode_fields(raw), **said})


def _paired(data: bytes) -> bytes:
    """The text with U+FFFD for half a surrogate pair, as Go reads it; nothing moves by that."""
    if rb"\ud" not in data and rb"\uD" not in data:
        return data
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], data)
