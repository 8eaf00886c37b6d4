"""A report format shows what there is, whatever it says, and holds no findings."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cli.wiring import SHIPPED
from auditor.model.enums import GapCause, Severity
from auditor.model.finding import (
    GapReport,
)
from auditor.model.resource import Gap
from auditor.model.results import Baseline
from auditor.model.results_finding import Finding, Observed, Waiver
from reports.details import PASSING
from reports.style import Style
from reports.text import safe
from tests.contract.reading import PRINTED, READERS, samples
from tests.contract.reports import (
    BY_TARGET,
    COUNTING,
    NASTY,
    NEW_FIRST,
    SCREENS,
    VERDICTS,
    WITHOUT_PASSES,
    Many,
    finding,
    reference,
    rendered,
    report,
    worst_first,
)
from tests.sweeps import examples


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
@examples(100)
def test_hostile_names(name: str, found: list[Finding], screen: Style) -> None:
    text = rendered(name, report(Many(tuple(found))), screen).decode()
    plain = text.replace("\x1b[", "") if screen.colour else text
    assert {char for char in plain if unicodedata.category(char) == "Cc"} <= {"\n"}
    assert "\u202e" not in plain or name != "terminal"
    assert text.count("\nRESULT ") <= 1


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
@examples(100)
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
@examples(50)
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
@examples(100)
def test_numbers_are_those_of_the_findings(found: Many, gaps: list[Gap]) -> None:
    """A format that only counts has the same numbers."""
    what = report(found, gaps=tuple(GapReport(gap, ()) for gap in gaps))
    values = samples(rendered("prometheus", what))
    counted = {key[2:4]: value for key, value in values.items() if key[0] == "auditor_findings"}
    assert counted == Counter((each.verdict, each.severity) for each in found)
    assert values["auditor_gaps",] == len(gaps)
    details = {key[5] for key in values if key[0] == "auditor_gap_info"}
    assert details == {safe(gap.detail) for gap in gaps}
