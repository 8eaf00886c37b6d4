"""A file of answers: what is read of it, and what is wrong with it, all at once with its lines."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import PolicyErrors
from auditor.model.answers import Answer, AnswerEntry, EvidenceFile
from auditor.model.policy import Control
from auditor.policy.read_answers import read_answers

CONTROLS = {f"f:{name}": Control("f", name, "T", ()) for name in ("AC-1", "AC-2")}
PROOF = EvidenceFile("a.pdf", "sha256:" + "a" * 64, 3)
TEXT = """\
- control: f:AC-1
  answer: met
  statement: Each change
    is approved.
  owner: ml
  date: "2026-11-30"
  expires: "2027-05-30"
"""


def digest(name: str) -> EvidenceFile | str:
    return PROOF if name == "a.pdf" else "No such file or directory"


def read(text: str) -> tuple[AnswerEntry, ...]:
    return read_answers(text.encode(), "a.yaml", CONTROLS, digest)


def complaints(text: str) -> list[str]:
    with pytest.raises(PolicyErrors) as caught:
        read(text)
    assert str(caught.value).endswith("in the file of answers")
    return [f"{each} ({each.hint})" if each.hint else str(each) for each in caught.value.errors]


def test_an_answer() -> None:
    more = '  target: "k8s://*"\n  evidence: a.pdf\n'
    plain, full = read(TEXT + TEXT.replace("AC-1", "AC-2").replace(": met", ": not-met") + more)
    assert plain == AnswerEntry(
        "f:AC-1", Answer.MET, "Each change is approved.", "ml", "2026-11-30", "2027-05-30"
    )
    assert (full.answer, full.target, full.evidence) == (Answer.NOT_MET, "k8s://*", PROOF)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            *("f:AC-1", "f:AC-11"),
            "a.yaml:1:12: no control is called 'f:AC-11' (did you mean 'f:AC-1'?)",
        ),
        ("f:AC-1", "g:1", "a.yaml:1:12: no control is called 'g:1' (one of: f:AC-1, f:AC-2)"),
        (": met", ": mett", "a.yaml:2:11: 'mett' is not allowed (did you mean 'met'?)"),
        ("  owner: ml\n", "", "a.yaml:1:3: missing key 'owner'"),
        ("  owner: ml\n", "  owner: ' '\n", "a.yaml:5:10: must not be empty"),
        (
            *('"2027-05-30"', "2027-05-30"),
            'a.yaml:7:12: must be text, not a date (put it in quotes: "2027-05-30")',
        ),
        (
            *("2027-05-30", "2027-02-30"),
            "a.yaml:7:12: '2027-02-30' is not a day (in quotes: \"2026-11-30\")",
        ),
        ("2027-05-30", "2026-11-30", "a.yaml:7:12: it expires before it begins"),
        (
            *("2027-05-30", "2028-05-30"),
            "a.yaml:7:12: it lasts 547 days, and may last 366 (what was answered longer ago is",
        ),
        (
            *("  owner: ml\n", "  owner: ml\n  evidence: b.pdf\n"),
            "a.yaml:6:13: evidence b.pdf: No such file or directory (a file, named from the file",
        ),
        ("  owner: ml\n", "  owner: ml\n  ownr: x\n", "unknown key 'ownr'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, complaint: str) -> None:
    (said,) = complaints(TEXT.replace(old, new, 1))
    assert complaint in said


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = TEXT.replace("AC-1", "AC-3").replace(": met", ": no") + TEXT + TEXT
    said = complaints(text)
    assert [each.partition(": ")[0] for each in said] == [
        "a.yaml:1:12",
        "a.yaml:2:11",
        "a.yaml:15:3",
    ]
    assert "f:AC-1 is answered twice, the first time in a.yaml:8:3" in said[2]


@pytest.mark.parametrize("text", ["control: x\n", "- a\n", "[", "", "- {control: [a]}\n"])
def test_another_form_is_an_error(text: str) -> None:
    assert complaints(text)


@given(st.text(max_size=200) | st.text("-{}[]:'\"& *!f:AC-1\n", max_size=60))
def test_whatever_stands_there_is_read_or_told(text: str) -> None:
    with contextlib.suppress(PolicyErrors):
        assert read(text) == ()


@given(st.sampled_from(TEXT.split()), st.text(max_size=30))
def test_whatever_stands_in_place_of_a_word_is_read_or_told(word: str, text: str) -> None:
    with contextlib.suppress(PolicyErrors):
        (found,) = read(TEXT.replace(word, text, 1))
        assert found.control in CONTROLS
        assert found.date < found.expires


@pytest.mark.parametrize(
    "text",
    [
        "- &a {control: *a}\n",
        "&a [*a]\n",
        "- {control: f:AC-1, control: f:AC-2}\n",
        "- !!python/object/apply:os.system [true]\n",
        "- " * 5_000,
        "[" * 5_000,
    ],
    ids=range(6),
)
def test_hostile_files_are_told(text: str) -> None:
    assert all(len(each) < 1_000 for each in complaints(text))


def test_nobody_answered_anything() -> None:
    assert read("[]\n") == ()
