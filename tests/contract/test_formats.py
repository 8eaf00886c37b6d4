"""What every report format must pass: it tells all, decides nothing, and holds no findings."""

from __future__ import annotations

import gc
import tracemalloc
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.cli.wiring import SHIPPED
from auditor.model.answers import Answer
from auditor.model.enums import Basis, ControlState, Decision, GapCause, Severity, TargetState
from auditor.model.finding import (
    Coverage,
    GapReport,
    KindCoverage,
    Report,
    RuleCount,
    RuleInfo,
    TargetReport,
)
from auditor.model.policy import Framework
from auditor.model.resource import Gap
from auditor.model.results import Baseline, ControlResult, GateResult, TargetControl
from auditor.model.results_finding import Finding, Observed, ResourceRef, Waiver
from auditor.model.terms import TermState
from auditor.model.waivers import WaiverState
from reports.details import PASSING
from reports.style import Style
from reports.text import safe
from tests.contract.reading import PRINTED, READERS, samples, text_of
from tests.unit.model.documents import ANSWER, WAIVER

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


@pytest.mark.parametrize("name", sorted(set(SHIPPED.formats) - {"terminal", *COUNTING}))
def test_many_answers_are_told_or_counted(name: str) -> None:
    """A format that says answers beside its findings bounds them, and says how many it has not."""
    said = "x" * 2_000
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


@pytest.mark.parametrize("name", sorted(set(SHIPPED.formats) - PRINTED))
@given(
    st.lists(
        st.builds(
            lambda number, text, verdict, severity: finding(
                number,
                verdict=verdict,
                severity=severity.value,
                message=text,
                element=text,
                resource=reference(text, namespace=text, file=text),
                observed=(Observed(f"/{text}", value={text: [text]}),),
            ),
            st.integers(0, 99),
            st.sampled_from(NASTY),
            st.sampled_from(VERDICTS),
            st.sampled_from(Severity),
        ),
        max_size=6,
    ),
    st.sampled_from(SCREENS),
)
@settings(max_examples=60)
def test_hostile_names(name: str, found: list[Finding], screen: Style) -> None:
    text = rendered(name, report(Many(tuple(found))), screen).decode()
    plain = text.replace("\x1b[", "") if screen.colour else text
    assert {char for char in plain if unicodedata.category(char) == "Cc"} <= {"\n"}
    assert "\u202e" not in plain or name != "terminal"
    assert text.count("\nRESULT ") <= 1


@pytest.mark.parametrize("name", FORMATS)
def test_many_findings_need_no_memory(name: str) -> None:
    """Four times the findings of what a report of a cluster has room for, and no more memory."""
    some = tuple(finding(number) for number in range(50))

    def peak(times: int) -> int:
        what = report(Many(some, times))
        gc.collect()
        tracemalloc.start()
        assert sum(map(len, SHIPPED.formats[name](SCREENS[0])(what)))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)
    assert peak(200) < peak(50) + (1 << 20)


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


FOUND = st.tuples(
    st.sampled_from(VERDICTS),
    st.sampled_from(Severity),
    st.text(min_size=1, max_size=8) | st.sampled_from(NASTY),
    st.booleans(),
)
GAPS = st.builds(
    Gap,
    st.sampled_from(("t", "k8s://x")),
    st.sampled_from(("k8s/Secret", "a.yaml", "t", "k8s://x")),
    st.sampled_from(GapCause),
    st.text(min_size=1, max_size=8) | st.sampled_from(NASTY),
    st.text(max_size=3),
    st.integers(0, 9),
)


SAID: dict[str, Callable[[str], str]] = {
    "json": lambda text: text,
    "junit": lambda text: safe(text).replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff"),
}
"""How a format shows a text, where it is not as all do: XML has no way to hold two characters."""


def test_every_format_has_a_reader() -> None:
    assert {*READERS, *COUNTING, *PRINTED, "terminal"} == set(SHIPPED.formats)


@pytest.mark.parametrize("name", READERS)
@given(
    st.lists(FOUND, max_size=12).map(worst_first),
    st.lists(GAPS, max_size=4, unique=True),
    st.none() | st.just(Baseline("0" * 32, "sha256:" + "b" * 64, 1, 2, 3)),
)
@settings(max_examples=60)
def test_parity(name: str, found: Many, gaps: list[Gap], baseline: Baseline | None) -> None:
    """A format shows what there is, worst first, and counts what it leaves out.

    What is new comes first where people read of a change; else the order is that of the run.
    """
    if baseline is None:
        found = Many(tuple(msgspec.structs.replace(each, new=False) for each in found))
    what = report(
        found, gaps=tuple(GapReport(gap, ("rule-one",)) for gap in gaps), baseline=baseline
    )
    shown = READERS[name](rendered(name, what))
    passing = [each for each in found if each.verdict in PASSING]
    there = [each for each in found if name not in WITHOUT_PASSES or each not in passing]
    said = SAID.get(name, safe)
    if name in NEW_FIRST:
        there.sort(key=lambda each: not each.new)
    expected = iter([(each.verdict, said(each.message)) for each in there])
    assert all(each in expected for each in shown.findings), "worst first, each once"
    assert len(shown.findings) + shown.left["findings"] == len(there)
    assert len(shown.gaps) + shown.left["gaps"] == len(gaps)
    whose = list(dict.fromkeys(gap.target for gap in gaps))
    if name in BY_TARGET:
        gaps.sort(key=lambda gap: whose.index(gap.target))
    for message, gap in zip(shown.gaps, gaps, strict=True):
        assert said(gap.detail) in message
    assert shown.left["passing"] == (len(passing) if name in WITHOUT_PASSES else 0)
    assert not shown.left["gaps"]
    assert not shown.left["findings"] or name == "github"


@pytest.mark.parametrize("name", READERS)
@given(st.lists(FOUND, max_size=8).map(worst_first), st.lists(st.booleans(), min_size=8))
@settings(max_examples=30)
def test_what_is_accepted_is_told_of_it(name: str, found: Many, marks: list[bool]) -> None:
    """Of that finding and no other, whatever its verdict; it is listed as the others are."""
    mark = Waiver("W-1", "ml", "reviewed", "ciso", "2027-01-01")
    seen = [
        msgspec.structs.replace(each, new=False, waiver=mark if marked else None)
        for each, marked in zip(found, marks, strict=False)
    ]
    shown = READERS[name](rendered(name, report(Many(tuple(seen)), gaps=())))
    there = [each for each in seen if name not in WITHOUT_PASSES or each.verdict not in PASSING]
    said = SAID.get(name, safe)
    assert [words for _, words in shown.findings] == [said(each.message) for each in there]
    assert shown.accepted == [said(each.message) for each in there if each.waiver is not None]
    if name not in ONE_WORD:
        assert [verdict for verdict, _ in shown.findings] == [each.verdict for each in there]


ONE_WORD = {"junit"}
"""Formats that have one word for a finding: one that is accepted is just that."""


@given(st.lists(FOUND, max_size=12).map(worst_first), st.lists(GAPS, max_size=4, unique=True))
@settings(max_examples=60)
def test_numbers_are_those_of_the_findings(found: Many, gaps: list[Gap]) -> None:
    """A format that only counts has the same numbers."""
    what = report(found, gaps=tuple(GapReport(gap, ()) for gap in gaps))
    values = samples(rendered("prometheus", what))
    counted = {key[2:4]: value for key, value in values.items() if key[0] == "auditor_findings"}
    assert counted == Counter((each.verdict, each.severity) for each in found)
    assert values["auditor_gaps",] == len(gaps)
    details = {key[5] for key in values if key[0] == "auditor_gap_info"}
    assert details == {safe(gap.detail) for gap in gaps}
