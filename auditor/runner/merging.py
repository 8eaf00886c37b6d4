"""The findings of a run, merged of the sorted lines of all shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path

from auditor.engine.merge import Merger, blinded, in_order
from auditor.runner import spools
from auditor.runner.blinding import into_files
from auditor.runner.parts import MOST_LINES
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
    few = sum(1 + len(run.spools) for run in runs) <= spools.MOST_OPEN
    held: list[Sequence[bytes]] = []
    paths: list[Path] = []
    for number, run in enumerate(runs):
        settled = folder / f"settled-{number:06d}"
        files, lines = _settled(run, settled, MOST_LINES // len(runs) if few else MOST_LINES)
        paths += files
        if few:
            held.append(lines)
        elif lines:
            spools.write(settled, lines)
            paths.append(settled)
    return [*held, *spools.opened(spools.joined(paths, folder), stack)]


def _settled(run: TargetRun, start: Path, most: int) -> tuple[list[Path], Sequence[bytes]]:
    """The lines of one target, sorted files and what is held, without verdicts that a gap takes.

    Of what is rewritten no more than ``most`` lines are held; paths of files begin with ``start``.
    """
    files = [Path(spool) for spool in run.spools]
    if not run.blind:
        return files, run.lines
    with ExitStack() as stack:
        lines = chain.from_iterable(in_order([*spools.opened(files, stack), run.lines]))
        first = [*islice(lines, most + 1)]
        if len(first) <= most:
            return [], blinded(first, run.blind)
        return into_files(chain(first, lines), run.blind, start), []
