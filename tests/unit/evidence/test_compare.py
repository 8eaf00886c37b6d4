"""Results read back: plain or compressed, whatever stands in a message or a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from auditor.errors import IntegrityError
from auditor.evidence.assembly import write_results
from auditor.evidence.compare import by_fingerprint, findings_in
from auditor.evidence.content import digest_of
from auditor.evidence.layout import results_in
from auditor.evidence.streamed import read_cited, read_head, read_results
from tests.unit.evidence.bundles import made

ODD = 'say "evidence":["sha256:forged"] and }],\n"controls": ['


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    bundle = made(tmp_path_factory.mktemp("made"))
    text = (bundle.root / "results.json").read_text()
    changed = text.replace('"container main is privileged"', json.dumps(ODD), 1)
    assert changed != text
    return changed.encode()


FORMS = ("plain", "compressed")


@pytest.fixture(params=FORMS)
def place(request: pytest.FixtureRequest, results: bytes, tmp_path: Path) -> Path:
    if request.param == "plain":
        (tmp_path / "results.json").write_bytes(results)
    else:
        (tmp_path / "results.json.zst").write_bytes(zstandard.compress(results))
    return results_in(tmp_path)


def test_what_is_read_is_what_is_there(place: Path, results: bytes) -> None:
    document = json.loads(results)
    found = list(findings_in(place))
    assert [each.fingerprint for each in found] == [
        each["fingerprint"] for each in document["findings"]
    ]
    assert ODD in {each.message for each in found}
    summary = read_results(place)
    assert summary.gate.decision == document["gate"]["decision"]
    assert set(summary.counts) == set(document["counts"])


def test_evidence_that_is_cited(place: Path, results: bytes) -> None:
    document = json.loads(results)
    found = read_cited(place)
    assert found.digests == {digest for each in document["findings"] for digest in each["evidence"]}
    assert found.findings == len(document["findings"])


@pytest.mark.bulk
@pytest.mark.parametrize("times", [0, 1, 3_000])
def test_in_one_go_as_in_two(tmp_path: Path, results: bytes, times: int) -> None:
    """Also where findings are many blocks, or none."""
    head, begin, rest = results.partition(b'"findings": [\n')
    findings, _, tail = rest.partition(b"}],\n")
    rows = b",\n".join([findings + b"}"] * times)
    begin = begin if rows else b'"findings": ['
    path = tmp_path / "results.json.zst"
    path.write_bytes(zstandard.compress(head + begin + rows + b"],\n" + tail))
    found = read_cited(path)
    assert found.results == read_head(path)
    assert found.digests == read_cited(path).digests
    assert found.findings == times * (findings.count(b"\n") + 1)


def test_large_results_are_compressed(tmp_path: Path, results: bytes) -> None:
    pieces = [results[at : at + 1000] for at in range(0, len(results), 1000)]
    write_results(tmp_path, pieces)
    plain = digest_of(tmp_path / "results.json")
    (tmp_path / "large").mkdir()
    write_results(tmp_path / "large", pieces, plain=5_000)
    (path,) = (tmp_path / "large").iterdir()
    assert path.name == "results.json.zst"
    assert digest_of(path) == plain
    with zstandard.open(path, "rb") as file:
        assert file.read() == results


BROKEN = {
    "cut off": lambda data: data[:-20],
    "no results": lambda _: b"{}",
    "nothing": lambda _: b"",
    "no UTF-8": lambda data: data.replace(b"privileged", b"\xff"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_results_that_are_none(tmp_path: Path, results: bytes, name: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(BROKEN[name](results))
    with pytest.raises(IntegrityError):
        read_results(path)


def without(data: bytes, number: int) -> bytes:
    """Results without one of their findings."""
    lines = data.splitlines(keepends=True)
    place = lines.index(b'"findings": [\n') + 1 + number
    return b"".join((*lines[:place], *lines[place + 1 :]))


NOT_WHOLE = {
    "a line": (lambda _: b"\n", "it ends before its findings do"),
    "nothing": (lambda _: b"", "it ends before its findings do"),
    "cut off at the start": (
        lambda data: data[: data.index(b'"findings": [\n') + 14], "it ends before its findings do",
    ),
    "cut off after a finding": (
        lambda data: data[: data.index(b"},\n{", data.index(b'"findings": [')) + 3],
        "it ends before its findings do",
    ),
    "one is missing": (lambda data: without(data, 2), "are not as many as its counts say"),
    "one passes now": (
        lambda data: data.replace(b'"verdict":"fail"', b'"verdict":"pass"', 1),
        "are not as many as its counts say",
    ),
    "a rule that was not counted": (
        lambda data: data.replace(b'"rule":"', b'"rule":"x-', 1), "findings of",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_findings_that_are_not_whole(
    tmp_path: Path, results: bytes, spoil: Callable[[bytes], bytes], says: str
) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(spoil(results))
    with pytest.raises(IntegrityError) as caught:
        by_fingerprint(path)
    assert caught.value.message.startswith("results.json: ")
    assert says in caught.value.message
    if "ends before" in says:
        with pytest.raises(IntegrityError, match=f"results.json: {says}"):
            read_cited(path)
    path.write_bytes(results)
    assert len(by_fingerprint(path)) == len(json.loads(results)["findings"])


@pytest.mark.bulk
def test_no_findings_are_whole(tmp_path: Path, results: bytes) -> None:
    document = json.loads(results)
    start = results.index(b'"findings": [') + len(b'"findings": [')
    counts = {rule: dict.fromkeys(each, 0) for rule, each in document["counts"].items()}
    rest = f'"counts": {json.dumps(counts)},\n"gate": {json.dumps(document["gate"])}\n}}\n'
    path = tmp_path / "results.json"
    path.write_bytes(results[:start] + b'],\n"controls": [],\n' + rest.encode())
    assert by_fingerprint(path) == {}


def test_compressed_results_that_are_damaged(tmp_path: Path, results: bytes) -> None:
    path = tmp_path / "results.json.zst"
    path.write_bytes(b"x" + zstandard.compress(results)[1:])
    for read in (read_head, read_results, digest_of, read_cited):
        with pytest.raises(IntegrityError):
            read(path)
