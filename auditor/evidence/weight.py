"""How much a bundle may say, for its size: before any of it is opened.

A few bytes of Zstandard can say gigabytes, and a record of some hundred bytes can point at all of
it, a thousand times. So what the headers of all blocks say that they hold, and what all records say
that they rest on, is added up first. A bundle of ours stays below: its texts are at most some
hundred times as large as what is stored of them, and equal files are told by records that take
room themselves. Together with reading block by block, whatever the order of the records, this makes
the time that a bundle takes proportional to its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from auditor.errors import IntegrityError, RenderError
from auditor.evidence.blocks import TIMES, block_size
from auditor.evidence.layout import Collected, FileEntry
from auditor.model.evidence import Record

BESIDES: Final = 1 << 26
"""Bytes that are nothing to read, however small the bundle."""


def refuse_heavy(root: Path, files: Iterable[FileEntry], read: Iterable[Collected]) -> None:
    """Refuse a bundle that would take far longer to read than its size tells.

    Raises:
        IntegrityError: its blocks or its records say too much, or a block is none.
    """
    listed = tuple(files)
    most = TIMES * sum(each.size for each in listed) + BESIDES
    blocks = sum(block_size(root / each.path) for each in listed if each.role == "body")
    if blocks > most:
        raise IntegrityError(f"its blocks would hold {blocks:,} bytes: so small a bundle can't")
    records = sum(record.size for each in read for record in each.records)
    if records > most:
        raise IntegrityError(f"its records rest on {records:,} bytes: in so small a bundle none do")


def check_written(files: Iterable[FileEntry], records: Iterable[Record]) -> None:
    """Make sure that a bundle which is written now is none that nobody would read.

    Raises:
        RenderError: it has thousands of large files that are all equal.
    """
    most = TIMES * sum(each.size for each in files) + BESIDES
    said = sum(record.size for record in records)
    if said > most:
        raise RenderError(
            f"the evidence repeats itself: {said:,} bytes, most of which are stored once",
            hint="keep parts of the tree in bundles of their own",
        )
