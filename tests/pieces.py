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
SHARED = re.compile(r"\b(apiserver|plain): ApiServer\b|\bcluster: Cluster\b|docker: Docker\b")
"""How a test asks for a control plane."""
FIRST = ("live", "faults", "e2e", "packaging", "platforms", "storage", "contract", "policies")
"""The rooms in which a piece may take long: one that begins at the end is waited for."""
LAST = "unit"
"""The room of many short ones, which fill what the processes have left at the end."""


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
    tests = ROOT / "tests"
    room = folder.relative_to(tests).parts[:1] if folder.is_relative_to(tests) else ()
    if room == (LAST,):
        return len(FIRST) + 1
    return next((each for each, name in enumerate(FIRST) if room == (name,)), len(FIRST))
