"""GitLab's code quality report: its fields, and a fingerprint for each issue."""

from __future__ import annotations

import json
from typing import Any

from auditor.model.enums import Decision
from auditor.model.results import GateResult
from auditor.model.results_finding import Waiver
from reports import gitlab
from tests.contract.reports import Many, finding, reference, report
from tests.e2e.command import ROOT, auditor

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}
"""https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format"""


def read(*found: Any, **more: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(b"".join(gitlab.render(report(Many(found), **more))))
    for issue in listed:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= set(issue)
        assert issue["severity"] in SEVERITIES
        assert issue["location"]["lines"]["begin"] >= 1
        path = issue["location"]["path"]
        assert path
        assert not path.startswith("./"), "GitLab wants none"
    assert len({issue["fingerprint"] for issue in listed}) == len(listed)
    return listed


def test_an_issue() -> None:
    first = read(finding(severity="critical"))[0]
    assert (first["check_name"], first["severity"]) == ("rule-one", "blocker")
    assert first["location"] == {"path": "t/a.yaml", "lines": {"begin": 3}}
    assert first["content"]["body"].startswith("- `Pod ml/pod-0, container main`\n- `/spec/x = 0`")


def test_no_line_is_the_first() -> None:
    first = read(finding(resource=reference("web", target="k8s://x", file="GET /")))[0]
    assert first["location"] == {"path": "k8s/x/ml/Pod/web", "lines": {"begin": 1}}


def test_one_finding_in_two_files() -> None:
    """The same object in two targets has one fingerprint of ours, and needs two here."""
    one, other = (finding(1, resource=reference("a", file=name)) for name in ("a", "b"))
    read(one, other)


def test_what_is_accepted_is_no_fault() -> None:
    first = read(finding(waiver=Waiver("W-1", "ml", "moves", "ciso", "2027-01-01")))[0]
    assert first["severity"] == "info"
    assert "accepted by ml, approved by ciso, until 2027-01-01" in first["description"]


def test_a_run_without_findings_is_not_an_empty_list() -> None:
    *gaps, run = read(gate=GateResult("high", Decision.INCOMPLETE, ("2 gaps",), 3))
    assert [gap["check_name"] for gap in gaps] == [gitlab.NOT_READ] * 2
    assert (run["check_name"], run["severity"]) == (gitlab.RUN, "major")
    assert run["description"] == "gate high: incomplete: 2 gaps"


def test_the_examples(tmp_path: Any) -> None:
    """With two targets and files that are called alike."""
    file = tmp_path / "gl.json"
    folders = [ROOT / "examples" / name for name in ("estate", "gpu-cluster")]
    auditor("scan", *folders, "--no-cache", "-q", "--all", "-o", f"gitlab={file}")
    listed = json.loads(file.read_bytes())
    assert len(listed) > 200
    assert len({issue["fingerprint"] for issue in listed}) == len(listed)
