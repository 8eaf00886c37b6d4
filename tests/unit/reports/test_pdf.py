"""The report on paper: what the page has without scripts, in the same bytes, and nothing acts."""

from __future__ import annotations

import io
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from auditor.model.enums import ControlState, GapCause, Severity
from auditor.model.finding import GapReport, Report
from auditor.model.policy import Framework
from auditor.model.resource import Gap
from auditor.model.results import Baseline, ControlResult, TargetControl
from auditor.model.results_finding import Observed
from reports.pdf.document import OTHERS, render
from tests.contract.reading import printed
from tests.contract.reports import Many, finding, reference, report, worst_first
from tests.contract.test_injection import HOSTILE, hostile
from tests.pieces import ROOT


def made(what: Report) -> bytes:
    return b"".join(render(what))


def joined(data: bytes) -> str:
    """What is written, without the ends of lines and the spaces."""
    return "".join(printed(data).split())


def test_all_rules_are_there_and_what_is_left_out_is_counted() -> None:
    many = tuple(finding(number, rule=f"rule-{number % 3}") for number in range(3_000))
    data = made(report(Many(many), rules={}))
    text = printed(data)
    for number in range(3):
        assert f"rule-{number}, 1,000 findings" in text
    assert text.count("and 997 findings more") == 3
    assert "3,000 findings of 3 rules fail" in text
    assert len(PdfReader(io.BytesIO(data)).pages) < 10


def test_what_passes_is_counted() -> None:
    many = tuple(finding(number, verdict="pass", message="fine") for number in range(7))
    text = printed(made(report(Many((finding(8), *many)))))
    assert "7 findings that pass or do not apply are in results.json" in text
    assert "fine" not in text


def test_each_gap_is_there() -> None:
    gaps = tuple(
        GapReport(Gap("t", f"file-{number}.yaml", GapCause.MALFORMED, f"why {number}"), ())
        for number in range(30)
    )
    text = joined(made(report(Many(()), gaps=gaps)))
    for number in range(30):
        assert f"file-{number}.yaml" in text
        assert f"malformed:why{number}" in text


def test_what_is_new_comes_first() -> None:
    found = worst_first(
        [("fail", Severity.HIGH, "old", False), ("fail", Severity.LOW, "fresh", True)]
    )
    since = Baseline("r", "sha256:" + "b" * 64, 1, 1)
    text = printed(made(report(found, baseline=since)))
    assert text.index("Against the baseline") < text.index("fresh") < text.index("What was looked")
    assert text.index("old") > text.index("By rule")


@pytest.mark.process
def test_the_same_bytes_from_another_process(tmp_path: Path) -> None:
    """No clock, no random id, no fonts of the machine, nothing of the environment."""
    program = (
        "import sys; from reports.pdf.document import render\n"
        "from tests.contract.reports import Many, finding, report\n"
        "sys.stdout.buffer.write(b''.join(render(report(Many((finding(),))))))"
    )
    strange = {"TZ": "Asia/Tokyo", "LANG": "tr_TR.UTF-8", "SOURCE_DATE_EPOCH": "1", "HOME": "/"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=strange, check=True, capture_output=True
    )
    assert done.stdout == made(report(Many((finding(),))))


def test_it_is_tagged_and_asks_for_nothing() -> None:
    reader = PdfReader(io.BytesIO(made(report(Many((finding(),))))))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    assert "/CreationDate" not in (reader.metadata or {})
    assert not {"/OpenAction", "/AA", "/AcroForm"} & root.keys()
    assert not any(page.get("/Annots") for page in reader.pages)


NASTY = (
    '#panic("x")',
    '#read("/etc/passwd") $x$ *b* _i_ `r` <label> @ref // no',
    '\\u{41} #import "@preview/x:0.1.0": *',
    "= heading",
)


@pytest.mark.parametrize("text", [*NASTY, " ".join(HOSTILE)], ids=range(len(NASTY) + 1))
def test_what_others_wrote_is_text(text: str, tmp_path: Path) -> None:
    shown = printed(made(hostile(text, tmp_path)))
    assert {char for char in shown if unicodedata.category(char) == "Cc"} <= {"\n"}
    assert "\u202e" not in shown
    if text in NASTY:
        assert "".join(unicodedata.normalize("NFKC", text).split()) in "".join(shown.split())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Größe-ČŁŐ-Ωμέγα-Привет", ("Größe-ČŁŐ-", "Привет")),
        ("漢字", (r"\u6f22\u5b57",)),
        ("שלום", (r"\u05e9",)),
        ("🙂", (r"\U0001f642",)),
        ("a\u0301\u200b\ufeff", ("a",)),
    ],
)
def test_letters_that_are_not_there_are_told(name: str, said: tuple[str, ...]) -> None:
    text = joined(made(report(Many((finding(resource=reference(name)),)))))
    for each in said:
        assert each in text


def test_every_letter_that_is_shown_has_a_shape() -> None:
    """In each of the fonts, or PDF/UA-1 would refuse it; and nothing is shown as another one."""
    letters = [chr(code) for code in range(0x21, 0x3000) if not OTHERS.match(chr(code))]
    assert len(letters) > 400
    parts = ["".join(letters[at : at + 30]) for at in range(0, len(letters), 30)]
    found = [
        finding(rule=f"rule-{at}", message=part, element=part, observed=(Observed(f"/{part}"),))
        for at, part in enumerate(parts)
    ]
    text = joined(made(report(Many(tuple(found)))))
    for each in parts:
        same = "".join(unicodedata.normalize("NFKC", each).split())
        assert text.count(same) >= 3, each


def test_controls_without_a_verdict_for_one_reason_are_named_together() -> None:
    """Each by its id, and no more than that; where they are few each has its row."""
    why = "its rules apply to nothing that was read"
    unread = [("many", number) for number in range(30)] + [("few", number) for number in range(3)]
    states = (TargetControl("t", ControlState.UNDETERMINED),)
    found = tuple(
        ControlResult(
            name, f"{name}-{number}", f"Title {name}", ControlState.UNDETERMINED, (), states, why
        )
        for name, number in unread
    )
    frameworks = tuple(Framework(name, name, "", "https://x.example/") for name in ("many", "few"))
    text = joined(made(report(Many(()), controls=found, frameworks=frameworks)))
    names = ",".join(f"many-{number}" for number in range(30))
    assert f"undetermined,{''.join(why.split())}:{names}" in text
    assert "Titlemany" not in text
    assert text.count("Titlefew") == 3


def test_a_run_in_which_nothing_fails_says_so() -> None:
    """Of what was not read nothing is said."""
    text = printed(made(report(Many(()), gaps=())))
    assert "Nothing fails; all could be decided." in text
    text = printed(made(report(Many(()))))
    assert "Nothing of what was read fails; all of what was read could be decided." in text
