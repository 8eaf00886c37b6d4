"""What all policy files together say, and which files those are; knows nothing of YAML."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from auditor.errors import Location, PolicyError, PolicyErrors
from auditor.model.policy import LARGEST_FILE, Control, Framework, Profile, Rule, policy_digest

FOLDERS = ("controls", "profiles", "rules", "tables")
"""The folders of a policy folder."""

MOST_BYTES = LARGEST_FILE
_SUFFIXES = (".yaml", ".yml")


class PolicySet(msgspec.Struct, frozen=True):
    """Everything that the policy folders say. Controls are keyed ``framework:id``."""

    rules: Mapping[str, Rule]
    controls: Mapping[str, Control]
    frameworks: Mapping[str, Framework]
    profiles: Mapping[str, Profile]
    tables: Mapping[str, list[Mapping[str, object]]]
    digest: str

    @property
    def selected_only(self) -> frozenset[str]:
        """Frameworks that reports have only of profiles that select by them."""
        return frozenset(key for key, each in self.frameworks.items() if each.selected_only)


class PolicyFile(msgspec.Struct, frozen=True):
    """A file as it was when it was read; ``problem`` says why it could not be.

    ``folder`` is the number of its policy folder ``root``, ``name`` is relative to that, with
    slashes.
    """

    folder: int
    name: str
    root: Path
    data: bytes
    problem: str = ""

    @property
    def path(self) -> Path:
        """Where it is: three hundred files are read, of few is it asked."""
        return self.root / self.name


def policy_files(folder: Path) -> list[str]:
    """The policy files below a folder by their relative names, in one order everywhere.

    Files ending in .yml count, so that somebody can say that they should not; hidden files and
    folders don't, nor what is below linked folders.
    """
    found: list[str] = []
    pending = list(FOLDERS)
    while pending:
        inside = pending.pop()
        try:
            entries = list(os.scandir(folder / inside))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            name = f"{inside}/{entry.name}"
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(name)
            elif entry.name.endswith(_SUFFIXES):
                found.append(name)
    return sorted(found)


def read_files(folders: Sequence[Path]) -> list[PolicyFile]:
    """Read all policy files once: what is parsed is what the digest covers.

    Raises:
        PolicyErrors: a folder can't be listed.
    """
    files = []
    for number, folder in enumerate(folders):
        try:
            listed = policy_files(folder)
        except OSError as error:
            place = Location(str(error.filename or folder))
            wrong = PolicyError(f"cannot be listed: {error.strerror}", location=place)
            raise PolicyErrors((wrong,)) from error
        root = os.path.join(folder, "")  # noqa: PTH118 - three hundred paths take milliseconds
        files += [PolicyFile(number, name, folder, *read_file(root + name)) for name in listed]
    return files


def read_file(path: str | Path) -> tuple[bytes, str]:
    """The content of a regular file of reasonable size, and what is wrong with it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return b"", f"cannot be read: {error.strerror}"
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return b"", "no regular file"
        if status.st_size > MOST_BYTES:
            return b"", f"larger than {MOST_BYTES >> 20} MiB: no policy file is that large"
        return _content(descriptor, status.st_size), ""
    except OSError as error:
        return b"", f"cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)


def _content(descriptor: int, size: int) -> bytes:
    """All of a file, which is as large as it was said to be, or is being written."""
    data = os.read(descriptor, size + 1)
    while (
        len(data) != size
        and len(data) < MOST_BYTES
        and (more := os.read(descriptor, MOST_BYTES - len(data)))
    ):
        data += more
    return data


def digest_files(files: Sequence[PolicyFile]) -> str:
    """sha256 over names and bytes of policy files."""
    return policy_digest(
        (file.folder, file.name, hashlib.sha256(file.data).hexdigest()) for file in files
    )


def first_files(files: Sequence[PolicyFile]) -> list[PolicyFile]:
    """Those of the first folder: the ones that come with the program."""
    return [file for file in files if file.folder == 0]


def digest_of(folders: Sequence[Path]) -> str:
    """sha256 over names and bytes of all policy files in folders."""
    return digest_files(read_files(folders))
