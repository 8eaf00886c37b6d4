"""Asks managers of objects what no view tells: several at once, each for as long as a request may.

What one of them refuses, or does not answer in time, is a gap for its object alone. The answers are
in the order of the objects, whoever was first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from xml.etree.ElementTree import Element

import msgspec

from auditor.model.enums import Answered
from collectors.http.failures import Unanswered
from collectors.vsphere.kinds.asked import ALARM, ALARM_PATH, ALARM_TYPE, Asked
from collectors.vsphere.live.calls import Calls, Faulted, reference, text
from collectors.vsphere.live.forms import LISTS, Plain, value_of
from collectors.vsphere.live.markup import Refused, text_of
from collectors.vsphere.live.objects import Tree
from collectors.vsphere.live.pages import Found, Pages, Start

_AT_ONCE: Final = 4
"""Calls: as many as connections are kept."""
_PAGE: Final = 100


class Told(msgspec.Struct, frozen=True):
    """What came of one object: what is kept of it, None for nothing, or why there is nothing."""

    identity: str
    body: dict[str, Any] | None = None
    error: Unanswered | None = None


class Asking:
    """The managers of one server's objects; ``tree`` says where these are."""

    def __init__(self, calls: Calls, pages: Pages, tree: Tree) -> None:
        self._calls = calls
        self._pages = pages
        self._tree = tree

    def of(self, start: Start, asked: Asked) -> Iterator[list[Told]]:
        """Ask the manager of each object of a type, a page of objects at a time.

        Raises:
            Unanswered: the objects could not be listed.
        """
        wanted = ((asked.of, ("name", "parent", asked.path)),)
        with ThreadPoolExecutor(_AT_ONCE, "vsphere") as pool:
            for page in self._pages.of(start, wanted, _PAGE):
                yield list(pool.map(lambda found: self._told(found, asked), page))

    def first(self, start: Start, asked: Asked) -> Told | None:
        """Ask the manager of the first object alone, None where there is none.

        Raises:
            Unanswered: the objects could not be listed.
        """
        found = self._pages.first(start, asked.of, ("name", "parent", asked.path))
        return self._told(found[0], asked) if found else None

    def _told(self, found: Found, asked: Asked) -> Told:
        for lost in found.missing:
            return Told(found.identity, error=Faulted(lost.fault))
        manager = found.values.get(asked.path)
        if manager is None:
            missing = Unanswered(Answered.NOT_FOUND, f"it has no {asked.path}")
            return Told(found.identity, error=missing)
        try:
            body = answer_of(asked, self._asked(asked, text_of(manager)))
        except Faulted as faulted:
            if asked.none and faulted.fault.name == asked.none:
                return Told(found.identity)
            return Told(found.identity, error=faulted)
        except Unanswered as error:
            return Told(found.identity, error=error)
        except Refused as refused:
            return Told(found.identity, error=Unanswered(Answered.MALFORMED, str(refused)))
        return Told(found.identity, {**head_of(found, self._tree), **body})

    def _asked(self, asked: Asked, identity: str) -> list[Element]:
        if asked.method:
            arguments = "".join(text(name, value) for name, value in asked.arguments)
            this = reference("_this", asked.type, identity)
            return self._calls.call(asked.method, this + arguments)
        start = Start(asked.type, identity, walks=False)
        found = self._pages.first(start, asked.type, (asked.field,))
        for each in found:
            for lost in each.missing:
                raise Faulted(lost.fault)
        return [each.values[asked.field] for each in found if asked.field in each.values]

    def alarms(self, manager: Start) -> list[Element]:
        """Ask for all alarms that are declared.

        Raises:
            Unanswered: one of them could not be read, so it is not known what is missing.
        """
        listed = self._calls.call("GetAlarm", reference("_this", manager.type, manager.identity))
        starts = [Start(ALARM_TYPE, text_of(each), walks=False) for each in listed]
        found: list[Element] = []
        for first in range(0, len(starts), _PAGE):
            for each in self._pages.several(starts[first : first + _PAGE], (ALARM_PATH,)):
                for lost in each.missing:
                    raise Faulted(lost.fault)
                found += [each.values[ALARM_PATH]] if ALARM_PATH in each.values else []
        return found


def head_of(found: Found, tree: Tree) -> dict[str, str]:
    """Say which object an answer is about."""
    name = text_of(found.values.get("name")) or found.identity
    parent = text_of(found.values.get("parent"))
    path = tree.path(parent, name, found.identity)
    return {"moid": found.identity, "name": name, "path": path}


def answer_of(asked: Asked, elements: Sequence[Element]) -> dict[str, Any]:
    """Take what is kept out of what a method returned.

    Raises:
        Refused: it is not what the API says that it is.
    """
    if isinstance(asked.form, LISTS):
        together = Element("val")
        together.extend(elements)
        return {asked.field: value_of(together, asked.form)}
    if not elements:
        return {asked.field: ""} if isinstance(asked.form, Plain) else {}
    value: Any = value_of(elements[0], asked.form)
    return {asked.field: value} if asked.field else value


def alarms_of(elements: Sequence[Element], root: str) -> dict[str, Any]:
    """Make one object of all alarms; ``events`` are what each is raised by, by their ids.

    Raises:
        Refused: one of them is not what the API says that it is.
    """
    read: Any = [value_of(each, ALARM) for each in elements]
    alarms = [
        {
            "name": each.get("name", ""),
            "enabled": each.get("enabled", False),
            "everywhere": each.get("entity", "") == root,
            "events": [_event(one) for one in _expressions(each.get("expression", {}))],
        }
        for each in read
    ]
    return {"name": "alarms", "alarms": alarms}


def _expressions(expression: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in (expression, *expression.get("expression", ())):
        if each.get("eventType") or each.get("eventTypeId"):
            yield each


def _event(expression: Mapping[str, Any]) -> str:
    """The id of an event: of one of the API its type, of any other what it is called."""
    return str(expression.get("eventTypeId") or expression["eventType"].rpartition(":")[2])
