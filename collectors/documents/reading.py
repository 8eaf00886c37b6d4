"""One file: its digest at once, its objects when asked, its lines when something was found."""

from __future__ import annotations

import functools
import hashlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

import msgspec

from auditor.model.resource import Evidence, Gap, Resource
from collectors.documents.blocks import Memory
from collectors.documents.guards import MAX_PARSED, Unreadable, decode
from collectors.documents.json_file import JsonFile
from collectors.documents.json_stream import NoJson
from collectors.documents.ledger import Beside, Ledger
from collectors.documents.recognise import Content, Recogniser, is_together
from collectors.documents.walk import shown
from collectors.documents.yaml_file import YamlFile

_JSON_STARTS = frozenset((b"{", b"["))
_TAKEN = ("", "patch")
"""How a file was taken: by itself, or for what changes others."""


class FileReading:
    """Implements :class:`auditor.ports.Reading` for one file."""

    def __init__(
        self,
        target: str,
        source: str,
        data: bytes,
        recognisers: Sequence[Recogniser],
        memory: Memory,
        *,
        partial: bool = False,
        beside: Beside | None = None,
    ) -> None:
        """``memory`` is shared by the files of a worker.

        ``partial``: another file says that what is in this one only changes other objects.
        ``beside``: what a file that names others may read.
        """
        self._data = data.removeprefix(BOM_UTF8)
        self._recognisers = recognisers
        self._memory = memory
        self._partial = partial or None
        self._beside = beside
        self._content: Content | None = None
        self._begun: tuple[Ledger, Content | None] | None = None
        digest = hashlib.sha256(data).hexdigest()
        self._evidence = Evidence(target, source, digest, len(data), _TAKEN[partial])
        self._ledger = self._new_ledger()

    @property
    def source(self) -> str:
        """Path relative to the target."""
        return self._evidence.request

    @property
    def scope(self) -> str:
        """The file: it may hold any kind."""
        return self.source

    @property
    def evidence(self) -> Evidence:
        """The file with its digest, and with those of what belongs to it."""
        taken = self._begin()[1]
        if not is_together(taken) or not taken.inputs:
            return self._evidence
        files = ", ".join(map(shown, taken.with_files))
        how = f"read with {files}" if files else ""
        return msgspec.structs.replace(self._evidence, taken_as=f"with:{taken.inputs}", how=how)

    def gaps(self) -> Sequence[Gap]:
        """Return what could not be read in the file."""
        return self._ledger.gaps()

    def skipped(self) -> int:
        """Return how many documents nobody recognised."""
        return self._ledger.skipped

    def skipped_lines(self) -> Sequence[int]:
        """Return where the first of them begin."""
        return self._ledger.skipped_lines

    def resources(self) -> Iterator[Resource]:
        """Yield the objects of the file, lists taken apart."""
        self._ledger, taken = self._begin()
        self._begun = None
        content = self._content = taken or self._parsed()
        try:
            yield from content.resources()
        except NoJson as error:
            if self._is_json_or_nothing():
                self._ledger.add(error.reason)
            else:
                yield from self._as_yaml()
        except Unreadable as error:
            self._ledger.add(error)

    def _begin(self) -> tuple[Ledger, Content | None]:
        """Open the file: its ledger, and its content where a recogniser takes it as a whole."""
        if self._begun is None:
            ledger = self._new_ledger()
            taken = (each.content(ledger, self._data) for each in self._recognisers)
            self._begun = ledger, next((found for found in taken if found is not None), None)
        return self._begun

    def _new_ledger(self) -> Ledger:
        target, source = self._evidence.target, self.source
        hints = self._recognisers[0].hints
        may_hold = functools.partial(_may_hold, self._data, self._recognisers)
        partial, beside = self._partial, self._beside
        return Ledger(target, source, hints, may_hold, partial=partial, beside=beside)

    def _parsed(self) -> Content:
        if self._data.lstrip()[:1] in _JSON_STARTS:
            alone = self._is_json_or_nothing()
            return JsonFile(self._ledger, self._data, self._recognisers, alone=alone)
        return YamlFile(self._ledger, self._data, self._recognisers, self._memory)

    def _is_json_or_nothing(self) -> bool:
        """Return whether it can't be YAML that begins as JSON does, as a small text may be."""
        return self.source.lower().endswith(".json") or len(self._data) > MAX_PARSED

    def _as_yaml(self) -> Iterator[Resource]:
        file = YamlFile(self._ledger, self._data, self._recognisers, self._memory)
        self._content = file
        try:
            yield from file.resources()
        except Unreadable as error:
            self._ledger.add(error)

    def line(self, document: int, pointer: str) -> int:
        """Return the line of a field; see :meth:`auditor.ports.Reading.line`."""
        return 0 if self._content is None else self._content.line(document, pointer)

    def on_one_line(self, document: int) -> bool:
        """Return whether it is an object of JSON, without a line's end in it."""
        return isinstance(self._content, JsonFile) and self._content.on_one_line(document)

    def original(self, document: int) -> object:
        """Return an object with its secrets; see :meth:`auditor.ports.Reading.original`."""
        return None if self._content is None else self._content.original(document)

    def all_lines(self, document: int) -> list[int] | None:
        """Return the lines of an object; see :meth:`auditor.ports.Reading.all_lines`."""
        return None if self._content is None else self._content.all_lines(document)

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes; see :meth:`auditor.ports.Reading.lines`."""
        return [0] if self._content is None else self._content.lines(document, pointer, value)


def _may_hold(data: bytes, recognisers: Sequence[Recogniser]) -> bool:
    """Whether any platform may have something in a file that can't be parsed.

    No method of a reading: its ledger would keep it, and all that was read, from being forgotten.
    """
    try:
        text = decode(data)
    except Unreadable:
        return True
    return any(each.may_be_in(text) for each in recognisers)
