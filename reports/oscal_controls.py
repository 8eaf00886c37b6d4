"""Controls and risks in OSCAL: what was reviewed, what came of it, and what was accepted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, assert_never

import msgspec

from auditor.model.enums import ControlState
from auditor.model.finding import Report
from auditor.model.policy import Framework
from auditor.model.results import ControlResult
from auditor.model.results_finding import Finding, Waiver
from reports.controls import NOT_LOOKED_AT, in_order, mark
from reports.details import accepted, rule_of
from reports.markdown import code, prose
from reports.marked import marked
from reports.oscal_values import NAMESPACE, prop, props, quoted, token, uuid, written
from reports.text import safe

MOST_OBSERVATIONS: Final = 200
"""Observations that a control lists of each verdict; its risks have all that fail."""
_SIZE: Final = 16
_BATCH: Final = 1000 * _SIZE
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_encode = msgspec.json.encode
_Object = dict[str, Any]


class Risk(msgspec.Struct):
    """Findings of a rule that fail: all, or those that a waiver accepts; observations by id."""

    rule: str
    severity: str
    waiver: Waiver | None
    observations: bytearray = msgspec.field(default_factory=bytearray)

    @property
    def uuid(self) -> str:
        """What it is called: the same in each run."""
        return uuid("risk", self.rule, "" if self.waiver is None else self.waiver.id)


class Seen(msgspec.Struct):
    """What was seen of a control: its observations by verdict, its risks in their order."""

    observations: dict[str, bytearray] = msgspec.field(default_factory=dict)
    left: Counter[str] = msgspec.field(default_factory=Counter)
    risks: dict[tuple[str, str], None] = msgspec.field(default_factory=dict)


class Learned:
    """What is known when all findings were seen."""

    def __init__(self, report: Report) -> None:
        self.risks: dict[tuple[str, str], Risk] = {}
        self.seen: dict[str, Seen] = {
            f"{control.framework}:{control.id}": Seen() for control in report.controls
        }

    def see(self, finding: Finding, observation: bytes) -> None:
        """Learn of a finding, and by which id it is observed."""
        key = (finding.rule, "" if finding.waiver is None else finding.waiver.id)
        fails = finding.verdict == "fail"
        if fails:
            risk = self.risks.get(key)
            if risk is None:
                risk = self.risks[key] = Risk(finding.rule, finding.severity, finding.waiver)
            risk.observations += observation
        for control in finding.controls:
            seen = self.seen.get(control)
            if seen is None:
                continue
            if fails:
                seen.risks[key] = None
            held = seen.observations.setdefault(str(finding.verdict), bytearray())
            if len(held) < MOST_OBSERVATIONS * _SIZE:
                held += observation
            else:
                seen.left[finding.verdict] += 1


def controls(report: Report) -> _Object:
    """What was reviewed, a selection a framework: assessed controls are in it, others left out.

    Where none was assessed it is all but all of them, since a selection must include something.
    """
    titles = {each.id: _named(each) for each in report.frameworks}
    selections = []
    for framework, group in groupby(in_order(report), key=lambda each: each.framework):
        members = list(group)
        selection: _Object = {
            "description": f"Controls of {titles.get(framework) or quoted(framework)}.",
            "props": [
                prop("framework", framework),
                *({**prop("control-id", each.id), "class": _token(each)} for each in members),
            ],
        }
        for name, assessed in (("include-controls", True), ("exclude-controls", False)):
            ids = [_token(each) for each in members if _assessed(each) is assessed]
            if ids:
                selection[name] = [{"control-id": each} for each in ids]
        if "include-controls" not in selection:
            selection["include-all"] = {}
        selections.append(selection)
    found: _Object = {"control-selections": selections or [_NONE]}
    objectives = [{"objective-id": _token(each)} for each in in_order(report) if _assessed(each)]
    if objectives:
        found["control-objective-selections"] = [{"include-objectives": objectives}]
    return found


def _named(framework: Framework) -> str:
    """A framework by its title, and whose mapping it is."""
    words = f" ({mark(framework)})" if mark(framework) else ""
    return f"{quoted(framework.title or framework.id)}{words}"


_NONE: Final = {
    "description": "The rules of the profile are mapped to no controls: none was assessed.",
    "include-all": {},
}
"""OSCAL wants a selection, and one of nothing can only be all of nothing."""


def findings(report: Report, learned: Learned, origins: Sequence[_Object]) -> Iterator[_Object]:
    """Yield a finding for each control that was assessed."""
    for control in in_order(report):
        status = _status(control.state)
        if status is None:
            continue
        seen = learned.seen[f"{control.framework}:{control.id}"]
        name = _token(control)
        said = f"{quoted(f'{control.framework}:{control.id}')} is {control.state.value}"
        found: _Object = {
            "uuid": uuid("finding", control.framework, control.id),
            "title": prose(safe(control.title)),
            "description": f"{said}{_WHY[control.state]}",
            "props": props(
                framework=control.framework,
                control_id=control.id,
                state=control.state.value,
                why=control.why,
                unreviewed="yes" if control.unreviewed else "",
            ),
            "origins": origins,
            "target": {"type": "objective-id", "target-id": name, "status": status},
        }
        observations = [*_references(seen.observations, _DECIDING[control.state])]
        if observations:
            found["related-observations"] = observations
        if seen.risks:
            found["related-risks"] = [{"risk-uuid": learned.risks[key].uuid} for key in seen.risks]
        lines = [quoted(f"{each.target}: {each.state.value}") for each in control.targets]
        lines += _not_listed(control, seen)
        if lines:
            found["remarks"] = "\n\n".join(lines)
        yield found


def _not_listed(control: ControlResult, seen: Seen) -> Iterator[str]:
    """Say of which observations that a state rests on there is none here, and why."""
    deciding = _DECIDING[control.state]
    left = sum(seen.left[verdict] for verdict in deciding)
    if left:
        yield (
            f"{left} more observations are not listed: a control has {MOST_OBSERVATIONS} of a "
            "verdict. Each observation names its controls."
        )
    if "pass" in deciding and not seen.observations.get("pass"):
        yield "What passes was not listed in this run; auditor lists it when asked (--all)."


_WHY: Final = {
    ControlState.SATISFIED: ": all that its rules looked at passes.",
    ControlState.NOT_SATISFIED: ": a rule fails.",
    ControlState.UNDETERMINED: (
        ": nothing fails, but something could not be decided or was not read, so it is not shown "
        "to be satisfied."
    ),
    ControlState.SUPPORTED: (
        ": all that speaks to it passes. That it does is this program's own mapping, so it is not "
        "shown to be satisfied."
    ),
    ControlState.ATTESTED: ": by a person's word, which no rule has shown.",
    ControlState.MANUAL: ".",
    ControlState.NOT_ASSESSED: ".",
    ControlState.NOT_COVERED: ".",
}
_DECIDING: Final = {
    ControlState.SATISFIED: ("pass",),
    ControlState.NOT_SATISFIED: ("fail",),
    ControlState.UNDETERMINED: ("unknown", "manual"),
    ControlState.SUPPORTED: ("pass",),
    ControlState.ATTESTED: (),
    ControlState.MANUAL: (),
    ControlState.NOT_ASSESSED: (),
    ControlState.NOT_COVERED: (),
}
"""The verdicts of the findings that a state rests on."""


def _status(state: ControlState) -> _Object | None:
    """What OSCAL calls a state, None for what is no finding."""
    match state:
        case ControlState.SATISFIED:
            return {"state": "satisfied", "reason": "pass"}
        case ControlState.NOT_SATISFIED:
            return {"state": "not-satisfied", "reason": "fail"}
        case ControlState.UNDETERMINED:
            return {
                "state": "not-satisfied",
                "reason": "other",
                "remarks": "Undetermined: this is neither shown to be satisfied nor to fail.",
            }
        case ControlState.SUPPORTED:
            return {
                "state": "not-satisfied",
                "reason": "other",
                "remarks": "Supported: what speaks to it passes, by a mapping of our own.",
            }
        case ControlState.ATTESTED:
            return {
                "state": "satisfied",
                "reason": "other",
                "remarks": "Attested: a person's word, which no rule has shown.",
            }
        case ControlState.NOT_ASSESSED | ControlState.MANUAL | ControlState.NOT_COVERED:
            return None
    assert_never(state)


def _assessed(control: ControlResult) -> bool:
    return control.state not in NOT_LOOKED_AT


def _token(control: ControlResult) -> str:
    return token(f"{control.framework}:{control.id}")


def _references(held: dict[str, bytearray], verdicts: Sequence[str]) -> Iterator[_Object]:
    for verdict in verdicts:
        yield from _observations(held.get(verdict, bytearray()))


def _observations(held: bytes | bytearray) -> Iterator[_Object]:
    for start in range(0, len(held), _SIZE):
        yield {"observation-uuid": written(bytes(held[start : start + _SIZE]))}


def risks(report: Report, learned: Learned, origins: Sequence[_Object]) -> Iterator[bytes]:
    """Yield the member ``risks``, nothing where nothing fails."""
    created = {waiver.id: waiver.created for waiver in report.waivers or ()}
    separator = b',\n"risks":[\n'
    for risk in learned.risks.values():
        start = _open(report, risk)
        if risk.waiver is not None:
            start = _accepted(risk.rule, risk.waiver, created)
        found = {**_risk(report, risk, origins), **start}
        yield separator + _encode(found)[:-1] + b',"related-observations":['
        for first in range(0, len(risk.observations), _BATCH):
            part = [*_observations(risk.observations[first : first + _BATCH])]
            yield (b"," if first else b"") + _encode(part)[1:-1]
        yield b"]}"
        separator = b",\n"
    if learned.risks:
        yield b"]"


def _risk(report: Report, risk: Risk, origins: Sequence[_Object]) -> _Object:
    info = rule_of(report, risk.rule)
    number = len(risk.observations) // _SIZE
    times = "1 observation" if number == 1 else f"{number:,} observations"
    facet = {"name": "severity", "system": NAMESPACE, "value": risk.severity}
    return {
        "uuid": risk.uuid,
        "title": prose(safe(info.title)),
        "description": marked(info.rationale) or prose(safe(info.title)),
        "statement": f"The rule {quoted(risk.rule)} fails in {times}.",
        "props": props(rule=risk.rule),
        "status": "open",
        "origins": origins,
        "characterizations": [{"origin": origins[0], "facets": [facet]}],
    }


def _open(report: Report, risk: Risk) -> _Object:
    """What to do about what nobody accepted."""
    remediation = marked(rule_of(report, risk.rule).remediation)
    if not remediation:
        return {}
    return {
        "remediations": [
            {
                "uuid": uuid("remediation", risk.rule),
                "lifecycle": "recommendation",
                "title": "Remediation",
                "description": remediation,
            }
        ]
    }


def _accepted(rule: str, waiver: Waiver, created: dict[str, str]) -> _Object:
    """Who accepted it, until when and why."""
    said = code(accepted(waiver))
    found: _Object = {
        "status": "deviation-approved",
        "remediations": [
            {
                "uuid": uuid("response", rule, waiver.id),
                "lifecycle": "completed",
                "title": f"Accepted by the waiver {quoted(waiver.id)}",
                "description": said,
                "props": [
                    {"name": "type", "value": "accept"},
                    *props(
                        waiver=waiver.id,
                        owner=waiver.owner,
                        approved_by=waiver.approved_by,
                        reason=waiver.reason,
                        expires=waiver.expires,
                    ),
                ],
            }
        ],
    }
    if _DAY.fullmatch(waiver.expires):
        found["deadline"] = f"{waiver.expires}T00:00:00Z"
    day = created.get(waiver.id, "")
    if _DAY.fullmatch(day):
        found["risk-log"] = {
            "entries": [
                {
                    "uuid": uuid("accepted", rule, waiver.id),
                    "title": "Accepted",
                    "description": said,
                    "start": f"{day}T00:00:00Z",
                    "status-change": "deviation-approved",
                }
            ]
        }
    return found
