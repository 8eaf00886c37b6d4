"""Results read back: plain or compressed, whatever stands in a message, however pieces fall."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from auditor.errors import IntegrityError
from auditor.evidence.assembly import write_results
from auditor.evidence.compare import cited_in, digest_of, findings_in, read_results
from auditor.evidence.layout import results_in
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


@pytest.mark.parametrize("piece", [13, 64, 1_000, 1 << 20])
def test_evidence_that_is_cited(place: Path, results: bytes, piece: int) -> None:
    document = json.loads(results)
    cited, number = cited_in(place, piece)
    assert cited == {digest for each in document["findings"] for digest in each["evidence"]}
    assert number == len(document["findings"])


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


def test_compressed_results_that_are_damaged(tmp_path: Path, results: bytes) -> None:
    path = tmp_path / "results.json.zst"
    path.write_bytes(b"x" + zstandard.compress(results)[1:])
    for read in (read_results, digest_of, cited_in):
        with pytest.raises(IntegrityError):
            read(path)
