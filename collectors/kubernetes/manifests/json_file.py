"""The objects of a file of JSON: a page of a list, one object, or many behind one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Resource
from auditor.redact import redact
from collectors.kubernetes.manifests.guards import Unreadable
from collectors.kubernetes.manifests.ledger import Ledger
from collectors.kubernetes.manifests.objects import Maker


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


class NoJson(Exception):  # noqa: N818 - the text may still be YAML
    """The text is no JSON."""


class JsonFile:
    """Reads one file."""

    def __init__(self, ledger: Ledger, data: bytes) -> None:
        self._ledger = ledger
        self._data = data

    def resources(self) -> Iterator[Resource]:
        """Every object, lists taken apart.

        Raises:
            NoJson: before anything is yielded.
        """
        try:
            page = _decode_page(self._data)
        except msgspec.DecodeError as error:
            raise NoJson from error
        maker = Maker(self._ledger.source)
        if page.items is None or not page.kind.endswith("List"):
            yield from self._object(maker, self._data.strip(), {}, 0)
            return
        item_kind = page.kind.removesuffix("List")
        default = {"apiVersion": page.apiVersion, "kind": item_kind} if item_kind else {}
        for index, raw in enumerate(page.items):
            yield from self._object(maker, bytes(raw), default, index)

    def _object(
        self, maker: Maker, raw: bytes, default: dict[str, str], index: int
    ) -> Iterator[Resource]:
        try:
            head = _decode_head(raw)
        except msgspec.DecodeError as error:
            self._ledger.add(Unreadable(GapCause.MALFORMED, f"item {index}: {error}", line=1))
            return
        fields = {
            "apiVersion": head.apiVersion or default.get("apiVersion"),
            "kind": head.kind or default.get("kind"),
            "metadata": head.metadata,
        }
        if not fields["apiVersion"] or not fields["kind"]:
            self._ledger.skipped += 1
            return
        try:
            yield maker.make(fields, redact_json(raw), index, self.line(index, ""))
        except Unreadable as error:
            self._ledger.add(error)

    def line(self, number: int, pointer: str) -> int:
        """The line of a field of a numbered object."""
        del number, pointer
        return self._data.count(b"\n", 0, len(self._data) - len(self._data.lstrip())) + 1


def redact_json(raw: bytes) -> bytes:
    """The bytes of an object without its secrets; the same bytes when it has none."""
    value = msgspec.json.decode(raw)
    present = _without_nulls(value) if b"null" in raw else value
    cleaned = redact(present)
    return raw if cleaned is value else msgspec.json.encode(cleaned)


def _without_nulls(value: object) -> object:
    """Fields that are null are left out, at every depth; ``null`` in a list stays."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
