"""``results.json``: the results contract, version 1, from which every other format derives.

The JSON Schema is ``policies/schema/results.v1.schema.json``. Findings are copied as the shards
encoded them, so that a report of any size is written in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from auditor.model.finding import (
    FINGERPRINTS,
    Baseline,
    Coverage,
    GapReport,
    Report,
    TargetReport,
)
from auditor.model.resource import Some

SCHEMA = "results/v1"


def render(report: Report) -> Iterator[bytes]:
    """Yield the document: one line for each finding, gap and control, for tools that read lines."""
    yield b"{"
    yield from _members(_opening(report))
    yield b',\n"gaps": ['
    yield from _rows(_encode(_gap(gap)) for gap in report.gaps)
    yield b'],\n"findings": ['
    yield from _lines(report.findings.encoded())
    yield b'],\n"controls": ['
    yield from _rows(_encode(control) for control in _controls(report))
    yield b"],"
    yield from _members(_closing(report))
    yield b"\n}\n"


def _members(members: dict[str, Any]) -> Iterator[bytes]:
    separator = b"\n"
    for name, value in members.items():
        yield separator + _encode(name) + b": " + _encode(value)
        separator = b",\n"


def _rows(rows: Iterator[bytes]) -> Iterator[bytes]:
    separator = b"\n"
    for row in rows:
        yield separator + row
        separator = b",\n"


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Rows that are encoded already, many at a time: only what stands between them is added."""
    separator = b"\n"
    for block in blocks:
        yield separator + block[:-1].replace(b"\n", b",\n")
        separator = b",\n"


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value)


def _opening(report: Report) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "tool": {
            "name": "auditor",
            "version": report.version,
            "policy": report.policy,
            "fingerprints": FINGERPRINTS,
        },
        "run": {
            "id": report.run_id,
            "started": report.started,
            "finished": report.finished,
            "identity": [
                {"target": target.uri, "principal": target.principal}
                for target in report.targets
                if target.principal
            ],
        },
        "profile": {"id": report.profile, "parameters": dict(report.parameters)},
        "targets": [_target(target) for target in report.targets],
        "coverage": _coverage(report.coverage),
    }


def _target(target: TargetReport) -> dict[str, Any]:
    return {
        "uri": target.uri,
        "uid": target.uid,
        "version": target.version,
        "state": target.state.value,
        "files": target.files,
        "skipped": target.skipped,
        "excluded": [
            {"kind": item.kind, "reason": item.reason, "rules": list(item.rules)}
            for item in target.excluded
        ],
        "notes": list(target.notes),
        "others": _some(target.others),
        "passed": {
            "hidden": _some(target.passed.hidden),
            "linked": _some(target.passed.linked),
            "files": {
                "count": target.passed.files,
                "suffixes": dict(target.passed.suffixes),
            },
        },
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "resources": {
            kind.kind: {
                "seen": kind.seen,
                "evaluated": kind.evaluated,
                "excluded": kind.excluded,
            }
            for kind in coverage.kinds
        },
        "rules": {
            "evaluated": coverage.evaluated,
            "blind": coverage.blind,
            "excluded": coverage.excluded,
        },
        "ignored": {kind.kind: kind.seen for kind in coverage.kinds if kind.ignored},
        "ratio": round(coverage.ratio, 6),
    }


def _some(found: Some) -> dict[str, Any]:
    return {"count": found.count, "named": list(found.named)}


def _gap(item: GapReport) -> dict[str, Any]:
    gap = item.gap
    return {
        "target": gap.target,
        "scope": gap.scope,
        "cause": gap.cause.value,
        "detail": gap.detail,
        "hint": gap.hint,
        "line": gap.line,
        "namespace": gap.namespace,
        "rules": list(item.rules),
    }


def _controls(report: Report) -> Iterator[dict[str, Any]]:
    for control in report.controls:
        yield {
            "framework": control.framework,
            "id": control.id,
            "title": control.title,
            "state": control.state.value,
            "findings": list(control.findings),
        }


def _closing(report: Report) -> dict[str, Any]:
    return {
        "counts": {
            count.rule: {
                "pass": count.passed,
                "fail": count.failed,
                "unknown": count.unknown,
                "not-applicable": count.not_applicable,
                "manual": count.manual,
            }
            for count in report.counts
        },
        "gate": {
            "expression": report.gate.expression,
            "decision": report.gate.decision.value,
            "reasons": list(report.gate.reasons),
            "exit": report.gate.exit,
        },
        **_baseline(report.baseline),
    }


def _baseline(found: Baseline | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "baseline": {
            "run": found.run,
            "manifest": found.manifest,
            "known": found.known,
            "new": found.new,
        }
    }
