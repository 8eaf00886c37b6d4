"""CSV: a row for everything, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.results_finding import Observed, Waiver
from reports import rows
from reports.text import safe
from tests.contract.reading import plain
from tests.contract.reports import NASTY, Many, finding, reference, report
from tests.unit.model.documents import WAIVER

SIGNS = "=+-@|%\uff1d\uff0b\uff0d\uff20"


def read(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def test_a_row_for_everything() -> None:
    found = finding(
        waiver=Waiver("W-1", "ml", "moves", "ciso", "2027-01-01"),
        related=(reference("cm", target="k8s://x", file="GET /"),),
        new=True,
    )
    data = b"".join(rows.render(report(Many((found,)), waivers=(WAIVER,))))
    listed = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert [row["record"] for row in listed] == [
        *("run", "target", "target", "waiver", "control", "gap", "gap", "finding")
    ]
    assert (listed[3]["name"], listed[3]["verdict"]) == ("w-1", "expiring")
    assert (listed[4]["controls"], listed[4]["verdict"]) == ("cis:1", "not-satisfied")
    assert (listed[5]["path"], listed[5]["line"], listed[5]["related"]) == (
        *("t/b.yaml", "7"),
        "rule-one",
    )
    last = listed[-1]
    assert (last["title"], last["path"], last["line"]) == ("Rule one", "t/a.yaml", "3")
    assert (last["observed"], last["new"]) == ("/spec/x = 0", "yes")
    assert last["related"] == "Pod ml/cm in GET /"
    assert "ciso" in last["accepted"]


FORMULAS = ["=1+1", "+1", "-1", "@a", "  =1", '"=1', "'=1", "\uff1d1", "a;=1", 'a;"=1', "|x", "%x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text(text: str) -> None:
    found = rows.harmless(text)
    assert "'" in found
    assert plain(found) == text


@pytest.mark.parametrize("text", ["a=1", "a-b", "a, -b", "x @y", "1 + 1", "a; b", "key='v'"])
def test_a_text_stays(text: str) -> None:
    assert rows.harmless(text) == text


@given(
    st.lists(
        st.sampled_from([*NASTY, *FORMULAS]) | st.text(SIGNS + " ;,\"'a\t\n", max_size=9),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_no_cell_begins_as_a_formula(texts: list[str], delimiter: str) -> None:
    """Whatever a spreadsheet takes for the separator."""
    found = tuple(
        finding(
            number,
            message=text,
            element=text,
            resource=reference(text, namespace=text, file=text),
            observed=(Observed(text, value=text),),
        )
        for number, text in enumerate(texts)
    )
    data = b"".join(rows.render(report(Many(found))))
    for row in read(data, delimiter):
        for cell in row:
            assert cell[:1] not in set(SIGNS), (cell, delimiter)


@given(st.text(SIGNS + "; \"'ab", max_size=12).map(safe))
def test_what_was_written_can_be_read(text: str) -> None:
    assert plain(rows.harmless(text)) == text
