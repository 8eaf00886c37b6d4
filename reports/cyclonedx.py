"""CycloneDX attestations (1.6, ECMA-424): claims, the evidence for and against them, conformance.

=========================== ==================================================================
ours                        in CycloneDX
=========================== ==================================================================
a framework, its controls   a standard among the definitions, its requirements
a target                    a component among the targets of declarations
a finding of any verdict    evidence, with what was found, on whom, and what was read
what was not read           evidence against the claim that all was read
a rule on a target          a claim: findings that pass are evidence, all others that apply speak
                            against it
a waiver                    evidence of the mitigation of the claims that it is about
a control that was assessed a row of the attestation of its framework: claims and counter-claims,
                            how far it conforms
the gate, the coverage      properties of the metadata
=========================== ==================================================================

A control that is undetermined has no score, since 0 would say that it fails; that nothing is known
is its confidence. One that is supported has none either: that its rules speak to it is our own
mapping. One that was not assessed is a requirement and no row.

Evidence is written as findings are read; of each, four bytes are kept for its claim.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, assert_never

import msgspec

from auditor.model.enums import ControlState
from auditor.model.finding import GapReport, Report
from auditor.model.results import ControlResult
from auditor.model.results_finding import Finding, ResourceRef, Waiver
from reports.controls import NOT_LOOKED_AT, in_order, mark
from reports.details import (
    accepted,
    gap_details,
    gap_message,
    message,
    not_decided,
    rule_of,
    verdict_of_run,
)
from reports.of_run import lines_of_run
from reports.oscal_values import uuid
from reports.subjects import named, observations
from reports.text import safe

VERSION: Final = "1.6"
SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
COMPLETE: Final = "claim/read"
_ASSESSOR: Final = "assessor/auditor"
_BATCH: Final = 1000
_encode = msgspec.json.encode
_Object = dict[str, Any]


def render(report: Report) -> Iterator[bytes]:
    """Yield the document, a piece of evidence a line."""
    learned = _Learned(report)
    yield _encode(_head(report))[:-1] + b',\n"declarations":{"assessors":%b' % _encode(_ASSESSORS)
    separator = b',\n"evidence":[\n'
    for item in _evidence(report, learned):
        yield separator + _encode(item)
        separator = b",\n"
    yield b"]" if separator == b",\n" else b""
    yield b',\n"claims":[\n'
    yield from _claims(report, learned)
    yield b'],\n"attestations":%b' % _encode(_attestations(report, learned))
    yield b',\n"targets":{"components":%b}}}\n' % _encode([*learned.components()])


_ASSESSORS: Final = [
    {"bom-ref": _ASSESSOR, "thirdParty": False, "organization": {"name": "auditor"}}
]


def _head(report: Report) -> _Object:
    lines = (verdict_of_run(report), *lines_of_run(report))
    about = [
        _property("gate", report.gate.decision.value),
        _property("digest", report.digest),
        _property("policy", report.policy),
        *(_property("run", line) for line in lines),
    ]
    tool = {"type": "application", "name": "auditor", "version": safe(report.version)}
    found: _Object = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": VERSION,
        "serialNumber": f"urn:uuid:{uuid('cyclonedx', report.run_id, report.digest)}",
        "version": 1,
        "metadata": {
            "timestamp": report.finished,
            "tools": {"components": [tool]},
            "properties": about,
        },
    }
    standards = [*_standards(report)]
    return {**found, "definitions": {"standards": standards}} if standards else found


def _property(name: str, value: str) -> _Object:
    return {"name": f"auditor:{name}", "value": safe(value)}


def _standards(report: Report) -> Iterator[_Object]:
    known = {framework.id: framework for framework in report.frameworks}
    for framework, members in groupby(in_order(report), key=lambda each: each.framework):
        found: _Object = {"bom-ref": f"standard/{safe(framework)}"}
        about = known.get(framework)
        found["name"] = safe((about.title if about is not None else "") or framework)
        if about is not None and about.version:
            found["version"] = safe(about.version)
        if about is not None and mark(about):
            found["description"] = safe(mark(about))
        yield {
            **found,
            "requirements": [
                {
                    "bom-ref": _ref(each),
                    "identifier": safe(each.id),
                    "title": safe(each.title),
                    "properties": [_property("state", _state(each))],
                }
                for each in members
            ],
        }


def _state(control: ControlResult) -> str:
    """The state of a control, why, and whether anybody has looked at the mapping."""
    why = f": {control.why}" if control.why else ""
    return f"{control.state.value}{' (unreviewed)' if control.unreviewed else ''}{why}"


def _ref(control: ControlResult) -> str:
    return f"requirement/{safe(control.framework)}:{safe(control.id)}"


class _Claim(msgspec.Struct):
    """A rule on a target: which pieces of evidence speak for it and against it, by number."""

    number: int
    rule: str
    target: str
    waivers: dict[str, None] = msgspec.field(default_factory=dict)
    supporting: array[int] = msgspec.field(default_factory=lambda: array("I"))
    opposing: array[int] = msgspec.field(default_factory=lambda: array("I"))

    @property
    def ref(self) -> str:
        """What others refer to it by."""
        return f"claim/{self.number}"


class _Learned:
    """What is known when all findings were seen."""

    def __init__(self, report: Report) -> None:
        self.claims: dict[tuple[str, str], _Claim] = {}
        self.waivers: dict[str, str] = {}
        self.of_control: dict[str, dict[tuple[str, str], None]] = {}
        self._report = report
        self._targets = dict.fromkeys(target.uri for target in report.targets)

    def see(self, finding: Finding, number: int) -> None:
        """Learn of a finding, the evidence of that number."""
        target = finding.resource.target
        key = (finding.rule, target)
        claim = self.claims.get(key)
        if claim is None:
            claim = self.claims[key] = _Claim(len(self.claims), *key)
            self._targets[target] = None
        if finding.verdict == "pass":
            claim.supporting.append(number)
        elif finding.verdict != "not-applicable":
            claim.opposing.append(number)
        if finding.waiver is not None:
            claim.waivers[finding.waiver.id] = None
        for control in finding.controls:
            self.of_control.setdefault(control, {})[key] = None

    def target(self, uri: str) -> str:
        """What a target is referred to by."""
        self._targets[uri] = None
        return f"target/{uuid('target', uri)}"

    def components(self) -> Iterator[_Object]:
        """The targets."""
        known = {target.uri: target for target in self._report.targets}
        for uri in self._targets:
            found: _Object = {"bom-ref": self.target(uri), "type": "platform", "name": safe(uri)}
            about = known.get(uri)
            if about is not None:
                found |= {"version": safe(about.version)} if about.version else {}
                found["properties"] = [_property("state", about.state.value)]
            yield found


def _evidence(report: Report, learned: _Learned) -> Iterator[_Object]:
    created = report.finished
    held: dict[str, Waiver] = {}
    for number, finding in enumerate(report.findings):
        learned.see(finding, number)
        if finding.waiver is not None:
            held.setdefault(finding.waiver.id, finding.waiver)
        yield {
            "bom-ref": f"finding/{number}",
            "propertyName": safe(finding.rule),
            "description": message(finding),
            "data": [_attached(_about(finding)), *_read(finding)],
            "created": created,
        }
    for number, item in enumerate(report.gaps):
        yield {
            "bom-ref": f"gap/{number}",
            "propertyName": "auditor-not-read",
            "description": gap_message(item),
            "data": [_attached(_of_gap(item))],
            "created": created,
        }
    for number, (name, waiver) in enumerate(held.items()):
        learned.waivers[name] = f"waiver/{number}"
        yield {
            "bom-ref": f"waiver/{number}",
            "propertyName": "auditor-waiver",
            "description": accepted(waiver),
            "created": created,
        }


def _attached(about: _Object) -> _Object:
    """What evidence has no field for, as JSON within."""
    content = _encode(about).decode()
    return {
        "name": "finding",
        "contents": {"attachment": {"contentType": "application/json", "content": content}},
    }


def _read(finding: Finding) -> Iterator[_Object]:
    """Name what it was read in, by its digest."""
    for digest in finding.evidence:
        yield {"name": "read in", "contents": {"url": f"urn:{safe(digest)}"}}


def _about(finding: Finding) -> _Object:
    flags = {name: True for name in ("new", "heuristic", "differs") if getattr(finding, name)}
    about = {
        "verdict": finding.verdict,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "resource": _resource(finding.resource),
        "element": safe(finding.element),
        "observed": [*map(safe, observations(finding))],
        "related": [_resource(each) for each in finding.related],
        "covered_by": finding.covered_by,
        "waiver": safe(finding.waiver.id) if finding.waiver is not None else "",
        "fingerprint": finding.fingerprint,
        **flags,
    }
    found = {name: value for name, value in about.items() if value}
    return {**found, "covers": finding.covers} if finding.covers > 1 else found


def _resource(resource: ResourceRef) -> str:
    return safe(f"{named(resource)} in {resource.target} {resource.location}")


def _of_gap(item: GapReport) -> _Object:
    return {"cause": item.gap.cause.value, "details": [*gap_details(item)]}


def _claims(report: Report, learned: _Learned) -> Iterator[bytes]:
    """Yield the claims; the first is that all was read."""
    complete: _Object = {
        "bom-ref": COMPLETE,
        "predicate": "All that was to be read was read.",
        "reasoning": not_decided(report),
    }
    yield _encode(complete)[:-1]
    yield from _listed("counterEvidence", "gap", range(len(report.gaps)))
    yield b"}"
    for claim in learned.claims.values():
        title = rule_of(report, claim.rule).title
        found: _Object = {
            "bom-ref": claim.ref,
            "target": learned.target(claim.target),
            "predicate": safe(f"It is not so: {title} ({claim.rule})"),
        }
        if claim.waivers:
            found["mitigationStrategies"] = [learned.waivers[name] for name in claim.waivers]
        yield b",\n" + _encode(found)[:-1]
        yield from _listed("evidence", "finding", claim.supporting)
        yield from _listed("counterEvidence", "finding", claim.opposing)
        yield b"}"


def _listed(name: str, prefix: str, numbers: Sequence[int]) -> Iterator[bytes]:
    """A list of references as a member of an object that goes on; nothing where it is empty."""
    if not numbers:
        return
    yield b',"%b":[' % name.encode()
    for first in range(0, len(numbers), _BATCH):
        part = [f"{prefix}/{number}" for number in numbers[first : first + _BATCH]]
        yield (b"," if first else b"") + _encode(part)[1:-1]
    yield b"]"


def _attestations(report: Report, learned: _Learned) -> list[_Object]:
    known = {framework.id: framework.title for framework in report.frameworks}
    found = []
    for framework, members in groupby(in_order(report), key=lambda each: each.framework):
        rows = [_row(each, learned) for each in members if each.state not in NOT_LOOKED_AT]
        title = safe(known.get(framework) or framework)
        summary = f"{title}: {len(rows)} of its controls were assessed by rules"
        row: _Object = {"summary": summary, "assessor": _ASSESSOR}
        found.append({**row, "map": rows} if rows else row)
    return found


def _row(control: ControlResult, learned: _Learned) -> _Object:
    found: _Object = {"requirement": _ref(control)}
    keys = learned.of_control.get(f"{control.framework}:{control.id}", {})
    claims = [learned.claims[key] for key in keys]
    for name, against in (("claims", False), ("counterClaims", True)):
        refs = [each.ref for each in claims if bool(each.opposing) is against]
        if refs:
            found[name] = refs
    said = safe(_state(control))
    if control.state is ControlState.SATISFIED and "claims" not in found:
        said += "; what passes was not listed in this run, auditor lists it when asked (--all)"
    return {**found, **_score(control.state, said)}


def _score(state: ControlState, said: str) -> _Object:
    """How far a control conforms, and how sure that is."""
    match state:
        case ControlState.SATISFIED:
            return {"conformance": {"score": 1, "rationale": said}}
        case ControlState.NOT_SATISFIED:
            return {"conformance": {"score": 0, "rationale": said}}
        case ControlState.UNDETERMINED:
            return {"conformance": {"rationale": said}, "confidence": {"score": 0}}
        case (
            ControlState.SUPPORTED
            | ControlState.ATTESTED
            | ControlState.MANUAL
            | ControlState.NOT_ASSESSED
            | ControlState.NOT_COVERED
        ):
            return {"conformance": {"rationale": said}}
    assert_never(state)
