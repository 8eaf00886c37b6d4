"""Policy folders to a policy set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.policy.policyset import PolicySet, digest_files, read_files


def load(folders: Sequence[Path]) -> PolicySet:
    """Load policy folders, the built-in one first.

    Raises:
        PolicyErrors: anything is wrong with any file.
    """
    files = read_files(folders)
    from auditor.policy.read import read_policy  # noqa: PLC0415 - YAML, when nothing is cached

    return read_policy(folders, files, digest_files(files))
