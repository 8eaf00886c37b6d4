"""OSCAL assessment results: valid by all who judge them, and each reference leads to something."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.enums import ControlState, Decision
from auditor.model.finding import Report, RuleInfo
from auditor.model.policy import Framework
from auditor.model.results import ControlResult, GateResult, TargetControl
from auditor.model.results_finding import Observed, Waiver
from auditor.model.waivers import WaiverState
from reports import oscal
from reports.oscal_controls import MOST_OBSERVATIONS
from reports.oscal_values import line, original, token
from tests.contract.reports import NASTY, VERDICTS, Many, finding, reference, report
from tests.engines.judges import Judge
from tests.unit.model.documents import WAIVER

MARK = Waiver("W-1", "ml", "moves", "ciso", "2027-01-01")
STATES = tuple(ControlState)
UUIDS = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
REFERENCES = {"actor-uuid", "component-uuid", "observation-uuid", "risk-uuid", "subject-uuid"}


def document(what: Report, version: str = oscal.VERSION) -> Any:
    render = {oscal.VERSION: oscal.render, oscal.OLDER: oscal.render_older}[version]
    return json.loads(b"".join(render(what)))["assessment-results"]


def result(what: Report) -> Any:
    (found,) = document(what)["results"]
    return found


def control(name: str, state: ControlState, framework: str = "cis") -> ControlResult:
    targets = (TargetControl("t", state), TargetControl("k8s://x", ControlState.NOT_ASSESSED))
    return ControlResult(framework, name, f"Title of {name}", state, (), targets)


def full() -> Report:
    """All verdicts, all states, waivers, hostile names."""
    found = [
        finding(
            number,
            verdict=VERDICTS[number % len(VERDICTS)],
            rule=f"rule-{number % 4}",
            message=text,
            element=text,
            resource=reference(text, namespace=text, file=text, line=number),
            related=(reference(text, target="k8s://elsewhere", file="GET /"),),
            observed=tuple(Observed(text, value=text, line=number) for _ in range(number % 10)),
            controls=(f"cis:{number % 5}.1", "unknown:1"),
            evidence=(f"sha256:{number:064x}",) if number % 3 else (),
            waiver=MARK if number % 10 == 0 else None,
        )
        for number, text in enumerate((*NASTY, " ", "\xa0x\u2003", ""))
    ]
    found.append(finding(100, verdict="pass", rule="rule-9", controls=("cis:0.1",)))
    return report(
        Many(tuple(found)),
        controls=tuple(control(f"{n}.1", state) for n, state in enumerate(STATES)),
        frameworks=(Framework("cis", "CIS *benchmark*", "https://x.example", "1"),),
        waivers=(WAIVER,),
        rules={
            "rule-0": RuleInfo("rule-0", "*Bad* `one`", "high", "Mend it.", "Since\nit is <b>."),
            "rule-1": RuleInfo("rule-1", "Rule one", "high", ""),
        },
    )


def test_all_judges_find_nothing_wrong(oscal_judge: Judge, tmp_path: Path) -> None:
    reports = {
        "full": full(),
        "nothing": report(Many(()), gaps=(), targets=(), controls=()),
        "not assessed": report(Many(()), controls=(control("1", ControlState.NOT_ASSESSED),)),
    }
    for models, version in (("newer", oscal.VERSION), ("older", oscal.OLDER)):
        files = [tmp_path / f"{name}.json" for name in reports]
        for file, what in zip(files, reports.values(), strict=True):
            file.write_text(json.dumps({"assessment-results": document(what, version)}))
        assert oscal_judge.complaints(files, models) == []


def test_the_judges_complain(oscal_judge: Judge, tmp_path: Path) -> None:
    """Each of them sees something that the others do not, or not alone."""
    found = document(full())
    found["results"][0]["findings"][0]["target"]["target-id"] = "5.2.2"
    found["results"][0]["inventory"] = []
    found["results"][0]["observations"][1]["uuid"] = found["results"][0]["observations"][0]["uuid"]
    (tmp_path / "a.json").write_text(json.dumps({"assessment-results": found}))
    said = {
        text.partition(":")[0] for _, text in oscal_judge.complaints([tmp_path / "a.json"], "newer")
    }
    assert said == {"schema", "models", "constraints"}


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """All members of all objects in a document."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, item
            yield from members(item)
    elif isinstance(value, list):
        for item in value:
            yield from members(item)


def test_every_reference_leads_to_something() -> None:
    found = document(full())
    there = [item for name, item in members(found) if name == "uuid"]
    assert len(there) == len(set(there)), "no two things have one id"
    assert all(UUIDS.fullmatch(each) and UUID(each).version == 5 for each in there)
    wanted = Counter(name for name, _ in members(found) if name in REFERENCES)
    assert set(wanted) == REFERENCES
    assert {item for name, item in members(found) if name in REFERENCES} <= set(there)
    links = {item for name, item in members(found) if name == "href" and item.startswith("#")}
    assert len(links) > 3
    assert links <= {f"#{each['uuid']}" for each in found["back-matter"]["resources"]}
    (only,) = found["results"]
    reviewed = {item for name, item in members(only["reviewed-controls"]) if name == "objective-id"}
    assert {each["target"]["target-id"] for each in only["findings"]} == reviewed


def test_names_of_members_that_refer_are_all_known() -> None:
    """A reference that is added is looked at by the test above."""
    names = {name for name, _ in members(document(full())) if name.endswith("-uuid")}
    assert names == REFERENCES


TOKENS = {
    "cis-kubernetes:5.2.2": "cis-kubernetes__5.2.2",
    "nist-800-53:AC-2(1)": "nist-800-53__AC-2_x28_1_x29_",
    "27001:A.5": "_x32_7001__A.5",
    "a_b:1": "a_x5f_b__1",
    ".x": "_x2e_x",
}


@pytest.mark.parametrize(("text", "made"), TOKENS.items())
def test_tokens(text: str, made: str) -> None:
    assert token(text) == made


@given(st.text(min_size=1) | st.text("_:x5f.1", min_size=1))
def test_a_token_is_taken_back(text: str) -> None:
    made = token(text)
    assert re.fullmatch("[A-Za-z_][A-Za-z0-9._-]*", made)
    assert original(made) == text


@given(st.text() | st.text(" \xa0\n\u2003a"))
def test_a_value_is_a_line(text: str) -> None:
    assert re.fullmatch(r"\S(.*\S)?", line(text))


STATUSES = {
    ControlState.SATISFIED: ("satisfied", "pass"),
    ControlState.NOT_SATISFIED: ("not-satisfied", "fail"),
    ControlState.UNDETERMINED: ("not-satisfied", "other"),
    ControlState.SUPPORTED: ("not-satisfied", "other"),
}


@pytest.mark.parametrize(("state", "status"), STATUSES.items())
def test_states(state: ControlState, status: tuple[str, str]) -> None:
    found = result(report(Many((finding(),)), controls=(control("1.2.3", state),)))
    (only,) = found["findings"]
    target = only["target"]
    assert (target["type"], target["target-id"]) == ("objective-id", "cis__1.2.3")
    assert (target["status"]["state"], target["status"]["reason"]) == status
    about = {each["name"]: each["value"] for each in only["props"]}
    assert about == {"framework": "cis", "control-id": "1.2.3", "state": state.value}
    assert "`t: " in only["remarks"]
    assert ("neither shown" in target["status"].get("remarks", "")) == (
        state is ControlState.UNDETERMINED
    )


def test_what_is_not_assessed_is_left_out_of_the_selection() -> None:
    states = (control("1", ControlState.SATISFIED), control("2", ControlState.NOT_ASSESSED))
    found = result(report(Many(()), controls=states))
    (selection,) = found["reviewed-controls"]["control-selections"]
    assert selection["include-controls"] == [{"control-id": "cis__1"}]
    assert selection["exclude-controls"] == [{"control-id": "cis__2"}]
    names = {each["class"]: each["value"] for each in selection["props"] if "class" in each}
    assert names == {"cis__1": "1", "cis__2": "2"}
    assert [each["target"]["target-id"] for each in found["findings"]] == ["cis__1"]


def test_a_control_names_what_decided_it() -> None:
    seen = tuple(
        finding(number, verdict=verdict, controls=("cis:1",), rule=f"rule-{verdict}")
        for number, verdict in enumerate(("fail", "unknown", "pass"))
    )
    for state, verdict in (("NOT_SATISFIED", "fail"), ("UNDETERMINED", "unknown")):
        found = result(report(Many(seen), controls=(control("1", ControlState[state]),)))
        observations = {each["uuid"]: each for each in found["observations"]}
        (only,) = found["findings"]
        (named,) = only["related-observations"]
        about = {
            each["name"]: each["value"] for each in observations[named["observation-uuid"]]["props"]
        }
        assert about["verdict"] == verdict
        assert only["related-risks"] == [{"risk-uuid": found["risks"][0]["uuid"]}]


def test_an_observation() -> None:
    one = finding(related=(reference("other", target="k8s://x", file="GET /"),), new=True)
    found = result(report(Many((one,)), gaps=()))
    (seen,) = found["observations"]
    assert (seen["description"], seen["title"]) == ("`message 0`", "Rule one")
    assert (seen["methods"], seen["collected"]) == (["TEST"], "2026-11-23T00:00:00Z")
    digest, value = seen["relevant-evidence"]
    (held,) = [
        each
        for each in document(report(Many((one,))))["back-matter"]["resources"]
        if f"#{each['uuid']}" == digest["href"]
    ]
    assert held["rlinks"][0]["hashes"] == [{"algorithm": "SHA-256", "value": "e" * 64}]
    assert value["description"] == "`/spec/x = 0`"
    assert {each["name"]: each["value"] for each in value["props"]} == {
        "path": "/spec/x",
        "line": "4",
    }
    assert [each["title"] for each in seen["subjects"]] == ["`Pod ml/pod-0`", "`Pod ml/other`"]
    about = {each["name"]: each["value"] for each in seen["props"]}
    assert about["fingerprint"] == one.fingerprint
    assert (about["new"], about["control"]) == ("yes", "cis:1")


def test_a_waiver_is_a_deviation() -> None:
    """What is accepted is another risk than what is open of the same rule."""
    ours = msgspec.structs.replace(WAIVER, id="W-1", state=WaiverState.ACTIVE)
    seen = Many((finding(0), finding(1, waiver=MARK), finding(2)))
    found = result(report(seen, waivers=(ours,)))
    opened, accepted = found["risks"]
    assert (opened["status"], len(opened["related-observations"])) == ("open", 2)
    assert opened["remediations"][0]["lifecycle"] == "recommendation"
    assert (accepted["status"], len(accepted["related-observations"])) == ("deviation-approved", 1)
    assert accepted["deadline"] == "2027-01-01T00:00:00Z"
    (response,) = accepted["remediations"]
    about = {each["name"]: each["value"] for each in response["props"]}
    assert (about["type"], about["owner"], about["approved-by"]) == ("accept", "ml", "ciso")
    assert opened["uuid"] != accepted["uuid"]
    (entry,) = accepted["risk-log"]["entries"]
    assert (entry["start"], entry["status-change"]) == (
        "2026-01-01T00:00:00Z",
        "deviation-approved",
    )


def test_a_risk_says_why_and_what_to_do_as_its_author_wrote_it() -> None:
    info = RuleInfo(
        *("rule-one", "Rule one", "high", "Drop `ALL`, don't keep it.\n\nAfter:\n\n    a: *b*\n"),
        rationale="A `root`\nis one, e.g. of [all](x).",
    )
    (risk,) = result(report(Many((finding(),)), rules={"rule-one": info}))["risks"]
    assert risk["description"] == "A `root` is one, e.g. of \\[all\\](x)."
    assert risk["statement"] == "The rule `rule-one` fails in 1 observation."
    said = "Drop `ALL`, don't keep it.\n\nAfter:\n\n```\na: *b*\n```"
    assert [each["description"] for each in risk["remediations"]] == [said]


def test_a_control_says_which_observations_it_does_not_list() -> None:
    seen = Many((finding(),), times=MOST_OBSERVATIONS + 7)
    (found,) = result(report(seen))["findings"]
    assert len(found["related-observations"]) == MOST_OBSERVATIONS
    assert "\n\n7 more observations are not listed: " in found["remarks"]
    passes = (control("1", ControlState.SATISFIED),)
    (found,) = result(report(Many(()), controls=passes))["findings"]
    assert "What passes was not listed in this run" in found["remarks"]
    (found,) = result(report(Many((finding(verdict="pass"),)), controls=passes))["findings"]
    assert "not listed" not in found.get("remarks", "")


def test_a_risk_is_the_same_in_every_run() -> None:
    first, second = (
        result(report(Many((finding(),)), run_id=run, digest=f"sha256:{run}"))
        for run in ("0" * 32, "1" * 32)
    )
    assert first["uuid"] != second["uuid"]
    assert first["risks"][0]["uuid"] == second["risks"][0]["uuid"]
    assert first["observations"][0]["uuid"] == second["observations"][0]["uuid"]


@pytest.mark.parametrize("decision", Decision)
def test_the_gate(decision: Decision) -> None:
    found = result(report(Many(()), gate=GateResult("high", decision, ("because",), 1)))
    gate, looked = found["assessment-log"]["entries"]
    assert gate["description"] == f"`gate high: {decision.value}: because`"
    assert "`k8s://x: unreachable`" in looked["description"]
    about = {each["name"]: each["value"] for each in found["props"]}
    assert (about["gate"], about["coverage"]) == (decision.value, "0.500000")


def test_versions() -> None:
    newer, older = document(full()), document(full(), oscal.OLDER)
    assert (newer["metadata"]["oscal-version"], older["metadata"]["oscal-version"]) == (
        "1.2.1",
        "1.1.3",
    )
    assert newer["uuid"] != older["uuid"]
    assert newer["results"] == older["results"]
