"""The findings of a run, merged of the sorted lines of all shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from auditor.engine.merge import Merger, blinded, in_order
from auditor.runner import spools
from auditor.runner.state import TargetRun


@contextmanager
def merged(
    merger: Merger, runs: Sequence[TargetRun], folder: Path
) -> Iterator[Iterable[Sequence[bytes]]]:
    """Give the merged findings, many at a time, for as long as the files they are from are open.

    What the merger learns on the way is whole once all have been read.
    """
    with ExitStack() as stack:
        yield merger.merge(_sources(runs, folder, stack))


def _sources(
    runs: Sequence[TargetRun], folder: Path, stack: ExitStack
) -> Sequence[Iterable[bytes]]:
    """The sorted lines of all targets, from no more files than may be open."""
    if sum(1 + len(run.spools) for run in runs) <= spools.MOST_OPEN:
        return [lines for run in runs for lines in _open(run, stack)]
    paths = [path for number, run in enumerate(runs) for path in _settled(run, number, folder)]
    return spools.opened(spools.joined(paths, folder), stack)


def _open(run: TargetRun, stack: ExitStack) -> Iterator[Iterable[bytes]]:
    """The sorted runs of lines of one target; blinded ones are rewritten, which needs memory."""
    for lines in (*spools.opened([Path(spool) for spool in run.spools], stack), run.lines):
        yield blinded(lines, run.blind) if run.blind else lines


def _settled(run: TargetRun, number: int, folder: Path) -> Iterator[Path]:
    """The lines of one target in closed files."""
    if run.blind:
        with ExitStack() as stack:
            lines = list(chain.from_iterable(in_order(list(_open(run, stack)))))
    else:
        yield from map(Path, run.spools)
        lines = run.lines
    if lines:
        path = folder / f"settled-{number:06d}"
        spools.write(path, lines)
        yield path
