"""A platform that brings a recogniser has its documents read, beside those of another one."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource, Target
from auditor.ports import Reading
from auditor.secrets.marks import marker
from collectors.documents.collector import FilesCollector
from collectors.documents.json_file import JsonDocument
from collectors.documents.json_positions import Positions
from collectors.documents.recognise import Recogniser, names_of
from collectors.kubernetes.manifests.json_heads import look
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from tests.e2e.runs import Run
from tests.unit.collectors.documents.toys import BOX, TOYS

BOTH = (MANIFESTS, TOYS)
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n"
FILES = {
    "pod.yaml": POD,
    "boxes.yaml": "# of wood\nboxes:\n  red:\n    size: 5\n  a/b~c:\n    password: hunter2-long\n",
    "mixed.yaml": f"{POD}---\nboxes:\n  green: {{size: 7}}\n---\nneither: 1\n",
    "one.json": '{\n "boxes": {\n  "blue": {\n   "size": 1,\n   "odd": null\n  }\n }\n}\n',
    "sub/Boxfile": "tall 3\nwide 4\n",
    "x.toy": "boxes:\n  last: {size: 9}\n",
    "readme.md": "boxes: {}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def collector(folder: Path, *recognisers: Recogniser) -> FilesCollector:
    return FilesCollector(Target("t", "files"), folder, recognisers)


def readings(found: FilesCollector) -> dict[str, Reading]:
    plan = found.plan(lambda _: 2)
    read = [each for shard in plan.shards for each in found.read(shard)]
    return {each.source: each for each in read if not isinstance(each, Gap)}


def named(reading: Reading) -> dict[tuple[str, str], Resource]:
    return {(each.kind, each.name): each for each in reading.resources()}


def test_documents_of_both_are_read_with_file_line_and_digest(folder: Path) -> None:
    found = readings(collector(folder, *BOTH))
    objects = {path: named(reading) for path, reading in found.items()}
    assert {path: list(each) for path, each in objects.items()} == {
        "boxes.yaml": [(BOX, "red"), (BOX, "a/b~c")],
        "mixed.yaml": [("k8s/Pod", "a"), (BOX, "green")],
        "one.json": [(BOX, "blue")],
        "pod.yaml": [("k8s/Pod", "a")],
        "sub/Boxfile": [(BOX, "tall"), (BOX, "wide")],
        "x.toy": [(BOX, "last")],
    }
    lines = {
        name: (each.source, each.line) for of in objects.values() for (_, name), each in of.items()
    }
    assert lines["red"] == ("boxes.yaml", 3)
    assert lines["a/b~c"] == ("boxes.yaml", 5)
    assert lines["green"] == ("mixed.yaml", 7)
    assert lines["blue"] == ("one.json", 3)
    assert lines["wide"] == ("sub/Boxfile", 2)
    for path, reading in found.items():
        digest = hashlib.sha256(FILES[path].encode()).hexdigest()
        assert (reading.evidence.request, reading.evidence.sha256) == (path, digest)
    assert {path: [*reading.skipped_lines()] for path, reading in found.items()} == {
        **{path: [] for path in found},
        "mixed.yaml": [9],
    }


@pytest.mark.parametrize(
    ("path", "name", "pointer", "line"),
    [
        ("boxes.yaml", "red", "/size", 4),
        ("boxes.yaml", "a/b~c", "/password", 6),
        ("boxes.yaml", "red", "/absent", 3),
        ("one.json", "blue", "/size", 4),
        ("one.json", "blue", "/absent/deeper", 3),
        ("sub/Boxfile", "wide", "/size", 2),
    ],
)
def test_fields_have_their_lines(
    folder: Path, path: str, name: str, pointer: str, line: int
) -> None:
    reading = readings(collector(folder, *BOTH))[path]
    found = named(reading)[BOX, name]
    assert reading.line(found.document, pointer) == line
    lines = reading.lines(found.document, "", json.loads(found.body))
    assert lines[0] == reading.line(found.document, "")


def test_secrets_are_left_out_and_known_to_who_commits_to_them(folder: Path) -> None:
    (folder / "secret.json").write_text('[\n{"boxes": {"x": {"password": "hunter2-long"}}}]')
    (folder / "alone.json").write_text(' {"boxes": {\n"x": {"password": "hunter2-long"}}}\n')
    found = readings(collector(folder, *BOTH))
    for path, name in (("boxes.yaml", "a/b~c"), ("alone.json", "x")):
        resource = named(found[path])[BOX, name]
        assert json.loads(resource.body) == {"password": marker("by-name")}
        assert found[path].original(resource.document) == {"password": "hunter2-long"}
    assert named(found["secret.json"]) == {}
    assert found["secret.json"].skipped() == 1


def body_of(found: dict[str, Reading], path: str, name: str) -> Any:
    return json.loads(named(found[path])[BOX, name].body)


def test_nulls_are_absent(folder: Path) -> None:
    assert body_of(readings(collector(folder, *BOTH)), "one.json", "blue") == {"size": 1}


def test_objects_of_kubernetes_are_as_without_the_other(folder: Path) -> None:
    alone, beside = readings(collector(folder, MANIFESTS)), readings(collector(folder, *BOTH))
    for path in ("pod.yaml", "mixed.yaml"):
        pods = [each for each in beside[path].resources() if each.kind != BOX]
        assert pods == [*alone[path].resources()]


def test_what_nobody_recognises_is_told_by_its_place(folder: Path) -> None:
    found = readings(collector(folder, MANIFESTS))
    assert set(found) == {"boxes.yaml", "mixed.yaml", "one.json", "pod.yaml"}
    for reading in found.values():
        assert [each for each in reading.resources() if each.kind == BOX] == []
    told = {path: [*reading.skipped_lines()] for path, reading in found.items()}
    assert told == {"boxes.yaml": [2], "mixed.yaml": [6, 9], "one.json": [1], "pod.yaml": []}
    passed = collector(folder, MANIFESTS).plan(lambda _: 1).passed
    assert passed.suffixes == (("", 1), (".md", 1), (".toy", 1))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.process)])
def test_a_run_tells_the_same(folder: Path, workers: int) -> None:
    run = Run(workers=workers)
    (both,) = json.loads(run.results(collector(folder, *BOTH)))["targets"]
    (alone,) = json.loads(run.results(collector(folder, MANIFESTS)))["targets"]
    assert both["others"] == {"count": 1, "named": ["mixed.yaml:9"]}
    assert alone["others"] == {
        "count": 4,
        "named": ["boxes.yaml:2", "mixed.yaml:6", "mixed.yaml:9", "one.json:1"],
    }
    assert (both["files"], alone["files"]) == (6, 4)


def test_what_can_not_be_read_is_a_gap_of_its_file(folder: Path) -> None:
    (folder / "sub/Boxfile").write_text("tall 3\nwide\nlast 5\n")
    (folder / "x.toy").write_text("boxes:\n  a: {}\n  b: 5\n  c: {}\n")
    found = readings(collector(folder, *BOTH))
    assert list(named(found["sub/Boxfile"])) == [(BOX, "tall")]
    (gap,) = found["sub/Boxfile"].gaps()
    assert (gap.scope, gap.cause, gap.line) == ("sub/Boxfile", GapCause.MALFORMED, 2)
    assert list(named(found["x.toy"])) == [(BOX, "a"), (BOX, "c")]
    (gap,) = found["x.toy"].gaps()
    assert (gap.scope, gap.line, gap.detail) == ("x.toy", 3, "box b is not a mapping")


def test_a_key_that_is_there_twice_is_told_of_any_platform(folder: Path) -> None:
    (folder / "x.toy").write_text("boxes:\n  a:\n    size: 1\n    size: 2\n")
    kinds = {each.kind: each for each in readings(collector(folder, *BOTH))["x.toy"].resources()}
    assert set(kinds) == {BOX, "files/DuplicateKey"}
    owner, twice = kinds[BOX], kinds["files/DuplicateKey"]
    inside = owner.uid.removeprefix("x.toy#")
    assert twice.uid == f"x.toy#files/DuplicateKey/{inside}/size"
    assert (twice.line, json.loads(twice.body)["firstLine"]) == (4, 3)


def test_the_first_that_takes_a_document_has_it(folder: Path) -> None:
    (folder / "x.toy").write_text(f"boxes: {{a: {{}}}}\n{POD}")
    for recognisers, kind in ((BOTH, "k8s/Pod"), (BOTH[::-1], BOX)):
        found = readings(collector(folder, *recognisers))["x.toy"]
        assert [each.kind for each in found.resources()] == [kind]


@pytest.mark.parametrize("first", [MANIFESTS, TOYS])
def test_json_is_cut_by_the_look_of_whoever_is_first(folder: Path, first: Recogniser) -> None:
    (second,) = (each for each in BOTH if each is not first)
    pods = {"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "p"}}]}
    boxes = {"boxes": {"b": {"size": 1}}}
    (folder / "lines.json").write_text(f"{json.dumps(boxes)}\n{json.dumps(pods)}\n5\n[]\n")
    (folder / "odd.json").write_text('{"boxes": {"c": {}}, "items": 5, "kind": 7}')
    found = readings(collector(folder, first, second))
    told = [(each.kind, each.name, each.line) for each in found["lines.json"].resources()]
    assert told == [(BOX, "b", 1), ("k8s/Pod", "p", 2)]
    assert [*found["lines.json"].skipped_lines()] == [4]
    assert [each.name for each in found["odd.json"].resources()] == ["c"]


def test_a_large_value_is_decoded_once() -> None:
    positions = Positions(b"{}")
    looked = MANIFESTS.look(b"{}")
    document = JsonDocument(positions, b"{}", (b"{}", 0, looked), MANIFESTS.look)
    assert document.looked(look) is looked
    assert document.looked(TOYS.look) == {}


def test_which_files_are_read_is_the_union_of_what_all_ask_for() -> None:
    names = names_of(BOTH)
    read = ("a.YAML", "a.json", "b.yml", "Boxfile", "boxfile.dev", "x.toy")
    assert [name for name in read if not names.has(name)] == []
    assert [name for name in ("a.md", "myBoxfile", "toy", "a.yaml.gz") if names.has(name)] == []
    assert not names_of((MANIFESTS,)).has("Boxfile")


def test_a_collector_goes_to_a_worker_with_its_recognisers(folder: Path) -> None:
    sent = pickle.loads(pickle.dumps(collector(folder, *BOTH)))  # noqa: S301 - made here
    assert list(named(readings(sent)["x.toy"])) == [(BOX, "last")]


def test_what_a_collector_remembers_of_lines_stays_in_its_process(folder: Path) -> None:
    here = collector(folder, *BOTH)
    (folder / "line.yaml").write_text("boxes: [a-line-to-remember]\n")
    before = pickle.dumps(here)
    first = [(each.evidence, list(each.resources())) for each in readings(here).values()]
    assert "boxes: [a-line-to-remember]" in here.memory
    again = [(each.evidence, list(each.resources())) for each in readings(here).values()]
    assert first == again
    assert pickle.dumps(here) == before
    sent = pickle.loads(before)  # noqa: S301 - made here
    assert sent.memory == here.memory
    assert "boxes: [a-line-to-remember]" not in sent.memory
