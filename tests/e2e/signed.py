"""A folder in which somebody signs: what the tests of keys and of trust start from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.e2e.command import ROOT, Ran, auditor
from tests.unit.evidence.bundles import POD

PHRASE = "correct horse battery"
EPOCH = {"SOURCE_DATE_EPOCH": "1750000000"}
"""2025-06-15, when every bundle here is made."""


def ran(
    folder: Path,
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    process: bool = False,
) -> Ran:
    """Run a command there, as :func:`tests.e2e.command.auditor` does.

    One that asks a storage is a ``process``: what asks keeps threads.
    """
    settings = {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder / "config"), **EPOCH}
    environment = {**settings, **(env or {})}
    return auditor(*arguments, cwd=folder, env=environment, process=process)


def filled(folder: Path) -> Path:
    (folder / "pod.yaml").write_text(POD)
    (folder / "secret").write_text(f"{PHRASE}\nmore\n")
    return folder
