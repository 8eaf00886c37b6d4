"""Programs that say they are Trivy, and a sink that keeps what a target leaves in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from auditor.model.evidence import Record
from auditor.secrets.bodies import CleanBody

DIGEST = "sha256:" + "ab" * 32
SAYS_REPORT = (
    """for name; do :; done; printf '{"SchemaVersion": 2, "ArtifactName": "%s", """
    """"ArtifactType": "container_image"}' "$name\""""
)
SAYS_VERSION = """echo '{"Version": "0.76.0"}'"""


@dataclass(frozen=True, slots=True)
class Scanner:
    """A program, and the file with a line for each time that it was started."""

    path: Path
    log: Path

    def starts(self, word: str = "") -> list[str]:
        """The arguments of each start whose first is a word."""
        text = self.log.read_text() if self.log.exists() else ""
        return [each for each in text.splitlines() if each.startswith(word)]


def scanner(folder: Path, image: str = SAYS_REPORT, version: str = SAYS_VERSION) -> Scanner:
    """Write a program that does this for ``image`` and says that for ``version``."""
    folder.mkdir(parents=True, exist_ok=True)
    program, log = folder / "trivy", folder / "log"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {log}\ncase $1 in\nversion) {version};;\nimage) {image};;\nesac\n'
    )
    program.chmod(0o755)
    return Scanner(program, log)


def database(cache: Path, due: str = "2030-01-01", **more: str) -> Path:
    """A folder as Trivy keeps its database in, without a fault in it."""
    folder = cache / "db"
    folder.mkdir(parents=True)
    (folder / "trivy.db").touch()
    made = {"Version": 2, "UpdatedAt": "2026-11-29T00:00:00Z", "NextUpdate": f"{due}T00:00:00Z"}
    (folder / "metadata.json").write_text(json.dumps({**made, **more}))
    return cache


@dataclass(slots=True)
class Kept:
    """Implements :class:`auditor.ports.Sink` in memory."""

    scratch: Path
    answers: list[tuple[Record, bytes | CleanBody | None]] = field(default_factory=list)
    commit: Callable[[str], str] | None = None

    def add(self, record: Record, body: bytes | CleanBody | None) -> None:
        """Keep an answer."""
        self.answers.append((record, body))

    def keep_out(self, secret: str) -> None:
        """Take a credential, of which there is none."""
        raise AssertionError(secret)


@dataclass(slots=True)
class Remembering:
    """Implements :class:`collectors.images.scanning.program.Memory`."""

    found: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def read(self, name: str, stamp: str) -> memoryview | None:
        """What was remembered."""
        data = self.found.get((name, stamp))
        return None if data is None else memoryview(data)

    def write(self, name: str, stamp: str, content: bytes) -> None:
        """Remember."""
        self.found[name, stamp] = content
