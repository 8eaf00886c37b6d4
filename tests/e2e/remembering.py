"""Profiles that were compiled in this process: half of what a scan of a few objects takes.

A command compiles the profile that it judges by, or has it from the cache of another process. What
comes of that depends on what the policy files say and on what was chosen, so a process that runs
one command after another has it from the one before. The files of this checkout, which no test
changes, are read once; those of users each time::

    auditor scan a.yaml --no-cache                   compiled
    auditor scan b.yaml --no-cache                   remembered
    auditor scan b.yaml --no-cache --policies mine   compiled

Where a test has a cache of its own, it is about what is in there: nothing is remembered.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import msgspec

from auditor.policy.load import shown_folders
from auditor.policy.policyset import PolicyFile, digest_files, read_files
from auditor.runner.job import Prepared, prepared
from auditor.runner.settings import Chosen
from tests.e2e.forks import ROOT

MOST = 6
"""Profiles that are remembered: each is some megabytes."""
POLICIES = ROOT / "policies"
"""What comes with the program."""


class Remembering:
    """Prepares profiles as :func:`auditor.runner.job.prepared` does, each once."""

    def __init__(self, shared: Path) -> None:
        """``shared`` is the home whose cache no test is about."""
        self._shared = shared
        self._found: dict[tuple[object, ...], Prepared] = {}

    def __call__(self, chosen: Chosen) -> Prepared:
        """Have it from an earlier command, or compile it."""
        cache = chosen.cache
        if cache is not None and not cache.base.is_relative_to(self._shared):
            return prepared(chosen)
        first, *rest = chosen.folders
        files = _after_the_first(rest)
        shown = tuple(shown_folders(chosen.folders, files))
        analyses, platforms = id(chosen.analyses), id(chosen.platforms)
        of_files = (_digest(first), digest_files(files), len(rest), shown)
        key = (*of_files, chosen.profile, chosen.parameters, cache is None, analyses, platforms)
        found = self._found.pop(key, None) or prepared(chosen)
        self._found[key] = found
        if len(self._found) > MOST:
            del self._found[next(iter(self._found))]
        return found


def _digest(folder: Path) -> str:
    """What the files of the first folder amount to."""
    return _of_checkout() if folder == POLICIES else digest_files(read_files((folder,)))


@functools.cache
def _of_checkout() -> str:
    return digest_files(read_files((POLICIES,)))


def _after_the_first(folders: Sequence[Path]) -> list[PolicyFile]:
    """What users' folders hold, counted from one."""
    return [msgspec.structs.replace(each, folder=each.folder + 1) for each in read_files(folders)]
