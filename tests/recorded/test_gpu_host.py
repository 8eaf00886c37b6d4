"""The recorded host is what a collection of it would be now, and shows what the page says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.evidence.layout import Collected
from auditor.evidence.reading import read_folder
from auditor.evidence.recorded import is_recorded
from auditor.model.evidence import Record
from tests.e2e.command import ESTATE, auditor
from tests.faults.server import Asked
from tests.recorded.generate import PLACE, collected
from tests.recorded.gpu_host import API, CONTAINERS, answers, container_id, engine


def of_records(records: Sequence[Record]) -> list[tuple[str, str, str, int]]:
    """What records say, but for their times and places."""
    return [(each.kind, each.request, each.sha256, each.count) for each in records]


def test_it_is_what_a_collection_of_it_would_be_now(tmp_path: Path) -> None:
    """Otherwise: ``python -m tests.recorded.generate``."""
    place = tmp_path / "made"
    done = collected(place, tmp_path)
    assert (done.code, ", 0 not read" in done.out) == (0, True)
    (made,), (kept,) = read_folder(place)[1], read_folder(PLACE)[1]
    assert of_records(made.records) == of_records(kept.records)
    assert _said(made) == _said(kept)


def _said(read: Collected) -> tuple[object, ...]:
    entry = read.entry
    return entry.uri, entry.uid, entry.version, entry.kinds, entry.gaps, entry.notes, entry.excluded


def test_the_engine_refuses_what_it_does_not_have() -> None:
    path = f"/v{API}/containers/{container_id('notebook')}"
    found = [engine(Asked(*each, {}, {})) for each in (("POST", f"{path}/stop"), ("GET", path))]
    assert [each.code for each in found] == [404, 404]


def test_nothing_of_a_secret_is_in_it() -> None:
    words = b"ExAmPle", b"9f8e7d6c5b4a"
    assert any(words[0].decode() in str(each) for each in CONTAINERS.values())
    assert any(words[1].decode() in str(each) for each in answers().values())
    files = [path for path in PLACE.rglob("*") if path.is_file()]
    assert files
    ran = auditor("scan", PLACE, "--format", "json", "--all")
    assert not [word for word in words if word in ran.out.encode()]
    assert "huggingface-token" in ran.out


def test_who_shares_its_gpus() -> None:
    page = (ESTATE / "README.md").read_text()
    sample = page.split("auditor gpus examples/gpu-host\n")[1].split("```")[0]
    ran = auditor("gpus", "examples/gpu-host")
    assert (ran.code, ran.out) == (0, sample)


LISTED = re.compile(
    r"^- `(?P<target>docker://[^`]+)` (?P<object>.+): (?P<rules>[^:\n]+)$", re.MULTILINE
)


def test_exactly_the_listed_faults_are_found() -> None:
    page = (ESTATE / "README.md").read_text()
    listed = {
        (found["object"], rule)
        for found in LISTED.finditer(page)
        for rule in found["rules"].split(", ")
    }
    results = auditor("scan", PLACE, "--format", "json").results()
    assert results["gaps"] == []
    assert {each["verdict"] for each in results["findings"]} == {"fail"}
    assert {(_named(each["resource"]), each["rule"]) for each in results["findings"]} == listed
    assert results["targets"][0]["state"] == "complete"


def _named(resource: dict[str, Any]) -> str:
    return f"{resource['kind'].partition('/')[2]} {resource['name']}"


def test_it_is_told_from_other_folders(tmp_path: Path) -> None:
    assert is_recorded(PLACE)
    assert not is_recorded(ESTATE)
    assert not is_recorded(tmp_path)


def test_each_container_is_judged() -> None:
    results = auditor("scan", PLACE, "--format", "json", "--all").results()
    assert {each["resource"]["name"] for each in results["findings"]} >= CONTAINERS.keys()
