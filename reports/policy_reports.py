"""Reports that a cluster holds: OpenReports (``openreports.io``), and the older PolicyReport.

The file is a ``List`` for ``kubectl apply --server-side``: a report for each namespace of each
target, one for what of a target is in no namespace, and one for the run itself, with the gate.
Names follow from target and profile, so that the next run replaces what this one said.

=========================== ======= =============================================
what                        result  besides
=========================== ======= =============================================
fails                       fail
is accepted by a waiver     skip    ``waiver`` among the properties
is not decided              error
was not read                error   of the policy ``auditor-not-read``
is for a person             warn    not scored
does not apply              skip
passes                      pass
=========================== ======= =============================================

etcd takes 1.5 MiB a request. Of a report that would be larger the mildest results are left out; the
summary counts them, and the last result and an annotation say how many they are.

Findings are in the order of rules and not of namespaces. What is written of a namespace is held,
compressed, until all findings were seen, of as many namespaces as have room; for others they are
read again.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.model.enums import Decision
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
from reports.of_run import lines_of_run
from reports.once import once_in
from reports.remedy import short_remedy
from reports.subjects import named
from reports.text import safe

MOST_BYTES: Final = 1_500_000
"""Of one report; etcd takes 1 572 864 in a request, and the server adds some fields of its own."""
HELD_BYTES: Final = 8 << 20
"""Of reports that are made at the same time, as they are held."""
_PAUSE: Final = 64
"""Findings after which others who are given the same may have their turn."""
_REMEMBERED: Final = 4096
_PIECE: Final = 16 << 10
"""Bytes that are compressed at a time."""
_NAME: Final = "reports.policy_reports.result"
_KEPT: Final = 2_000
"""Bytes that are kept for what is not a result, and for the result that says what is left out."""
NOT_READ: Final = "auditor-not-read"
LEFT_OUT: Final = "auditor-left-out"
GATE: Final = "auditor-gate"
_NAMESPACE: Final = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_RESULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fail": "fail",
        "unknown": "error",
        "manual": "warn",
        "not-applicable": "skip",
        "pass": "pass",
    }
)
_GATES: Final[Mapping[Decision, str]] = MappingProxyType(
    {Decision.PASS: "pass", Decision.FAIL: "fail", Decision.INCOMPLETE: "error"}
)
_Object = dict[str, Any]
_Key = tuple[str, str]
_encode = msgspec.json.encode


class Kind(msgspec.Struct, frozen=True):
    """What the two are called; ``source`` is whether a report names who made it."""

    version: str
    namespaced: str
    cluster: str
    source: bool


OPEN: Final = Kind("openreports.io/v1alpha1", "Report", "ClusterReport", source=True)
OLDER: Final = Kind("wgpolicyk8s.io/v1alpha2", "PolicyReport", "ClusterPolicyReport", source=False)


def render_open(report: Report) -> Iterator[bytes]:
    """Yield the list, as OpenReports."""
    return _document(report, OPEN)


def render_older(report: Report) -> Iterator[bytes]:
    """Yield the list, as PolicyReports."""
    return _document(report, OLDER)


def _document(report: Report, kind: Kind) -> Iterator[bytes]:
    writer = _Writer(report, kind)
    yield b'{"apiVersion":"v1","kind":"List","items":[\n'
    yield from writer.run()
    for group in _groups(report, writer):
        if group is None:
            yield b""
            continue
        yield b",\n"
        yield from writer.written(*group)
    yield b"\n]}\n"


class _Held(msgspec.Struct):
    """The report of a namespace on its way."""

    packed: list[bytes] = msgspec.field(default_factory=list)
    results: list[bytes] = msgspec.field(default_factory=list)
    size: int = _KEPT
    piece: int = 0
    held: int = 0
    left: int = 0
    summary: dict[str, int] = msgspec.field(
        default_factory=lambda: dict.fromkeys(("pass", "fail", "warn", "error", "skip"), 0)
    )

    full: bool = False

    def add(self, result: str, data: bytes, most: int = MOST_BYTES) -> bool:
        """Take a result as it is written, and say whether there was room for it."""
        if self.size + len(data) > most:
            self.left_out(result)
            return False
        self.summary[result] += 1
        self.results.append(data)
        self.size += len(data) + 2
        self.piece += len(data)
        self.held += len(data)
        if self.piece > _PIECE:
            self._pack()
        return True

    def _pack(self) -> None:
        packed = zlib.compress(b",\n".join(self.results), 1)
        self.packed.append(packed)
        self.held += len(packed) - self.piece
        self.results.clear()
        self.piece = 0

    def pieces(self) -> Iterator[bytes]:
        """The results, many at a time."""
        yield from map(zlib.decompress, self.packed)
        if self.results:
            yield b",\n".join(self.results)

    def left_out(self, result: str) -> None:
        """Count what there is no room for."""
        self.summary[result] += 1
        self.left += 1


def _groups(report: Report, writer: _Writer) -> Iterator[tuple[_Key, _Held] | None]:
    """Yield what of each report is whole, reading findings until all are; None now and then."""
    gaps: dict[_Key, list[GapReport]] = {}
    for item in report.gaps:
        gaps.setdefault(_key(item.gap.target, item.gap.namespace), []).append(item)
    done: set[_Key] = set()
    later: set[_Key] | None = None
    while later is None or later:
        later = set()
        held: dict[_Key, _Held] = {}
        size = 0
        for number, (key, finding) in enumerate(_keyed(report.findings), 1):
            if not number % _PAUSE:
                yield None
            if key in done or key in later:
                continue
            found = held.get(key)
            if found is None:
                found = held[key] = writer.begun(gaps.get(key, ()))
                size += found.held
            size -= found.held
            writer.add(found, finding)
            size += found.held
            while size > HELD_BYTES and len(held) > 1:
                last, dropped = held.popitem()
                later.add(last)
                size -= dropped.held
        yield from held.items()
        done |= held.keys()
    for key, items in gaps.items():
        if key not in done:
            yield key, writer.begun(items)


def _keyed(found: Iterable[Finding]) -> Iterator[tuple[_Key, Finding]]:
    for finding in found:
        resource = finding.resource
        yield _key(resource.target, resource.namespace), finding


def _key(target: str, namespace: str) -> _Key:
    """Whose report it is in: of a namespace that can be one, else of the target."""
    return target, namespace if _NAMESPACE.fullmatch(namespace) else ""


class _Writer:
    """Results and reports of one run."""

    def __init__(self, report: Report, kind: Kind) -> None:
        self._report = report
        self._kind = kind
        self._category = safe(report.profile)
        self._fix = lru_cache(_REMEMBERED)(lambda rule: _fix(report, rule))
        moment = datetime.fromisoformat(report.finished)
        self._time = msgspec.Raw(
            _encode({"seconds": int(moment.timestamp()), "nanos": moment.microsecond * 1000})
        )

    def run(self) -> Iterator[bytes]:
        """The report of the run itself: the gate, how much was looked at, whose word counts."""
        report = self._report
        said = [verdict_of_run(report), *lines_of_run(report)]
        held = _Held()
        gate = _GATES[report.gate.decision]
        about = {"digest": report.digest}
        held.add(gate, _encode(self._result(GATE, "\n".join(said), gate, about)))
        return self.written(("", ""), held)

    def begun(self, gaps: Iterable[GapReport]) -> _Held:
        """A report with what was not read, which has half of the room at most."""
        held = _Held()
        for item in gaps:
            held.add("error", _encode(self._gap(item)), MOST_BYTES // 2)
        return held

    def written(self, key: _Key, held: _Held) -> Iterator[bytes]:
        """One report as it is written, a result a line."""
        kind, (target, namespace) = self._kind, key
        about = {"kind": kind.namespaced if namespace else kind.cluster}
        metadata = self._metadata(target, namespace, held)
        head = {"apiVersion": kind.version, **about, "metadata": metadata}
        if kind.source:
            head["source"] = "auditor"
        yield _encode({**head, "summary": held.summary})[:-1] + b',"results":[\n'
        if held.left:
            text = f"{held.left} results are left out, the mildest: {_WHY}"
            held.results.append(_encode(self._result(LEFT_OUT, text, "skip", {})))
        separator = b""
        for piece in held.pieces():
            yield separator + piece
            separator = b",\n"
        yield b"]}"

    def _metadata(self, target: str, namespace: str, held: _Held) -> _Object:
        report = self._report
        parts = f"{report.profile}\0{target}".encode("utf-8", "backslashreplace")
        found: _Object = {"name": f"auditor-{hashlib.sha256(parts).hexdigest()[:16]}"}
        if namespace:
            found["namespace"] = namespace
        annotations = {"auditor/run": safe(report.run_id), "auditor/profile": self._category}
        if target:
            annotations["auditor/target"] = safe(target)
        if held.left:
            annotations["auditor/left-out"] = str(held.left)
        labels = {"app.kubernetes.io/managed-by": "auditor"}
        return {**found, "labels": labels, "annotations": annotations}

    def add(self, held: _Held, finding: Finding) -> None:
        """Take a finding if there is room for it, and was for all before."""
        if held.full:
            held.left_out(_result_of(finding))
        else:
            held.full = not held.add(_result_of(finding), self._finding(finding))

    def _finding(self, finding: Finding) -> bytes:
        """A finding of any verdict; it is the same in both formats."""
        return once_in(self._report, finding, _NAME, self._encoded)

    def _encoded(self, finding: Finding) -> bytes:
        about = dict(_properties(finding))
        fix = self._fix(finding.rule) if finding.verdict == "fail" else ""
        if fix:
            about["fix"] = fix
        found = self._result(safe(finding.rule), message(finding), _result_of(finding), about)
        found["severity"] = finding.severity
        found["resources"] = [_reference(finding.resource)]
        if finding.verdict == "manual":
            found["scored"] = False
        return _encode(found)

    def _gap(self, item: GapReport) -> _Object:
        about = {"fingerprint": gap_fingerprint(item), "cause": item.gap.cause.value}
        lines = [*gap_details(item)]
        if lines:
            about["details"] = "; ".join(lines)
        return self._result(NOT_READ, gap_message(item), "error", about)

    def _result(self, policy: str, said: str, result: str, about: Mapping[str, str]) -> _Object:
        return {
            "policy": policy,
            "category": self._category,
            "source": "auditor",
            "message": said,
            "result": result,
            "scored": True,
            "timestamp": self._time,
            "properties": about,
        }


def _fix(report: Report, rule: str) -> str:
    """What to do in a sentence, or the lines to write."""
    sentence, snippet = short_remedy(rule_of(report, rule).remediation)
    return safe(sentence) or "\n".join(map(safe, snippet))


_WHY: Final = (
    f"a cluster takes {MOST_BYTES} bytes of one report. All are in the report of format json."
)


def _result_of(finding: Finding) -> str:
    return "skip" if finding.waiver is not None else _RESULTS[finding.verdict]


def _properties(finding: Finding) -> Mapping[str, str]:
    """What a result has no field for: texts, by names."""
    resource = finding.resource
    said = [*values(finding)]
    more = len(finding.observed) - MOST_VALUES
    said += [f"and {more} more values"] if more > 0 else []
    flags = {name: "yes" for name in ("new", "heuristic", "differs") if getattr(finding, name)}
    about = {
        "verdict": finding.verdict,
        "confidence": finding.confidence,
        "element": safe(finding.element),
        "file": safe(resource.location),
        "observed": "; ".join(said),
        "related": "; ".join(safe(f"{named(it)} in {it.location}") for it in finding.related),
        "controls": safe(" ".join(finding.controls)),
        "covers": str(finding.covers) if finding.covers > 1 else "",
        "covered-by": finding.covered_by,
        "waiver": "" if finding.waiver is None else accepted(finding.waiver),
        "fingerprint": finding.fingerprint,
        **flags,
    }
    return {name: text for name, text in about.items() if text}


def _reference(resource: ResourceRef) -> _Object:
    """An object as Kubernetes refers to it; what is none of its objects is named likewise."""
    about = {
        "kind": resource.kind.rpartition("/")[2],
        "namespace": resource.namespace,
        "name": resource.name,
    }
    return {name: safe(text) for name, text in about.items() if text}
