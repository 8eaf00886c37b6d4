"""What another program made of files: read in their place, and pointing back at them.

Of a base with a Deployment and an overlay that patches it, one object comes out. It is judged as it
came out, and told by the file that it is from::

    base/d.yaml:7       image: r.io/a:1         image: r.io/a:1     a finding about the image is
    over/p.yaml:9       privileged: true        privileged: true    at base/d.yaml:7, one about the
                                                                    other at base/d.yaml:1

since only where both say the same is the line in the file that of the value. Of a map that was
changed it is the line of the map: what of it is not in the file stands below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from auditor.model.pointers import pointers_of, steps, token
from auditor.model.resource import Evidence, Gap, Resource
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.documents.recognise import Recogniser

_MISSING: Final = object()


class Standing(msgspec.Struct, frozen=True):
    """Where the template of an object stands: a file below the target, and its line (0: none).

    ``document`` is the number of that object in the file, -1 where it is not an object there.
    """

    file: str
    line: int = 0
    document: int = -1


class Rendered(msgspec.Struct, frozen=True):
    """A folder that was rendered.

    ``text`` is the file with what came out, of ``size`` bytes. ``standings`` are of the objects in
    it, in their order, ``how`` says by what they were made. ``replaces`` are files that went into
    it: nothing of them is judged by itself. ``inputs`` is a digest of what lines depend on.
    """

    folder: str
    text: str
    standings: tuple[Standing, ...]
    how: str
    replaces: frozenset[str]
    inputs: str
    size: int

    @property
    def source(self) -> str:
        """The folder as it is shown."""
        return self.folder or "."


class Rendering(msgspec.Struct, frozen=True):
    """What came of rendering a target: the folders that were, and what is said of the others.

    ``partial`` are the files that only change what others hold.
    """

    folders: tuple[Rendered, ...]
    gaps: tuple[Gap, ...]
    partial: frozenset[str]
    notes: tuple[str, ...] = ()

    @property
    def replaced(self) -> frozenset[str]:
        """The files that went into what was rendered."""
        return frozenset[str]().union(*(each.replaces for each in self.folders))


ReadFile = Callable[[str], bytes]
"""Reads a file below the target; raises OSError."""


class RenderedReading:
    """Implements :class:`auditor.ports.Reading` for what came out of one folder."""

    def __init__(
        self,
        target: str,
        rendered: Rendered,
        data: bytes,
        recognisers: Sequence[Recogniser],
        memory: Memory,
        read: ReadFile,
    ) -> None:
        self._rendered = rendered
        self._recognisers = recognisers
        self._memory = memory
        self._read = read
        self._target = target
        self._inner = FileReading(target, rendered.source, data, recognisers, memory)
        self._standing: dict[int, Standing] = {}
        self._raw: tuple[str, FileReading | None] = ("", None)
        self._values: tuple[int, object, object] = (-1, None, None)

    @property
    def source(self) -> str:
        """The folder that was rendered."""
        return self._rendered.source

    @property
    def scope(self) -> str:
        """The folder: it may hold any kind."""
        return self.source

    @property
    def evidence(self) -> Evidence:
        """What came out, with its digest."""
        rendered, found = self._rendered, self._inner.evidence
        taken = f"rendered:{rendered.inputs}"
        return msgspec.structs.replace(found, taken_as=taken, how=rendered.how)

    def gaps(self) -> Sequence[Gap]:
        """Return what could not be read of it; lines are those of what came out."""
        return [
            msgspec.structs.replace(
                each, line=0, detail=_at_line(each.detail, each.line), hint=each.hint
            )
            for each in self._inner.gaps()
        ]

    def skipped(self) -> int:
        """Return how many documents nobody recognised."""
        return self._inner.skipped()

    def skipped_lines(self) -> Sequence[int]:
        """Return no lines: nobody could look them up in the folder."""
        return ()

    def resources(self) -> Iterator[Resource]:
        """Yield the objects that came out, as standing where their templates do."""
        standings = self._rendered.standings
        self._standing = {}
        for number, found in enumerate(self._inner.resources()):
            standing = standings[number] if number < len(standings) else Standing(self.source)
            self._standing.setdefault(found.document, standing)
            yield msgspec.structs.replace(
                found, source=standing.file, line=standing.line, rendered=self.source
            )

    def original(self, document: int) -> object:
        """Return an object with its secrets; see :meth:`auditor.ports.Reading.original`."""
        return self._inner.original(document)

    def on_one_line(self, document: int) -> bool:
        """Return false: lines have to be looked up."""
        del document
        return False

    def all_lines(self, document: int) -> None:
        """Tell that lines have to be looked up."""
        del document

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes; see :meth:`auditor.ports.Reading.lines`."""
        standing = self._standing.get(document)
        if standing is None or standing.document < 0:
            return [standing.line if standing is not None else 0]
        return [self.line(document, f"{pointer}{place}") for place in pointers_of(value)]

    def line(self, document: int, pointer: str) -> int:
        """Return the line of a field in its template; that of the object where it says another.

        Of what is absent it is that of the nearest map or list above it, as in any file. A map is
        the same where each has it, and calls itself the same: what was changed in it stands below.
        """
        standing = self._standing.get(document)
        if standing is None or standing.document < 0:
            return standing.line if standing is not None else 0
        raw = self._raw_file(standing.file)
        if raw is None:
            return standing.line
        if self._values[0] != document:
            both = self._inner.original(document), raw.original(standing.document)
            self._values = document, *both
        _, ours, theirs = self._values
        place = _same_place(ours, theirs, pointer)
        return standing.line if place is None else raw.line(standing.document, place)

    def _raw_file(self, path: str) -> FileReading | None:
        """The file of a template, read once for the findings that follow one another."""
        if self._raw[0] != path:
            try:
                data = self._read(path)
            except OSError:
                self._raw = path, None
            else:
                raw = FileReading(self._target, path, data, self._recognisers, self._memory)
                for _ in raw.resources():
                    pass
                self._raw = path, raw
        return self._raw[1]


def _at_line(detail: str, line: int) -> str:
    return f"line {line} of what came out: {detail}" if line else detail


def _same_place(ours: object, theirs: object, pointer: str) -> str | None:
    """Return the pointer of the last step that ours has, None where theirs says another there."""
    place = ""
    for step in steps(pointer):
        below = _below(ours, step)
        if below is _MISSING:
            break
        ours, theirs = below, _below(theirs, step)
        if not _is_same(ours, theirs):
            return None
        place += f"/{token(step)}"
    return place


def _below(value: object, step: str) -> object:
    if isinstance(value, dict):
        return value.get(step, _MISSING)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return _MISSING


def _is_same(one: object, other: object) -> bool:
    """Whether two values are the same, or maps or lists of which more may be said below."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.get("name") == other.get("name")
    if isinstance(one, list):
        return isinstance(other, list)
    return one == other
