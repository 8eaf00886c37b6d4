"""The validator of the authors of SARIF, with GitHub's rules, from npm's registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.engines.build import cache_folder
from tests.engines.cache import EngineUnavailableError

PINS = Path(__file__).parent / "sarif"
_PACKAGE = Path("node_modules/@microsoft/sarif-multitool-linux")
_RULES = ("--rule-kind", "Sarif;Ghas", "--level", "Error;Warning")
_SECONDS = 300
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
        EngineUnavailableError: there is no npm, or no registry.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise EngineUnavailableError("npm")
    folder = cache_folder(os.environ, PINS)
    if not (folder / _PACKAGE).exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.copytree(PINS, partial)
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", partial],
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise EngineUnavailableError(f"npm ci: {done.stderr[-500:]}")
        (partial / _PACKAGE / "Sarif.Multitool").chmod(0o755)
        if folder.exists():
            shutil.rmtree(partial)
        else:
            partial.rename(folder)
    return Multitool(folder / _PACKAGE / "Sarif.Multitool", folder / _PACKAGE / "sarif-2.1.0.json")
