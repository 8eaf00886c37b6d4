"""What people wrote, as it is kept in a bundle: read as it was written, or said to be malformed."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from auditor.errors import IntegrityError
from auditor.evidence.entries import read_entries, write_entries
from auditor.model.answers import Answer, AnswerEntry, EvidenceFile

PROOF = EvidenceFile("a.pdf", "sha256:" + "a" * 64, 3)
ENTRY = AnswerEntry(
    "f:1", Answer.MET, "It is so.", "ml", "2026-11-30", "2027-05-30", "k8s://*", PROOF
)
SHAPE = tuple[AnswerEntry, ...]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_entries(tmp_path, "answers.json", (ENTRY,))
    assert read_entries(tmp_path, "answers.json", SHAPE) == (ENTRY,)
    assert read_entries(tmp_path, "waivers.json", SHAPE) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"answer": "met"', '"answer": "perhaps"'),
        ('"answer": "met"', '"answer": "met", "answer": "not-met"'),
        ('"owner": "ml"', '"owner": 1'),
        ('"owner": "ml"', '"own": "ml"'),
        ('"size": 3', '"size": -3'),
        ("[", "{"),
        ('"f:1"', '"\\ud800"'),
    ],
)
def test_anything_else_is_malformed(tmp_path: Path, old: str, new: str) -> None:
    text = json.dumps([msgspec.to_builtins(ENTRY)])
    assert old in text
    (tmp_path / "answers.json").write_text(text.replace(old, new, 1))
    with pytest.raises(IntegrityError, match=r"answers\.json"):
        read_entries(tmp_path, "answers.json", SHAPE)
