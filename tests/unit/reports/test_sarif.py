"""SARIF: what code scanning shows, and what it would refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import RFC_4122, UUID

import jsonschema
import pytest

from auditor.model.enums import Decision, GapCause
from auditor.model.finding import GapReport, Report, RuleCount, RuleInfo
from auditor.model.resource import Gap
from auditor.model.results import Baseline, GateResult
from auditor.model.results_finding import Observed, Waiver
from reports import sarif
from reports.sarif_rules import LEFT_OUT, NOT_READ
from tests.contract.reports import NASTY, Many, finding, reference, report
from tests.e2e.command import ESTATE, auditor
from tests.engines.sarif import Multitool

ALLOWED = {"SARIF2005", "SARIF2017"}
"""The project has no address yet; no region where there is no line is what we want."""
CLUSTER = {"target": "k8s://prod", "file": "GET /api/v1/pods"}


def run(what: Report) -> Any:
    return json.loads(b"".join(sarif.render(what)))["runs"][0]


def result(**more: Any) -> Any:
    return run(report(Many((finding(**more),)), gaps=()))["results"][0]


def test_a_line_is_a_region() -> None:
    place = result()["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "t/a.yaml"}, "region": {"startLine": 3}}


def test_no_line_is_no_region() -> None:
    place = result(resource=reference("web", **CLUSTER))["locations"][0]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "k8s/prod/ml/Pod/web"}}
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "k8s://prod Pod ml/web"


def test_a_path_is_encoded() -> None:
    found = result(resource=reference("web", file="ä b/#1?.yaml", line=1))
    uri = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "t/%C3%A4%20b/%231%3F.yaml"


KINDS = {
    ("fail", "critical"): ("fail", "error"),
    ("fail", "medium"): ("fail", "warning"),
    ("fail", "info"): ("fail", "note"),
    ("unknown", "critical"): ("open", "none"),
    ("manual", "high"): ("review", "none"),
}


@pytest.mark.parametrize(("said", "kind"), KINDS.items())
def test_kinds_and_levels(said: tuple[str, str], kind: tuple[str, str]) -> None:
    found = result(verdict=said[0], severity=said[1])
    assert (found["kind"], found["level"]) == kind


def test_fingerprints_are_ours() -> None:
    found = result()["partialFingerprints"]
    assert set(found.values()) == {finding().fingerprint}
    assert "primaryLocationLineHash" in found, "the one that GitHub compares"


def test_a_waiver_is_a_suppression() -> None:
    waiver = Waiver("W-1", "team", "reviewed", "ciso", "2027-01-01")
    (found,) = result(waiver=waiver)["suppressions"]
    assert (found["kind"], found["status"]) == ("external", "accepted")
    for said in ("W-1", "team", "reviewed", "ciso", "2027-01-01"):
        assert said in found["justification"], said


def test_a_baseline_is_said_of_every_result() -> None:
    found = (finding(1, new=True), finding(2))
    what = report(Many(found), baseline=Baseline("r", "sha256:" + "b" * 64, 1, 1))
    states = [each["baselineState"] for each in run(what)["results"]]
    assert states == ["new", "unchanged", "unchanged", "unchanged"], "two are gaps"


def test_a_run_is_named_by_a_uuid() -> None:
    """Of RFC 4122, whatever digits the id of the run has."""
    for name in ("0" * 32, "f" * 32, "odd"):
        found = run(report(Many(()), run_id=name))
        said = UUID(found["automationDetails"]["guid"])
        assert (said.variant, said.version) == (RFC_4122, 5)
        assert found["properties"]["run"] == name


def described(**more: Any) -> Any:
    info = RuleInfo("rule-one", "Rule one", "high", **more)
    found = run(report(Many((finding(),)), rules={"rule-one": info}))
    return next(each for each in found["tool"]["driver"]["rules"] if each["id"] == "rule-one")


def test_a_rule_says_why_and_what_to_do() -> None:
    found = described(remediation="Use `b`.\n\n    a: *c*\n", rationale="It\nis so.")
    assert found["shortDescription"]["text"] == "Rule one."
    assert found["fullDescription"]["text"] == "It is so."
    assert found["help"]["text"] == "Use `b`.\n\n    a: *c*"
    assert found["help"]["markdown"] == "Use `b`.\n\n```\na: *c*\n```"
    assert described(remediation="")["fullDescription"]["text"] == "Rule one."


@pytest.mark.parametrize(
    ("rationale", "end"),
    [("So it is. " * 200, "So it is."), ("word " * 400, "word\u2026"), ("x" * 2000, "x\u2026")],
)
def test_what_is_too_long_for_github_is_cut(rationale: str, end: str) -> None:
    text = described(remediation="", rationale=rationale)["fullDescription"]["text"]
    assert 900 < len(text) <= 1024
    assert text.endswith(end)


def test_no_names_make_a_link() -> None:
    found = result(message="see [here](https://example.org)")["message"]["text"]
    assert found.startswith(r"see \[here\](https://example.org)")
    assert result(message='add ["SYS_ADMIN"]')["message"]["text"].startswith('add ["SYS_ADMIN"]')


def test_other_places() -> None:
    others = (reference("cm", **CLUSTER),)
    values = (Observed("/a", value=1, file="b.yaml", line=7), Observed("/b", of=0, value=2, line=2))
    found = result(related=others, observed=values)["relatedLocations"]
    assert [
        (each["physicalLocation"]["artifactLocation"]["uri"], each["message"]["text"])
        for each in found
    ] == [
        ("k8s/prod/ml/Pod/cm", "with Pod ml/cm"),
        ("t/b.yaml", "/a = 1"),
        ("k8s/prod/ml/Pod/cm", "/b of Pod ml/cm = 2"),
    ]


def test_what_was_not_read_is_a_result() -> None:
    found = [each for each in run(report(Many(())))["results"] if each["ruleId"] == NOT_READ]
    places = [each["locations"][0]["physicalLocation"] for each in found]
    assert places == [
        {"artifactLocation": {"uri": "t/b.yaml"}, "region": {"startLine": 7}},
        {"artifactLocation": {"uri": "k8s/x"}},
    ]
    assert found[0]["message"]["text"] == (
        "not read: b.yaml of t: malformed: not YAML\ntry: mend it\nno verdict: rule-one"
    )


def test_whether_the_run_went_well() -> None:
    def went(**more: Any) -> bool:
        ran = run(report(Many(()), **more))["invocations"][0]
        good: bool = ran["executionSuccessful"]
        return good

    fine = {"targets": (), "gaps": ()}
    assert went(**fine)
    assert not went(), "a cluster was not reached"
    assert not went(**fine, gate=GateResult("high", Decision.INCOMPLETE, (), 3))
    assert not went(targets=(), gaps=(GapReport(Gap("t", "a", GapCause.INTERNAL, "bug"), ()),))


def test_more_than_github_takes() -> None:
    """The worst stay, room is kept for gaps, and what is left out is a result."""
    worst = finding(1, severity="critical", message="the worst")
    mild = finding(2, severity="info")
    gaps = tuple(
        GapReport(Gap("t", f"{number}.yaml", GapCause.DENIED, "d"), ()) for number in range(1100)
    )
    what = report(Many((worst, *[mild] * 29_999)), gaps=gaps)
    found = run(what)
    assert len(found["results"]) == sarif.MOST_RESULTS
    assert found["results"][0]["message"]["text"].startswith("the worst")
    last = found["results"][-1]
    assert last["ruleId"] == LEFT_OUT
    assert last["message"]["text"].startswith("6001 findings and 100 gaps are left out")
    assert found["properties"]["leftOut"] == {"findings": 6001, "gaps": 100, "passing": 0}
    assert len(found["invocations"][0]["toolExecutionNotifications"]) == len(gaps)


def test_a_rule_is_described_where_something_is_said_of_it() -> None:
    counts = (RuleCount("rule-one", 1, 2, 0, 0, 0), RuleCount("quiet", 9, 0, 0, 0, 0))
    rules = {
        name: RuleInfo(name, name, "high", "Do:\n\n  x: 1\n") for name in ("rule-one", "quiet")
    }
    found = run(report(Many((finding(),)), counts=counts, rules=rules))
    listed = [each["id"] for each in found["tool"]["driver"]["rules"]]
    assert listed == ["rule-one", NOT_READ, LEFT_OUT]
    assert found["results"][0]["ruleIndex"] == 0
    assert found["tool"]["driver"]["rules"][0]["help"]["text"] == "Do:\n\n  x: 1"
    assert found["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == "8.0"


def worlds(folder: Path) -> dict[str, Path]:
    """Reports that are valid or not, by what is in them."""
    nasty = tuple(
        finding(
            number,
            message=text,
            element=text,
            resource=reference(text, namespace=text, file=text or "a", line=number),
            observed=(Observed(text, value=text, line=2),),
            related=(reference(text, **CLUSTER),),
            waiver=Waiver(text, text, text, text, text),
        )
        for number, text in enumerate(NASTY, 1)
    )
    made = {
        "nothing": report(Many(())),
        "hostile": report(Many(nasty), profile="a b\x1b"),
        "compared": report(
            Many((finding(new=True), finding(1))), baseline=Baseline("r", "sha256:", 1, 1)
        ),
    }
    files = {}
    for name, what in made.items():
        files[name] = folder / f"{name}.sarif"
        files[name].write_bytes(b"".join(sarif.render(what)))
    files["the example"] = folder / "estate.sarif"
    ran = auditor("scan", ESTATE, "--no-cache", "-q", "-o", f"sarif={files['the example']}")
    assert ran.code == 1, ran.err
    return files


def test_the_schema_and_github(multitool: Multitool, tmp_path: Path) -> None:
    schema = json.loads(multitool.schema.read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    files = worlds(tmp_path)
    for name, file in files.items():
        found = list(validator.iter_errors(json.loads(file.read_bytes())))
        assert not found, f"{name}: {found[0].message}"
    said = multitool.complaints(*files.values())
    assert [each for each in said if each[0] not in ALLOWED] == []
    assert {text.partition(":")[0] for _, text in said} == {file.name for file in files.values()}


def test_the_validator_complains(multitool: Multitool, tmp_path: Path) -> None:
    document = json.loads(b"".join(sarif.render(report(Many((finding(),))))))
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    place["region"]["startLine"] = 0
    file = tmp_path / "zero.sarif"
    file.write_text(json.dumps(document))
    assert {rule for rule, _ in multitool.complaints(file)} - ALLOWED


def test_the_example_has_an_alert_a_finding(tmp_path: Path) -> None:
    places = [tmp_path / "r.sarif", tmp_path / "r.json"]
    outputs = [
        each
        for kind, file in zip(("sarif", "json"), places, strict=True)
        for each in ("-o", f"{kind}={file}")
    ]
    auditor("scan", ESTATE, "--no-cache", "-q", *outputs)
    shown = json.loads(places[0].read_bytes())["runs"][0]["results"]
    found = json.loads(places[1].read_bytes())["findings"]
    assert [each["partialFingerprints"]["auditor/v2"] for each in shown] == [
        each["fingerprint"] for each in found
    ]
    with_lines = [each["locations"][0]["physicalLocation"].get("region") for each in shown]
    assert [None if each is None else each["startLine"] for each in with_lines] == [
        each["resource"].get("line") for each in found
    ]
