"""What Compose makes of a project: compose-go, which Docker Compose is built on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.engines.golang import PATIENT


class Resolved(msgspec.Struct, frozen=True):
    """A project as Compose resolves it, or what Compose says against it."""

    project: Mapping[str, Any]
    error: str = ""

    @property
    def services(self) -> Mapping[str, Any]:
        """The services by their names."""
        found: Mapping[str, Any] = self.project.get("services", {})
        return found

    @property
    def jobs(self) -> Mapping[str, Any]:
        """The jobs by their names."""
        found: Mapping[str, Any] = self.project.get("jobs", {})
        return found


class ComposeGo(msgspec.Struct, frozen=True):
    """The built program; nothing of the environment goes into what it says but a home."""

    path: Path

    def resolved(self, folder: Path) -> Resolved:
        """Ask what the files in a folder come to."""
        ran = subprocess.run(
            [str(self.path), str(folder)],
            env={"HOME": "/home/somebody", **PATIENT},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if ran.returncode:
            return Resolved({}, ran.stderr.strip() or "it said nothing")
        return Resolved(json.loads(ran.stdout))
