"""Asks for properties of many objects, a page at a time, from where an inventory begins.

No view is made on the server: paths are walked by the property collector, and what can be reached
in two ways comes once. ::

    root Folder ── childEntity ──▶ Datacenter ── vmFolder ────▶ Folder ──▶ VirtualMachine
                                              ── hostFolder ──▶ Folder ──▶ ComputeResource
    ComputeResource ── host ──────────▶ HostSystem
                    ── resourcePool ──▶ ResourcePool ── vm ──▶ VirtualMachine
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from collectors.http.client import Answer
from collectors.http.failures import Unanswered
from collectors.vsphere.live.calls import Calls, reference, text
from collectors.vsphere.live.cutting import Known
from collectors.vsphere.live.faults import Fault, fault_in
from collectors.vsphere.live.markup import child, name_of, text_of

_FOLDER: Final = "Folder.childEntity"
_WALK: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        _FOLDER: (
            *(_FOLDER, "Datacenter.vmFolder", "Datacenter.hostFolder", "Datacenter.networkFolder"),
            *("Datacenter.datastoreFolder", "ComputeResource.host", "ComputeResource.resourcePool"),
        ),
        "Datacenter.vmFolder": (_FOLDER,),
        "Datacenter.hostFolder": (_FOLDER,),
        "Datacenter.networkFolder": (_FOLDER,),
        "Datacenter.datastoreFolder": (_FOLDER,),
        "ComputeResource.host": (),
        "ComputeResource.resourcePool": ("ResourcePool.resourcePool", "ResourcePool.vm"),
        "ResourcePool.resourcePool": ("ResourcePool.resourcePool", "ResourcePool.vm"),
        "ResourcePool.vm": (),
    }
)
"""Each way on from an object, and those that may follow it."""
_OF_A_CLUSTER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ComputeResource.host": ("HostSystem.vm",),
        "HostSystem.vm": (),
        "ComputeResource.resourcePool": ("ResourcePool.resourcePool", "ResourcePool.vm"),
        "ResourcePool.resourcePool": ("ResourcePool.resourcePool", "ResourcePool.vm"),
        "ResourcePool.vm": (),
        "ComputeResource.network": (),
        "ComputeResource.datastore": (),
    }
)
"""Of a cluster machines, networks and stores are found by what uses them."""


class Start(msgspec.Struct, frozen=True):
    """Where to begin: an object; ``walks`` is false where it is all that is asked for."""

    type: str
    identity: str
    walks: bool = True


class Missing(msgspec.Struct, frozen=True):
    """A property of an object that the server did not give, and why."""

    path: str
    fault: Fault


class Found(msgspec.Struct, frozen=True):
    """One object: what was given of it, by the paths of properties.

    ``known`` is where values were read before that are the same to the byte, None for nowhere.
    """

    type: str
    identity: str
    values: dict[str, Element]
    missing: tuple[Missing, ...]
    known: Known | None = None


class Pages:
    """Pages of objects of one server."""

    def __init__(self, calls: Calls, collector: str) -> None:
        self._calls = calls
        self._this = reference("_this", "PropertyCollector", collector)

    def of(
        self,
        start: Start,
        wanted: Sequence[tuple[str, Sequence[str]]],
        size: int,
        known: Known | None = None,
    ) -> Iterator[list[Found]]:
        """Ask for properties of objects of the wanted types; ``known`` is what was read before.

        Raises:
            Unanswered: a page did not come, or is not understood; those before it were yielded.
        """
        return self._every(_specification(start, wanted), size, known or Known())

    def _every(self, specification: str, size: int, known: Known) -> Iterator[list[Found]]:
        method = "RetrievePropertiesEx"
        options = f"<options>{text('maxObjects', str(size))}</options>"
        arguments = f"{self._this}{specification}{options}"
        while True:
            token, found = self._page(method, self._calls.answer(method, arguments), known)
            if found:
                yield found
            if not token:
                return
            method, arguments = (
                "ContinueRetrievePropertiesEx",
                f"{self._this}{text('token', token)}",
            )

    def _page(self, method: str, answer: Answer, known: Known) -> tuple[str, list[Found]]:
        """Read the objects of an answer, and by what the next page is asked for."""
        cut = known.cut(answer.body, method)
        if cut is not None:
            return cut[0], [
                Found(kind, identity, values, tuple(map(_missing, lost)), known)
                for kind, identity, values, lost in cut[1]
            ]
        returned = self._calls.returned(method, answer)
        if not returned:  # nothing was found
            return "", []
        token = text_of(child(returned[0], "token"))
        return token, [found_of(each) for each in returned[0] if name_of(each) == "objects"]

    def several(self, starts: Sequence[Start], paths: Sequence[str]) -> list[Found]:
        """Ask for properties of objects of one type that are known; one that went is not there.

        Raises:
            Unanswered: as :meth:`of`.
        """
        objects = "".join(
            f"<objectSet>{reference('obj', each.type, each.identity)}<skip>false</skip></objectSet>"
            for each in starts
        )
        asked = f"{_properties(((starts[0].type, paths),))}{objects}"
        gone = text("reportMissingObjectsInResults", "true")
        pages = self._every(f"<specSet>{asked}{gone}</specSet>", len(starts), Known())
        return [each for page in pages for each in page]

    def first(self, start: Start, kind: str, paths: Sequence[str]) -> list[Found]:
        """Ask for one object of a type, and let the rest be.

        Raises:
            Unanswered: as :meth:`of`.
        """
        options = f"<options>{text('maxObjects', '1')}</options>"
        arguments = f"{self._this}{_specification(start, ((kind, paths),))}{options}"
        returned = self._calls.call("RetrievePropertiesEx", arguments)
        if not returned:
            return []
        token = text_of(child(returned[0], "token"))
        if token:
            self._cancel(token)
        return [found_of(each) for each in returned[0] if name_of(each) == "objects"]

    def _cancel(self, token: str) -> None:
        try:
            arguments = f"{self._this}{text('token', token)}"
            self._calls.call("CancelRetrievePropertiesEx", arguments)
        except Unanswered:
            pass  # it ends with the session


def _properties(wanted: Sequence[tuple[str, Sequence[str]]]) -> str:
    return "".join(
        f"<propSet>{text('type', kind)}{text('all', 'false')}"
        f"{''.join(text('pathSet', path) for path in paths)}</propSet>"
        for kind, paths in wanted
    )


def _specification(start: Start, wanted: Sequence[tuple[str, Sequence[str]]]) -> str:
    sets = _properties(wanted)
    first = reference("obj", start.type, start.identity)
    return (
        f"<specSet>{sets}<objectSet>{first}<skip>false</skip>{_walks(start)}</objectSet></specSet>"
    )


def _walks(start: Start) -> str:
    """Write the ways that lead on from an object, each with the names of those after it."""
    if not start.walks:
        return ""
    walk = _OF_A_CLUSTER if start.type == "ClusterComputeResource" else _WALK
    return "".join(_way(name, after) for name, after in walk.items())


def _way(name: str, after: Sequence[str]) -> str:
    kind, _, path = name.partition(".")
    others = "".join(f"<selectSet>{text('name', each)}</selectSet>" for each in after)
    return (
        f'<selectSet xsi:type="TraversalSpec">{text("name", name)}{text("type", kind)}'
        f"{text('path', path)}<skip>false</skip>{others}</selectSet>"
    )


def found_of(element: Element) -> Found:
    """Read an object of an answer: what was given of it, and what was not."""
    identity = child(element, "obj")
    values: dict[str, Element] = {}
    missing: list[Missing] = []
    for each in element:
        if name_of(each) == "propSet":
            value = child(each, "val")
            if value is not None:
                values[text_of(child(each, "name"))] = value
        elif name_of(each) == "missingSet":
            missing.append(_missing(each))
    kind = identity.get("type", "") if identity is not None else ""
    return Found(kind, text_of(identity), values, tuple(missing))


def _missing(element: Element) -> Missing:
    """Read why a property was not given: the fault, and what the server says of it."""
    outer = child(element, "fault")
    inner = child(outer, "fault") if outer is not None else None
    said = text_of(child(outer, "localizedMessage")) if outer is not None else ""
    return Missing(text_of(child(element, "path")), fault_in(inner, said))
