"""Whoever holds the key can sign anything: what does not agree with itself is found all the same.

In each case the trusted key signs what was changed, with a manifest and statements that fit.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard
from msgspec.json import Encoder
from msgspec.structs import replace

from auditor.evidence.blocks import BlockWriter
from auditor.model.enums import Answered
from auditor.model.policy import LARGEST_FILE
from tests.unit.evidence.bundles import (
    RECORDS,
    Made,
    failed,
    key,
    made,
    records,
    resealed,
    small,
    write_records,
)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return small(made(tmp_path_factory.mktemp("made")))


@pytest.fixture
def bundle(signed: Made, tmp_path: Path) -> Made:
    return Made(shutil.copytree(signed.root, tmp_path / "bundle"), signed.held)


def test_sealed_again_it_is_verified(bundle: Made) -> None:
    write_records(bundle.root, records(bundle.root))
    resealed(bundle)
    assert bundle.verify().decision == "verified", bundle.verify()


@dataclass(frozen=True, slots=True)
class Lie:
    """What is done to files and to the manifest, the step that it stops at, what that says."""

    files: Callable[[Path], object]
    manifest: Callable[[dict[str, Any]], object]
    step: str
    says: str


def of_manifest(change: Callable[[dict[str, Any]], object], says: str) -> Lie:
    return Lie(lambda _: None, change, "FORM", says)


def of_files(change: Callable[[Path], object], says: str, step: str = "COMPLETENESS") -> Lie:
    return Lie(change, lambda _: None, step, says)


def record(**changes: Any) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        first, *rest = records(root)
        write_records(root, [replace(first, **changes), *rest])

    return change


def refused(root: Path) -> None:
    """A file that could not be read, and no gap tells of it."""
    found = records(root)
    more = replace(
        found[0], number=9, request="x.yaml", answered=Answered.DENIED, complete=False,
        sha256="", size=0, block="", at=0, original="", original_size=0, count=0,
    )  # fmt: skip
    write_records(root, [*found, more])


def twice(root: Path) -> None:
    """A second record of a file, with the evidence of a harmless one: it would hide the first."""
    first, second, *rest = records(root)
    harmless = replace(second, request=first.request, number=99)
    write_records(root, [first, second, *rest, harmless])


def twice_in_two_parts(root: Path) -> None:
    first, *_ = records(root)
    part = (root / RECORDS).with_name("000001.jsonl")
    part.write_bytes(Encoder(order="deterministic").encode_lines([first]))


def heavy_blocks(root: Path) -> None:
    """Blocks that say that they hold far more than so small a bundle can."""
    for number in range(3):
        content = number.to_bytes(1, "big") * (1 << 28)
        name = hashlib.sha256(content).hexdigest()
        (root / "bodies" / f"{name}.zst").write_bytes(zstandard.compress(content))


def heavy_records(root: Path) -> None:
    """Records that rest on the same body, again and again."""
    first, *rest = records(root)
    many = [
        replace(first, request=f"{number}.yaml", size=1 << 27, number=number + 9)
        for number in range(9)
    ]
    write_records(root, [first, *rest, *many])


def no_block(root: Path) -> None:
    (path,) = (root / "bodies").iterdir()
    path.write_bytes(b"no frame at all")


def results(before: str, after: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / "results.json"
        text, number = re.subn(before, after, path.read_text(), count=1)
        assert number == 1
        path.write_text(text)

    return change


def write(name: str, data: bytes | str = "x") -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data.encode() if isinstance(data, str) else data)

    return change


def rule(root: Path) -> None:
    path = next(root.rglob("k8s-container-privileged.yaml"))
    path.write_text(path.read_text().replace("critical", "low"))


def two_results(root: Path) -> None:
    text = (root / "results.json").read_bytes()
    (root / "results.json.zst").write_bytes(zstandard.compress(text))
    (root / "results.json").write_bytes(text.replace(b'"verdict":"fail"', b'"verdict":"pass"'))


def bomb(root: Path) -> None:
    """Gigabytes of spaces in some kilobytes, in findings that begin as they do."""
    head = (root / "results.json").read_bytes().partition(b'"findings": [\n')
    begun = head[2].partition(b',"rule":')
    (root / "results.json").unlink()
    compressor = zstandard.ZstdCompressor(level=1)
    with (root / "results.json.zst").open("wb") as file, compressor.stream_writer(file) as packed:
        packed.write(head[0] + head[1])
        for _ in range(512):
            packed.write(begun[0] + begun[1] + b" " * (1 << 20) + b"},\n")


def long_line(root: Path) -> None:
    (root / "results.json").write_bytes(b"{" + b" " * (1 << 26))


def cites_too_much(root: Path) -> None:
    data = (root / "results.json").read_bytes()
    (root / "results.json").write_bytes(
        data.replace(b'"evidence":[', b'"evidence":[' + b" " * (1 << 23), 1)
    )


def another_block(root: Path) -> None:
    writer = BlockWriter(root / "bodies")
    writer.add(b"more")
    writer.flush()


def policy_elsewhere(manifest: dict[str, Any]) -> None:
    manifest["evaluation"]["folders"] = ["/etc"]


def no_part(manifest: dict[str, Any]) -> None:
    manifest["evaluation"]["part"] = [0, 10_001]


def parts(targets: list[str], missing: list[str]) -> Callable[[Path], None]:
    entry = {"manifest": "", "run": "", "finished": "", "key": "", "targets": targets, "part": None}
    return write("parts.json", json.dumps({"parts": [entry], "missing": missing}))


def run(**changes: str) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["run"].update(changes)


def target(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["targets"][0].update(changes)


def evaluation(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["evaluation"].update(changes)


def listed_twice(manifest: dict[str, Any]) -> None:
    manifest["files"].insert(0, {**manifest["files"][0], "sha256": "0" * 64})


def listed(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["files"][0].update(changes)


DEEP = b'{"x":' + b"[" * 200_000 + b"\n"
OTHER = {"name": "admin", "uid": "", "groups": [], "via": ""}
NONE_OF_IT: dict[str, Any] = {"count": 0, "named": []}
LEFT_OUT = {
    "hidden": NONE_OF_IT,
    "linked": NONE_OF_IT,
    "suffixes": [],
    "excluded": [{"glob": "x/", "files": 1, "entries": {"count": 1, "named": ["x"]}}],
}
LIES = {
    "policy of another place": of_manifest(policy_elsewhere, "folders of policy are ['/etc']"),
    "policy above": of_manifest(evaluation(folders=["policy/00/.."]), "folders of policy"),
    "policy that is not there": of_manifest(
        evaluation(folders=["policy/00", "policy/01"]), "folders of policy"
    ),
    "no policy": of_manifest(evaluation(folders=[]), "folders of policy"),
    "policy with a zero byte": of_manifest(evaluation(folders=["\0"]), "folders of policy"),
    "no targets": of_manifest(lambda m: m.update(targets=[]), "no target"),
    "a file twice": of_manifest(listed_twice, "one is there twice"),
    "files in another order": of_manifest(lambda m: m["files"].reverse(), "not in order"),
    "a file of another role": of_manifest(listed(role="policy"), "is not a file of a bundle"),
    "an unknown role": of_manifest(listed(role="x"), "is not a file of a bundle"),
    "a digest that is none": of_manifest(listed(sha256="x"), "no digest"),
    "a size below nothing": of_manifest(listed(size=-1), "no size"),
    "a time in another zone": of_manifest(run(finished="0001-01-01T00:00:00+14:00"), "not a time"),
    "a time that is none": of_manifest(run(finished="2026-13-01T00:00:00Z"), "not a time"),
    "a part of no division": of_manifest(no_part, "it is no part"),
    "parts of other targets": of_files(parts(["other"], []), "its targets are not those"),
    "missing, and there": of_files(parts([], ["tree"]), "tree is missing, and there"),
    "half a character": of_manifest(target(uri="\ud800"), "half of a surrogate pair"),
    "another report": of_files(write("report.html"), "is not a file of a bundle", "FORM"),
    "evidence of no target": of_files(
        write("evidence/0001/000000.jsonl", ""), "is of no target", "FORM"
    ),
    "a hidden policy file": of_files(
        write("policy/00/rules/.x.yaml"), "is not a file of a bundle", "FORM"
    ),
    "results of two kinds": of_files(two_results, "2 files of results, not one", "FORM"),
    "no results": of_files(
        lambda root: (root / "results.json").unlink(), "0 files of results", "FORM"
    ),
    "no environment": of_files(
        lambda root: (root / "environment.json").unlink(), "0 files of environment", "FORM"
    ),
    "long ago": Lie(
        lambda _: None, run(finished="0001-01-01T00:00:00Z"), "COMPLETENESS", "their end is not"
    ),
    "a block elsewhere": of_files(record(block="../../x"), "is not a digest"),
    "a body without a block": of_files(record(block=""), "a body without a block"),
    "a block of no record": of_files(another_block, "is of no record"),
    "a block that is not there": of_files(record(block="0" * 64), "is not in the bundle"),
    "JSON in a digest": of_files(
        record(original='x"],"verdict":"pass","waiver":["y'), "is not a digest"
    ),
    "a negative size": of_files(record(size=-1), "a size below nothing"),
    "a name with a zero byte": of_files(record(request="a\0b"), "a zero byte"),
    "a file that was refused": of_files(refused, "no gap of tree tells of x.yaml"),
    "a request that is there twice": of_files(twice, "again.yaml is there twice"),
    "a request in two parts": of_files(twice_in_two_parts, "again.yaml is there twice"),
    "blocks that hold too much": of_files(heavy_blocks, "its blocks would hold 805,3"),
    "records that rest on too much": of_files(heavy_records, "its records rest on 1,20"),
    "a block that is none": of_files(no_block, "is not a block"),
    "a file in part": of_files(record(complete=False), "which was not read in full"),
    "records that nest": of_files(write(RECORDS, DEEP), RECORDS),
    "records with an unknown field": of_files(
        write(RECORDS, b'{"number":1}\n'), "missing required field"
    ),
    "records in another form": of_files(
        lambda root: (root / RECORDS).write_bytes((root / RECORDS).read_bytes() + b"\n"),
        "written in another way",
    ),
    "another count": of_files(record(count=777), "inventory.json: it is not what"),
    "another inventory": of_files(write("inventory.json", "{}"), "inventory.json: it is not what"),
    "another rule": of_files(rule, "results: their policy is not that"),
    "a policy file that is too large": of_files(
        write("policy/00/rules/x.yaml", "#" * (LARGEST_FILE + 1)), "no policy file is that large"
    ),
    "another policy in the results": of_files(
        results('"policy": ?"sha256:[0-9a-f]*"', '"policy":"sha256:0"'), "their policy is not"
    ),
    "another exit code": Lie(
        lambda _: None, evaluation(exit=0), "COMPLETENESS", "their exit code is not"
    ),
    "another profile": Lie(
        lambda _: None, evaluation(profile="x"), "COMPLETENESS", "their profile is not"
    ),
    "another principal": Lie(
        lambda _: None, target(principal=OTHER), "COMPLETENESS", "their identities is not"
    ),
    "another cluster": Lie(
        lambda _: None, target(version="v9"), "COMPLETENESS", "their targets is not"
    ),
    "something left out in silence": Lie(
        lambda _: None,
        target(passed=LEFT_OUT),
        "COMPLETENESS",
        "their list of what was left out is not",
    ),
    "evidence of elsewhere": of_files(
        results(r'"evidence":\["sha256:[0-9a-f]*', f'"evidence":["sha256:{"0" * 64}'),
        "rest on sha256:0000",
    ),
    "an infinite ratio": of_files(results('("ratio": ?)[0-9.]+', r"\g<1>1e400"), "too large"),
    "a huge ratio": of_files(results('("ratio": ?)[0-9.]+', rf"\g<1>{9 * 10**19}"), "too large"),
    "results that nest": of_files(write("results.json", DEEP), "results.json"),
    "a bomb": of_files(bomb, "decompresses to more than"),
    "a line without an end": of_files(long_line, "a line is longer than"),
    "a list without an end": of_files(
        cites_too_much, "a finding does not begin as this program writes them"
    ),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_stops_at_its_step(bundle: Made, lie: Lie) -> None:
    lie.files(bundle.root)
    resealed(bundle, lie.manifest)
    found = failed(bundle.verify())
    assert lie.step in found, found
    assert lie.says in found[lie.step]


def test_nothing_is_looked_at_that_nobody_stands_for(bundle: Made) -> None:
    bomb(bundle.root)
    resealed(bundle)
    found = Made(bundle.root, key(bundle.root.parent / "other.pem")).verify()
    assert [step.outcome.value for step in found.steps if step.name == "COMPLETENESS"] == [
        "not checked"
    ]
    assert "SIGNATURE" in failed(found)


@pytest.mark.bulk
def test_many_members_take_no_time(bundle: Made) -> None:
    """A search for the one that is there twice took minutes for some hundred kilobytes."""
    members = ",".join(f'"k{number}":0' for number in range(400_000))
    (bundle.root / "manifest.json").write_text(f'{{{members},"k399999":0}}')
    assert "'k399999' is there twice" in failed(bundle.verify())["FORM"]


def test_many_lists_are_refused(bundle: Made) -> None:
    (bundle.root / "manifest.json").write_text(json.dumps([[]] * 2_000_001))
    assert "lists and objects" in failed(bundle.verify())["FORM"]
