"""Cuts an answer with objects into values before any of it is parsed, and parses each once.

Ten thousand machines have the same keyboard. Of the 96 MB that a server says of them nearly all is
there many times, byte by byte, so what was parsed is remembered by its bytes::

    <objects><obj type="VirtualMachine">vm-17</obj>
    <propSet><name>name</name><val xsi:type="xsd:string">a</val></propSet>     plain: as it is
    <propSet><name>config.hardware.device</name><val xsi:type="Array…">
      <VirtualDevice xsi:type="VirtualKeyboard">…</VirtualDevice>              known: as before
      <VirtualDevice xsi:type="VirtualDisk">…</VirtualDevice>                  new: parsed
    </val></propSet></objects>

An answer of any other shape (comments, CDATA, other elements, other spaces) is not cut: None says
that a parser has to read the whole of it. So does whatever is cut and is then no XML by itself.
What comes of both ways is the same, which a test holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from auditor.late import late
from collectors.vsphere.live.forms import Form, Items, item_of, value_of
from collectors.vsphere.live.markup import ENVELOPE, VIM, Refused, parse

_RETURNED: Final = b"<returnval>"
_OPENS: Final = late(rb"<([A-Za-z][A-Za-z0-9-]*:)?([A-Za-z]+)((?:\s+[^<>]*)?)>\s*")
_SPACES: Final = late(rb"\s*\Z")
_TOKEN: Final = late(rb"<token>([!-%'-;=-~]*)</token>")
_OBJECT: Final = late(
    rb'<objects><obj type="([A-Za-z]+)">([!-%\'-;=-~]+)</obj>(?=<propSet>|<missingSet>|</objects>)'
)
_PATH: Final = late(rb"[A-Za-z0-9.]+")
_PLAIN: Final = late(rb'(<val(?: [A-Za-z_:-]+="[ !#-%\'-;=-~]*")*>)([ -%\'-;=-~]*)</val>')
_OUTER: Final = late(rb'(<val(?: [A-Za-z_:-]+="[ !#-%\'-;=-~]*")*>)<([A-Za-z]+)[ >]')
_VAL: Final = f"{VIM}val"
_LARGEST: Final = 1 << 14
_MOST: Final = 1 << 12
"""Values that are remembered, each of so many bytes at most, and"""
_MOST_BYTES: Final = 1 << 22
"""so many bytes together, before all of it is forgotten."""

Given = tuple[str, str, dict[str, Element], list[Element]]
"""An object: its type, its identity, its properties, and what says which are missing."""


class _UncutError(Exception):
    """It is of another shape than what is cut."""


class Known:
    """What was parsed of some answers of one server, by its bytes; for one thread at a time.

    ``names`` are all fields that are read of items, "" for any: a disk differs from another one by
    where its file is, which nobody asks for.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._unread = _unread(names) if names else None
        self._heads: dict[bytes, tuple[bytes, bytes]] = {}
        self._tags: dict[bytes, Element] = {}
        self._declared: list[bytes] = []
        self._whole: dict[bytes, Element] = {}
        self._pieces: dict[tuple[bytes, bytes], list[Element]] = {}
        self._size = 0
        self._once: set[int] = set()
        self._paths: dict[bytes, str] = {}
        self._ids: set[int] = set()
        self._values: dict[int, tuple[Element, Form, object]] = {}

    def cut(self, data: bytes, method: str) -> tuple[str, list[Given]] | None:
        """Cut an answer into its token and its objects; None where a parser has to read it."""
        if b"<!" in data or b"\0" in data:
            return None
        if self._is_full():
            self._forget()
        begin = data.find(_RETURNED) + len(_RETURNED)
        if begin < len(_RETURNED):
            return None
        try:
            opens, closes = self._head(data[:begin], method)
            end = self._end(data, closes)
            return self._inside(data, begin, end, opens)
        except _UncutError:
            return None

    @property
    def held(self) -> int:
        """How many values are remembered."""
        return len(self._pieces) + len(self._whole)

    def value_of(self, element: Element, form: Form) -> object:
        """Read a value as :func:`forms.value_of` does; what is remembered is read once.

        Raises:
            Refused: as that.
        """
        if isinstance(form, Items) and id(element) not in self._ids:
            return [self._read(each, form) for each in element]
        return self._read(element, form)

    def _read(self, element: Element, form: Form) -> object:
        """Read a value or an item; what is kept holds on to it: no other one has its identity."""
        kept = self._values.get(id(element))
        if kept is not None and kept[0] is element and kept[1] is form:
            return kept[2]
        if isinstance(form, Items) and element.tag != _VAL:
            value: object = item_of(element, form)
        else:
            value = value_of(element, form)
        if id(element) in self._ids:
            self._values[id(element)] = element, form, value
        return value

    def _is_full(self) -> bool:
        """Whether a server says so much that is new that nothing is gained by holding it."""
        names = len(self._heads) + len(self._tags) + len(self._paths)
        return self._size > _MOST_BYTES or max(self.held, names, len(self._once) >> 4) > _MOST

    def _forget(self) -> None:
        self._whole.clear()
        self._pieces.clear()
        self._size = 0
        self._once.clear()
        self._ids.clear()
        self._values.clear()
        self._tags.clear()
        self._heads.clear()
        self._paths.clear()

    def _head(self, head: bytes, method: str) -> tuple[bytes, bytes]:
        """What a value by itself has to be put between, once the head is one of an answer."""
        known = self._heads.get(head)
        if known is not None:
            return known
        opened = _OPENS.findall(head)
        names = [prefix + name for prefix, name, _ in opened]
        closes = b"".join(b"</" + name + b">" for name in reversed(names))
        whole = parse_or_not(head + closes)
        for wanted in (f"{ENVELOPE}Envelope", f"{ENVELOPE}Body", f"{VIM}{method}Response"):
            if whole is None or whole.tag != wanted or (whole.text or "").strip():
                raise _UncutError
            whole = whole[0] if len(whole) == 1 else None
        if whole is None or whole.tag != f"{VIM}returnval" or len(names) != 4:
            raise _UncutError
        declared = [each for _, _, each in opened]
        if declared != self._declared:  # then the same bytes may mean something else
            self._forget()
            self._declared = declared
        self._heads[head] = head, closes
        return head, closes

    def _end(self, data: bytes, closes: bytes) -> int:
        """Where what is within begins to be closed."""
        parts = closes.replace(b"><", b">\n<").split(b"\n")
        end = len(data)
        for part in reversed(parts):
            start = data.rfind(part, max(0, end - len(part) - 20), end)
            if start < 0 or _SPACES.fullmatch(data, start + len(part), end) is None:
                raise _UncutError
            end = start
        return end

    def _inside(self, data: bytes, at: int, end: int, opens: bytes) -> tuple[str, list[Given]]:
        token = _TOKEN.match(data, at, end)
        at = token.end() if token is not None else at
        found: list[Given] = []
        while at < end:
            last = data.find(b"</objects>", at, end)
            if last < 0:
                raise _UncutError
            found.append(self._object(data, at, last, opens))
            at = last + len(b"</objects>")
        return (token[1].decode() if token is not None else ""), found

    def _object(self, data: bytes, at: int, end: int, opens: bytes) -> Given:
        head = _OBJECT.match(data, at, end + len(b"</objects>"))
        if head is None:
            raise _UncutError
        values: dict[str, Element] = {}
        at = head.end()
        while data.startswith(b"<propSet><name>", at):
            named = data.find(b"</name>", at, end)
            last = data.find(b"</propSet>", named, end)
            if named < 0 or last < 0:
                raise _UncutError
            path = self._path(data[at + 15 : named])
            if named + 7 < last:
                values[path] = self._value(data[named + 7 : last], opens)
            at = last + 10
        missing = list(self._parsed(data[at:end], opens)) if at < end else []
        if any(each.tag != f"{VIM}missingSet" for each in missing):
            raise _UncutError
        return head[1].decode(), head[2].decode(), values, missing

    def _path(self, path: bytes) -> str:
        known = self._paths.get(path)
        if known is None:
            if _PATH.fullmatch(path) is None:
                raise _UncutError
            known = self._paths[path] = path.decode()
        return known

    def _value(self, value: bytes, opens: bytes) -> Element:
        known = self._whole.get(value)
        if known is not None:
            return known
        plain = _PLAIN.fullmatch(value)
        if plain is not None:
            made = self._tagged(plain[1], opens, plain[2].decode())
        else:
            made = self._listed(value, opens)
        if self._is_seen(b"", value):
            self._whole[value] = made
            self._ids.add(id(made))
        return made

    def _listed(self, value: bytes, opens: bytes) -> Element:
        """A value with elements in it, each for itself."""
        outer = _OUTER.match(value)
        if outer is not None and value.endswith(b"</val>"):
            made = self._tagged(outer[1], opens, None)
            try:
                for item in _items(value, outer.end(1), outer[2]):
                    made.extend(self._piece(outer[1], item, opens))
            except _UncutError:  # one has another of its name in it
                return self._one(value, opens)
            return made
        return self._one(value, opens)

    def _tagged(self, tag: bytes, opens: bytes, text: str | None) -> Element:
        """A value by its opening tag, with another text in it."""
        known = self._tags.get(tag)
        if known is None:
            known = self._tags[tag] = self._one(tag + b"</val>", opens)
        made = Element(known.tag, known.attrib)
        made.text = text or None
        return made

    def _piece(self, tag: bytes, piece: bytes, opens: bytes) -> list[Element]:
        """What a piece of a value with this opening tag is."""
        known = self._pieces.get((tag, piece))
        if known is None and self._unread is not None:
            start = piece.find(b">") + 1
            piece = piece[:start] + self._unread.sub(b"", piece[start:])
            known = self._pieces.get((tag, piece))
        if known is None:
            known = list(self._one(tag + piece + b"</val>", opens))
            if self._is_seen(tag, piece):
                self._pieces[tag, piece] = known
                self._ids.update(map(id, known))
        return known

    def _is_seen(self, tag: bytes, piece: bytes) -> bool:
        """Whether it was there before: what is only there once is not to be held."""
        if len(piece) > _LARGEST:
            return False
        number = hash((tag, piece))
        if number not in self._once:
            self._once.add(number)
            return False
        self._size += len(piece)
        return True

    def _one(self, piece: bytes, opens: bytes) -> Element:
        """The one value that a piece is."""
        found = self._parsed(piece, opens)
        if len(found) != 1 or found[0].tag != _VAL:
            raise _UncutError
        return found[0]

    def _parsed(self, piece: bytes, opens: bytes) -> list[Element]:
        """What a piece is by itself, in the namespaces of the answer that it is of."""
        closes = self._heads[opens][1]
        whole = parse_or_not(opens + piece + closes)
        if whole is None:
            raise _UncutError
        return list(whole[0][0][0])


def _items(value: bytes, at: int, name: bytes) -> Iterator[bytes]:
    """Cut what is in a value after each end of an element; one within its like is no XML then."""
    closes, end = b"</" + name + b">", len(value) - len(b"</val>")
    while at < end:
        last = value.find(closes, at, end) + len(closes)
        if last < len(closes):
            last = end
        yield value[at:last]
        at = last


def _unread(names: Collection[str]) -> re.Pattern[bytes]:
    """Make what finds a field that nobody reads, if it is a plain text."""
    read = "|".join(sorted(map(re.escape, names)))
    return re.compile(rf"<(?!(?:{read})>)([A-Za-z0-9]+)>[ -%'-;=-~]*</\1>".encode())


def parse_or_not(data: bytes) -> Element | None:
    """Read a document, None where it is none."""
    try:
        return parse(data)
    except Refused:
        return None
