"""A query that failed has its gap, or one is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.evidence.population import missing_gaps
from auditor.model.enums import Answered, GapCause
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.resource import Gap

PODS = "k8s/Pod"


def record(**fields: Any) -> Record:
    known: dict[str, Any] = {
        "number": 1, "kind": PODS, "namespace": "", "request": "GET /api/v1/pods?limit=500",
        "started": "", "ended": "", "answered": Answered.DENIED, "complete": False,
    }  # fmt: skip
    return Record(**{**known, **fields})


def gap(scope: str = PODS, cause: GapCause = GapCause.DENIED, namespace: str = "") -> Gap:
    return Gap("k8s://x", scope, cause, "", namespace=namespace)


NAMED = "GET /api/v1/namespaces/ml"
CASES: dict[str, tuple[Record, tuple[Gap, ...], str]] = {
    "denied, and no gap": (record(), (), PODS),
    "denied, and its gap": (record(), (gap(),), ""),
    "a gap of another kind": (record(), (gap("k8s/Node"),), PODS),
    "a gap of another cause": (record(), (gap(cause=GapCause.TIMEOUT),), PODS),
    "a gap of another namespace": (record(namespace="ml"), (gap(namespace="other"),), PODS),
    "a gap of its namespace": (record(namespace="ml"), (gap(namespace="ml"),), ""),
    "one object by its name": (record(kind="k8s/Namespace", namespace="ml", request=NAMED),
                               (gap("k8s/Namespace", namespace="ml"),), ""),
    "answered in full": (record(answered=Answered.OK, complete=True), (), ""),
    "a page that was cut short": (record(answered=Answered.TRUNCATED),
                                  (gap(cause=GapCause.TRUNCATED),), ""),
    "answered in part": (record(answered=Answered.OK), (), PODS),
    "denied, though it says it is complete": (record(complete=True), (), PODS),
    "a file": (record(kind="", request="a.yaml"), (gap("a.yaml"),), ""),
    "a file without a gap": (record(kind="", request="a.yaml"), (gap("b.yaml"),), "a.yaml"),
    "a file that tells by itself": (
        record(kind="", request="a.yaml", answered=Answered.OK), (), "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("found", "told", "scope"), CASES.values(), ids=CASES.keys())
def test_gaps_that_nothing_tells_of(found: Record, told: tuple[Gap, ...], scope: str) -> None:
    entry = TargetEntry("k8s://x", "", "", "", Principal(""), "", "", gaps=told)
    assert [each.scope for each in missing_gaps(entry, [found])] == ([scope] if scope else [])
    unread = TargetEntry("k8s://x", "", "", "", Principal(""), "", "", failure="no answer")
    assert list(missing_gaps(unread, [found])) == []
