"""What every report format must tell, and decide nothing."""

from __future__ import annotations

import msgspec
import pytest

from auditor.cli.wiring import SHIPPED
from auditor.model.answers import Answer
from auditor.model.enums import Basis, ControlState, Decision
from auditor.model.policy import Framework
from auditor.model.results import Baseline, ControlResult, GateResult, TargetControl
from auditor.model.results_finding import Observed, Waiver
from auditor.model.terms import TermState
from auditor.model.waivers import WaiverState
from reports.details import PASSING
from tests.contract.reading import text_of
from tests.contract.reports import (
    COUNTING,
    FORMATS,
    SCREENS,
    VERDICTS,
    WITHOUT_PASSES,
    Many,
    finding,
    reference,
    rendered,
    report,
)
from tests.sweeps import sweep
from tests.unit.model.documents import ANSWER, WAIVER


@pytest.mark.parametrize("name", FORMATS)
def test_all_that_counts_is_told(name: str) -> None:
    found = [finding(number, verdict=verdict) for number, verdict in enumerate(VERDICTS)]
    text = text_of(name, rendered(name, report(Many(tuple(found)))))
    for said in ("rule-one", "b.yaml", "not YAML", "k8s://x", "refused", "unreachable", "partial"):
        assert said in text, said
    for each in found:
        left_out = name in COUNTING or (name in WITHOUT_PASSES and each.verdict in PASSING)
        assert (each.message in text) != left_out, each.verdict
    assert "2 findings at or above high" in text, "why the gate says no"


@pytest.mark.parametrize("name", sorted(set(SHIPPED.formats) - COUNTING))
def test_what_else_a_finding_has_is_told(name: str) -> None:
    others = (reference("other", target="k8s://x", file="GET /boxes"),)
    full = finding(related=others, observed=(Observed("/tenant", value="x", of=0),), new=True)
    since = Baseline("r", "sha256:" + "b" * 64, 4, 1)
    text = text_of(name, rendered(name, report(Many((full,)), baseline=since)))
    for said in ("other", "GET /boxes", "/tenant", "new"):
        assert said in text, said


@pytest.mark.parametrize("name", FORMATS)
def test_waivers_are_told(name: str) -> None:
    """What is accepted is not told as what is open, and a waiver that has ended is named."""
    accepted = finding(waiver=Waiver("W-7", "ml", "so", "ciso", "2027-01-01"))
    ended = msgspec.structs.replace(WAIVER, id="W-9", state=WaiverState.EXPIRED)
    what = report(Many((accepted,)), waivers=(ended,), waived={("fail", "high"): 1})
    text = text_of(name, rendered(name, what))
    assert "W-9" in text
    assert "W-7" in text or "1 finding accepted" in text or 'accepted="true"} 1' in text


@pytest.mark.parametrize("name", FORMATS)
def test_answers_are_told_as_a_person_s_word(name: str) -> None:
    """Whose word it is, whether it counts, and that no rule said so."""
    word = msgspec.structs.replace(
        ANSWER, control="cis:1", answer=Answer.MET, state=TermState.ACTIVE, decides=1, targets=1
    )
    ended = msgspec.structs.replace(
        ANSWER, control="cis:2", owner="ops", state=TermState.EXPIRED, targets=1
    )
    states = (TargetControl("t", ControlState.ATTESTED),)
    control = ControlResult("cis", "1", "One", ControlState.ATTESTED, (), states, "met, says ml")
    framework = Framework("cis", "CIS", "", "https://cis.example/", selected_only=True)
    what = report(Many(()), answers=(word, ended), controls=(control,), frameworks=(framework,))
    text = text_of(name, rendered(name, what))
    assert "cis:1" in text or "1 by a person" in text
    assert "person" in text or '"state":"attested"' in text.replace(" ", "")
    assert "expired" in text or "ended on 2026-06-01" in text
    assert "ops" in text, "whose word has ended"


@pytest.mark.parametrize("name", FORMATS)
def test_marks_of_mappings_are_told(name: str) -> None:
    """Every format says that a mapping is our own, and that nobody has reviewed it."""
    states = (TargetControl("t", ControlState.SUPPORTED),)
    control = ControlResult("cis", "1", "One", ControlState.SUPPORTED, (), states, "", (), True)
    ours = Framework(
        "cis",
        "CIS",
        "2",
        "https://cis.example/",
        mapping=Basis.SUPPORTS,
        unreviewed="Ours.",
        selected_only=True,
    )
    what = report(Many(()), controls=(control,), frameworks=(ours,))
    text = text_of(name, rendered(name, what))
    assert "unreviewed" in text
    assert "supported" in text
    assert "our own mapping" in text or '"mapping":"supports"' in text.replace(" ", "")
    assert "1 satisfied" not in text


@pytest.mark.parametrize("name", ["html", "csv", "oscal", "oscal-1.1", "cyclonedx"])
def test_controls_stand_in_the_order_of_their_numbers(name: str) -> None:
    """As people count, a framework after the other; results.json has them as bytes compare."""
    names = (("cis", "5.10"), ("cis", "5.2"), ("cis", "5.9"), ("nist", "AC-1"))
    what = report(
        Many(()),
        controls=tuple(
            ControlResult(framework, number, f"Title {number}.", ControlState.UNDETERMINED, (), ())
            for framework, number in names
        ),
        frameworks=tuple(
            Framework(each, each, "", "https://f.example/", selected_only=True)
            for each in ("cis", "nist")
        ),
    )
    text = rendered(name, what).decode()
    places = [text.index(f"Title {number}.") for number in ("5.2", "5.9", "5.10", "AC-1")]
    assert places == sorted(places)


@sweep(some=600, whole=2_000)
@pytest.mark.parametrize("name", sorted(set(SHIPPED.formats) - {"terminal", *COUNTING}))
def test_many_answers_are_told_or_counted(name: str, size: int) -> None:
    """A format that says answers beside its findings bounds them, and says how many it has not."""
    said = "x" * size
    many = tuple(
        msgspec.structs.replace(ANSWER, control=f"cis:{number}", statement=said)
        for number in range(300)
    )
    text = text_of(name, rendered(name, report(Many((finding(),)), answers=many)))
    assert "cis:99" in text
    listed = said in text or "100 answers more" in text.replace("and ", "")
    assert listed != ("200 answers are left out here" in text)
    assert "message 0" in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_report_is_the_same_bytes(name: str) -> None:
    what = report(Many((finding(),)))
    for screen in SCREENS:
        assert rendered(name, what, screen) == rendered(name, what, screen)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("state", Decision)
def test_every_decision(name: str, state: Decision) -> None:
    gate = GateResult("high", state, ("because",), 1)
    assert state.value in text_of(name, rendered(name, report(Many(()), gate=gate))).lower()
