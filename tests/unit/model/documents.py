"""Results in which every field of the contract is there, the optional ones too."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from auditor.model.answers import Answer, AnswerResult, EvidenceFile
from auditor.model.enums import Basis, ControlState, Decision, GapCause, TargetState
from auditor.model.policy import Framework
from auditor.model.resource import LeftOut, Some
from auditor.model.results import (
    FINGERPRINTS,
    SCHEMA,
    Baseline,
    ConfigurationFile,
    ControlResult,
    Counts,
    CoverageResult,
    ExcludedReport,
    GapResult,
    GateResult,
    Identity,
    KindCount,
    ListedFact,
    Passed,
    PassedFiles,
    ProfileRef,
    Results,
    RuleCoverage,
    Run,
    TargetControl,
    TargetResult,
    Tool,
)
from auditor.model.results_layout import Mark, covered, document, head, marked
from auditor.model.terms import TermState
from auditor.model.waivers import Selector, WaiverResult, WaiverState

PRINT = "ab" * 32
DIGEST = f"sha256:{PRINT}"
MOMENT = "2026-01-02T03:04:05.000000Z"
LEFT_OUT = LeftOut("testdata/", 3, Some(1, ("a/testdata",)))
TARGET = TargetResult(
    uri="k8s://prod",
    uid="u",
    version="v1.34.0",
    state=TargetState.PARTIAL,
    files=3,
    skipped=1,
    excluded=(ExcludedReport("k8s/Secret", "never", ("r",)),),
    notes=("a list expired",),
    others=Some(1, ("a.yaml:3",)),
    passed=Passed(Some(1, (".git",)), Some(0, ()), PassedFiles(2, {".md": 2}), (LEFT_OUT,)),
    labels={"env": "prod"},
)
WAIVER = WaiverResult(
    id="w-1",
    rule="r",
    select=Selector(*("x" for _ in Selector.__struct_fields__)),
    reason="moves in May",
    owner="ml",
    approved_by="ciso",
    created="2026-01-01",
    expires="2026-06-01",
    ticket="T-1",
    state=WaiverState.EXPIRING,
    findings=1,
    broad=False,
)
ANSWER = AnswerResult(
    control="f:1",
    answer=Answer.NOT_MET,
    statement="Nobody looked.",
    owner="ml",
    date="2026-01-01",
    expires="2026-06-01",
    target="k8s://*",
    state=TermState.EXPIRING,
    targets=1,
    decides=0,
    evidence=EvidenceFile("a.pdf", DIGEST, 3),
)
DOCUMENT = Results(
    schema=SCHEMA,
    tool=Tool("auditor", "1.0.0", DIGEST, FINGERPRINTS),
    run=Run("1", MOMENT, MOMENT, (Identity("k8s://prod", "reader"),)),
    profile=ProfileRef("ai-platform", {"least": 3}),
    frameworks=(
        Framework(
            *("f", "F", "https://example.org", "1.0"),
            *(Basis.SUPPORTS, "Ours.", "2026-11-30", 9, "People.", True),
        ),
    ),
    targets=(TARGET,),
    coverage=CoverageResult(
        {"k8s/Pod": KindCount(3, 2, 0)}, RuleCoverage(1, 0, 0), {"k8s/Lease": 1}, 0.5
    ),
    gaps=(
        GapResult("k8s://prod", "k8s/Pod", GapCause.DENIED, "403", "ask", 0, "ml", ("r",)),
        GapResult("k8s://prod", "a.yaml", GapCause.MALFORMED, "odd", "", 3, "", ()),
    ),
    controls=(
        ControlResult(
            *("f", "1", "One", ControlState.NOT_SATISFIED, (PRINT,)),
            (TargetControl("k8s://prod", ControlState.NOT_SATISFIED, "fails: s"),),
            *("fails: r", ("r",), True),
        ),
    ),
    counts={"r": Counts(1, 2, 3, 4, 5)},
    gate=GateResult("high", Decision.FAIL, ("1 finding",), 1),
    configuration=ConfigurationFile("auditor.yaml", DIGEST),
    baseline=Baseline("0", DIGEST, 1, 2, 3),
    waivers=(WAIVER,),
    answers=(ANSWER,),
    facts={"gpu/Device": (ListedFact("k8s://prod", ("n", "GPU-1"), {"node": "n"}),)},
)
_REF = {
    "target": "k8s://prod",
    "kind": "k8s/Pod",
    "namespace": "ml",
    "name": "a",
    "uid": "u",
    "file": "a.yaml",
    "rendered": "over",
    "line": 3,
}
_REST = {
    "rule": "r",
    "verdict": "fail",
    "severity": "high",
    "confidence": "low",
    "heuristic": True,
    "resource": _REF,
    "element": "container a",
    "message": "bad",
    "related": [_REF],
    "observed": [
        {
            "path": "/a",
            "fact": "k8s/PodTemplate",
            "value": {"x": [1]},
            "file": "b.yaml",
            "line": 3,
            "of": 0,
        }
    ],
    "controls": ["f:1"],
    "waiver": {
        "id": "w-1",
        "owner": "ml",
        "reason": "moves in May",
        "approved_by": "ciso",
        "expires": "2026-06-01",
    },
}


def finding_of(fingerprint: str = PRINT) -> bytes:
    """A finding with every field."""
    start = head(fingerprint, (PRINT,), 2, ("ab" * 8,)).encode()
    whole = start + b"," + msgspec.json.encode(_REST)[1:]
    return marked(covered(marked(whole, Mark.DIFFERS), "k8s-host-path-writable"), Mark.NEW)


def whole() -> dict[str, Any]:
    """The document with its finding, as anybody reads it."""
    found: dict[str, Any] = json.loads(b"".join(document(DOCUMENT, [finding_of() + b"\n"])))
    return found
