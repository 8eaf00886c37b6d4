"""What all policy files together say, and which files those are; knows nothing of YAML."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.model.policy import Control, Profile, Rule

FOLDERS = ("controls", "profiles", "rules", "tables")
"""The folders of a policy folder."""

MOST_BYTES = 1 << 20
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything that the policy folders say. Controls are keyed ``framework:id``."""

    rules: Mapping[str, Rule]
    controls: Mapping[str, Control]
    profiles: Mapping[str, Profile]
    tables: Mapping[str, list[Mapping[str, object]]]
    digest: str


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A file as it was when it was read; ``problem`` says why it could not be.

    ``folder`` is the number of its policy folder, ``name`` is relative to that, with slashes.
    """

    folder: int
    name: str
    path: Path
    data: bytes
    problem: str = ""


def policy_files(folder: Path) -> list[tuple[str, Path]]:
    """The policy files below a folder as (relative name, path), in one order everywhere.

    Files ending in .yml count, so that somebody can say that they should not; hidden files and
    folders don't.
    """
    found = []
    for kind in FOLDERS:
        for parent, folders, names in os.walk(folder / kind):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if name.endswith(_SUFFIXES) and not name.startswith("."):
                    path = Path(parent, name)
                    found.append((path.relative_to(folder).as_posix(), path))
    return sorted(found)


def read_files(folders: Sequence[Path]) -> list[PolicyFile]:
    """Read all policy files once: what is parsed is what the digest covers."""
    return [
        PolicyFile(number, name, path, *_read(path))
        for number, folder in enumerate(folders)
        for name, path in policy_files(folder)
    ]


def _read(path: Path) -> tuple[bytes, str]:
    """The content of a regular file of reasonable size, and what is wrong with it."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return b"", "no regular file"
        if status.st_size > MOST_BYTES:
            return b"", f"larger than {MOST_BYTES >> 20} MiB: no policy file is that large"
        return path.read_bytes(), ""
    except OSError as error:
        return b"", f"cannot be read: {error.strerror}"


def digest_files(files: Sequence[PolicyFile]) -> str:
    """sha256 over names and bytes of policy files."""
    total = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.data).hexdigest()
        total.update(f"{file.folder}\0{file.name}\0{content}\n".encode())
    return f"sha256:{total.hexdigest()}"


def digest_of(folders: Sequence[Path]) -> str:
    """sha256 over names and bytes of all policy files in folders."""
    return digest_files(read_files(folders))
