"""The pods of an object: by a table of kinds and paths, and by what they look like.

Every object that makes pods holds one or more pod templates; rules judge the template, once, at its
owner. What a row of the table names is found by its path, and needs no decoding where the path is
fixed. Kinds of Kubernetes itself hold pods where the table says, and nowhere else; in any other
object, what no row has named is looked through by :mod:`auditor.analysis.recognize`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, assert_never

import msgspec

from auditor.analysis import recognize, signs
from auditor.analysis.contents import Contents, ContentsRow, contents_from_table
from auditor.analysis.facts import (
    KIND,
    PATCH,
    TemplateLocation,
    encode,
    no_object,
    plain_kind,
    template,
)
from auditor.analysis.incomplete import with_specs
from auditor.analysis.parts import named
from auditor.analysis.paths import Segment, walk
from auditor.analysis.protocol import Feeds, Stage, Tables
from auditor.analysis.recognize import Inside, Pieces, Text, Whole
from auditor.analysis.rows import PARTIAL, Extractor, Parts, TemplateRow, rows_from_table
from auditor.analysis.texts import ReadText, read_json
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Owner, Resource
from auditor.platforms.kubernetes import BUILT_IN, GROUPS, PREFIX, kind_name

_KNOWN: Final = frozenset(kind_name(groups[0], kind) for kind, groups in BUILT_IN.items())
_CAPITALS: Final = {kind.lower(): kind for kind in BUILT_IN}
_DONE: Final = {"": None, "/spec": signs.OF_PODS, "/spec/containers/0": signs.OF_CONTAINERS}
"""By the anchor of a fact that a row found: the fields of its place that are in it."""

_Places = list[tuple[tuple[Segment, ...], Parts]]
_Done = dict[str, frozenset[str] | None]


TEMPLATES: Final = "pod-templates"
CONTENTS: Final = "unread-contents"


class PodTemplates:
    """The pods of each object, as facts of it."""

    id = "pod-template"
    stage = Stage.OBJECT
    kinds: frozenset[str] = frozenset()

    def __init__(self, tables: Tables, read: ReadText = read_json) -> None:
        """``tables`` say where kinds hold pods, and what stands elsewhere.

        ``read`` reads the texts that are patches of pods.
        """
        rows = rows_from_table(tables.get(TEMPLATES, ()))
        self._workloads = Workloads(rows, contents_from_table(tables.get(CONTENTS, ())), read)
        self.feeds: Feeds = _holders(rows)

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the pods of ``resource``, told apart by names; other platforms have none."""
        if not resource.kind.startswith(PREFIX):
            return iter(())
        return named(resource, self._workloads.derive(resource))


def _holders(rows: Iterable[TemplateRow]) -> Feeds:
    """The kinds that hold whole pods, and those of which something is completed elsewhere."""
    whole, partial = set(), set()
    for row in rows:
        if row.shape == "object":
            whole.add(row.kind)
            partial.add(row.kind)
        elif row.partial or row.shape in PARTIAL:
            partial.add(row.kind)
        else:
            whole.add(row.kind)
    return {KIND: {"": frozenset(whole)}, PATCH: {"": frozenset(partial)}}


class Workloads:
    """Derives the pod templates of one resource at a time."""

    def __init__(
        self,
        rows: Sequence[TemplateRow],
        contents: Sequence[ContentsRow] = (),
        read: ReadText = read_json,
    ) -> None:
        """``contents`` are the rows of what stands elsewhere than in its object."""
        self._extractors: dict[str, list[Extractor]] = {}
        self._embedded: dict[str, _Places] = {}
        self._contents = Contents(contents)
        taken: dict[str, set[str]] = {}
        for row in rows:
            parts = Parts(row, taken.setdefault(row.kind, set()))
            if row.shape == "object":
                places = self._embedded.setdefault(row.kind, [])
                places += [(path, parts) for path in row.paths]
            else:
                self._extractors.setdefault(row.kind, []).append(Extractor(row, parts, read))

    def derive(self, resource: Resource, *, whole: bool = True) -> Iterator[Resource | Gap]:
        """Yield the pods of ``resource``; a gap where a template is not an object, or not read.

        ``whole`` is false of an object inside of another, which may be a part of one by its nature.
        """
        kind = resource.kind
        extractors = self._extractors.get(kind, ())
        if kind in _KNOWN:
            must = whole and not resource.partial
            for extractor in extractors:
                found = extractor.derive(resource)
                yield from with_specs(resource, found, extractor.path) if must else found
            return
        done: _Done = {}
        decoded = functools.cache(functools.partial(msgspec.json.decode, resource.body))
        for extractor in extractors:
            for fact in extractor.derive(resource, decoded):
                if isinstance(fact, Resource):
                    _note(done, fact)
                yield fact
        for place in self._embedded.get(kind, ()):
            yield from self._embedded_at(resource, decoded(), place, done)
        texts: list[str] = []
        if recognize.may_hold(resource.body):
            yield from self._search(resource, decoded(), done, texts)
        yield from self._contents.gaps(resource, decoded, texts)
        if "." not in kind and not done:
            yield from _misspelt(resource)

    def _embedded_at(
        self,
        resource: Resource,
        body: object,
        place: tuple[tuple[Segment, ...], Parts],
        done: _Done,
    ) -> Iterator[Resource | Gap]:
        """Apply the rows of the objects at a path."""
        path, parts = place
        for pointer, value in walk(body, path):
            done[pointer] = None
            if isinstance(value, dict):
                yield from self._inside(resource, value, pointer, parts.name(path, pointer))
            elif value is not None:
                yield no_object(resource, pointer)

    def _inside(
        self, resource: Resource, value: signs.Json, pointer: str, part: str
    ) -> Iterator[Resource | Gap]:
        """The pods of an object inside of another, which controls what is made of them.

        The facts belong to the outer one.
        """
        version, kind = str(value.get("apiVersion", "")), str(value.get("kind", ""))
        inside = msgspec.structs.replace(
            resource,
            kind=kind_name(version.rpartition("/")[0], kind),
            api_version=version,
            body=encode(value),
            controller=Owner(
                resource.api_version, plain_kind(resource), resource.namespace, resource.name
            ),
        )
        for found in self.derive(inside, whole=False):
            if isinstance(found, Gap):
                yield found
                continue
            yield msgspec.structs.replace(
                found,
                pointer=pointer + found.pointer,
                elsewhere=_moved(found.elsewhere, pointer),
                part="/".join(name for name in (part, found.part) if name),
                controller=resource.controller,
                parent=resource,
            )

    def _search(
        self, resource: Resource, body: object, done: _Done, texts: list[str]
    ) -> Iterator[Resource | Gap]:
        """What looks like a pod outside of what is ``done``; ``texts`` get the other manifests."""
        by_rows = bool(done)
        for found in recognize.search(body, dict(done)):
            pointer = found.pointer
            match found:
                case Text():
                    texts.append(pointer)
                    continue
                case Inside():
                    facts = self._inside(resource, found.value, pointer, _part(pointer, by_rows))
                    yield from _by_shape(facts, partial=signs.is_completed(pointer))
                case Whole() | Pieces():
                    yield _recognized(resource, found, _part(pointer, by_rows))
                case _:
                    assert_never(found)
            done[pointer] = None


def _note(done: _Done, found: Resource) -> None:
    fields, before = _DONE[found.anchor], done.get(found.pointer, frozenset())
    done[found.pointer] = None if fields is None or before is None else fields | before


def _moved(
    elsewhere: tuple[tuple[str, str | None], ...], pointer: str
) -> tuple[tuple[str, str | None], ...]:
    """Where values stand that stand elsewhere, when their object stands at a pointer of another.

    The name and the namespace of an owner are those of the outermost object.
    """
    outside = ("/owner/controller", "/owner/name", "/owner/namespace")
    return tuple(
        (start, place) if start in outside or place is None else (start, pointer + place)
        for start, place in elsewhere
    )


def _part(pointer: str, by_rows: bool) -> str:  # noqa: FBT001 - whether names of rows are taken
    """The name of a place that was recognised: none that a row of the same kind could give."""
    if by_rows or pointer == "/spec/spec" or not pointer.startswith("/spec"):
        return pointer
    return pointer.removeprefix("/spec/") if pointer.startswith("/spec/") else pointer[1:]


def _by_shape(facts: Iterator[Resource | Gap], *, partial: bool) -> Iterator[Resource | Gap]:
    """Mark what is in an object that was recognised, and as a patch where one completes it."""
    for fact in facts:
        if isinstance(fact, Gap):
            yield fact
        else:
            kind = PATCH if partial else fact.kind
            yield msgspec.structs.replace(fact, kind=kind, heuristic=True)


def _recognized(resource: Resource, found: Whole | Pieces, part: str) -> Resource:
    """The fact of something that looks like a pod."""
    body: signs.Json = {"spec": found.spec}
    pointer, anchor = found.pointer, "/spec"
    if found.metadata is not None:
        body = {"metadata": found.metadata, **body}
        pointer, anchor = pointer.removesuffix("/spec"), ""
    if isinstance(found, Whole):
        location = TemplateLocation(pointer, anchor, part)
    else:
        name = f"{part} as container" if found.beside else part
        location = TemplateLocation(pointer, anchor, name, PATCH, found.elsewhere)
    return template(resource, encode(body), location, heuristic=True)


def _misspelt(resource: Resource) -> Iterator[Gap]:
    """The gap of a kind that is Kubernetes' own but for its capitals: no server has it."""
    kind = plain_kind(resource)
    meant = _CAPITALS.get(kind.lower())
    if meant is not None and resource.api_version.rpartition("/")[0] in GROUPS:
        yield Gap(
            target="",
            scope=resource.source,
            cause=GapCause.MALFORMED,
            detail=f"{resource.api_version} has no kind {kind}, and {resource.name} was not judged",
            hint=f"write the kind as {meant}",
            line=resource.line,
        )
