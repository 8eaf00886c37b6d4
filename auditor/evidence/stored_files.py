"""What was understood of a file, kept so that it can be judged again without the file.

The body of such a record is JSON: the objects without their secrets, each with the line of every
field, what could not be read, and how many documents were none of ours. The text itself is not
kept: its comments may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import sub
from typing import Any, Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.evidence import Record, Redaction, TargetEntry, by_block
from auditor.model.pointers import pointers_of, token
from auditor.model.resource import Evidence, Gap, Owner, Resource, Target
from auditor.ports import Bodies, Plan, Reading, Shard, shards_of
from auditor.secrets.bodies import CleanBody, vouched
from auditor.secrets.redact import clean
from auditor.secrets.redactions import MARK, Commit, redactions


class _Object(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """A resource; ``lines`` are those of all nodes of the body, in their order.

    Each is the difference to the one before. A single one is the line of all. ``source`` is the
    file of its template where it was ``rendered``. ``elsewhere`` says which fields of the body
    stand somewhere else, or nowhere, ``files`` which stand in another file.
    """

    kind: str
    api_version: str
    name: str
    namespace: str
    uid: str
    document: int
    line: int
    body: msgspec.Raw
    lines: list[int]
    pointer: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    controller: Owner | None = None
    partial: bool = False
    rendered: str = ""
    source: str = ""
    elsewhere: tuple[tuple[str, str | None], ...] = ()
    files: tuple[tuple[str, str], ...] = ()


class _Document(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    objects: list[_Object]
    gaps: tuple[Gap, ...] = ()
    skipped: int = 0
    skipped_lines: tuple[int, ...] = ()


def tells_of_gaps(body: bytes | None) -> bool:
    """Whether what was kept of a file says what in it could not be read."""
    try:
        return bool(_decode(body or b"").gaps)
    except (ValueError, msgspec.DecodeError, RecursionError):
        return False


_BEGIN: Final = b'{"objects":['
_encoder = msgspec.json.Encoder(order=None)
_encode, _encode_into = _encoder.encode, _encoder.encode_into
_decode = msgspec.json.Decoder(_Document).decode


class Draft:
    """What is kept of one reading, object by object, while its lines are at hand.

    ``broken`` are gaps that the reading itself knows nothing of.
    """

    def __init__(self, reading: Reading, commit: Commit) -> None:
        self._reading = reading
        self._commit = commit
        self._objects: list[_Object] = []
        self.broken: tuple[Gap, ...] = ()
        self._left_out: list[Redaction] = []

    def add(self, found: Resource) -> None:
        """Keep one object."""
        body = found.body if found.clean else clean(found.body)
        marked = MARK in body
        known = None
        if found.clean and not found.pointer:
            known = self._reading.all_lines(found.document)
        value = msgspec.json.decode(body) if marked or known is None else None
        lines = known or self._reading.lines(found.document, found.pointer, value)
        if marked:
            place = f"/objects/{len(self._objects)}/body"
            original = (
                self._reading.original(found.document)
                if found.clean
                else msgspec.json.decode(found.body)
            )
            self._left_out += redactions(value, original, self._commit, place)
        self._objects.append(
            _Object(
                found.kind,
                found.api_version,
                found.name,
                found.namespace,
                found.uid,
                found.document,
                found.line,
                msgspec.Raw(body),
                _differences(lines),
                found.pointer,
                found.labels,
                found.controller,
                found.partial,
                found.rendered,
                found.source if found.rendered else "",
                found.elsewhere,
                found.files,
            )
        )

    def body(self) -> CleanBody:
        """The whole, once all objects were added; each was cleaned by itself, or came so.

        Written into a buffer that grows: that fails as it should where there is no memory for it,
        while ``encode`` takes the process down (``findings/README.md``).
        """
        gaps = (*self.broken, *self._reading.gaps())
        lines = tuple(self._reading.skipped_lines())
        whole = bytearray(_BEGIN)
        for number, each in enumerate(self._objects):
            if number:
                whole += b","
            _encode_into(each, whole, -1)
        rest = _encode(_Document([], gaps, self._reading.skipped(), lines))
        whole += rest.removeprefix(_BEGIN)
        return vouched(bytes(whole), self._left_out)

    def __len__(self) -> int:
        return len(self._objects)


def _differences(lines: Sequence[int]) -> list[int]:
    if lines.count(lines[0]) == len(lines):
        return [lines[0]]
    return [lines[0], *map(sub, lines[1:], lines)]


@dataclass(frozen=True)  # no slots: what is derived once is kept
class StoredFilesCollector:
    """Reads what was kept of a target of files; implements :class:`auditor.ports.Collector`."""

    entry: TargetEntry
    bodies: Bodies
    records: tuple[Record, ...]

    @property
    def target(self) -> Target:
        """The target as it was."""
        return self.entry.target

    @property
    def asked(self) -> None:
        """Files are not asked for kinds."""

    @property
    def independent(self) -> bool:
        """As files: what is found in one depends on it alone."""
        return True

    @cached_property
    def _by_request(self) -> dict[str, Record]:
        return {record.request: record for record in self.records if record.sha256}

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """One item a file; see :class:`auditor.ports.Collector`.

        Raises:
            CollectionError: nothing of the target could be read.
        """
        self.entry.refuse_failed()
        kept = list(self._by_request.values())
        goal = sum(record.size for record in kept) // max(1, shards(_weight(kept))) + 1
        blocks = by_block(kept)
        groups = (([item.request for item in block], _weight(block)) for block in blocks)
        return Plan(shards_of(groups, goal), self.entry.gaps, self.entry.passed)

    def scope(self, item: str) -> str:
        """The file; see :class:`auditor.ports.Collector`."""
        return item

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read the files of a shard, each block of them once."""
        known = (self._by_request.get(item) for item in shard.items)
        for record in chain(*by_block(record for record in known if record is not None)):
            try:
                kept = _decode(self.bodies.body(record) or b"")
            except (ValueError, msgspec.DecodeError, RecursionError):
                detail = "its evidence is not what was recorded"
                yield Gap(self.entry.uri, record.request, GapCause.MALFORMED, detail)
            else:
                if not record.complete and not kept.gaps:
                    detail = "it was not read in full, and its evidence does not say of what"
                    yield Gap(self.entry.uri, record.request, GapCause.MALFORMED, detail)
                yield StoredReading(self.entry.uri, record, kept)


def _weight(records: Sequence[Record]) -> int:
    return sum(record.size for record in records)


class StoredReading:
    """Implements :class:`auditor.ports.Reading` for one file that was read before."""

    def __init__(self, target: str, record: Record, document: _Document) -> None:
        self._record = record
        self._document = document
        self._target = target
        self._known: tuple[int, _Lines] | None = None

    @property
    def source(self) -> str:
        """The path, relative to the target."""
        return self._record.request

    @property
    def scope(self) -> str:
        """The file: it may hold any kind."""
        return self.source

    @property
    def evidence(self) -> Evidence:
        """The file as it was, with its digest."""
        record = self._record
        size = record.original_size
        return Evidence(self._target, record.request, record.original, size, how=record.detail)

    def gaps(self) -> Sequence[Gap]:
        """What could not be read in the file then."""
        return self._document.gaps

    def skipped(self) -> int:
        """Documents that were not resources."""
        return self._document.skipped

    def skipped_lines(self) -> Sequence[int]:
        """Where the first of them begin."""
        return self._document.skipped_lines

    def resources(self) -> Iterator[Resource]:
        """The objects of the file as they were understood."""
        for found in self._document.objects:
            yield Resource(
                kind=found.kind,
                api_version=found.api_version,
                name=found.name,
                namespace=found.namespace,
                uid=found.uid,
                source=found.source or self._record.request,
                document=found.document,
                line=found.line,
                body=bytes(found.body),
                labels=found.labels,
                controller=found.controller,
                pointer=found.pointer,
                partial=found.partial,
                rendered=found.rendered,
                elsewhere=found.elsewhere,
                files=found.files,
            )

    def original(self, document: int) -> None:
        """Not known: secrets were left out."""
        del document

    def on_one_line(self, document: int) -> bool:
        """Not known at once."""
        del document
        return False

    def all_lines(self, document: int) -> None:
        """Not known in less time."""
        del document

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        """See :meth:`auditor.ports.Reading.lines`."""
        found = self._lines(document, pointer)
        return [found.line_of(f"{pointer}{place}") for place in pointers_of(value)]

    def line(self, document: int, pointer: str) -> int:
        """See :meth:`auditor.ports.Reading.line`."""
        return self._lines(document, pointer).line_of(pointer)

    @cached_property
    def _objects(self) -> dict[int, dict[str, _Object]]:
        """The objects of each document by their pointers."""
        found: dict[int, dict[str, _Object]] = {}
        for each in self._document.objects:
            found.setdefault(each.document, {}).setdefault(each.pointer, each)
        return found

    def _lines(self, document: int, pointer: str) -> _Lines:
        if self._known is None or self._known[0] != document or not self._known[1].has(pointer):
            mine = self._objects[document]
            above = pointer
            while above not in mine and above:
                above = above.rpartition("/")[0]
            # of those that stand above it the nearest; none does above what is of the document
            found = mine.get(above) or next(iter(mine.values()))
            self._known = document, _Lines(found)
        return self._known[1]


class _Lines:
    """The lines of one object, by the steps that lead to a node from the one above it.

    Whole pointers would take far more room than the object: each repeats all that are above it.
    """

    def __init__(self, found: _Object) -> None:
        self._base = found.pointer
        self._steps: dict[tuple[int, str], int] = {}
        nodes = _numbered(msgspec.json.decode(found.body), self._steps)
        lines, line = [], 0
        for step in found.lines:
            line += step
            lines.append(line)
        self._lines = lines * nodes if len(lines) == 1 else lines

    def has(self, pointer: str) -> bool:
        return pointer == self._base or pointer.startswith(f"{self._base}/")

    def line_of(self, pointer: str) -> int:
        """The line at a pointer, or at its nearest ancestor that is there."""
        place = 0
        for step in pointer.removeprefix(self._base).split("/")[1:]:
            place, before = self._steps.get((place, step), -1), place
            if not 0 <= place < len(self._lines):
                place = before
                break
        return self._lines[place] if self._lines else 0


def _numbered(value: Any, steps: dict[tuple[int, str], int]) -> int:
    """Number the nodes of a value in the order of :func:`places`; how many there are.

    ``steps`` are filled in: from the number of a node and a token to the number of the one below.
    """
    number = 0
    stack: list[tuple[int, str, Any]] = [(-1, "", value)]
    while stack:
        above, step, found = stack.pop()
        steps[above, step] = number
        below: list[tuple[int, str, Any]] = []
        if isinstance(found, dict):
            below = [(number, token(key), item) for key, item in found.items()]
        elif isinstance(found, list):
            below = [(number, str(place), item) for place, item in enumerate(found)]
        stack.extend(reversed(below))
        number += 1
    return number
