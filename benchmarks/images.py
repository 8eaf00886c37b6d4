"""Reports of a scanner about images: what it costs to merge them into a run.

*Without* is the same scan of the same workloads with no report beside them, by a profile of one
rule on pods; *with* has one on images, so that each is joined and judged, and nothing is told of
it. *Reading* is to decode each report by msgspec and forget it. A second run is counted by how
often it starts the scanner.

Times are of the processor, all processes together, so two workers make none of it smaller. A report
of 90 kB takes about 145 µs to be read so, and what no scan can leave out takes more than one and a
half of that: to open it 40, its digest as evidence 75, to decode what is judged of it 65, to put
that into our form and out of it again 60.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Figure, Run, cpu, median, paired, run

if TYPE_CHECKING:
    from benchmarks.figures import Bench

REPORTS = 2_000
MOST_TIMES = 1.5
MOST_MIB = 128
WITH, WITHOUT = "with-images", "without-images"
PLAIN_RULE, RULE = "k8s-pod-host-network", "image-fault-declared-settled"
READ = """
import sys, pathlib, msgspec
decode = msgspec.json.Decoder().decode
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    decode(path.read_bytes())
"""
"""The floor: each report read whole, and forgotten."""
_WORDS = ("a", "crafted", "file", "lets", "its", "sender", "read", "past", "the", "end", "of")
WORKLOADS = "workloads.yaml"
_SCANNER = """#!/bin/sh
echo "$1" >> {log}
case $1 in
version) echo '{{"Version": "0.76.0"}}' ;;
image)
  for name; do :; done
  printf '{{"SchemaVersion": 2, "ArtifactType": "container_image", "ArtifactName": "%s"}}' "$name"
  ;;
esac
"""
"""Says that it is Trivy, counts its starts, and finds nothing."""
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
_FAULTS = 80


def images(bench: Bench) -> Figure:
    """2,000 reports of 90 kB; the worse of two goals: times of reading them, and MiB."""
    target, alone = bench.folder / "images", bench.folder / "images-alone"
    if not target.is_dir():
        write_reports(REPORTS, target)
        alone.mkdir()
        shutil.copy(target / WORKLOADS, alone)

    policies = _profiles(bench.folder)

    def scan(of: Path) -> Run:
        shutil.rmtree(bench.cache / "auditor" / "results", ignore_errors=True)
        profile = WITH if of == target else WITHOUT
        return bench.scan(of.resolve(), "--policies", str(policies), "--profile", profile)

    ours, floor = paired(lambda: scan(target), lambda: run(reader(target)), bench.pairs)
    without, nothing = paired(lambda: scan(alone), lambda: run(reader(alone)), bench.pairs)
    scan(target)
    found = bench.verdicts()
    read = median(floor, cpu) - median(nothing, cpu)
    more = [(each.cpu - median(without, cpu)) / read for each in ours]
    times, mib = statistics.median(more), max(each.peak for each in ours)
    return Figure(
        "2,000 reports of images over reading them by msgspec",
        max(times / MOST_TIMES, mib / MOST_MIB),
        1.0,
        (min(more) / MOST_TIMES, max(more) / MOST_TIMES),
        {
            "cpu s": median(ours, cpu),
            "without cpu s": median(without, cpu),
            "reading cpu s": read,
            "times": times,
            "peak MiB": mib,
            "starts in a second run": starts_again(bench.folder / "images-again"),
            **found,
        },
    )


def _profiles(folder: Path) -> Path:
    """A folder with both profiles."""
    target = folder / "policies-of-images"
    (target / "profiles").mkdir(parents=True, exist_ok=True)
    for name, rules in ((WITH, [PLAIN_RULE, RULE]), (WITHOUT, [PLAIN_RULE])):
        profile = {
            "id": name,
            "title": name,
            "description": "One rule on pods, with or without one on images.",
            "select": [{"ids": rules}],
            "gate": "high",
        }
        (target / "profiles" / f"{name}.yaml").write_text(json.dumps(profile))
    return target.resolve()


def starts_again(folder: Path) -> int:
    """How often a second run starts the scanner, of images by their digests."""
    shutil.rmtree(folder, ignore_errors=True)
    manifests = folder / "manifests"
    manifests.mkdir(parents=True)
    (manifests / WORKLOADS).write_text("---\n".join(map(_workload, range(20))))
    program, log = folder / "trivy", folder / "starts"
    program.write_text(_SCANNER.format(log=log))
    program.chmod(0o755)
    database = folder / "db" / "db"
    database.mkdir(parents=True)
    (database / "trivy.db").touch()
    (database / "metadata.json").write_text('{"UpdatedAt": "2026-11-29T00:00:00Z"}')
    command = [sys.executable, "-m", "auditor", "scan", manifests, "--quiet", "--images"]
    options = ["--offline", "--trivy", program, "--trivy-cache", folder / "db"]
    counted = []
    for _ in range(2):
        run([*command, *options], {"XDG_CACHE_HOME": str(folder)}, allowed=(0, 1, 3))
        counted.append(len(log.read_text().splitlines()))
    return counted[1] - counted[0]


def reader(folder: Path) -> list[str | Path]:
    """The command of the floor."""
    return [sys.executable, "-c", READ, folder]


def write_reports(count: int, folder: Path) -> None:
    """Write reports of 100 kB, each of an image that a workload beside it uses by its digest."""
    folder.mkdir(parents=True)
    dice = random.Random(7)
    shared = [_fault(number, dice) for number in range(2_000)]
    for number in range(count):
        digest = f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}"
        image = f"r.example/team-{number % 40}/app-{number}"
        report = _report(image, digest, dice.sample(shared, _FAULTS))
        (folder / f"{number:05}.json").write_text(json.dumps(report, indent=1))
    (folder / WORKLOADS).write_text("---\n".join(map(_workload, range(count))))


def _workload(number: int) -> str:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    team = f"team-{number % 40}"
    return (
        "apiVersion: apps/v1\nkind: Deployment\n"
        f"metadata: {{name: app-{number}, namespace: {team}}}\n"
        "spec:\n  selector: {matchLabels: {a: b}}\n  template:\n"
        "    metadata: {labels: {a: b}}\n    spec:\n      containers:\n"
        f"      - {{name: app, image: 'r.example/{team}/app-{number}@sha256:{digest}'}}\n"
    )


def _report(image: str, digest: str, faults: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "SchemaVersion": 2,
        "Trivy": {"Version": "0.76.0"},
        "CreatedAt": "2026-11-29T10:00:00Z",
        "ArtifactName": f"{image}@{digest}",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.12"},
            "ImageID": digest,
            "RepoDigests": [f"{image}@{digest}"],
            "ImageConfig": {"config": {"User": "10001"}},
        },
        "Results": [{"Target": image, "Class": "os-pkgs", "Vulnerabilities": faults}],
    }


def _fault(number: int, dice: random.Random) -> dict[str, Any]:
    name = f"lib{number % 300}"
    return {
        "VulnerabilityID": f"CVE-2026-{number:05}",
        "PkgID": f"{name}@1.{number % 9}.0-1",
        "PkgName": name,
        "PkgIdentifier": {"PURL": f"pkg:deb/debian/{name}@1.{number % 9}.0-1?arch=amd64"},
        "InstalledVersion": f"1.{number % 9}.0-1",
        "FixedVersion": f"1.{number % 9}.0-2" if number % 3 else "",
        "Status": "fixed" if number % 3 else "affected",
        "Severity": dice.choices(_SEVERITIES, (1, 6, 20, 40))[0],
        "Title": " ".join(dice.choices(_WORDS, k=8)),
        "Description": " ".join(dice.choices(_WORDS, k=90)),
        "References": [f"https://example.org/{number}/{each}" for each in range(6)],
        "PublishedDate": "2026-10-01T10:00:00Z",
        "LastModifiedDate": "2026-10-02T10:00:00Z",
    }
