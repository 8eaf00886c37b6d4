"""One file: its digest at once, its objects when asked, its lines when something was found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import yaml

from auditor.model.enums import GapCause
from auditor.model.resource import Evidence, Gap, Resource
from auditor.redact import redact
from collectors.kubernetes.manifests import positions, yaml_reader
from collectors.kubernetes.manifests.guards import Unreadable, check_depth, decode
from collectors.kubernetes.manifests.objects import Maker, is_object


class _Page(msgspec.Struct, gc=False):
    """A list as the API server returns it; the items stay bytes."""

    items: list[msgspec.Raw] | None = None
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""


class _Head(msgspec.Struct, gc=False):
    """What names an object; of whatever type it is, since that is for the maker to refuse."""

    apiVersion: Any = None  # noqa: N815 - the field's name in the API
    kind: Any = None
    metadata: Any = None


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_head = msgspec.json.Decoder(_Head).decode


class ManifestReading:
    """Implements :class:`auditor.ports.Reading` for one file of manifests."""

    def __init__(self, target: str, source: str, data: bytes) -> None:
        self._target = target
        self._source = source
        self._data = data
        self._gaps: list[Gap] = []
        self._skipped = 0
        self._roots: list[yaml.Node] | None = None
        self._places: list[tuple[int, str]] = []
        self._is_json = data.lstrip()[:1] in {b"{", b"["}
        digest = hashlib.sha256(data).hexdigest()
        self._evidence = Evidence(target, source, digest, len(data))

    @property
    def source(self) -> str:
        """Path relative to the target."""
        return self._source

    @property
    def evidence(self) -> Evidence:
        """The file with its digest."""
        return self._evidence

    def gaps(self) -> Sequence[Gap]:
        """What could not be read in the file."""
        return self._gaps

    def skipped(self) -> int:
        """Documents that are no Kubernetes object."""
        return self._skipped

    def resources(self) -> Iterator[Resource]:
        """The objects of the file, lists taken apart."""
        self._gaps, self._skipped, self._places = [], 0, []
        try:
            if self._is_json and self._page() is not None:
                yield from self._json()
            else:
                yield from self._yaml()
        except Unreadable as error:
            self._gap(error)

    def _gap(self, error: Unreadable) -> None:
        self._gaps.append(
            Gap(self._target, self._source, error.cause, error.detail, error.hint, error.line)
        )

    def _page(self) -> _Page | None:
        try:
            return _decode_page(self._data)
        except msgspec.DecodeError:
            self._is_json = False
            return None

    def _json(self) -> Iterator[Resource]:
        maker = Maker(self._source)
        page = self._page()
        if page is None:
            return
        if page.items is None or not page.kind.endswith("List"):
            self._places.append((0, ""))
            yield from self._json_object(maker, self._data.strip(), {}, 0)
            return
        item_kind = page.kind.removesuffix("List")
        default = {"apiVersion": page.apiVersion, "kind": item_kind} if item_kind else {}
        for index, raw in enumerate(page.items):
            self._places.append((0, f"/items/{index}"))
            yield from self._json_object(maker, bytes(raw), default, index)

    def _json_object(
        self, maker: Maker, raw: bytes, default: dict[str, str], index: int
    ) -> Iterator[Resource]:
        try:
            head = _decode_head(raw)
        except msgspec.DecodeError as error:
            self._gap(Unreadable(GapCause.MALFORMED, f"item {index}: {error}", line=1))
            return
        fields = {
            "apiVersion": head.apiVersion or default.get("apiVersion"),
            "kind": head.kind or default.get("kind"),
            "metadata": head.metadata,
        }
        if not fields["apiVersion"] or not fields["kind"]:
            self._skipped += 1
            return
        try:
            yield maker.make(fields, redact_json(raw), index, self.line(index, ""))
        except Unreadable as error:
            self._gap(error)

    def _yaml(self) -> Iterator[Resource]:
        text = decode(self._data)
        check_depth(text)
        maker = Maker(self._source)
        try:
            for number, document in enumerate(yaml_reader.documents(text)):
                if document.value is None:
                    continue
                yield from self._document(maker, document, number)
        except Unreadable as error:
            if "{{" in text and error.cause is GapCause.MALFORMED:
                raise Unreadable(
                    GapCause.UNSUPPORTED,
                    f"looks like a Helm template that was not rendered ({error.detail})",
                    "helm template NAME CHART | auditor scan -",
                    error.line,
                ) from error
            raise

    def _document(
        self, maker: Maker, document: yaml_reader.Document, number: int
    ) -> Iterator[Resource]:
        value = document.value
        line = document.node.start_mark.line + 1
        if not isinstance(value, dict) or not is_object(value):
            self._skipped += 1
            return
        if value.get("kind") == "Kustomization" and "kustomize" in str(value.get("apiVersion")):
            raise Unreadable(
                GapCause.UNSUPPORTED,
                "a kustomization that was not rendered",
                "kubectl kustomize DIR | auditor scan -",
                line,
            )
        items = value.get("items")
        is_list = str(value.get("kind")).endswith("List") and isinstance(items, list)
        objects: list[tuple[object, str]] = [(value, "")]
        if is_list and isinstance(items, list):
            objects = [(item, f"/items/{index}") for index, item in enumerate(items)]
        for item, pointer in objects:
            index = len(self._places)
            self._places.append((number, pointer))
            if not isinstance(item, dict) or not is_object(item):
                self._skipped += 1
                continue
            at = positions.line_of(document.node, pointer) if pointer else line
            try:
                yield maker.make(item, msgspec.json.encode(redact(item)), index, at)
            except Unreadable as error:
                self._gap(error)
        for twice in document.duplicates:
            index = len(self._places)
            self._places.append((number, ""))
            yield maker.duplicate(None, twice.pointer, index, (twice.line, twice.first_line))

    def line(self, document: int, pointer: str) -> int:
        """The line of a field; see :meth:`auditor.ports.Reading.line`."""
        if self._is_json and b"\n" not in self._data.strip():
            return self._data.count(b"\n", 0, len(self._data) - len(self._data.lstrip())) + 1
        number, base = self._places[document]
        if self._roots is None:
            self._roots = list(yaml_reader.nodes(decode(self._data)))
        return positions.line_of(self._roots[number], base + pointer)


def redact_json(raw: bytes) -> bytes:
    """The bytes of an object without its secrets; the same bytes when it has none."""
    value = msgspec.json.decode(raw)
    present = _without_nulls(value) if b"null" in raw else value
    cleaned = redact(present)
    return raw if cleaned is value else msgspec.json.encode(cleaned)


def _without_nulls(value: object) -> object:
    """As :func:`yaml_reader.without_nulls`, at every depth; ``null`` in a list stays."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
