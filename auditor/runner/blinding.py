"""Sorted lines of findings, the verdicts of some rules taken back because of a gap; still sorted.

A line begins with its verdict, so one that is taken back belongs elsewhere. But all that had one
verdict follow one another as they did before, and make one sorted file for each verdict::

    fail     high    host-path    pod a    ─┐                unknown  high    host-path    pod a
    fail     high    host-path    pod c     ├─ file "fail"   unknown  high    host-path    pod c
    fail     medium  privileged   pod a    ─┼─ file "stands"
    pass     high    host-path    pod b    ─┴─ file "pass"   unknown  high    host-path    pod b

So one pass is enough, and it holds a line at a time, however many there are. Whoever merges reads
these files like those of shards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from auditor.engine.merge import taken_back

_STANDS = b""
_BUFFER = 64 << 10
"""Bytes of one file; there are no more files than verdicts, and one."""


def into_files(lines: Iterable[bytes], blind: Mapping[str, str], start: Path) -> list[Path]:
    """Write sorted lines to sorted files whose paths begin with ``start``.

    ``blind`` maps a rule that a gap blinds to the reason.
    """
    with ExitStack() as stack:
        files: dict[bytes, _File] = {}
        for line in lines:
            changed = taken_back(line, blind)
            verdict = _STANDS if changed is None else line[:1]
            if verdict not in files:
                path = start.with_name(f"{start.name}-{len(files)}")
                opened = stack.enter_context(path.open("wb", buffering=_BUFFER))
                files[verdict] = _File(path, opened)
            files[verdict].add(line if changed is None else changed)
        for file in files.values():
            file.flush()
        return [file.path for file in files.values()]


class _File:
    """A file of lines that come in the order of their identities.

    Lines of one finding had perhaps another order while they had other messages.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self._identity = b""
        self._same: list[bytes] = []

    def add(self, line: bytes) -> None:
        identity = line[: line.index(b"\t")]
        if identity != self._identity:
            self.flush()
            self._identity = identity
        self._same.append(line)

    def flush(self) -> None:
        """Write what is held."""
        self._same.sort()
        self._file.writelines(self._same)
        self._same.clear()
