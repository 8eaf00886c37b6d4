"""The wheel in an environment of its own, as somebody gets it who has nothing else of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel in it and an empty folder to stand in."""

    wheel: Path
    environment: Path
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.environment / "bin" / "python"

    def run(
        self, *command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, outside the checkout and without its variables."""
        program, *arguments = map(str, command)
        return subprocess.run(
            [str(self.environment / "bin" / program), *arguments],
            cwd=cwd or self.folder,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def install(place: Path, settings: Mapping[str, str]) -> Installed:
    """Build the wheel, make an environment, install the wheel and what it depends on.

    ``settings`` are those of pip.
    """
    _checked([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)])
    (wheel,) = place.glob("*.whl")
    environment = place / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    _checked(
        [
            *(sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")),
            *("install", "--quiet", "--disable-pip-version-check", str(wheel)),
        ],
        settings,
    )
    folder = place / "elsewhere"
    folder.mkdir()
    return Installed(wheel, environment, folder)


def _checked(command: list[str], settings: Mapping[str, str] = MappingProxyType({})) -> None:
    env = {**os.environ, **settings}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
