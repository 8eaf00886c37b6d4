"""Results read as a stream: what is read is what a parser of the whole finds, or it is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import IntegrityError
from auditor.evidence import strict
from auditor.evidence.assembly import write_results
from auditor.evidence.content import content_of
from auditor.evidence.layout import results_in
from auditor.evidence.streamed import read_cited, read_head, read_results
from auditor.model.enums import ControlState
from auditor.model.results import (
    ControlResult,
    CoverageResult,
    Document,
    ResultsHead,
    TargetControl,
)
from auditor.model.results_layout import document
from tests.unit.model.documents import DOCUMENT, finding_of

READERS = (read_head, read_results, read_cited)
FINDINGS = [(finding_of(f"{number:064x}") + b"\n") * 3 for number in range(2)]
TARGETS = tuple(f"k8s://{number}" for number in range(3))
CONTROLS = tuple(
    ControlResult(
        *("f", f"{number}", "T", ControlState.SATISFIED, ()),
        tuple(TargetControl(uri, ControlState.SATISFIED) for uri in TARGETS),
    )
    for number in range(4)
)
MANY = msgspec.structs.replace(DOCUMENT, controls=CONTROLS)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def whole(results: Any = MANY) -> bytes:
    return b"".join(document(results, FINDINGS))


@pytest.mark.parametrize("read", READERS)
def test_what_is_read_is_what_a_parser_finds(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    data = whole()
    expected = msgspec.convert(json.loads(data), Document, strict=True)
    found = read(written(tmp_path / "results.json", data))
    head = found.results if read is read_cited else found
    for name in ResultsHead.__struct_fields__:
        assert getattr(head, name) == getattr(expected, name), name
    if read is read_results:
        assert found.controls == expected.controls
    if read is read_cited:
        assert found.findings == len(expected.findings)
        assert found.digests == {digest for each in expected.findings for digest in each.evidence}


def test_controls_share_what_they_say_of_a_target(tmp_path: Path) -> None:
    """Of ten thousand targets two hundred controls say two million things, most of them alike."""
    found = read_results(written(tmp_path / "results.json", whole()))
    first, *others = found.controls
    for other in others:
        assert all(a is b for a, b in zip(first.targets, other.targets, strict=True))


def changed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old, new, 1)


ROW = b'{"framework":"f","id":"9","title":"T","state":"satisfied","findings":[],"targets":[]}'
WRONG = {
    "a key twice in a control": (
        changed(b'"title":"T"', b'"title":"T","title":"T"'), "'title' is there twice",
    ),
    "a state that there is not": (changed(b'"satisfied"', b'"fine"'), "Invalid enum value 'fine'"),
    "a control that is none": (changed(b'{"framework"', b'{"x'), "delimiter"),
    "two controls on a line": (changed(b'},\n{"framework"', b'},{"framework"'), "Extra data"),
    "no last control": (changed(b'}],\n"counts"', b'},\n"counts"'), "Extra data"),
    "controls not in lines": (
        lambda data: data.replace(b'"controls": [\n', b'"controls": [%b],\n"more": [\n' % ROW),
        "not in lines",
    ),
    "no controls": (changed(b'"controls": ', b'"others": '), "its controls are missing"),
    "controls twice": (
        changed(b'"controls": [', b'"controls": [\n%b],\n"controls": [' % ROW),
        "'controls' is there twice",
    ),
    "a member twice": (
        changed(b'"tool"', b'"schema": "results/v1",\n"tool"'), "'schema' is there twice",
    ),
    "a member is missing": (changed(b'"gate"', b'"gates"'), "it has no 'gate'"),
    "rows within a value": (
        lambda data: data.replace(b'"controls": ', b'"more": ').replace(
            b'"parameters":{', b'"parameters":{"a":1,\n"controls": [\n%b],\n"b": 2,' % ROW
        ),
        "Expecting",
    ),
    "a value on two lines": (
        changed(b'"parameters":{', b'"parameters":{"a":1,\n"b": 2,'), "delimiter",
    ),
    "an open value": (changed(b'"parameters":{', b'"parameters":{\n'), "ends before"),
    "a value that is not closed": (changed(b'"coverage": {', b'"coverage": {{'), "Expecting"),
    "two members on a line": (changed(b',\n"run"', b',"run"'), "Extra data"),
    "no comma": (changed(b',\n"run"', b'\n"run"'), "ends before"),
    "something at the end": (lambda data: data + b"\n", "ends before"),
    "another member at the end": (
        lambda data: data.replace(b"\n}\n", b'\n}\n"x": 1\n}\n'), "ends before",
    ),
    "no beginning": (lambda data: data[2:], "ends before"),
    "cut off in a control": (lambda data: data[: data.index(b'"title"')], "not laid out"),
    "a finding that does not end": (changed(b'},\n{"fing', b'}\n{"fing'), "ends before"),
    "a finding that does not begin": (
        changed(b',\n{"fingerprint"', b',\n{"fingerprints"'), "does not begin",
    ),
    "a number that is too large": (
        changed(b'"parameters":{', b'"parameters":{"a":90071992547409931,'), "too large a number",
    ),
    "a key of parameters twice": (
        changed(b'"parameters":{', b'"parameters":{"least":1,'), "'least' is there twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), WRONG.values(), ids=WRONG)
def test_what_can_be_read_in_two_ways_is_refused(
    tmp_path: Path, spoil: Callable[[bytes], bytes], says: str
) -> None:
    data = spoil(whole())
    assert data != whole()
    path = written(tmp_path / "results.json", data)
    with pytest.raises(IntegrityError, match=r"results\.json: ") as caught:
        read_cited(path)
    assert says in caught.value.message


def test_a_field_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    data = whole().replace(b'"tool"', b'"more": {"a": [1]},\n"tool"', 1)
    assert read_head(written(tmp_path / "a", data)) == read_head(written(tmp_path / "b", whole()))


def test_white_space_changes_nothing(tmp_path: Path) -> None:
    data = whole().replace(b'"state":', b'"state" : ').replace(b'{"seen":', b'{ "seen":')
    assert data != whole()
    path = written(tmp_path / "results.json", data)
    assert read_results(path) == read_results(written(tmp_path / "b", whole()))


def rows(size: int) -> Iterator[bytes]:
    """Controls of many targets, which together are larger than what is read as a whole."""
    chance = random.Random(5)
    while size > 0:
        why = chance.randbytes(40).hex()
        targets = tuple(TargetControl(uri, ControlState.SATISFIED, why) for uri in TARGETS * 2_000)
        row = msgspec.json.encode(msgspec.structs.replace(CONTROLS[0], targets=targets))
        size -= len(row)
        yield row


@pytest.fixture(scope="module")
def of_many_targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with controls of more targets than are read as a whole."""
    controls = b",\n".join(rows(strict.MOST_BYTES + 1))
    start = whole(msgspec.structs.replace(MANY, controls=()))
    data = start.replace(b'"controls": []', b'"controls": [\n%b]' % controls)
    folder = tmp_path_factory.mktemp("targets")
    path = written(folder / "results.json.zst", zstandard.compress(data))
    assert path.stat().st_size < strict.MOST_BYTES < len(data)
    return path


@pytest.mark.bulk
@pytest.mark.parametrize("read", [read_head, read_cited])
def test_controls_of_ever_so_many_targets(
    of_many_targets: Path, read: Callable[[Path], Any]
) -> None:
    found = read(of_many_targets)
    assert (found.results if read is read_cited else found).tool == DOCUMENT.tool


def test_targets_of_which_every_control_says_the_same(tmp_path: Path) -> None:
    """Their rows repeat one another, so that what we write is far smaller than what it says."""
    targets = tuple(TargetControl(f"k8s://{n:04}", ControlState.SATISFIED) for n in range(4_000))
    row = msgspec.json.encode(msgspec.structs.replace(CONTROLS[0], targets=targets))
    start, end = whole(msgspec.structs.replace(MANY, controls=())).split(b'"controls": []')
    write_results(tmp_path, [start, b'"controls": [\n', *[row + b",\n"] * 600, row, b"]", end])
    path = results_in(tmp_path)
    assert 400 * path.stat().st_size + strict.MOST_BYTES < 600 * len(row)
    assert read_head(path).tool == DOCUMENT.tool


@pytest.fixture(scope="module")
def of_many_gaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with more gaps than are read as a whole."""
    gap = msgspec.json.encode(DOCUMENT.gaps[0])
    many = b",\n".join([gap] * (strict.MOST_BYTES // len(gap) + 1))
    data = whole().replace(b'"gaps": [\n', b'"gaps": [\n%b,\n' % many)
    return written(tmp_path_factory.mktemp("gaps") / "results.json.zst", zstandard.compress(data))


@pytest.mark.bulk
@pytest.mark.parametrize("read", READERS)
def test_what_is_read_as_a_whole_has_a_limit(
    of_many_gaps: Path, read: Callable[[Path], Any]
) -> None:
    """It grows with targets, gaps and facts."""
    told = "results.json.zst: without its findings and controls larger than 64 MiB"
    with pytest.raises(IntegrityError, match=told) as caught:
        read(of_many_gaps)
    assert "fewer at once" in caught.value.hint


@pytest.mark.parametrize("size", [1, 1 << 17, (1 << 17) + 1, 1 << 20])
def test_lines_are_the_same_however_long(tmp_path: Path, size: int) -> None:
    """They are read in pieces, and an end of a line can be anywhere in one."""
    lines = [b"x" * (size - 1) + b"\n", b"\n", b"y" * (1 << 17) + b"\n", b"z"]
    path = written(tmp_path / "results.json", b"".join(lines))
    with content_of(path) as content:
        assert list(content.lines()) == lines
    with content_of(path) as content:
        blocks = list(content.blocks())
    assert b"".join(blocks) == b"".join(lines)
    assert all(block.endswith(b"\n") for block in blocks[:-1])


READER = strict.Reader(CoverageResult)
TEXT = msgspec.json.encode(DOCUMENT.coverage)
PIECES = st.sampled_from(
    [
        *(b"", b" ", b"0", b"-", b"9" * 16, b"9" * 17, b'"', b"{", b"}", b"[", b",", b":", b".5"),
        *(b"e9", b'"seen":1,', b'"more":1,', b"null", b"\\ud800", b"\xff", b"NaN", b"1.0"),
    ]
)


@given(st.integers(0, len(TEXT)), st.integers(0, 3), PIECES)
def test_the_fast_reader_says_what_the_strict_one_says(
    place: int, left_out: int, piece: bytes
) -> None:
    """Whatever is changed in a text that we wrote: the same value, or the same refusal."""
    data = TEXT[:place] + piece + TEXT[place + left_out :]

    def slow(name: str, data: bytes) -> CoverageResult:
        return strict.convert(name, strict.parse(name, data), CoverageResult)

    assert said(READER.read, data) == said(slow, data)


def said(read: Callable[[str, bytes], object], data: bytes) -> object:
    """What is read, or why nothing is."""
    try:
        return read("x", data)
    except IntegrityError as error:
        return error.message


def test_the_fast_reader_has_the_limits_of_the_strict_one() -> None:
    for data in (b" " * (strict.MOST_BYTES + 1), b"[" * 2_000_001):
        with pytest.raises(IntegrityError, match=r"x: (larger|more) than"):
            READER.canonical("x", data)
