"""Sorted lines of findings in files: opened to be merged, and joined first where there are many.

A target has a file for each shard, and a run can have more targets than a process may open files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from auditor.engine.merge import in_order

MOST_OPEN = 128
"""Files of lines that are open at once."""

_BUFFERS = 4 << 20
"""Bytes of all buffers together."""
_BUFFER = 256 << 10
"""Bytes of one of them at most."""


def opened(paths: Sequence[Path], stack: ExitStack) -> list[Iterable[bytes]]:
    """The lines of each file, for as long as ``stack`` lasts."""
    size = min(_BUFFER, _BUFFERS // max(1, len(paths)))
    return [stack.enter_context(path.open("rb", buffering=size)) for path in paths]


def write(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines that are in order."""
    with path.open("wb", buffering=_BUFFER) as file:
        file.writelines(lines)


def joined(paths: Sequence[Path], folder: Path, most: int = MOST_OPEN) -> list[Path]:
    """The same lines, still in order, in at most ``most`` files; ``folder`` is for new ones."""
    left = list(paths)
    number = 0
    while len(left) > most:
        fewer = []
        for batch in _batches(left, most):
            path = folder / f"joined-{number:06d}"
            number += 1
            with ExitStack() as stack:
                write(path, chain.from_iterable(in_order(opened(batch, stack))))
            fewer.append(path)
        left = fewer
    return left


def _batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    for start in range(0, len(paths), size):
        yield paths[start : start + size]
