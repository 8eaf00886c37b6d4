"""What is kept of a file is what was read of it: the same objects, lines, gaps; no secrets."""

from __future__ import annotations

import hmac
import json
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from auditor.evidence.blocks import BlockReader
from auditor.evidence.commitments import committing
from auditor.evidence.layout import BODIES
from auditor.evidence.stored_files import StoredFilesCollector
from auditor.evidence.writing import PartWriter
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.pointers import pointers_of
from auditor.model.resource import Resource
from auditor.ports import Reading, Shard
from auditor.runner.notes import Notes
from auditor.secrets.redact import clean
from benchmarks.generate import write_manifests
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from tests.sweeps import sweep
from tests.unit.collectors.documents.yaml_cases import ESTATE, odd_document

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: b}}\n"
KEY = b"k" * 32
CANARY = "AKIAABCDEFGHIJKLMNOP"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
INSIDE = HEAD.replace("\n", "\n  ")
FILES = {
    "empty": "",
    "no object": "a: 1\n---\nb: 2\n",
    "two objects": f"{HEAD}spec:\n  a:\n  - b\n  - c: |\n      x\n\n      y\n---\n{HEAD}",
    "a list in YAML": f"apiVersion: v1\nkind: List\nitems:\n- {INSIDE}\n",
    "a typed list": "apiVersion: v1\nkind: PodList\nitems:\n- spec: {x: 1}\n  metadata: {name: a}",
    "keys that are there twice": f"{HEAD}spec:\n  a: 1\n  b: 2\n  a: 3\n",
    "anchors": f"{HEAD}spec:\n  a: &a\n    x: 1\n    y: [1,\n      2]\n  b: *a\n  c:\n    <<: *a\n",
    "nulls": f"{HEAD}spec:\n  a: null\n  b: [null, 1]\n  c:\n    d: ~\n    e: 2\n",
    "odd keys": f'{HEAD}spec:\n  "a/b": 1\n  c~d:\n    e~1f: 2\n  "": 3\n',
    "a secret": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  a: aGk=\n  b: aGk=\n",
    "malformed": f"{HEAD}spec: [\n---\n{HEAD}",
    "a Helm template": f"{HEAD}spec: {{{{ .Values.x }}}}\n---\n{HEAD}",
    "pretty JSON": json.dumps({**POD, "spec": {"a": [1, {"b": None, "c": 2}]}}, indent=1),
    "JSON on a line": json.dumps({**POD, "spec": {"a": [1, {"b": None}]}}),
    "a list in JSON": json.dumps({**POD, "kind": "PodList", "items": [POD, POD]}, indent=2),
    "two in JSON": json.dumps(POD) + "\n" + json.dumps(POD, indent=1),
    "half a surrogate": json.dumps({**POD, "spec": {"a": "\ud800"}}),
    "deep": f"{HEAD}spec: " + "[" * 90 + "1" + "]" * 90,
    "credentials": f"{HEAD}spec:\n  # {CANARY}\n  containers:\n  - env:\n    - name: A\n"
    f"      value: {CANARY}\n    - {{name: DB_PASSWORD, value: hunter2hunter2}}\n",
}


def reading_of(data: bytes) -> FileReading:
    return FileReading("t", "f.yaml", data, (MANIFESTS,), Memory())


def kept(folder: Path, reading: Reading) -> Reading:
    """What a worker keeps of a file, read again."""
    part = PartWriter(folder, 0, 0)
    notes = Notes(part, "2026-01-01T00:00:00Z", committing(KEY))
    draft = notes.begin(reading)
    for found in reading.resources():
        draft.add(found)
    notes.end(reading, draft)
    records = part.close()
    entry = TargetEntry("t", "files", "", "", Principal(""), "", "")
    collector = StoredFilesCollector(entry, BlockReader(folder / BODIES), records)
    (again,) = collector.read(Shard(0, ("f.yaml",), 0))
    assert not isinstance(again, msgspec.Struct), again
    return again


def shown(found: Resource) -> Resource:
    body = found.body if found.clean else clean(found.body)
    return msgspec.structs.replace(found, body=body, clean=True)


def asked(found: Resource) -> Iterator[str]:
    """Pointers that somebody may ask the lines of: those that are there, and some that are not."""
    for place in pointers_of(json.loads(found.body)):
        yield found.pointer + place
        yield f"{found.pointer}{place}/absent"
        if not found.pointer:
            yield f"{place}/0"


def check(folder: Path, data: bytes) -> int:
    """Compare the two readings; how many lines were compared."""
    first, now = reading_of(data), reading_of(data)
    again = kept(folder, first)
    assert again.evidence == now.evidence
    number = 0
    for before, after in zip(now.resources(), again.resources(), strict=True):
        assert not after.clean, "whoever had the bundle may have written it"
        assert shown(before) == msgspec.structs.replace(after, clean=True)
        for pointer in asked(after):
            number += 1
            line = now.line(before.document, pointer)
            assert again.line(after.document, pointer) == line, (pointer, data)
    assert list(again.gaps()) == list(now.gaps())
    assert again.skipped() == now.skipped()
    return number


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_what_is_kept_is_what_was_read(tmp_path: Path, text: str) -> None:
    check(tmp_path, text.encode())


@pytest.mark.bulk
def test_the_estate(tmp_path: Path) -> None:
    compared = [
        check(tmp_path / str(number), path.read_bytes())
        for number, path in enumerate(sorted(ESTATE.rglob("*.yaml")))
    ]
    assert sum(compared) > 5_000


@pytest.mark.bulk
def test_generated_manifests(tmp_path: Path) -> None:
    write_manifests(60, tmp_path / "in", seed=3)
    for number, path in enumerate(sorted((tmp_path / "in").rglob("*.yaml"))):
        check(tmp_path / str(number), path.read_bytes())


@pytest.mark.bulk
@sweep(some=160, whole=800)
def test_odd_documents(tmp_path: Path, size: int) -> None:
    chance = random.Random(11)
    compared = 0
    for number in range(size):
        body = "\n".join(odd_document(chance, indent=2))
        compared += check(tmp_path / str(number), f"{HEAD}spec:\n{body}\n".encode())
    assert compared > 6 * size


def commitment(value: str) -> str:
    return hmac.digest(KEY, value.encode(), "sha256").hex()


LEFT_OUT = {
    "YAML by shape": (
        f"{HEAD}spec:\n  a: x {CANARY}\n",
        ("/objects/0/body/spec/a", ["aws-access-key-id"], f"x {CANARY}"),
    ),
    "YAML by name": (
        f"{HEAD}spec: {{containers: [{{env: [{{name: DB_PASSWORD, value: hunter2hunter2}}]}}]}}",
        ("/objects/0/body/spec/containers/0/env/0/value", ["by-name"], "hunter2hunter2"),
    ),
    "the second document": (
        f"{HEAD}---\n{HEAD}spec: {{'a/b': {CANARY}}}\n",
        ("/objects/1/body/spec/a~1b", ["aws-access-key-id"], CANARY),
    ),
    "an item of a list": (
        f"apiVersion: v1\nkind: PodList\nitems:\n- spec: {{x: 1}}\n- spec: {{x: {CANARY}}}\n",
        ("/objects/1/body/spec/x", ["aws-access-key-id"], CANARY),
    ),
    "a Secret": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aGVsbG8=}\n",
        ("/objects/0/body/data/a", ["secret-data"], "aGVsbG8="),
    ),
    "JSON": (
        json.dumps({**POD, "spec": {"a": [1, f"{CANARY}"]}}),
        ("/objects/0/body/spec/a/1", ["aws-access-key-id"], CANARY),
    ),
}


@pytest.mark.parametrize(("text", "expected"), LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_what_was_left_out_is_listed_with_a_commitment(
    tmp_path: Path, text: str, expected: tuple[str, list[str], str]
) -> None:
    kept(tmp_path, reading_of(text.encode()))
    (line,) = (tmp_path / "redactions/0000/000000.jsonl").read_text().splitlines()
    path, shapes, value = expected
    assert json.loads(line) == {
        "request": "f.yaml",
        "path": path,
        "shapes": shapes,
        "commitment": commitment(value),
    }
    assert value not in line


def test_no_secret_is_kept(tmp_path: Path) -> None:
    """Neither values nor comments."""
    kept(tmp_path, reading_of(FILES["credentials"].encode()))
    records = b"".join(path.read_bytes() for path in (tmp_path / "evidence").rglob("*.jsonl"))
    record = json.loads(records)
    body = BlockReader(tmp_path / BODIES).body(msgspec.convert(record, Record))
    assert body is not None
    assert CANARY.encode() not in body + records
    assert b"hunter2" not in body + records
    assert "«redacted:aws-access-key-id»".encode() in body
