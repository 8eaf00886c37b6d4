"""How a run is cut into pieces of work for its processes, and which ones come first.

Tests that share something that takes long to make are one piece: the fixtures of a file, and the
control plane of the files that ask for it, so that a run starts one of each kind. (The mark of
xdist for this, ``xdist_group``, says nothing to it any more since pytest 9.2.)
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
SHARED = re.compile(r"\bapiserver: ApiServer\b|\bcluster: Cluster\b|docker: Docker\b")
"""How a test asks for a control plane."""
FIRST = ("live", "faults", "e2e", "packaging", "contract", "policies", "unit")
"""The rooms in which a piece may take long: one that begins at the end is waited for."""


class Pieces(LoadScopeScheduling):
    """Gives each process a whole piece."""

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid.partition("::")[0])


@functools.cache
def piece(path: str) -> str:
    """The control plane that a file asks for, else the file itself."""
    found = SHARED.search((ROOT / path).read_text())
    return found[0] if found else path


def place(item: pytest.Item) -> int:
    """Where a test comes: those of the long pieces first, in whatever order they are in."""
    return _room(item.path.parent)


@functools.cache
def _room(folder: Path) -> int:
    """Where the tests of a folder come."""
    found = (
        each for each, room in enumerate(FIRST) if ROOT / "tests" / room in (folder / "x").parents
    )
    return next(found, len(FIRST))
