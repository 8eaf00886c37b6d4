"""The example estate is what it says: manifests that kubectl reads, with the faults it lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import ESTATE, auditor
from tests.engines.kubectl import Kubectl, decode_each

FILES = sorted(ESTATE.rglob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ESTATE)))
def test_kubectl_reads_each_file(kubectl: Kubectl, path: Path) -> None:
    text = path.read_text()
    read = decode_each(kubectl, [part.encode() for part in text.split("\n---\n")])
    assert [item.error for item in read] == [""] * len(read)
    assert [item.value for item in read] == list(yaml.safe_load_all(text))


def test_every_folder_is_described() -> None:
    readme = (ESTATE / "README.md").read_text()
    folders = {path.parent.relative_to(ESTATE) for path in (*FILES, *ESTATE.rglob("*.yml"))}
    assert [str(name) for name in sorted(folders) if f"`{name}/`" not in readme] == []


LISTED = re.compile(r"^- `(?P<file>[^`]+)` (?P<object>[^:]+): (?P<rules>.+)$", re.MULTILINE)


def test_exactly_the_listed_faults_are_found() -> None:
    readme = (ESTATE / "README.md").read_text()
    listed = {
        (found["file"], found["object"], rule)
        for found in LISTED.finditer(readme)
        if "://" not in found["file"] and not found["file"].startswith("../")
        for rule in found["rules"].split(", ")
    }
    assert _found() == listed


def _found() -> set[tuple[str, str, str]]:
    """The file, the object and the rule of each finding."""
    done = auditor("scan", ESTATE, "--format", "json", "--workers", "1")
    assert done.code == 1, done.err
    results = done.results()
    assert results["gaps"] == []
    undecided = [each for each in results["findings"] if each["verdict"] != "fail"]
    assert {each["verdict"] for each in undecided} == {"unknown"}
    assert {each["resource"]["kind"] for each in undecided} == {"docker/ComposeService"}
    return {
        (
            finding["resource"]["file"],
            _named(finding["resource"]),
            finding["rule"].removeprefix("k8s-") + _SHOWN[finding["verdict"]],
        )
        for finding in results["findings"]
    }


_SHOWN = {"fail": "", "unknown": " (unknown)"}


def _named(resource: dict[str, str]) -> str:
    kind = resource["kind"].partition("/")[2].partition(".")[0]
    return "duplicate key" if kind == "DuplicateKey" else f"{kind} {resource['name']}"
