"""axe-core, which finds what keeps people from using a page, from npm's registry."""

from __future__ import annotations

from pathlib import Path

from tests.engines.npm import packages

PINS = Path(__file__).parent / "axe"


def find_axe() -> str:
    """The script that a browser runs in a page, installed where it is not yet.

    Raises:
        EngineUnavailableError: as :func:`tests.engines.npm.packages`.
    """
    return (packages(PINS) / "axe-core" / "axe.min.js").read_text("utf-8")
