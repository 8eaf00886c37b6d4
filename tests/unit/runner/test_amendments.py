"""Amendments: a second one needs no more than itself and its line in the table of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from auditor.model.finding import Report
from auditor.model.results_finding import FindingState
from auditor.policy import policies_folder
from auditor.runner.amendments import AMENDMENTS, Amendment, Amendments
from auditor.runner.baseline import baseline_comparison
from auditor.runner.settings import Chosen, Known, Settings, Stamp, State
from tests.e2e.runs import Run, collector_of

PRIVILEGED, HOST = "k8s-container-privileged", "k8s-pod-host-network"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: ml}
spec:
  hostNetwork: true
  containers: [{name: main, image: a, securityContext: {privileged: true}}]
"""
WAIVER = {
    "id": "w-1",
    "owner": "ml",
    "reason": 'until May, "covers":0,"rule":',
    "approved_by": "ciso",
    "expires": "2026-06-01",
}
SCHEMA = policies_folder() / "schema/results.v1.schema.json"


class Accepted:
    """A toy: what fails by one rule is accepted."""

    counts = "unwaived"

    def __init__(self) -> None:
        self.accepted = 0

    def amend(self, finding: bytes, state: FindingState) -> tuple[bytes, bool]:
        found = msgspec.json.decode(finding)
        if found["rule"] != PRIVILEGED or state.verdict != "fail":
            return finding, True
        self.accepted += 1
        return msgspec.json.encode({**found, "waiver": WAIVER}) + b"\n", False

    def conclude(self, report: Report) -> Report:
        version = f"{report.version} with {self.accepted} accepted"
        return msgspec.structs.replace(report, version=version)


def accepted(settings: Settings, stamp: Stamp) -> Amendment:
    return Accepted()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pod.yaml").write_text(POD)
    return tmp_path / "tree"


def results(tree: Path, **options: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        Run(gate="critical", **options).results(collector_of(tree))
    )
    return document


def known(document: dict[str, Any], *rules: str) -> Known:
    """A baseline that has the findings of some rules."""
    findings = {
        item["fingerprint"]: State(item["verdict"], item["severity"], tuple(item["causes"]))
        for item in document["findings"]
        if item["rule"] in rules
    }
    return Known("run-0", f"sha256:{'0' * 64}", findings)


def without_amendments(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**{name: item[name] for name in item if name != "new"}, "waiver": None}
        for item in document["findings"]
    ]


def test_a_second_amendment_is_one_more_in_the_tuple(tree: Path) -> None:
    plain = results(tree)
    assert plain["gate"]["reasons"] == ["1 finding at or above critical"]
    amended = results(tree, amendments=(*AMENDMENTS, accepted))
    assert (amended["gate"]["decision"], amended["gate"]["exit"]) == ("pass", 0)
    waived = {item["rule"]: item["waiver"] for item in amended["findings"] if item["waiver"]}
    assert waived == {PRIVILEGED: WAIVER}
    assert without_amendments(amended) == plain["findings"], "nothing else of them changed"
    assert amended["tool"]["version"] == "0 with 1 accepted"
    for part in ("counts", "controls", "coverage", "gaps"):
        assert amended[part] == plain[part], "a verdict stays what it is"
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(amended)] == []


def test_the_gate_says_what_it_counts(tree: Path) -> None:
    (tree / "more.yaml").write_text(POD.replace("name: a,", "name: b,"))
    plain = results(tree)
    both = Run(gate="high", known=known(plain), amendments=(*AMENDMENTS, accepted))
    document = json.loads(both.results(collector_of(tree)))
    (reason,) = document["gate"]["reasons"]
    assert reason.endswith(" new unwaived findings at or above high")


@pytest.mark.parametrize("order", ["baseline first", "baseline last"])
def test_what_two_amendments_take_out_is_taken_out_once(tree: Path, order: str) -> None:
    plain = results(tree)
    makers = (baseline_comparison, accepted)
    document = results(
        tree,
        known=known(plain, PRIVILEGED),
        amendments=makers if order == "baseline first" else makers[::-1],
    )
    assert document["gate"]["decision"] == "pass", document["gate"]
    assert document["baseline"]["known"] == 1
    (item,) = (item for item in document["findings"] if item["rule"] == PRIVILEGED)
    assert (item["waiver"], item.get("new")) == (WAIVER, None)
    fresh = {item["rule"] for item in document["findings"] if item.get("new")}
    assert HOST in fresh
    assert document["baseline"]["new"] == sum("new" in item for item in document["findings"])


def test_what_was_found_then_and_is_not_now_is_gone(tree: Path) -> None:
    """What is worse now is new and not gone; what passed then was nothing that could go."""
    plain = results(tree)
    earlier = known(plain, PRIVILEGED, HOST)
    assert len(earlier.findings) == 2
    again = {
        name: State("fail", "low", each.causes) if each.severity == "high" else each
        for name, each in earlier.findings.items()
    }
    gone = {"a" * 64: State("fail", "low", ()), "b" * 64: State("unknown", "low", ())}
    never = {"c" * 64: State("pass", "low", ()), "d" * 64: State("manual", "low", ())}
    before = Known("run-0", f"sha256:{'0' * 64}", {**again, **gone, **never})
    assert results(tree, known=before)["baseline"]["gone"] == 2


def test_marks_go_on_beside_a_waiver(tree: Path) -> None:
    """The waiver's reason looks like fields of the head: it leads nobody astray."""
    plain = results(tree)
    document = results(tree, known=known(plain), amendments=(accepted, baseline_comparison))
    (item,) = (item for item in document["findings"] if item["rule"] == PRIVILEGED)
    assert (item["waiver"], item["new"], item["covers"]) == (WAIVER, True, 1)


def test_without_amendments_findings_pass_as_they_are() -> None:
    settings = Settings(Chosen((), "p"), "", 1, Path(), None)
    stamp = Stamp("0", "r", "2026-11-30T00:00:00Z", str)
    amendments = Amendments(AMENDMENTS, settings, stamp)
    blocks = [[b"not looked at\n"], []]
    assert list(amendments.amended(blocks)) == blocks
    assert (amendments.counts, amendments.uncounted) == ("", {})
