"""Failing findings by object: what is wrong with this DaemonSet, the worst objects first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.model.enums import Severity
from auditor.model.finding import Report
from auditor.model.results_finding import Finding, ResourceRef
from reports.room import Block, cut
from reports.style import Style
from reports.subjects import location_of, named
from reports.text import cells, safe, wrap
from reports.waivers import counted

SHOWN_OBJECTS: Final = 50
SHOWN_RULES: Final = 6
SHOWN_ELEMENTS: Final = 3
_ORDER: Final = tuple(reversed(Severity))

_Key = tuple[str, str, str, str, str]


class _Fault(msgspec.Struct):
    """A rule that an object fails, and in which of its elements."""

    severity: str
    rule: str
    number: int = 0
    elements: list[str] = msgspec.field(default_factory=list)


class _Object(msgspec.Struct):
    """An object with what it fails, by rule."""

    resource: ResourceRef
    counts: list[int]
    new: list[int]
    faults: dict[str, _Fault] = msgspec.field(default_factory=dict)

    def worst_first(self) -> list[int]:
        """What objects are ordered by: what a baseline does not have, then all."""
        return [-number for number in (*self.new, *self.counts)]

    def add(self, finding: Finding) -> None:
        fault = self.faults.setdefault(finding.rule, _Fault(finding.severity, finding.rule))
        fault.number += 1
        if finding.element and len(fault.elements) < SHOWN_ELEMENTS:
            fault.elements.append(finding.element)


class ByObject:
    """Tells failing findings of a report by their objects."""

    def __init__(self, report: Report, style: Style) -> None:
        self._report = report
        self._style = style
        self._many_targets = len(report.targets) > 1

    def blocks(self) -> Iterator[Block]:
        """Make a block of each object; without ``--all`` of the worst, and what they fail most."""
        every = self._style.everything
        found = self._objects()
        order = sorted(found, key=lambda key: (found[key].worst_first(), key))
        chosen = dict.fromkeys(order if every else order[:SHOWN_OBJECTS])
        for finding in self._failing():
            key = _key(finding.resource)
            if key in chosen:
                found[key].add(finding)
        for key in chosen:
            yield self._block(found[key], every=every)
        rest = order[len(chosen) :]
        if rest:
            number = sum(sum(found[key].counts) for key in rest)
            text = f"and {len(rest):,} more objects, {number:,} findings: --all lists them"
            yield Block((text,), f"  {text}", number)

    def _failing(self) -> Iterator[Finding]:
        return (each for each in counted(self._report.findings) if each.verdict == "fail")

    def _objects(self) -> dict[_Key, _Object]:
        """Count the failing findings of each object by severity, critical first; new ones too."""
        found: dict[_Key, _Object] = {}
        places = {severity.value: at for at, severity in enumerate(_ORDER)}
        for finding in self._failing():
            key = _key(finding.resource)
            if key not in found:
                found[key] = _Object(finding.resource, [0] * len(_ORDER), [0] * len(_ORDER))
            at = places[finding.severity]
            found[key].counts[at] += 1
            found[key].new[at] += finding.new
        return found

    def _block(self, thing: _Object, *, every: bool) -> Block:
        style, total = self._style, sum(thing.counts)
        said = ", ".join(
            f"{number:,} {severity.value}"
            for severity, number in zip(_ORDER, thing.counts, strict=True)
            if number
        )
        if any(thing.new):
            said += f"; {sum(thing.new):,} new"
        name = safe(named(thing.resource))
        place = safe(location_of(thing.resource, many_targets=self._many_targets))
        lines = self._head(name, place, said)
        faults = list(thing.faults.values())
        shown = faults if every else faults[:SHOWN_RULES]
        for fault in shown:
            lines += self._fault(fault)
        if len(faults) > len(shown):
            text = f"and {len(faults) - len(shown)} more rules: --all lists them"
            lines += wrap(text, style.width, "  ")
        return Block(tuple(lines), cut(f"  {name}  {said}", style.width), total)

    def _head(self, name: str, place: str, said: str) -> list[str]:
        style = self._style
        if style.width is None or cells(f"{name}  {place}  {said}") <= style.width:
            return [f"{style.paint(name, 'bold')}  {style.paint(place, 'dim')}  {said}"]
        return [*wrap(name, style.width, ""), *wrap(f"{place}  {said}", style.width, "  ")]

    def _fault(self, fault: _Fault) -> list[str]:
        style = self._style
        text = fault.rule
        if fault.elements:
            more = fault.number - len(fault.elements)
            text += f"  {', '.join(fault.elements)}" + (f" and {more:,} more" if more > 0 else "")
        word = fault.severity.upper()
        first, *rest = wrap(f"{word:<9} {safe(text)}", style.width, "  ")
        painted = style.paint(word, fault.severity)
        return [first.replace(word, painted, 1), *(f"  {line}" for line in rest)]


def _key(resource: ResourceRef) -> _Key:
    return resource.target, resource.namespace, resource.kind, resource.name, resource.file
