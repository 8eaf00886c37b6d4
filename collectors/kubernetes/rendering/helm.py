"""A chart, rendered as ``helm template`` does: with default values, or with files of the user's.

Helm reads what links of a chart lead to, wherever that is, and templates can print it; so a chart
with a link out of the target is refused. Nothing is fetched: what a chart depends on and does not
have in its ``charts`` folder is a failure that helm itself tells.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from auditor.bounded import read_named
from auditor.errors import UsageError
from collectors.documents.recognise import PathKind
from collectors.documents.tree import FolderTree

RELEASE: Final = ("template", "release-name")
"""Helm's own name for a release that was given none."""
NAMESPACE: Final = ("--namespace", "release-namespace")
"""A chart that writes the namespace of its release is not one that chose ``default``."""
_MOST_VALUES: Final = 8 << 20
_MOST_ENTRIES: Final = 20_000


class Values(msgspec.Struct, frozen=True):
    """A file of values: as it was named, a copy of it, and its digest."""

    named: str
    copy: str
    sha256: str


def read_values(files: Sequence[Path], folder: Path) -> tuple[Values, ...]:
    """Copy files of values, each read once, whatever it is.

    Raises:
        UsageError: one can't be read.
    """
    found = []
    for number, file in enumerate(files):
        try:
            data = read_named(file, _MOST_VALUES)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"--values {file}: {why}", hint="name a file of YAML") from error
        copy = folder / f"values-{number}.yaml"
        copy.write_bytes(data)
        found.append(Values(str(file), str(copy), hashlib.sha256(data).hexdigest()))
    return tuple(found)


def refused(tree: FolderTree, folder: str) -> str:
    """Say why a chart is not rendered; "" when it may be."""
    for path in _links(tree, folder):
        if path is None:
            return f"it has more than {_MOST_ENTRIES:,} files"
        if tree.kind_of(path) is PathKind.OUTSIDE:
            return f"{path} is a link out of what is audited"
    return ""


def _links(tree: FolderTree, folder: str) -> Iterator[str | None]:
    """The links in a chart, by their paths below the target; None when there is too much in it."""
    waiting, left = [folder], _MOST_ENTRIES
    while waiting:
        current = waiting.pop()
        try:
            entries = list(os.scandir(tree.root / current))
        except OSError:
            continue
        for entry in entries:
            left -= 1
            if left < 0:
                yield None
                return
            path = f"{current}/{entry.name}" if current else entry.name
            if entry.is_symlink():
                yield path
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(path)


def arguments(values: Sequence[Values]) -> tuple[str, ...]:
    """The arguments that come behind the folder."""
    return (*NAMESPACE, *(word for each in values for word in ("--values", each.copy)))


def shown(values: Sequence[Values]) -> str:
    """Those arguments for people, each file of values with its digest."""
    named = [f"--values {each.named} (sha256:{each.sha256})" for each in values]
    return " ".join((*NAMESPACE, *named))
