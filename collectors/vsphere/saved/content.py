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
from auditor.model.pointers import pointers_of, steps
from auditor.model.resource import Resource
from auditor.platforms.vsphere import (
    ALARMS,
    ATTRIBUTES,
    EXTENSION,
    KEY_PROVIDER,
    MACHINE,
    PERMISSION,
    ROLE,
    SETTINGS,
)
from collectors.documents.guards import Unreadable
from collectors.documents.ledger import Beside, Ledger
from collectors.vsphere.kinds.kind import known_to
from collectors.vsphere.kinds.table import KINDS, MANAGERS
from collectors.vsphere.live.forms import value_of
from collectors.vsphere.live.markup import Refused
from collectors.vsphere.live.named import managed, named, permission_of
from collectors.vsphere.live.objects import body_of
from collectors.vsphere.live.pages import Found
from collectors.vsphere.saved.aside import Aside, NotSaved, never_saved
from collectors.vsphere.saved.inventory import inventory_of
from collectors.vsphere.saved.lines import Lines
from collectors.vsphere.saved.names import KIND_OF, Reference, reference_of
from collectors.vsphere.saved.objects import object_of, with_paths

_PART: Final = "govc object.save -d FOLDER saves all of an inventory"
_AGAIN: Final = "save the inventory again"
_NEWEST: Final = "99"
"""As which version of the API a part is read that does not say it."""
_METHODS: Final = "auditor collect asks the server for it"
_ASKED: Final = frozenset(
    {"AlarmManager", "ClusterComputeResource", "ComputeResource", "HostSystem"}
)
"""Types of objects that others tell something of."""
_WHOLE: Final = (ALARMS, EXTENSION, KEY_PROVIDER, PERMISSION, ROLE, SETTINGS)
"""What only the whole of an inventory tells of."""


class SavedObject:
    """Implements :class:`collectors.documents.recognise.Together` for one file."""

    def __init__(self, ledger: Ledger, beside: Beside, data: bytes) -> None:
        self._ledger = ledger
        self._data = data
        self._path = beside.path
        folder = posixpath.dirname(beside.path)
        self._inventory = inventory_of(beside.tree, folder)
        self._kept: list[tuple[tuple[str, ...], Mapping[str, Any]]] = []
        self._lines: Lines | None = None
        self._reference = reference_of(beside.path) or Reference("", "")
        self._aside = self._beside(beside) if self._reference.type in _ASKED else None

    def _beside(self, beside: Beside) -> Aside | None:
        try:
            found = object_of(self._data, self._reference)
        except Refused:
            return None
        return Aside(beside.tree, self._inventory, found)

    @property
    def inputs(self) -> str:
        """A digest of what the other files say of where things are."""
        aside = self._aside.digest() if self._aside is not None else ""
        return f"{self._inventory.digest}{aside}"

    @property
    def with_files(self) -> tuple[str, ...]:
        """The folder, whose files say where things are, and what stands beside the object."""
        aside = self._aside.paths() if self._aside is not None else ()
        return (f"{self._inventory.folder or '.'}/", *aside)

    def resources(self) -> Iterator[Resource]:
        """Yield what rules are about, and note what could not be read."""
        if self._inventory.is_first(self._path):
            self._tell_of_all()
        reference = self._reference
        if self._inventory.files.get(reference) != self._path:
            detail = f"another file is of {reference.type} {reference.identity} too"
            self._miss(reference.kinds, GapCause.MALFORMED, detail, _AGAIN)
            return
        try:
            found = object_of(self._data, reference)
            for number, (kind, start, body) in enumerate(self._bodies(found)):
                self._kept.append((start, body))
                yield from self._resource(number, kind, body)
        except Refused as refused:
            self._miss(reference.kinds, GapCause.MALFORMED, str(refused), _AGAIN)
            return
        for kind, detail in self._inventory.lost(found):
            self._miss((kind,), GapCause.TRUNCATED, detail, _AGAIN)

    def _tell_of_all(self) -> None:
        """Note what of the whole folder is missing; the first of its files does so."""
        if self._inventory.is_part:
            detail = "the file of the server is not there: this is a part of an inventory"
            self._miss(_WHOLE, GapCause.TRUNCATED, detail, _PART)
        else:
            detail = "the file of the server does not say which are its own"
            self._miss(self._inventory.untold, GapCause.MALFORMED, detail, _AGAIN)
        for kind, method in never_saved(self._inventory):
            self._miss((kind,), GapCause.UNSUPPORTED, f"{method} was saved of nothing", _METHODS)

    def _bodies(self, found: Found) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """Yield what there is of an object: the kind, the path to it in the file, and the body.

        Raises:
            Refused: a property is not what the API says that it is.
        """
        kind = KIND_OF.get(found.type, "")
        if kind in MANAGERS:
            yield from self._managed(kind, found)
            return
        if self._aside is not None:
            yield from self._told(self._aside, kind)
        if kind == ALARMS:
            return
        if kind:
            asked = known_to(self._inventory.api or _NEWEST, KINDS[kind])
            body = body_of(with_paths(found, asked), KINDS[kind], asked, self._inventory.tree)
            for lost in found.missing:
                detail = f"{lost.path}: {lost.fault.detail}"
                self._miss((kind,), CAUSES[lost.fault.answered], detail, "")
            yield kind, (), body
        if kind == MACHINE and "customValue" in found.values:
            written = KINDS[ATTRIBUTES]
            yield ATTRIBUTES, (), body_of(found, written, written.properties, self._inventory.tree)
        yield from self._permissions(found)

    def _told(
        self, aside: Aside, kind: str
    ) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """Yield what the managers of an object told; what is wrong with that is a gap for it."""
        if kind == ALARMS:
            try:
                yield ALARMS, (), aside.alarms()
            except Refused as refused:
                self._miss((ALARMS,), _cause(refused), str(refused), _AGAIN)
        for each, asked in aside.kinds():
            try:
                yield each, (), aside.body(asked)
            except Refused as refused:
                self._miss((each,), _cause(refused), str(refused), _AGAIN)

    def _managed(
        self, kind: str, found: Found
    ) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """Yield what a manager has: of settings there are several, of which one is the server's."""
        if kind == SETTINGS and found.identity != self._inventory.settings:
            return
        wanted = MANAGERS[kind].property
        value = found.values.get(wanted.path)
        if value is None:
            detail = f"{wanted.path} was not saved"
            self._miss((kind,), GapCause.DENIED, detail, "could who saved it read it?")
            return
        read: Any = value_of(value, wanted.form)
        for number, each in enumerate(managed(kind, read)):
            start = (wanted.path,) if kind == SETTINGS else (wanted.path, str(number))
            yield kind, start, each

    def _permissions(
        self, found: Found
    ) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """Yield who has which role on an object; at the root somebody has one."""
        given: Iterable[Element] = found.values.get("permission", ())
        number = -1
        for number, each in enumerate(given):
            yield PERMISSION, ("permission", str(number)), permission_of(each, self._inventory.tree)
        if number < 0 and found.identity == self._inventory.root:
            detail = f"{found.identity}: nobody has a right to all of it, which is in no vCenter"
            self._miss((PERMISSION,), GapCause.TRUNCATED, detail, "could who saved it read them?")

    def _resource(self, number: int, kind: str, body: Mapping[str, Any]) -> Iterator[Resource]:
        folder = self._inventory.folder
        try:
            name, place = named(kind, body)
        except KeyError as error:
            self._miss((kind,), GapCause.MALFORMED, f"one of it has no {error}", _AGAIN)
            return
        where = {"inventory": folder} if folder else {}
        yield Resource(
            kind=kind,
            api_version="",
            name=name,
            namespace="",
            uid=f"{'/' if folder else ''}{folder}{place}#{kind}",
            source=self._ledger.source,
            document=number,
            line=self.line(number, "") if self._kept[number][0] else 1,
            body=msgspec.json.encode({**body, **where}),
            clean=False,
        )

    def _miss(self, kinds: Iterable[str], cause: GapCause, detail: str, hint: str) -> None:
        for kind in kinds:
            self._ledger.add(Unreadable(cause, detail, hint, 0, kind))

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a field, or of what of the body is nearest above it."""
        if self._lines is None:
            self._lines = Lines(self._data)
        start, body = self._kept[number]
        return self._lines.of((*start, *_there(body, pointer)))

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


def _cause(refused: Refused) -> GapCause:
    return GapCause.TRUNCATED if isinstance(refused, NotSaved) else GapCause.MALFORMED


def _there(body: object, pointer: str) -> Iterator[str]:
    """The steps of a pointer as far as the body goes: a file may have more than was kept of it."""
    for step in steps(pointer):
        if isinstance(body, Mapping) and step in body:
            body = body[step]
        elif isinstance(body, list) and step.isdecimal() and int(step) < len(body):
            body = body[int(step)]
        else:
            return
        yield step
