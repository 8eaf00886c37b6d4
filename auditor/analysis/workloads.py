"""Pod templates: found by a table of kinds and paths, and by their shape where no row exists.

Every object that makes pods holds one or more pod templates; rules judge the template, once, at its
owner. ``k8s/PodTemplate`` facts have the body ``{metadata, spec, owner}``. ``k8s/PodTemplatePatch``
has the same for what an operator completes from elsewhere: an absent field there says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from auditor.analysis.paths import Segment, parse_path, pointer_of, walk
from auditor.model.enums import GapCause
from auditor.model.kinds import kind_name
from auditor.model.resource import Gap, Owner, Resource

KIND = "k8s/PodTemplate"
PATCH = "k8s/PodTemplatePatch"
_encode = msgspec.json.encode

_OWNER: tuple[tuple[str, str | None], ...] = (
    ("/owner/controller", None),  # what is true of ownerReferences
    ("/owner/apiVersion", "/apiVersion"),
    ("/owner/kind", "/kind"),
    ("/owner/namespace", "/metadata/namespace"),
    ("/owner/name", "/metadata/name"),
)
"""Where the owner of a template is read from."""

_ANCHORS = {"template": "", "podspec": "/spec", "container": "/spec/containers/0"}


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


class Workloads:
    """Derives the pod templates of one resource at a time."""

    def __init__(self, rows: Sequence[TemplateRow]) -> None:
        self._extractors: dict[str, list[_Extractor]] = {}
        self._embedded: dict[str, list[tuple[tuple[Segment, ...], _Parts]]] = {}
        taken: dict[str, set[str]] = {}
        for row in rows:
            parts = _Parts(row, taken.setdefault(row.kind, set()))
            if row.shape == "object":
                places = self._embedded.setdefault(row.kind, [])
                places += [(path, parts) for path in row.paths]
            else:
                self._extractors.setdefault(row.kind, []).append(_Extractor(row, parts))

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the pod templates of ``resource``; a gap where a template is no object."""
        extractors = self._extractors.get(resource.kind)
        embedded = self._embedded.get(resource.kind)
        if extractors is not None:
            for extractor in extractors:
                yield from extractor.derive(resource)
        elif embedded is None and _may_hold_pods(resource):
            yield from _by_shape(resource)
        if embedded is not None:
            yield from self._derive_embedded(resource, embedded)

    def _derive_embedded(
        self, resource: Resource, places: Sequence[tuple[tuple[Segment, ...], _Parts]]
    ) -> Iterator[Resource | Gap]:
        """Apply the rows of the objects inside; the facts still belong to ``resource``.

        It controls what is made of them.
        """
        body = msgspec.json.decode(resource.body)
        controller = Owner(
            resource.api_version, _plain_kind(resource), resource.namespace, resource.name
        )
        for path, parts in places:
            for pointer, value in walk(body, path):
                if not isinstance(value, dict):
                    if value is not None:
                        yield _no_object(resource, pointer)
                    continue
                version, kind = str(value.get("apiVersion", "")), str(value.get("kind", ""))
                inside = msgspec.structs.replace(
                    resource,
                    kind=kind_name(version.rpartition("/")[0], kind),
                    api_version=version,
                    body=_encode(value),
                    controller=controller,
                )
                for found in self.derive(inside):
                    if isinstance(found, Gap):
                        yield found
                        continue
                    names = (parts.name(path, pointer), found.part)
                    yield msgspec.structs.replace(
                        found,
                        pointer=pointer + found.pointer,
                        elsewhere=_inside(pointer),
                        part="/".join(name for name in names if name),
                        controller=resource.controller,
                        parent=resource,
                    )


def _inside(pointer: str) -> tuple[tuple[str, str | None], ...]:
    """Where the owner of a template is read from, when that owner stands inside of an object.

    Its name and namespace are those of the object around it.
    """
    inside = ("/apiVersion", "/kind")
    return tuple(
        (start, pointer + place) if place in inside else (start, place) for start, place in _OWNER
    )


def _may_hold_pods(resource: Resource) -> bool:
    """Whether an object without a row is custom, and its JSON might spell ``containers``."""
    group = resource.api_version.rpartition("/")[0]
    return "." in group and (b'"containers"' in resource.body or b"\\u" in resource.body)


class _Parts:
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


class _Extractor:
    """Finds the templates of one row; a single fixed path needs no full decode."""

    def __init__(self, row: TemplateRow, parts: _Parts) -> None:
        self._row = row
        self._parts = parts
        self._anchor = _ANCHORS[row.shape]
        self._kind = PATCH if row.partial or row.shape == "container" else KIND
        self._decoder: msgspec.json.Decoder[object] | None = None
        self._path: tuple[Segment, ...] = ()
        self._pointer = ""
        if len(row.paths) == 1 and all(segment != "*" for segment in row.paths[0]):
            self._path = row.paths[0]
            self._pointer = pointer_of(self._path)
            self._decoder = msgspec.json.Decoder(_raw_type(self._path))

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the templates of one resource."""
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
        yield from self._derive_slowly(resource)

    def _derive_slowly(self, resource: Resource) -> Iterator[Resource | Gap]:
        body = msgspec.json.decode(resource.body)
        for path in self._row.paths:
            for pointer, value in self._walk(body, path):
                if isinstance(value, dict):
                    yield self._template(resource, _encode(value), path, pointer)
                elif value is not None:
                    yield _no_object(resource, pointer)

    def _walk(self, body: object, path: tuple[Segment, ...]) -> Iterator[tuple[str, object]]:
        """As :func:`walk`; where a container is expected, a list is each of its elements."""
        for pointer, value in walk(body, path):
            if self._row.shape == "container" and isinstance(value, list):
                yield from walk(value, ("*",), pointer)
            else:
                yield pointer, value

    def _template(
        self, resource: Resource, raw: bytes, path: tuple[Segment, ...], pointer: str
    ) -> Resource:
        match self._row.shape:
            case "podspec":
                raw = b'{"spec":' + raw + b"}"
            case "container":
                raw = b'{"spec":{"containers":[' + raw + b"]}}"
            case _:
                pass
        place = Place(pointer, self._anchor, self._parts.name(path, pointer), self._kind)
        return template(resource, raw, place, heuristic=False)


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


class Place(msgspec.Struct, frozen=True):
    """Where a template stands in its object; see :class:`auditor.model.resource.Resource`."""

    pointer: str
    anchor: str
    part: str
    kind: str = KIND


def part_name(pointer: str) -> str:
    """A short name for a place: ``workerGroupSpecs/0`` of ``/spec/workerGroupSpecs/0/template``."""
    return pointer.removeprefix("/").removeprefix("spec/").removesuffix("/template")


def template(resource: Resource, raw: bytes, place: Place, *, heuristic: bool) -> Resource:
    """Make the fact: the template's own JSON with its owner spliced in at the end.

    The last of two equal keys wins in every JSON reader that we use, so an ``owner`` that a
    template brings along can't pose as ours.
    """
    owner: dict[str, object] = {
        "apiVersion": resource.api_version,
        "kind": _plain_kind(resource),
        "namespace": resource.namespace,
        "name": resource.name,
    }
    above = resource.controller
    if above is not None:
        controller = {"apiVersion": above.api_version, "kind": above.kind, "name": above.name}
        owner["controller"] = controller
    inner = raw.strip()[:-1].rstrip()
    comma = b"" if inner.endswith(b"{") else b","
    return Resource(
        kind=place.kind,
        api_version=resource.api_version,
        name=resource.name,
        namespace=resource.namespace,
        uid=resource.uid,
        source=resource.source,
        document=resource.document,
        line=resource.line,
        body=inner + comma + b'"owner":' + _encode(owner) + b"}",
        labels=resource.labels,
        controller=resource.controller,
        pointer=place.pointer,
        anchor=place.anchor,
        elsewhere=_OWNER,
        part=place.part,
        parent=resource,
        heuristic=heuristic,
        clean=resource.clean,
    )


def _plain_kind(resource: Resource) -> str:
    return resource.kind.removeprefix("k8s/").partition(".")[0]


def _no_object(resource: Resource, pointer: str) -> Gap:
    return Gap(
        target="",
        scope=resource.source,
        cause=GapCause.MALFORMED,
        detail=f"{resource.kind} {resource.namespace}/{resource.name}: {pointer} is not an object",
        line=resource.line,
    )


def _by_shape(resource: Resource) -> Iterator[Resource]:
    """Find pod specs in a custom resource that no row knows: objects with a list of containers."""
    body = msgspec.json.decode(resource.body)
    stack: list[tuple[object, str]] = [(body, "")]
    while stack:
        value, pointer = stack.pop()
        if isinstance(value, dict):
            if _is_pod_spec(value):
                raw = b'{"spec":' + _encode(value) + b"}"
                below_spec = f"{pointer}/".startswith("/spec/")
                part = part_name(pointer) if below_spec else pointer
                place = Place(pointer, "/spec", part)
                yield template(resource, raw, place, heuristic=True)
                continue
            children: Iterator[tuple[str, object]] = iter(value.items())
        elif isinstance(value, list):
            children = ((str(index), item) for index, item in enumerate(value))
        else:
            continue
        found = [(item, pointer + pointer_of((key,))) for key, item in children]
        stack.extend(reversed(found))


def _is_pod_spec(value: dict[str, object]) -> bool:
    containers = value.get("containers")
    return (
        isinstance(containers, list)
        and bool(containers)
        and all(
            isinstance(item, dict)
            and isinstance(item.get("name"), str)
            and isinstance(item.get("image"), str)
            for item in containers
        )
    )


def controlled_by(resource: Resource) -> Owner | None:
    """The object that a finding about ``resource`` belongs to, when that is not itself.

    A Pod's controller is usually a ReplicaSet, itself made by a Deployment: its name is the
    Deployment's, a dash, and the value of the label ``pod-template-hash``. A Node controls the
    mirrors of its static pods, and nothing of it says what is in them: each stands for itself.
    """
    owner = resource.controller
    if owner is None or (owner.kind == "Node" and owner.api_version == "v1"):
        return None
    if owner.kind != "ReplicaSet":
        return owner
    suffix = "-" + dict(resource.labels).get("pod-template-hash", "\0")
    if not owner.name.endswith(suffix):
        return owner
    name = owner.name.removesuffix(suffix)
    return Owner(owner.api_version, "Deployment", owner.namespace, name)
