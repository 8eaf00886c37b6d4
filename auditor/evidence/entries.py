"""What people wrote and a run was judged with, as it is kept in a bundle: waivers, answers."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from auditor.evidence import files, strict

_Entries = TypeVar("_Entries")


def write_entries(root: Path, name: str, entries: tuple[object, ...]) -> None:
    """Keep entries in a bundle, so that it can be judged again."""
    data = msgspec.json.encode(entries, order="deterministic")
    (root / name).write_bytes(msgspec.json.format(data, indent=1) + b"\n")


def read_entries(root: Path, name: str, shape: type[_Entries]) -> _Entries | None:
    """Read the entries that a bundle was judged with, a tuple of such; None when there were none.

    Raises:
        IntegrityError: they are malformed.
    """
    path = root / name
    if not path.exists():
        return None
    value = strict.parse(name, files.read(path, strict.MOST_BYTES))
    return strict.convert(name, value, shape)
