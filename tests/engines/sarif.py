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
_SAID = re.compile(r"\((\d+),\d+\): (error|warning) ([A-Z]+\d+): (.*)")


@dataclass(frozen=True, slots=True)
class Multitool:
    """The program, and the schema that is in its package."""

    program: Path
    schema: Path

    def complaints(self, file: Path) -> list[tuple[str, str]]:
        """What is wrong with a file by the rules of SARIF and of GitHub: (rule, text)."""
        done = subprocess.run(
            [self.program, "validate", file, *_RULES],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            env={"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "HOME": str(file.parent)},
        )
        if "Analysis completed" not in done.stdout:
            raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
        return [(found[3], found[4]) for found in _SAID.finditer(done.stdout)]


def find_multitool() -> Multitool:
    """Install the package where it is not yet.

    Raises:
        EngineUnavailableError: as :func:`tests.engines.npm.packages`.
    """
    package = packages(PINS) / _PACKAGE
    (package / "Sarif.Multitool").chmod(0o755)
    return Multitool(package / "Sarif.Multitool", package / "sarif-2.1.0.json")
