"""The inventory of the example is what would be made now, and shows what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.e2e.command import ESTATE, auditor
from tests.recorded.vcenter import PLACE, made

LISTED = re.compile(r"^- `\.\./vcenter` (?P<object>.+): (?P<rules>[^:\n]+)$", re.MULTILINE)
PAIRS = re.compile(r"^- (?P<rule>gpu-tenants[a-z-]+): (?P<message>.+)$", re.MULTILINE)
BOTH = ("examples/vcenter", "examples/gpu-cluster")


def page() -> str:
    """What a person reads of it."""
    return (ESTATE / "README.md").read_text().split("\n## The vCenter\n")[1]


def test_it_is_what_would_be_made_now(tmp_path: Path) -> None:
    """Otherwise: ``python -m tests.recorded.vcenter``."""
    assert files(PLACE) == files(made(tmp_path / "made"))


def files(folder: Path) -> dict[str, str]:
    """What is in a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def _named(resource: dict[str, str]) -> str:
    return f"{resource['kind'].partition('/')[2]} {resource['name']}"


def test_exactly_the_listed_faults_are_found() -> None:
    listed = {
        (found["object"], rule)
        for found in LISTED.finditer(page())
        for rule in found["rules"].split(", ")
    }
    results = auditor("scan", PLACE, "--format", "json", "--no-cache").results()
    assert (results["gaps"], results["targets"][0]["state"]) == ([], "complete")
    assert {each["verdict"] for each in results["findings"]} == {"fail"}
    assert {(_named(each["resource"]), each["rule"]) for each in results["findings"]} == listed


def shared(results: dict[str, Any]) -> set[tuple[str, str]]:
    """Who shares a GPU with whom, by rule and message."""
    return {
        (each["rule"], each["message"])
        for each in results["findings"]
        if each["rule"].startswith("gpu-tenants")
    }


def test_together_with_its_cluster_more_is_found() -> None:
    """Of two tenants each: what neither target finds alone, and all that each of them does."""
    alone = set[tuple[str, str]]()
    for target in BOTH:
        alone |= shared(auditor("scan", target, "--format", "json", "--no-cache").results())
    together = shared(auditor("scan", *BOTH, "--format", "json", "--no-cache").results())
    listed = {(found["rule"], found["message"]) for found in PAIRS.finditer(page())}
    assert together - alone == listed
    assert alone <= together


def test_who_shares_its_gpus() -> None:
    sample = page().split(f"auditor gpus {' '.join(BOTH)}\n")[1].split("```")[0]
    ran = auditor("gpus", *BOTH)
    assert (ran.code, ran.out) == (0, sample)


def test_the_recorded_host_is_one_of_its_machines_by_name() -> None:
    """Nobody told its UUID: so its own row stays, and the GPUs of that machine may be its."""
    out = auditor("gpus", PLACE, "examples/gpu-host").out
    assert "docker://gpu-1: 1 of 1 node with GPUs found among the machines, 1 by name\n" in out
    assert "machine /A/vm/docker/gpu-1 (name, possible)" in out
    assert "  docker://gpu-1  gpu-1  0\n" in out
