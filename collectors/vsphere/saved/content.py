"""A file of a saved inventory as resources: what a live server would have come to.

Most are of one object. The manager of roles is of many roles, and every object has the permissions
that are given on it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

import msgspec

from auditor.model.enums import CAUSES, GapCause
from auditor.model.pointers import pointers_of
from auditor.model.resource import Resource
from auditor.platforms.vsphere import PERMISSION, ROLE, SETTINGS
from collectors.documents.guards import Unreadable
from collectors.documents.ledger import Beside, Ledger
from collectors.vsphere.live.forms import value_of
from collectors.vsphere.live.markup import Refused
from collectors.vsphere.live.named import named, permission_of, settings_of
from collectors.vsphere.live.objects import body_of
from collectors.vsphere.live.pages import Found
from collectors.vsphere.live.properties import KINDS, MANAGERS, known_to
from collectors.vsphere.saved.inventory import inventory_of
from collectors.vsphere.saved.lines import Lines
from collectors.vsphere.saved.names import KIND_OF, Reference, reference_of
from collectors.vsphere.saved.objects import object_of, with_paths

_PART: Final = "govc object.save -d FOLDER saves all of an inventory"
_AGAIN: Final = "save the inventory again"
_NEWEST: Final = "99"
"""As which version of the API a part is read that does not say it."""
_WHOLE: Final = (PERMISSION, ROLE, SETTINGS)
"""What only the whole of an inventory tells of."""


class SavedObject:
    """Implements :class:`collectors.documents.recognise.Together` for one file."""

    def __init__(self, ledger: Ledger, beside: Beside, data: bytes) -> None:
        self._ledger = ledger
        self._data = data
        self._path = beside.path
        folder = posixpath.dirname(beside.path)
        self._inventory = inventory_of(beside.tree, folder)
        self._starts: list[tuple[str, ...]] = []
        self._lines: Lines | None = None

    @property
    def inputs(self) -> str:
        """A digest of what the other files say of where things are."""
        return self._inventory.digest

    @property
    def with_files(self) -> tuple[str, ...]:
        """The folder: all of its files say where things are."""
        return (f"{self._inventory.folder or '.'}/",)

    def resources(self) -> Iterator[Resource]:
        """Yield what rules are about, and note what could not be read."""
        if self._inventory.is_first(self._path) and self._inventory.is_part:
            detail = "the file of the server is not there: this is a part of an inventory"
            self._miss(_WHOLE, GapCause.TRUNCATED, detail, _PART)
        reference = reference_of(self._path) or Reference("", "")
        if self._inventory.files.get(reference) != self._path:
            detail = f"another file is of {reference.type} {reference.identity} too"
            self._miss(reference.kinds, GapCause.MALFORMED, detail, _AGAIN)
            return
        try:
            found = object_of(self._data, reference)
            for number, (kind, start, body) in enumerate(self._bodies(found)):
                self._starts.append(start)
                yield self._resource(number, kind, body)
        except Refused as refused:
            self._miss(reference.kinds, GapCause.MALFORMED, str(refused), _AGAIN)
            return
        for kind, detail in self._inventory.lost(found):
            self._miss((kind,), GapCause.TRUNCATED, detail, _AGAIN)

    def _bodies(self, found: Found) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """Yield what there is of an object: the kind, the path to it in the file, and the body.

        Raises:
            Refused: a property is not what the API says that it is.
        """
        kind = KIND_OF.get(found.type, "")
        if kind in MANAGERS:
            yield from self._managed(kind, found)
            return
        if kind:
            asked = known_to(self._inventory.api or _NEWEST, KINDS[kind])
            body = body_of(with_paths(found, asked), KINDS[kind], asked, self._inventory.tree)
            for lost in found.missing:
                detail = f"{lost.path}: {lost.fault.detail}"
                self._miss((kind,), CAUSES[lost.fault.answered], detail, "")
            yield kind, (), body
        yield from self._permissions(found)

    def _managed(
        self, kind: str, found: Found
    ) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """Yield what a manager has: of settings there are several, of which one is the server's."""
        if kind == SETTINGS and found.identity != self._inventory.settings:
            return
        (wanted,) = MANAGERS[kind].properties
        value = found.values.get(wanted.path)
        if value is None:
            detail = f"{wanted.path} was not saved"
            self._miss((kind,), GapCause.DENIED, detail, "could who saved it read it?")
            return
        read: Any = value_of(value, wanted.form)
        if kind == SETTINGS:
            yield kind, (wanted.path,), settings_of(read)
            return
        for number, each in enumerate(read):
            yield kind, (wanted.path, str(number)), each

    def _permissions(
        self, found: Found
    ) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """Yield who has which role on an object; at the root somebody has one."""
        given: Iterable[Element] = found.values.get("permission", ())
        number = -1
        for number, each in enumerate(given):
            yield PERMISSION, ("permission", str(number)), permission_of(each)
        if number < 0 and found.identity == self._inventory.root:
            detail = f"{found.identity}: nobody has a right to all of it, which is in no vCenter"
            self._miss((PERMISSION,), GapCause.TRUNCATED, detail, "could who saved it read them?")

    def _resource(self, number: int, kind: str, body: Mapping[str, Any]) -> Resource:
        folder = self._inventory.folder
        name, place = named(kind, body)
        where = {"inventory": folder} if folder else {}
        return Resource(
            kind=kind,
            api_version="",
            name=name,
            namespace="",
            uid=f"{'/' if folder else ''}{folder}{place}#{kind}",
            source=self._ledger.source,
            document=number,
            line=self.line(number, "") if self._starts[number] else 1,
            body=msgspec.json.encode({**body, **where}),
            clean=False,
        )

    def _miss(self, kinds: Iterable[str], cause: GapCause, detail: str, hint: str) -> None:
        for kind in kinds:
            self._ledger.add(Unreadable(cause, f"{self._ledger.source}: {detail}", hint, 0, kind))

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a field, or of what is nearest above it."""
        if self._lines is None:
            self._lines = Lines(self._data)
        return self._lines.of(self._starts[number], pointer)

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value."""
        return [self.line(number, f"{pointer}{place}") for place in pointers_of(value)]

    def all_lines(self, number: int) -> list[int] | None:
        """Tell that lines have to be looked up."""
        del number
        return None

    def original(self, number: int) -> None:
        """Tell that the body of a resource has its secrets."""
        del number
