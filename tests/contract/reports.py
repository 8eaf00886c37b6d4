"""Reports as the formats are given them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from auditor.cli.wiring import SHIPPED
from auditor.model.enums import ControlState, Decision, GapCause, Severity, TargetState
from auditor.model.finding import (
    Coverage,
    GapReport,
    KindCoverage,
    Report,
    RuleCount,
    RuleInfo,
    TargetReport,
)
from auditor.model.resource import Gap
from auditor.model.results import ControlResult, GateResult, TargetControl
from auditor.model.results_finding import Finding, Observed, ResourceRef
from reports.style import Style

NASTY = (
    *("plain", "\x1b[2J", "a\nRESULT pass", "\u202e", "ü", '"', "<b>&amp;</b>", "a,b;c|d"),
    *("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", ";=1+1", '";=1+1', "\t=1", "\uff1d1"),
    *(
        "`",
        "``` a",
        " `x` ",
        "[a](javascript:alert(1))",
        "![](https://x.example/b.png)",
        "@team #1",
    ),
    *("::error::x", "%0A::error::x", "##[error]x", "::stop-commands::t", "]]>", "\ufffe\uffff\0"),
    *("{0}", "\\", '"} 1\n# EOF', "a\r\nb", "../../x", "file:///etc/passwd"),
)
VERDICTS = ("fail", "unknown", "manual", "pass", "not-applicable")
SCREENS = (
    Style(width=None, colour=False, plain=True, everything=True, passes=True),
    Style(width=60, colour=True, plain=False, everything=False),
    Style(width=60, colour=True, plain=False, lines=60),
    Style(width=60, colour=False, plain=True, everything=True, by_object=True),
    Style(width=None, by_object=True),
)
FORMATS = [pytest.param(name, id=name) for name in SHIPPED.formats]
WITHOUT_PASSES = {"pdf", "sarif", "gitlab", "github"}
"""Formats whose readers take everything in them for a fault."""
NEW_FIRST = {"github", "gitlab", "markdown", "github-summary"}
"""Formats that people read of a change: they tell first what a baseline does not have."""
BY_TARGET = {"openreports", "policyreport"}
"""Formats that have a report for each target."""
COUNTING = {"prometheus"}
"""Formats that count findings and do not list them."""


def reference(name: str, **more: Any) -> ResourceRef:
    values = {"target": "t", "kind": "k8s/Pod", "namespace": "ml", "uid": "u", "file": "a.yaml"}
    return ResourceRef(name=name, **{**values, **more})


def finding(number: int = 0, **more: Any) -> Finding:
    values: dict[str, Any] = {
        "fingerprint": f"{number:064x}",
        "rule": "rule-one",
        "verdict": "fail",
        "severity": "high",
        "confidence": "high",
        "resource": reference(f"pod-{number}", line=3),
        "element": "container main",
        "message": f"message {number}",
        "observed": (Observed("/spec/x", value=number, line=4),),
        "covers": 1,
        "controls": ("cis:1",),
        "evidence": ("sha256:" + "e" * 64,),
        "waiver": None,
    }
    return Finding(**{**values, **more})


@dataclass(frozen=True, slots=True)
class Many:
    """Findings that are made when they are asked for, none of which is kept."""

    some: tuple[Finding, ...]
    times: int = 1

    def __len__(self) -> int:
        return len(self.some) * self.times

    def __iter__(self) -> Iterator[Finding]:
        for _ in range(self.times):
            yield from self.some

    def encoded(self) -> Iterator[bytes]:
        for each in self:
            yield msgspec.json.encode(each) + b"\n"


def report(findings: Many, **more: Any) -> Report:
    targets = (
        TargetReport("t", "files", "", TargetState.PARTIAL, 3, 1),
        TargetReport("k8s://x", "u", "1.37", TargetState.UNREACHABLE, 0, 0, "me"),
    )
    gaps = (
        GapReport(Gap("t", "b.yaml", GapCause.MALFORMED, "not YAML", "mend it", 7), ("rule-one",)),
        GapReport(Gap("k8s://x", "k8s://x", GapCause.UNREACHABLE, "refused", "start it"), ()),
    )
    states = (TargetControl("t", ControlState.NOT_SATISFIED),)
    values: dict[str, Any] = {
        "version": "0",
        "policy": "sha256:" + "a" * 64,
        "run_id": "0" * 32,
        "started": "2026-11-23T00:00:00Z",
        "finished": "2026-11-23T00:00:00Z",
        "profile": "ai-platform",
        "parameters": {"version": 37},
        "targets": targets,
        "coverage": Coverage((KindCoverage("k8s/Pod", 4, 4, 0, derived=False),), 1, 0, 0, 0.5),
        "counts": (RuleCount("rule-one", 1, 2, 3, 4, 5),),
        "gaps": gaps,
        "findings": findings,
        "controls": (ControlResult("cis", "1", "One", ControlState.NOT_SATISFIED, (), states),),
        "gate": GateResult("high", Decision.FAIL, ("2 findings at or above high",), 1),
        "rules": {"rule-one": RuleInfo("rule-one", "Rule one", "high", "Mend it.")},
        "tallies": {("fail", "high"): len(findings), ("unknown", "high"): 1},
        "digest": "sha256:" + "d" * 64,
    }
    return Report(**{**values, **more})


def rendered(name: str, what: Report, screen: Style = SCREENS[0]) -> bytes:
    return b"".join(SHIPPED.formats[name](screen)(what))


def worst_first(found: list[tuple[str, Severity, str, bool]]) -> Many:
    """Findings in the order of a run; what a baseline may call new fails or is undecided."""
    order = sorted(found, key=lambda each: (VERDICTS.index(each[0]), -each[1].rank))
    return Many(
        tuple(
            finding(
                number,
                verdict=verdict,
                severity=severity.value,
                message=message,
                new=new and verdict in VERDICTS[:2],
            )
            for number, (verdict, severity, message, new) in enumerate(order)
        )
    )
