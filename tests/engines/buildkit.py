"""What BuildKit reads in a Dockerfile: its own parser, built with a page of code around it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.engines.golang import PATIENT


class Read(msgspec.Struct, frozen=True):
    """A Dockerfile as BuildKit reads it, or what it says against it."""

    file: Mapping[str, Any]
    error: str = ""


class BuildKit(msgspec.Struct, frozen=True):
    """The built program; no build argument is given, and base images set nothing."""

    path: Path

    def read(self, text: str) -> Read:
        """Ask what is in a file."""
        ran = subprocess.run(
            [str(self.path)],
            input=text.encode(),
            env=dict(PATIENT),
            capture_output=True,
            timeout=60,
            check=False,
        )
        if ran.returncode:
            return Read({}, ran.stderr.decode().strip() or "it said nothing")
        return Read(json.loads(ran.stdout))
