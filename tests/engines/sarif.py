"""The validator of the authors of SARIF, with GitHub's rules, from npm's registry."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.engines.npm import packages

PINS = Path(__file__).parent / "sarif"
_PACKAGE = Path("@microsoft/sarif-multitool-linux")
_RULES = ("--rule-kind", "Sarif;Ghas", "--level", "Error;Warning")
_SAID = re.compile(r"([^/]*)\((\d+),\d+\): (error|warning) ([A-Z]+\d+): (.*)")
_RUNTIME = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_TieredPGO": "0"}
"""Needs no library for languages, and measures nothing to be faster in a run that lasts seconds."""


@dataclass(frozen=True, slots=True)
class Multitool:
    """The program, and the schema that is in its package."""

    program: Path
    schema: Path

    def complaints(self, *files: Path) -> list[tuple[str, str]]:
        """What is wrong with files by the rules of SARIF and of GitHub: (rule, file and text)."""
        done = subprocess.run(
            [self.program, "validate", *files, *_RULES],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            env={**_RUNTIME, "HOME": str(files[0].parent)},
        )
        scanned = f"Done. {len(files)} files scanned." in done.stdout
        if not scanned or "Analysis completed" not in done.stdout:
            raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
        return [(found[4], f"{found[1]}: {found[5]}") for found in _SAID.finditer(done.stdout)]


def find_multitool() -> Multitool:
    """Install the package where it is not yet.

    Raises:
        EngineUnavailableError: as :func:`tests.engines.npm.packages`.
    """
    package = packages(PINS) / _PACKAGE
    (package / "Sarif.Multitool").chmod(0o755)
    return Multitool(package / "Sarif.Multitool", package / "sarif-2.1.0.json")
