"""Where a configuration is that nobody named, and whether it may be believed.

::

    repository/          .git
    repository/auditor.yaml      found from everywhere in the repository
    repository/deploy/           we are here
    auditor.yaml                 is outside of it, and never looked at

Without a repository only the folder that we are in counts. A file that somebody else may have
written is refused, as git refuses the settings of a repository that is another user's
(``safe.directory``): it decides what fails.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import UsageError
from auditor.policy.policyset import MOST_BYTES

NAME: Final = "auditor.yaml"
REPOSITORY: Final = ".git"
_BY_ALL: Final = stat.S_IWOTH


class Found(msgspec.Struct, frozen=True):
    """A configuration file, and the top folder of what it is for."""

    path: Path
    root: Path


def find(start: Path) -> Found | None:
    """Look in a folder, and in those above it up to the top of their repository."""
    above = [start, *start.parents]
    tops = (number for number, each in enumerate(above) if os.path.lexists(each / REPOSITORY))
    last = next(tops, 0)
    for folder in above[: last + 1]:
        if os.path.lexists(folder / NAME):
            return Found(folder / NAME, above[last])
    return None


def read_found(path: Path, shown: str) -> bytes:
    """The bytes of a file that was found; ``shown`` is its name in errors.

    Raises:
        UsageError: it can't be read, or somebody else may have written it.
    """
    hint = f"auditor scan --config {shown} takes it by your word"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UsageError(f"{shown}: it is a link, and nobody named it", hint=hint) from error
        raise UsageError(f"{shown}: {error.strerror}", hint="auditor scan --no-config") from error
    try:
        why = distrusted(os.fstat(handle), path.parent.stat(), os.geteuid())
        if why:
            raise UsageError(f"{shown} is not believed: {why}", hint=hint)
        with open(handle, "rb", closefd=False) as file:
            data = file.read(MOST_BYTES + 1)
    finally:
        os.close(handle)
    if len(data) > MOST_BYTES:
        what = f"{shown}: larger than {MOST_BYTES >> 20} MiB: no configuration is that large"
        raise UsageError(what, hint="auditor init writes one")
    return data


def distrusted(file: os.stat_result, folder: os.stat_result, user: int) -> str:
    """Why a file may be somebody else's doing, "" if only ``user`` and root can have written it."""
    if not stat.S_ISREG(file.st_mode):
        return "it is no regular file"
    for what, each in (("it", file), ("its folder", folder)):
        if each.st_uid not in {user, 0}:
            return f"{what} is owned by another user ({each.st_uid}, and we are {user})"
    if file.st_mode & _BY_ALL:
        return "everybody may write to it"
    if folder.st_mode & _BY_ALL and not folder.st_mode & stat.S_ISVTX:
        return "everybody may write to its folder"
    return ""
