"""The table of pod templates: kinds with the places of their pods, read by what stands there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from auditor.analysis.facts import (
    KIND,
    PATCH,
    TemplateLocation,
    encode,
    no_object,
    part_name,
    template,
    unread_text,
)
from auditor.analysis.paths import Segment, parse_path, pointer_of, walk
from auditor.analysis.recognize import pieces
from auditor.analysis.signs import Json
from auditor.analysis.texts import ReadFailure, ReadText, read_json
from auditor.model.resource import Gap, Resource
from auditor.platforms.kubernetes import kind_name

ANCHORS = {
    "template": "",
    "podspec": "/spec",
    "pieces": "/spec",
    "container": "/spec/containers/0",
    "text": "/spec",
}
"""Where in the body of a fact stands what was found, by its shape."""
PARTIAL = frozenset(("container", "pieces", "text"))
"""Shapes that something always completes."""


class TemplateRow(msgspec.Struct, frozen=True):
    """One row of ``tables/pod-templates.yaml``: where a kind keeps its pod templates."""

    kind: str
    paths: tuple[tuple[Segment, ...], ...]
    shape: str
    partial: bool = False


def rows_from_table(table: Sequence[Mapping[str, object]]) -> tuple[TemplateRow, ...]:
    """Read the validated rows of the table.

    Each row is ``{kind, group, templates: [path], shape, partial?}``; ``group`` is empty for the
    core group.
    """
    rows = []
    for row in table:
        kind = kind_name(str(row.get("group", "")), str(row["kind"]))
        templates = row["templates"]
        if not isinstance(templates, Sequence):
            continue
        paths = tuple(parse_path(str(path)) for path in templates)
        shape = str(row.get("shape", "template"))
        rows.append(TemplateRow(kind, paths, shape, row.get("partial") is True))
    return tuple(rows)


class Parts:
    """Names the templates that one row finds, each otherwise than all others of its object.

    A name must not change when a row is added to a kind, since fingerprints hold it. So the first
    row goes first: with a single fixed path its template needs no name. A later row whose place
    has been named already says as what it reads that place.
    """

    def __init__(self, row: TemplateRow, taken: set[str]) -> None:
        self._nameless = not taken and len(row.paths) == 1 and "*" not in row.paths[0]
        self._suffixes: dict[tuple[Segment, ...], str] = {}
        for path in row.paths:
            name = "" if self._nameless else part_name(pointer_of(path))
            suffix = f" as {row.shape}" if name in taken else ""
            while name + suffix in taken:
                suffix += " again"
            taken.add(name + suffix)
            self._suffixes[path] = suffix

    def name(self, path: tuple[Segment, ...], pointer: str) -> str:
        """The part at ``pointer``, which ``path`` reached."""
        return "" if self._nameless else part_name(pointer) + self._suffixes[path]


class Extractor:
    """Finds the templates of one row; a single fixed path needs no full decode.

    ``read`` reads a text that is a patch of a pod's spec.
    """

    def __init__(self, row: TemplateRow, parts: Parts, read: ReadText = read_json) -> None:
        self._row = row
        self._parts = parts
        self._read = read
        self._anchor = ANCHORS[row.shape]
        self._kind = PATCH if row.partial or row.shape in PARTIAL else KIND
        self._decoder: msgspec.json.Decoder[object] | None = None
        self._path: tuple[Segment, ...] = ()
        self._pointer = ""
        fixed = len(row.paths) == 1 and all(segment != "*" for segment in row.paths[0])
        if fixed and row.shape not in {"pieces", "text"}:
            self._path = row.paths[0]
            self._pointer = pointer_of(self._path)
            self._decoder = msgspec.json.Decoder(_raw_type(self._path))

    @property
    def path(self) -> tuple[Segment, ...]:
        """Where the first of its templates stands."""
        return self._row.paths[0]

    def derive(
        self, resource: Resource, decoded: Callable[[], object] | None = None
    ) -> Iterator[Resource | Gap]:
        """Yield the templates of one resource; ``decoded`` has its whole body for who needs it."""
        if not self._path and self._row.paths == ((),):
            yield self._template(resource, resource.body, self._path, "")
            return
        if self._decoder is not None:
            try:
                value = self._decoder.decode(resource.body)
                for _ in self._path:
                    value = getattr(value, "f", msgspec.UNSET)
            except msgspec.ValidationError:
                value = msgspec.UNSET
            if isinstance(value, msgspec.Raw):
                raw = bytes(value).strip()
                if raw[:1] == b"{":
                    yield self._template(resource, raw, self._path, self._pointer)
                    return
        body = msgspec.json.decode(resource.body) if decoded is None else decoded()
        yield from self._derive_slowly(resource, body)

    def _derive_slowly(self, resource: Resource, body: object) -> Iterator[Resource | Gap]:
        for path in self._row.paths:
            for pointer, value in self._walk(body, path):
                if self._row.shape == "text":
                    yield from self._of_text(resource, value, path, pointer)
                elif isinstance(value, dict) and self._row.shape == "pieces":
                    yield from self._joined(resource, value, path, pointer)
                elif isinstance(value, dict):
                    yield self._template(resource, encode(value), path, pointer)
                elif value is not None:
                    yield no_object(resource, pointer)

    def _walk(self, body: object, path: tuple[Segment, ...]) -> Iterator[tuple[str, object]]:
        """As :func:`walk`; where a container is expected, a list is each of its elements."""
        for pointer, value in walk(body, path):
            if self._row.shape in PARTIAL and isinstance(value, list):
                yield from walk(value, ("*",), pointer)
            else:
                yield pointer, value

    def _of_text(
        self, resource: Resource, value: object, path: tuple[Segment, ...], pointer: str
    ) -> Iterator[Resource | Gap]:
        """Yield what a text says, which may be a template of its own that only a run fills in."""
        if value in (None, "", {}):
            return
        found = self._read(value) if isinstance(value, str) else value
        if isinstance(found, dict):
            yield self._template(resource, encode(found), path, pointer)
            return
        why = found.reason if isinstance(found, ReadFailure) else "it is not a map"
        if isinstance(value, str) and "{{" in value:
            why = "only a run fills it in"
        yield unread_text(resource, pointer, why)

    def _joined(
        self, resource: Resource, value: Json, path: tuple[Segment, ...], pointer: str
    ) -> Iterator[Resource]:
        found = pieces(value, pointer)
        if found is not None:
            name = self._parts.name(path, pointer)
            location = TemplateLocation(pointer, self._anchor, name, self._kind, found.elsewhere)
            yield template(resource, encode({"spec": found.spec}), location, heuristic=False)

    def _template(
        self, resource: Resource, raw: bytes, path: tuple[Segment, ...], pointer: str
    ) -> Resource:
        match self._row.shape:
            case "podspec" | "text":
                raw = b'{"spec":' + raw + b"}"
            case "container":
                raw = b'{"spec":{"containers":[' + raw + b"]}}"
            case _:
                pass
        location = TemplateLocation(
            pointer, self._anchor, self._parts.name(path, pointer), self._kind
        )
        return template(resource, raw, location, heuristic=False)


def _raw_type(path: tuple[Segment, ...]) -> object:
    kind: object = msgspec.Raw
    for segment in reversed(path):
        kind = msgspec.defstruct(
            "Step",
            [("f", kind | msgspec.UnsetType, msgspec.UNSET)],
            rename={"f": segment},
            gc=False,
        )
    return kind
