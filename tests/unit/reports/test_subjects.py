"""A finding in words: whom it is about, with whom, and of whom a value was read."""

from __future__ import annotations

from typing import Any

from auditor.model.results_finding import Finding, Observed, ResourceRef
from reports.subjects import location_of, observed, related, subject


def reference(name: str, **more: Any) -> ResourceRef:
    values = {"kind": "gpu/Device.a.example", "namespace": "", "uid": "u", "file": "a.yaml"}
    return ResourceRef(target="t", name=name, **{**values, **more})


def finding(*others: ResourceRef, **more: Any) -> Finding:
    values: dict[str, Any] = {
        "rule": "r",
        "verdict": "fail",
        "severity": "high",
        "resource": reference("one", namespace="ml", line=3),
        "element": "",
        "message": "m",
        "covers": 1,
        "observed": (),
        **more,
    }
    return Finding(
        fingerprint="f" * 64,
        confidence="high",
        related=others,
        controls=(),
        evidence=(),
        waiver=None,
        **values,
    )


def test_the_subject() -> None:
    found = finding(element="main", covers=3, differs=True, heuristic=True, new=True)
    said = " (covers 3) (only its pods: they differ from the template) (heuristic) (new)"
    assert subject(found) == f"Device ml/one, main{said}"
    assert location_of(found.resource, many_targets=False) == "a.yaml:3"
    assert location_of(found.resource, many_targets=True) == "t a.yaml:3"


def test_the_others() -> None:
    others = [reference(f"n{number}") for number in range(5)]
    assert list(related(finding(*others[:1]), many_targets=False)) == ["with Device n0  a.yaml"]
    said = list(related(finding(*others), many_targets=True))
    assert said[0] == "with Device n0  t a.yaml"
    assert said[3:] == ["with 2 more"]


def test_of_whom_a_value_was_read() -> None:
    found = finding(reference("two"))
    assert observed(found, Observed("/a", value=1)) == "/a = 1"
    assert observed(found, Observed("/a", value=1, of=0)) == "/a of Device two = 1"
    assert observed(found, Observed("/a", fact="gpu/Share")) == "/a (derived) is not set"
    long = observed(found, Observed("/a", value="x" * 200))
    assert (len(long), long[-3:]) == (len("/a = ") + 100, "...")
