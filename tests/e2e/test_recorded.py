"""A folder that was collected before is a target among others, by its manifest and no other way."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.evidence.blocks import BlockReader, BlockWriter
from auditor.evidence.layout import BODIES
from auditor.evidence.reading import read_folder
from auditor.evidence.writing import FolderSink, finish
from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from tests.e2e.command import auditor
from tests.e2e.forks import ROOT

HOST = ROOT / "examples" / "gpu-host"
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n"
    "spec: {hostPID: true, containers: [{name: c, image: r.io/a}]}\n"
)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A copy of the host that comes along, to be changed."""
    place = tmp_path / "host"
    shutil.copytree(HOST, place)
    return place


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    place = tmp_path / "manifests"
    place.mkdir()
    (place / "pod.yaml").write_text(POD)
    return place


def judged(*arguments: str | Path) -> dict[str, Any]:
    ran = auditor("scan", *arguments, "--format", "json")
    assert ran.code in {0, 1, 3}, ran.err
    return ran.results()


def test_it_comes_to_what_evaluate_comes_to(recorded: Path, manifests: Path) -> None:
    """Beside files, in any order, and each finding rests on the digests that it rested on then."""
    alone = auditor("evaluate", recorded, "--format", "json").results()
    beside = judged(manifests, recorded)
    of_host = [each for each in beside["findings"] if "docker" in each["resource"]["target"]]
    assert of_host == alone["findings"]
    assert {each["uri"]: each["state"] for each in beside["targets"]} == {
        str(manifests): "complete",
        "docker://gpu-1": "complete",
    }
    assert [each["uri"] for each in judged(recorded, manifests)["targets"]] == [
        "docker://gpu-1",
        str(manifests),
    ]


def test_it_is_said_when_it_was_read(recorded: Path) -> None:
    manifest = json.loads((recorded / "manifest.json").read_text())
    started = manifest["targets"][0]["started"]
    (target,) = judged(recorded)["targets"]
    assert target["notes"][-1] == f"not read now: {recorded} holds what was read at {started}"
    screen = auditor("scan", recorded).out
    assert f"auditor scan {recorded} -o json=results.json" in screen


def test_its_evidence_is_in_the_bundle(recorded: Path, manifests: Path, tmp_path: Path) -> None:
    """So whoever has the bundle needs neither, and what was left out of it is listed again."""
    bundle = tmp_path / "bundle"
    here = judged(manifests, recorded, "--output", bundle)
    shutil.rmtree(recorded)
    shutil.rmtree(manifests)
    assert auditor("replay", bundle).out.startswith("REPLAY same results=")
    assert auditor("verify", bundle).code == 3, "nobody trusts its key here"
    there = auditor("evaluate", bundle, "--format", "json").results()
    assert there["findings"] == here["findings"]
    left_out = (bundle / "redactions" / "0001" / "000000.jsonl").read_text().splitlines()
    then = (HOST / "redactions" / "0000" / "000000.jsonl").read_text().splitlines()
    assert [json.loads(each)["path"] for each in left_out] == [
        json.loads(each)["path"] for each in then
    ]


def test_a_bundle_of_a_scan_is_one_too(manifests: Path, tmp_path: Path) -> None:
    """Files that were kept come to the same findings, at their lines; judged twice the same."""
    bundle, again = tmp_path / "bundle", tmp_path / "again"
    here = judged(manifests, "--output", bundle)
    shutil.rmtree(manifests)
    there = judged(bundle, "--output", again)
    assert there["findings"] == here["findings"] != []
    assert there["findings"][0]["resource"]["file"] == "pod.yaml"
    assert there["targets"][0]["uri"] == str(manifests)
    assert auditor("replay", again).code == 0
    assert judged(again)["findings"] == here["findings"]


def test_collections_are_put_together(recorded: Path, tmp_path: Path) -> None:
    place = tmp_path / "both"
    ran = auditor("collect", recorded, "--output", place)
    assert (ran.code, ", 0 not read" in ran.out) == (0, True)
    assert judged(place)["findings"] == judged(recorded)["findings"]


def test_gpus_of_it(recorded: Path, manifests: Path) -> None:
    ran = auditor("gpus", recorded, manifests, "--format", "json")
    assert {each["target"] for each in json.loads(ran.out)["devices"]} == {"docker://gpu-1"}


def test_the_same_one_twice(recorded: Path) -> None:
    ran = auditor("scan", recorded, HOST)
    assert ran.code == 2
    assert "docker://gpu-1: the same target twice" in ran.err


def cut(place: Path) -> None:
    path = next((place / "bodies").iterdir())
    path.write_bytes(path.read_bytes()[:-1])


def added(place: Path) -> None:
    (place / "evidence" / "0000" / "000001.jsonl").write_text("")


def changed(place: Path) -> None:
    path = place / "evidence" / "0000" / "000000.jsonl"
    path.write_text(path.read_text().replace("docker/Network", "docker/Netwerk", 1))


def gone(place: Path) -> None:
    next((place / "bodies").iterdir()).unlink()


def odd(place: Path) -> None:
    path = place / "manifest.json"
    path.write_text(path.read_text().replace('"run"', '"ran"'))


def later(place: Path) -> None:
    path = place / "manifest.json"
    path.write_text(path.read_text().replace("bundle/v1", "bundle/v9"))


BROKEN = {
    "a body was cut": (cut, 4, "is not what the manifest says"),
    "a file more": (added, 4, "is not in the manifest"),
    "a record was changed": (changed, 4, "is not what the manifest says"),
    "a body is gone": (gone, 4, "or an empty one"),
    "an odd manifest": (odd, 4, "manifest.json"),
    "a later format": (later, 2, "its format is bundle/v9"),
}


@pytest.mark.parametrize(("fault", "code", "says"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_as_its_manifest_says_is_not_judged(
    recorded: Path, manifests: Path, fault: Callable[[Path], None], code: int, says: str
) -> None:
    """Nothing else is judged beside it either, as with `auditor evaluate`."""
    fault(recorded)
    ran = auditor("scan", manifests, recorded)
    assert (ran.code, says in ran.err) == (code, True), ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


OTHERS = {
    "no JSON": "{",
    "no object": "[]",
    "of a browser": '{"manifest_version": 3, "format": 3}',
    "of another": '{"format": "bundled", "files": []}',
    "deep": "[" * 200_000,
    "nothing": "",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_a_folder_with_a_manifest_of_something_else_is_one_of_files(
    manifests: Path, text: str
) -> None:
    (manifests / "manifest.json").write_text(text)
    (target,) = judged(manifests)["targets"]
    assert (target["uri"], target["files"]) == (str(manifests), 2)


def test_a_manifest_that_is_a_pipe_is_not_waited_for(manifests: Path) -> None:
    import os  # noqa: PLC0415 - for this alone

    os.mkfifo(manifests / "manifest.json")
    (target,) = judged(manifests)["targets"]
    assert target["uri"] == str(manifests)


def remade(place: Path, made: Path, body: Callable[[bytes], bytes]) -> None:
    """Write a collection anew as somebody would that has our format and not our care."""
    manifest, (read,) = read_folder(place)
    bodies = BlockReader(place / BODIES)
    made.mkdir()
    blocks = BlockWriter(made / BODIES)
    found = []
    for record in read.records:
        data = bodies.body(record)
        if data is None:
            found.append((record, -1))
            continue
        data = body(data)
        name, number, at = blocks.add(data)
        found.append((replace(record, sha256=name, size=len(data), at=at), number))
    blocks.flush()
    import msgspec  # noqa: PLC0415 - for this alone

    lines = msgspec.json.Encoder(order="deterministic").encode_lines(
        [blocks.placed(record, number) if number >= 0 else record for record, number in found]
    )
    (made / "evidence" / "0000").mkdir(parents=True)
    (made / "evidence" / "0000" / "000000.jsonl").write_bytes(lines)
    finish(made, manifest.version, manifest.run, manifest.targets)


def files_of(place: Path) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415 - for this alone

    for path in place.rglob("*"):
        if path.suffix == ".zst":
            yield zstandard.ZstdDecompressor().decompress(path.read_bytes())
        elif path.is_file():
            yield path.read_bytes()


def test_what_somebody_else_recorded_with_a_secret_leaves_it_there(
    recorded: Path, tmp_path: Path
) -> None:
    canary = b"hf_zXcVbNmAsDfGhJkLqWeRtYuIoPzXcVbN12"
    made, bundle = tmp_path / "made", tmp_path / "bundle"
    remade(
        recorded, made, lambda data: data.replace("«redacted:huggingface-token»".encode(), canary)
    )
    assert any(canary in content for content in files_of(made))
    judged(made, "--output", bundle)
    assert not any(canary in content for content in files_of(bundle))
    assert auditor("replay", bundle).code == 0


def test_a_target_that_is_out_of_reach_leaves_what_can_be_verified(tmp_path: Path) -> None:
    """There is nothing of it but why, and that is whole as anything else."""
    bundle, held = tmp_path / "bundle", tmp_path / "held"
    target = f"docker+unix://{tmp_path}/none.sock"
    here = auditor("scan", target, "--format", "json", "--output", bundle)
    assert here.code == 3
    assert re.search("^INTEGRITY +ok", auditor("verify", bundle).out, re.MULTILINE)
    assert auditor("replay", bundle).code == 0
    assert auditor("collect", target, "--output", held).code == 3
    there = auditor("evaluate", held, "--format", "json")
    assert (there.code, there.results()["gaps"]) == (3, here.results()["gaps"])


def test_a_target_that_could_not_be_reached_then_is_not_reached_now(
    recorded: Path, tmp_path: Path
) -> None:
    manifest, (read,) = read_folder(recorded)
    gap = Gap(read.entry.uri, "docker/Network", GapCause.DENIED, "a proxy said no")
    for entry, state in (
        (replace(read.entry, failure="no route to host", hint="look"), "unreachable"),
        (replace(read.entry, gaps=(gap,)), "partial"),
    ):
        made = tmp_path / state
        sink = FolderSink(made, 0, tmp_path)
        sink.close()
        finish(made, manifest.version, manifest.run, (entry,))
        ran = auditor("scan", made, "--format", "json")
        assert ran.code == 3
        assert [each["state"] for each in ran.results()["targets"]] == [state]
        assert "no route to host" in ran.out or "a proxy said no" in ran.out
