"""The scanner Trivy, from the registry, and databases with the faults that a test plants.

The program is a package of the registry that has its binary. A database is a file of bbolt, which
is written by a program of ours: ``trivydb``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines.build import engine
from tests.engines.golang import PATIENT
from tests.engines.judges import unpacked_packages

PINS = Path(__file__).parent / "trivy"
ALPINE = "alpine 3.22"
_PIP = "pip::GitHub Security Advisory Pip"
_SOURCES = {
    ALPINE: {"ID": "alpine", "Name": "Alpine Secdb", "URL": "https://secdb.alpinelinux.org/"},
    _PIP: {"ID": "ghsa", "Name": "Advisories", "URL": "https://github.com/advisories"},
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault to be found: a version before ``fixed`` has it, any one has where that is ""."""

    name: str
    package: str
    severity: str
    fixed: str = ""
    python: bool = False


@dataclass(frozen=True, slots=True)
class Trivy:
    """The program, and what writes its databases."""

    program: Path
    writer: Path

    def told(self, home: Path, place: Path, *words: str | Path) -> Path:
        """Write into a file what it says, with a home and nothing else of an environment."""
        with place.open("wb") as out:
            subprocess.run(
                [self.program, *words],
                stdout=out,
                check=True,
                timeout=120,
                env={"HOME": str(home), "PATH": "", **PATIENT},
            )
        return place

    def database(self, cache: Path, *planted: Planted, updated: str = "2026-11-29") -> Path:
        """Make a folder in which Trivy finds a database with faults; the next is due in 2030."""
        folder = cache / "db"
        folder.mkdir(parents=True)
        buckets: dict[str, dict[str, Any]] = {
            "data-source": {name: json.dumps(each) for name, each in _SOURCES.items()}
        }
        for each in planted:
            found = buckets.setdefault(_PIP if each.python else ALPINE, {})
            found.setdefault(each.package, {})[each.name] = json.dumps(_range(each))
            about = {"Title": each.name, "Severity": each.severity}
            buckets.setdefault("vulnerability", {})[each.name] = json.dumps(about)
        subprocess.run(
            [self.writer, folder / "trivy.db"],
            input=json.dumps(buckets).encode(),
            check=True,
            timeout=60,
        )
        made = {
            "Version": 2,
            "UpdatedAt": f"{updated}T12:00:00Z",
            "DownloadedAt": f"{updated}T13:00:00Z",
        }
        (folder / "metadata.json").write_text(
            json.dumps({**made, "NextUpdate": "2030-01-01T00:00:00Z"})
        )
        return cache


def _range(planted: Planted) -> Mapping[str, Any]:
    if not planted.python:
        return {"FixedVersion": planted.fixed} if planted.fixed else {}
    before = [f"< {planted.fixed}"] if planted.fixed else [">= 0"]
    return {
        "PatchedVersions": [planted.fixed] if planted.fixed else [],
        "VulnerableVersions": before,
    }


def find_trivy() -> Trivy:
    """Install the program and build the writer, where they are not yet.

    Raises:
        EngineUnavailableError: a registry can't be reached.
    """
    return Trivy(unpacked_packages(PINS) / "program" / "bin" / "trivy", engine("trivydb"))
