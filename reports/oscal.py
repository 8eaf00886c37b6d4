"""OSCAL assessment results (NIST), for tools and people who work by controls; 1.2, and 1.1.

OSCAL knows controls, and we know findings. What becomes what:

=========================== ==================================================================
ours                        in OSCAL
=========================== ==================================================================
a target                    an inventory item; a resource is a subject that names its target
a finding of any verdict    an observation, with the values that were read as relevant evidence
what was not read           an observation of the type ``not-read``
the digest of what was read a resource of the back matter, with its hash
a rule that fails           a risk: open, with its remediation and all its observations
what of it a waiver accepts another risk: ``deviation-approved``, whose response is to accept
a control                   a finding: satisfied or not. OSCAL has no third word, so one that is
                            undetermined is not satisfied for an ``other`` reason, and says so
one that is not assessed    a control that is left out of the selection
the gate, the coverage      entries of the log
=========================== ==================================================================

Identifiers follow from what they name (:mod:`reports.oscal_values`), so each refers to something
in the same document; no official schema holds that. Names and texts of others are code spans in
what OSCAL takes for markup.

Observations are written as findings are read. Of each that fails 16 bytes are kept for its risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

from auditor.model.finding import GapReport, Report
from auditor.model.results_finding import Finding, ResourceRef
from reports.details import (
    MOST_VALUES,
    accepted,
    gap_details,
    gap_fingerprint,
    gap_message,
    message,
    rule_of,
    values,
    verdict_of_run,
)
from reports.markdown import code, prose
from reports.of_run import lines_of_run
from reports.once import once, once_in
from reports.oscal_controls import Learned, controls, findings, risks
from reports.oscal_values import identifier, line, prop, props, quoted, uuid, written
from reports.subjects import named
from reports.text import safe

VERSION: Final = "1.2.1"
OLDER: Final = "1.1.3"
_REMEMBERED: Final = 4096
_TOOL: Final = uuid("tool", "auditor")
_ORIGINS: Final = ({"actors": [{"type": "tool", "actor-uuid": _TOOL}]},)
_NAME: Final = "reports.oscal.observation"
_encode = msgspec.json.encode
_Object = dict[str, Any]


def render(report: Report) -> Iterator[bytes]:
    """Yield the document by OSCAL 1.2, an observation a line."""
    return _document(report, VERSION)


def render_older(report: Report) -> Iterator[bytes]:
    """Yield the document by OSCAL 1.1."""
    return _document(report, OLDER)


def _document(report: Report, version: str) -> Iterator[bytes]:
    learned = Learned(report)
    seen = _Observations(report, learned)
    plan = uuid("plan", report.policy, report.profile)
    head = {
        "uuid": uuid("results", report.run_id, report.digest, version),
        "metadata": _metadata(report, version),
        "import-ap": {"href": f"#{plan}"},
    }
    yield b'{"assessment-results":%b,"results":[\n%b' % (_open(head), _open(_result(report)))
    yield from _listed("observations", seen.all())
    yield from risks(report, learned, _ORIGINS)
    yield from _listed("findings", map(_encode, findings(report, learned, _ORIGINS)))
    yield b',\n"local-definitions":%b}],\n"back-matter":{' % _encode(seen.definitions())
    yield from _listed("resources", seen.resources(plan), first=True)
    yield b"}}}\n"


def _open(start: _Object) -> bytes:
    """An object that goes on."""
    return _encode(start)[:-1]


def _listed(name: str, items: Iterable[bytes], *, first: bool = False) -> Iterator[bytes]:
    """A list as a member of an object that goes on; nothing where it would be empty."""
    separator = b'%b\n"%b":[\n' % (b"" if first else b",", name.encode())
    for item in items:
        yield separator + item
        separator = b",\n"
    if separator == b",\n":
        yield b"]"


def _metadata(report: Report, version: str) -> _Object:
    return {
        "title": f"Assessment results of auditor by the profile {quoted(report.profile)}",
        "last-modified": report.finished,
        "version": line(report.run_id),
        "oscal-version": version,
        "props": props(auditor_version=report.version, policy=report.policy),
    }


def _result(report: Report) -> _Object:
    entries = (("Gate", (verdict_of_run(report),)), ("What was looked at", lines_of_run(report)))
    return {
        "uuid": uuid("result", report.run_id, report.digest),
        "title": f"Audit: {report.gate.decision.value}",
        "description": code(verdict_of_run(report)),
        "start": report.started,
        "end": report.finished,
        "props": props(
            gate=report.gate.decision.value,
            coverage=f"{report.coverage.ratio:.6f}",
            gaps=str(len(report.gaps)),
            digest=report.digest,
            profile=report.profile,
        ),
        "reviewed-controls": controls(report),
        "assessment-log": {
            "entries": [
                {
                    "uuid": uuid("entry", report.run_id, report.digest, title),
                    "title": title,
                    "description": "\n\n".join(map(code, said)),
                    "start": report.started,
                    "end": report.finished,
                }
                for title, said in entries
            ]
        },
    }


class _Observations:
    """What was seen; on the way it becomes known which targets and evidence there are."""

    def __init__(self, report: Report, learned: Learned) -> None:
        self._report = report
        self._learned = learned
        self._evidence: set[str] = set()
        self._targets = {target.uri: uuid("target", target.uri) for target in report.targets}
        self._title = lru_cache(_REMEMBERED)(lambda rule: prose(safe(rule_of(report, rule).title)))

    def all(self) -> Iterator[bytes]:
        """Yield an observation for each finding and each gap."""
        for finding in self._report.findings:
            self._learned.see(finding, _identifier(finding))
            self._know(finding)
            yield once_in(self._report, finding, _NAME, self._finding)
        for item in self._report.gaps:
            yield _encode(self._gap(item))

    def _know(self, finding: Finding) -> None:
        """Have the targets and the evidence of a finding among what is defined."""
        for each in (finding.resource, *finding.related):
            self._target(each.target)
        self._evidence.update(finding.evidence)

    def _finding(self, finding: Finding) -> bytes:
        """A finding of any verdict; it is the same in both versions."""
        found = {
            "uuid": written(_identifier(finding)),
            "title": self._title(finding.rule),
            "description": code(message(finding)),
            "props": _about(finding),
            "methods": ["TEST"],
            "types": ["finding"],
            "origins": _ORIGINS,
            "subjects": [self._subject(each) for each in (finding.resource, *finding.related)],
            "collected": self._report.finished,
        }
        evidence = [*map(_read, finding.evidence), *_values(finding)]
        if evidence:
            found["relevant-evidence"] = evidence
        more = len(finding.observed) - MOST_VALUES
        remarks = [code(accepted(finding.waiver))] if finding.waiver is not None else []
        remarks += [f"and {more} more values"] if more > 0 else []
        if remarks:
            found["remarks"] = "\n\n".join(remarks)
        return _encode(found)

    def _gap(self, item: GapReport) -> _Object:
        gap = item.gap
        line = str(gap.line) if gap.line else ""
        found = {
            "uuid": uuid("gap", gap_fingerprint(item)),
            "title": "Something was not read",
            "description": code(gap_message(item)),
            "props": props(cause=gap.cause.value, scope=gap.scope, line=line),
            "methods": ["TEST"],
            "types": ["not-read"],
            "origins": _ORIGINS,
            "subjects": [{"subject-uuid": self._target(gap.target), "type": "inventory-item"}],
            "collected": self._report.finished,
        }
        lines = [*gap_details(item)]
        if lines:
            found["remarks"] = "\n\n".join(map(code, lines))
        return found

    def _target(self, uri: str) -> str:
        found = self._targets.get(uri)
        if found is None:
            found = self._targets[uri] = uuid("target", uri)
        return found

    def _subject(self, resource: ResourceRef) -> _Object:
        return {
            "subject-uuid": self._target(resource.target),
            "type": "inventory-item",
            "title": quoted(named(resource)),
            "props": props(
                kind=resource.kind,
                namespace=resource.namespace,
                name=resource.name,
                uid=resource.uid,
                file=resource.file,
                line=str(resource.line) if resource.line else "",
                rendered=resource.rendered,
            ),
        }

    def definitions(self) -> _Object:
        """The targets, and the program that looked."""
        known = {target.uri: target for target in self._report.targets}
        items = []
        for uri, name in self._targets.items():
            target = known.get(uri)
            about = [{"name": "asset-id", "value": line(uri)}]
            if target is not None:
                about += props(
                    state=target.state.value,
                    version=target.version,
                    uid=target.uid,
                    principal=target.principal,
                )
            items.append({"uuid": name, "description": quoted(uri), "props": about})
        tool = {
            "uuid": _TOOL,
            "type": "software",
            "title": "auditor",
            "description": "The program that read the targets and judged what it read.",
            "props": [{"name": "version", "value": line(self._report.version)}],
            "status": {"state": "operational"},
        }
        platform = {
            "uuid": uuid("platform", "auditor"),
            "title": "auditor",
            "uses-components": [{"component-uuid": _TOOL}],
        }
        found: _Object = {"inventory-items": items} if items else {}
        assets = {"components": [tool], "assessment-platforms": [platform]}
        return {**found, "assessment-assets": assets}

    def resources(self, plan: str) -> Iterator[bytes]:
        """The back matter: what was judged by, and what was read."""
        report = self._report
        yield _encode(
            {
                "uuid": plan,
                "title": f"The profile {quoted(report.profile)}",
                "description": "What was assessed is what the rules of this profile are about.",
                "props": props(policy=report.policy),
                "rlinks": [{"href": "policy/", "media-type": "application/yaml"}],
            }
        )
        for digest in sorted(self._evidence):
            _, _, value = digest.partition(":")
            yield _encode(
                {
                    "uuid": uuid("evidence", digest),
                    "rlinks": [
                        {
                            "href": f"urn:sha256:{value}",
                            "hashes": [{"algorithm": "SHA-256", "value": value}],
                        }
                    ],
                }
            )


@once
def _identifier(finding: Finding) -> bytes:
    """Which observation it is."""
    return identifier("observation", finding.fingerprint, finding.resource.target)


def _read(digest: str) -> _Object:
    """Say in what it was read."""
    href = f"#{uuid('evidence', digest)}"
    return {"href": href, "description": "The answer or file that it was read in."}


def _about(finding: Finding) -> list[_Object]:
    """What OSCAL has no field for."""
    flags = {name: "yes" for name in ("new", "heuristic", "differs") if getattr(finding, name)}
    about = props(
        rule=finding.rule,
        verdict=finding.verdict,
        severity=finding.severity,
        confidence=finding.confidence,
        element=finding.element,
        covers=str(finding.covers) if finding.covers > 1 else "",
        covered_by=finding.covered_by,
        waiver=finding.waiver.id if finding.waiver is not None else "",
        fingerprint=finding.fingerprint,
        **flags,
    )
    return [*about, *(prop("control", control) for control in finding.controls)]


def _values(finding: Finding) -> Iterator[_Object]:
    """The values that decided."""
    for item, said in zip(finding.observed, values(finding), strict=False):
        found: _Object = {"description": code(said)}
        line = str(item.line) if item.line else ""
        about = props(path=item.path, file=item.file, line=line)
        yield {**found, "props": about} if about else found
