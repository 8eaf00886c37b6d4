"""Servers that a file of targets names, and scans of them."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.e2e.command import Ran, auditor

PROFILE = ("--profile", "pod-security-baseline", "--no-cache", "--format", "json")


def write(folder: Path, *targets: object) -> None:
    (folder / "fleet.yaml").write_text(yaml.safe_dump({"targets": list(targets)}))


def scan(folder: Path, *options: str, **env: str) -> Ran:
    return auditor("scan", "--targets", "fleet.yaml", *options, *PROFILE, cwd=folder, env=env)


def cluster(name: str, **more: object) -> dict[str, object]:
    return {"target": f"k8s://{name}", "kubeconfig": f"{name}/kubeconfig", **more}
