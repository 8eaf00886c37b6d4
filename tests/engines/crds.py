"""Schemas of custom resources, as their own projects publish them: files of pinned Go modules.

A module is fetched by its version and refused when its digest is another one; only its CRDs are
kept, in the cache of the engines.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.engines.build import cache_folder, toolchain
from tests.engines.cache import EngineUnavailableError, locked

_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module with its digest (``h1:`` of go.sum), and the folder of its CRDs."""

    path: str
    version: str
    digest: str
    folder: str


MODULES: Final = (
    Module(
        "sigs.k8s.io/jobset",
        "v0.8.0",
        "h1:80cJcPld+IMdKFOqzEW4et3Y6lGAPcP8YmBZ+aiKGYA=",
        "config/components/crd/bases",
    ),
    Module(
        "sigs.k8s.io/lws",
        "v0.6.0",
        "h1:qHvhm54daBzL1S/+e8bafp7BKRC3jhrqY+EgpDGf41o=",
        "config/crd/bases",
    ),
    Module(
        "github.com/ray-project/kuberay/ray-operator",
        "v1.4.0",
        "h1:QSVqJlPDHnpC/hi3nBbxioxfPEiL3WbmM9hnv6xy2Vk=",
        "config/crd/bases",
    ),
    Module(
        "github.com/kubeflow/training-operator",
        "v1.8.1",
        "h1:mVvoBSCInbMBX0gGSn4+Ihj3ycwoLO1iEAw+0qPhQfc=",
        "manifests/base/crds",
    ),
    Module(
        "github.com/kserve/kserve",
        "v0.15.0",
        "h1:TK6lN8XVIzc/5KQ76GULEKYiJ2obkTRRI3Z2Iwuld5Y=",
        "config/crd/full",
    ),
    Module(
        "github.com/argoproj/argo-workflows/v3",
        "v3.6.5",
        "h1:0dvQr+CrhYgCc7ZJ4ZxusLVL/LKwHnpkT1lw/BP4+W4=",
        "manifests/base/crds/full",
    ),
)
REPORTS: Final = (
    Module(
        "github.com/openreports/reports-api",
        "v0.2.1",
        "h1:g9KS3yle9Y1elmww4TK9EkD1rl6inIaiIJPX6e+u680=",
        "config/crd",
    ),
    Module(
        "github.com/kyverno/kyverno",
        "v1.13.4",
        "h1:2zUi+eszlisLdCir+WIf2NtuUfFPvJtjUNpewdtLjVw=",
        "config/crds/policyreport",
    ),
)
"""OpenReports, and Kyverno's copy of the older PolicyReport, whose own project is no module."""


def definitions(
    modules: Sequence[Module] = MODULES, environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Every CustomResourceDefinition of some modules, by the kind that it defines.

    Raises:
        EngineUnavailableError: no tool chain, no network, or another digest.
    """
    pins = hashlib.sha256(repr(modules).encode()).hexdigest()[:16]
    root = cache_folder(environment).parent
    folder = root / f"crds-{pins}"
    root.mkdir(parents=True, exist_ok=True)
    with locked(root / "crds.lock"):
        if not folder.exists():
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            tool, extra = toolchain(root, environment)
            for module in modules:
                _fetch(module, tool, {**environment, **extra}, partial)
            shutil.rmtree(partial / "modules", ignore_errors=True)
            partial.replace(folder)
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def _fetch(module: Module, tool: Path, environment: Mapping[str, str], folder: Path) -> None:
    settings = {
        "GOMODCACHE": str(folder / "modules"),
        "GOFLAGS": "-modcacherw",
        "GOTOOLCHAIN": "local",
    }
    command = [str(tool), "mod", "download", "-json", f"{module.path}@{module.version}"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**environment, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        told: dict[str, str] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailableError(f"{module.path} can't be had: {error}") from error
    if done.returncode or told.get("Sum") != module.digest:
        raise EngineUnavailableError(f"{module.path}: {told.get('Error') or told.get('Sum')}")
    for path in sorted((Path(told["Dir"]) / module.folder).glob("*.yaml")):
        for found in yaml.load_all(path.read_text(), yaml.CSafeLoader):
            if found and found["kind"] == "CustomResourceDefinition":
                name = f"{found['spec']['names']['kind']}.json"
                (folder / name).write_text(json.dumps(found))
