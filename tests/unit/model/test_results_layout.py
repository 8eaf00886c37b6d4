"""The lines of ``results.json``: changed as bytes, they are the same document with one change."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.evidence.heads import Heads
from auditor.model import results_layout as layout
from auditor.model.results_layout import Mark
from tests.unit.model.documents import DOCUMENT, finding_of

NASTY = st.sampled_from(
    [
        *("a", '"covers":0', ',"rule":', ',"causes":["0000000000000000"]', '{"fingerprint":"'),
        *(
            ',"new":true',
            '"evidence":["sha256:x"]',
            '}],\n"controls": [',
            "\n",
            '"',
            "\\",
            "]",
            "ü",
        ),
    ]
)
TEXTS = st.lists(NASTY, max_size=3).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers(0, 9),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["covers", "causes", "rule", "evidence", "new", "a"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
WAIVERS = st.none() | st.fixed_dictionaries(
    dict.fromkeys(("id", "owner", "reason", "approved_by", "expires"), TEXTS)
)
CAUSES = st.lists(st.integers(0, 99), max_size=3, unique=True).map(
    lambda numbers: tuple(f"{number:016x}" for number in sorted(numbers))
)


@st.composite
def findings(draw: st.DrawFn) -> bytes:
    """A finding as the line writer begins it, with everything else as odd as it can be."""
    rest = {
        "rule": draw(TEXTS),
        "resource": {"name": draw(TEXTS), "file": draw(TEXTS)},
        "element": draw(TEXTS),
        "message": draw(TEXTS),
        "observed": [{"path": "/a", "value": draw(VALUES)}],
        "related": [{"name": draw(TEXTS)}],
        "waiver": draw(WAIVERS),
    }
    number = draw(st.integers(0, 99))
    start = layout.head(f"{number:064x}", ("e" * 64,), draw(st.integers(1, 1000)), draw(CAUSES))
    return f"{start},".encode() + msgspec.json.encode(rest)[1:] + b"\n"


@given(findings(), st.integers(1, 10**18))
def test_counting_again_changes_nothing_else(finding: bytes, covers: int) -> None:
    expected = {**json.loads(finding), "covers": covers}
    assert json.loads(layout.recounted(finding, covers)) == expected
    assert layout.recounted(layout.recounted(finding, 7), covers) == layout.recounted(
        finding, covers
    )


@given(findings(), CAUSES.filter(bool), st.lists(st.sampled_from(Mark), unique=True, max_size=2))
def test_marks_and_causes_change_nothing_else(
    finding: bytes, causes: tuple[str, ...], marks: list[Mark]
) -> None:
    document: dict[str, Any] = json.loads(finding)
    assert layout.causes_of(finding) == tuple(document.get("causes", ()))
    marked = finding
    for mark in sorted(marks, key=list(Mark).index):
        marked = layout.marked(marked, mark)
        document[mark.name.lower()] = True
        assert json.loads(marked) == document
    other = layout.with_causes(marked, causes)
    assert json.loads(other) == {**document, "causes": list(causes)}
    assert layout.causes_of(other) == causes
    assert layout.evidence_of(layout.recounted(other, 3)) == b'"sha256:%b"' % (b"e" * 64)
    assert other.endswith(finding[finding.index(b',"rule":') :]), "the rest stays byte for byte"


@given(st.lists(findings(), max_size=4), st.lists(st.integers(1, 2), max_size=4))
def test_a_document_is_written_and_read_line_by_line(rows: list[bytes], cuts: list[int]) -> None:
    blocks, rest = [], list(rows)
    for size in (*cuts, len(rest)):
        if rest[:size]:
            blocks.append(b"".join(rest[:size]))
        rest = rest[size:]
    written = b"".join(layout.document(DOCUMENT, blocks))
    whole = json.loads(written)
    assert whole["findings"] == [json.loads(row) for row in rows]
    lines = written.splitlines(keepends=True)
    assert [row + b"\n" for row in layout.findings_in(iter(lines))] == rows
    assert lines[0] == layout.START
    assert lines[-1] == layout.END
    rest, found = iter(lines[1:-1]), {}
    for line in rest:
        name, value, more = layout.member(line)
        many = [json.loads(row) for row in layout.rows(rest)] if value is None else None
        found[name] = many if value is None else json.loads(value)
    assert found == whole
    assert not more


def test_gaps_and_controls_have_lines_of_their_own() -> None:
    lines = b"".join(layout.document(DOCUMENT, [finding_of() + b"\n"])).splitlines()
    rows = [line for line in lines if line.startswith(b"{") and line != b"{"]
    assert len(rows) == len(DOCUMENT.gaps) + 1 + len(DOCUMENT.controls)


NOT_OURS = {
    "nothing": b"{}",
    "no head": b'{"rule":"a"}',
    "another order": finding_of().replace(b'{"fingerprint"', b'{"element":"","fingerprint"'),
    "white space": finding_of().replace(b'"evidence":[', b'"evidence": ['),
    "no digest": finding_of().replace(b"sha256:", b"sha512:"),
    "covers nothing": re.sub(b'"covers":[0-9]+', b'"covers":0', finding_of()),
    "another field": finding_of().replace(b',"rule"', b',"more":1,"rule"', 1),
}


@pytest.mark.parametrize("row", NOT_OURS.values(), ids=NOT_OURS)
def test_evidence_is_read_of_whole_heads_only(row: bytes) -> None:
    assert row != finding_of()
    assert layout.evidence_of(finding_of())
    with pytest.raises(ValueError, match="does not begin as this program writes them"):
        layout.evidence_of(row)
    many = [finding_of() + b","] * 2
    heads = Heads()
    heads.add(many)
    assert b",".join(heads.evidence) == layout.evidence_of(finding_of())
    with pytest.raises(ValueError, match="does not begin as this program writes them"):
        heads.add([*many, row + b",", *many])
    assert heads.number == 2


@given(st.data())
def test_heads_of_many_are_read_as_one_by_one(data: st.DataObject) -> None:
    """Whatever bytes are changed in one of them."""
    lines = [finding_of(f"{number:064x}") + b"," for number in range(3)]
    place = data.draw(st.integers(0, lines[1].index(b',"rule":') + 10))
    other = data.draw(st.binary(max_size=2).filter(lambda found: b"\n" not in found))
    lines[1] = lines[1][:place] + other + lines[1][place + data.draw(st.integers(0, 2)) :]
    heads = Heads()
    try:
        expected = {layout.evidence_of(line) for line in lines}
    except ValueError:
        with pytest.raises(ValueError, match="does not begin as this program writes them"):
            heads.add(lines)
        return
    heads.add(lines)
    assert heads.number == 3
    assert heads.evidence == {each for found in expected for each in found.split(b",") if each}


NOT_LINES = {
    "no member": b'{"a":1},\n',
    "no name": b'"": 1,\n',
    "no space": b'"a":1,\n',
    "no value": b'"a": \n',
    "no end": b'"a": 1,',
    "two lines": b'"a": {\n"b": 1},\n',
}


@pytest.mark.parametrize("line", NOT_LINES.values(), ids=NOT_LINES)
def test_a_line_that_is_no_member(line: bytes) -> None:
    with pytest.raises(ValueError, match="not laid out as this program writes"):
        layout.member(line)


@pytest.mark.parametrize("lines", [[], [b"{},\n"], [b"{}\n"], [b"1,\n", b"{}],\n"]])
def test_rows_without_an_end(lines: list[bytes]) -> None:
    with pytest.raises(ValueError, match="not laid out as this program writes"):
        list(layout.rows(lines))


def test_findings_end_with_the_last_of_them() -> None:
    more, last = b'{"a":[{}]},\n', b'{"a":[{}]}],\n'
    assert layout.ended(more + more) == ([more[:-1]] * 2, None)
    assert layout.ended(more + last + b"rest\n") == ([more[:-1], last[:-1]], b"rest\n")
    assert layout.ended(last) == ([last[:-1]], b"")
    for wrong in (b"{}\n", more + b"\n", more + b"{}", b"{},\n]\n"):
        with pytest.raises(ValueError, match="ends before its findings do"):
            layout.ended(wrong)
