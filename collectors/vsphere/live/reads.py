"""Reads the kinds that are wanted; what can't be read becomes a gap of its own.

Three things may be missing: a whole kind, a page of it and all that would have followed, and a
property of some objects. Each is a gap over its kind that says which, with the cause that the
server gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final
from xml.etree.ElementTree import Element

from auditor.model.enums import CAUSES, Answered
from auditor.model.resource import Gap
from auditor.platforms.vsphere import ALARMS, MACHINE, PERMISSION, ROLE, TAGS
from collectors.http.failures import Unanswered
from collectors.vsphere.kinds.asked import ASKED, Asked
from collectors.vsphere.kinds.kind import Kind, Property, known_to
from collectors.vsphere.kinds.managers import Manager
from collectors.vsphere.kinds.table import KINDS, MANAGERS, TREE
from collectors.vsphere.live.allowlist import PATH
from collectors.vsphere.live.asking import Asking, alarms_of, head_of
from collectors.vsphere.live.calls import Faulted, reference
from collectors.vsphere.live.cutting import Known
from collectors.vsphere.live.faults import HINTS, INVALID_PROPERTY
from collectors.vsphere.live.forms import value_of
from collectors.vsphere.live.markup import Refused
from collectors.vsphere.live.named import managed, permission_of
from collectors.vsphere.live.notes import Notes
from collectors.vsphere.live.objects import Tree, body_of
from collectors.vsphere.live.pages import Found, Pages, Start
from collectors.vsphere.live.pieces import Pieces, is_divisible
from collectors.vsphere.live.rest import ASSOCIATION
from collectors.vsphere.live.session import About, Session
from collectors.vsphere.live.tagging import tags_of_machines

_NAMED: Final = 3
"""How many objects a gap names."""


class Reads:
    """One server's objects; ``gaps`` is what could not be read of it."""

    def __init__(self, uri: str, session: Session, notes: Notes) -> None:
        self.gaps: set[Gap] = set()
        self.tree = Tree()
        self._uri = uri
        self._session = session
        self._notes = notes
        self._pages = Pages(session.calls, session.about.manager("propertyCollector"))
        self._asking = Asking(session.calls, self._pages, self.tree)
        self._start = Start("Folder", session.about.root)
        self._missing: dict[tuple[str, str, Answered, str], list[str]] = {}

    def find(self, scope: Callable[[Tree], Start | None]) -> None:
        """Read where everything is, and choose where to begin.

        Raises:
            Unanswered: it can't be read.
        """
        wanted = tuple((kind, ("name", "parent")) for kind in TREE)
        for page in self._pages.of(self._start, wanted, 500):
            self.tree.add(page)
        self._start = scope(self.tree) or self._start

    def read(self, kind: str) -> None:
        """Read all of one kind."""
        if kind == PERMISSION:
            self._permissions()
        elif kind == ALARMS:
            self._alarms()
        elif kind == TAGS:
            self._tags()
        elif kind in MANAGERS:
            self._manager(kind)
        elif kind in ASKED:
            self._asked(kind, ASKED[kind])
        else:
            self._objects(kind, KINDS[kind])

    def finish(self) -> None:
        """Make a gap of each property that was not given."""
        for (kind, path, answered, detail), names in self._missing.items():
            some = ", ".join(sorted(names)[:_NAMED])
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            told = f"{path} of {some}{more}: {detail}"
            self.gaps.add(Gap(self._uri, kind, CAUSES[answered], told, HINTS.get(answered, "")))

    def _objects(self, name: str, kind: Kind) -> None:
        asked = list(known_to(self._session.about.api, kind))
        seen: set[str] = set()
        known = Known(kind.names)
        while True:
            request = f"RetrievePropertiesEx {kind.type}"
            try:
                wanted = ((kind.type, [each.path for each in asked]),)
                for number, page in enumerate(
                    self._pages.of(self._start, wanted, kind.page, known)
                ):
                    fresh = [each for each in page if each.identity not in seen]
                    seen.update(each.identity for each in fresh)
                    self._keep(name, kind, asked, fresh, f"{request} page {number + 1}")
            except Unanswered as error:
                without = _without(asked, error)
                if without is not None:
                    self._lack(name, error)
                    asked = without
                    continue
                if is_divisible(error):
                    self._in_pieces(name, kind, asked, seen)
                else:
                    self._failed(name, request, error)
            return

    def _in_pieces(
        self, name: str, kind: Kind, asked: Sequence[Property], seen: AbstractSet[str]
    ) -> None:
        """Read what did not come as a page, and what would have followed it."""
        request = f"RetrievePropertiesEx {kind.type} in pieces"
        pieces = Pieces(self._pages, kind.type, [each.path for each in asked])
        try:
            for number, found in enumerate(pieces.beside(self._start, seen)):
                self._keep(name, kind, asked, found, f"{request} {number + 1}")
        except Unanswered as error:
            self._failed(name, request, error)

    def _keep(
        self, name: str, kind: Kind, asked: Sequence[Property], page: Sequence[Found], request: str
    ) -> None:
        bodies: list[dict[str, Any]] = []
        for each in page:
            try:
                bodies.append(body_of(each, kind, asked, self.tree))
            except Refused as refused:
                self._withhold(name, "it", each.identity, Answered.MALFORMED, str(refused))
            for lost in each.missing:
                fault = lost.fault
                self._withhold(name, lost.path, each.identity, fault.answered, fault.detail)
        self._notes.heard(name, request, bodies)

    def _manager(self, name: str) -> None:
        manager = MANAGERS[name]
        wanted, request = manager.property, f"RetrievePropertiesEx {manager.type}"
        try:
            start = manager_of(name, self._session.about)
            if start is None:
                return
            pages = list(self._pages.of(start, ((manager.type, (wanted.path,)),), 1))
            found = [each for page in pages for each in page]
            for each in found:
                for lost in each.missing:
                    raise Faulted(lost.fault)
            values = [each.values[wanted.path] for each in found if wanted.path in each.values]
            read = [value_of(each, wanted.form) for each in values or _none_of(manager)]
        except (Unanswered, Refused) as error:
            self._failed(name, request, error)
            return
        self._notes.heard(name, request, managed(name, read[0] if read else None))

    def _permissions(self) -> None:
        method = "RetrieveAllPermissions"
        try:
            found = self._session.calls.call(method, authorization(self._session.about))
            kept = [permission_of(each, self.tree) for each in found]
        except (Unanswered, Refused) as error:
            self._failed(PERMISSION, method, error)
            return
        self._notes.heard(PERMISSION, method, kept)

    def _asked(self, name: str, asked: Asked) -> None:
        request = f"{asked.type}.{asked.method or asked.field}"
        try:
            for page in self._asking.of(self._start, asked):
                self._notes.heard(name, request, [each.body for each in page if each.body])
                for each in page:
                    if each.error is not None:
                        error = each.error
                        self._withhold(name, request, each.identity, error.answered, error.detail)
        except Unanswered as error:
            self._failed(name, request, error)

    def _alarms(self) -> None:
        about = self._session.about
        manager = about.managers.get("alarmManager")
        if manager is None:
            return  # a single host raises no alarms
        try:
            kept = alarms_of(self._asking.alarms(manager), about.root)
        except (Unanswered, Refused) as error:
            self._failed(ALARMS, "GetAlarm", error)
            return
        self._notes.heard(ALARMS, "GetAlarm", [kept])

    def _tags(self) -> None:
        """Read the tags of each machine; of one that has none that is kept as well."""
        if self._session.about.is_host:
            return  # tags are of a vCenter
        wanted = ((KINDS[MACHINE].type, ("name", "parent")),)
        try:
            with self._session.rest() as rest:
                tags = tags_of_machines(rest)
            for page in self._pages.of(self._start, wanted, 500):
                kept = [
                    {**head_of(each, self.tree), "tags": tags.get(each.identity, {})}
                    for each in page
                ]
                self._notes.heard(TAGS, "", kept, ASSOCIATION)
        except Unanswered as error:
            self._failed(TAGS, "", error, ASSOCIATION)

    def _lack(self, name: str, error: Unanswered) -> None:
        gap = Gap(self._uri, name, CAUSES[Answered.NOT_FOUND], error.detail)
        self.gaps.add(gap)

    def _withhold(self, kind: str, path: str, who: str, answered: Answered, why: str) -> None:
        self._missing.setdefault((kind, path, answered, why), []).append(who)

    def _failed(
        self, kind: str, request: str, error: Unanswered | Refused, path: str = PATH
    ) -> None:
        if isinstance(error, Refused):
            error = Unanswered(Answered.MALFORMED, str(error))
        self._notes.failed(kind, request, error, path)
        self.gaps.add(Gap(self._uri, kind, CAUSES[error.answered], error.detail, error.hint))


def _without(asked: Sequence[Property], error: Unanswered) -> list[Property] | None:
    """Leave out the property that the server says it does not know; None for anything else."""
    if not isinstance(error, Faulted) or error.fault.name != INVALID_PROPERTY:
        return None
    left = [each for each in asked if each.path != error.fault.subject]
    return left if left and len(left) < len(asked) else None


def _none_of(manager: Manager) -> tuple[Element, ...]:
    """Take it that a server has none of what a manager has, where that may be.

    Raises:
        Unanswered: each server has some.
    """
    if manager.everywhere:
        raise Unanswered(Answered.NOT_FOUND, f"the server gave no {manager.property.path}")
    return ()


def manager_of(name: str, about: About) -> Start | None:
    """Where a kind stands that one manager of a server has; None where the server has none.

    Raises:
        Unanswered: the server has to have it, and does not say where it is.
    """
    manager = MANAGERS[name]
    found = about.managers.get(manager.field)
    if found is not None and found.type == manager.type:
        return Start(found.type, found.identity, walks=False)
    if not manager.everywhere:
        return None
    raise Unanswered(Answered.NOT_FOUND, f"the server does not say where its {manager.type} is")


def authorization(about: About) -> str:
    """Write the manager of permissions as the object that a method is called of.

    Raises:
        Unanswered: the server does not say where it is.
    """
    start = manager_of(ROLE, about)
    return "" if start is None else reference("_this", start.type, start.identity)
