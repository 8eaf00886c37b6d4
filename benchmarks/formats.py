"""Figures of reports: what all formats add to a scan, and what they cost from a bundle."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.wiring import SHIPPED
from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run

if TYPE_CHECKING:
    from benchmarks.figures import Bench

MANIFESTS = 5_000
_AUDITOR = (sys.executable, "-m", "auditor")


def _outputs(folder: Path) -> list[str]:
    """Every format, each into a file."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return [part for name in SHIPPED.formats for part in ("-o", f"{name}={folder / name}")]


def _details(ours: list[Run], theirs: list[Run], folder: Path) -> dict[str, object]:
    sizes = {f"{path.name} MB": path.stat().st_size / 1e6 for path in sorted(folder.iterdir())}
    return {
        "cpu s": median(ours, cpu),
        "scan cpu s": median(theirs, cpu),
        "peak MiB": max(each.peak for each in ours),
        "scan peak MiB": max(each.peak for each in theirs),
        **sizes,
    }


def every(bench: Bench) -> Figure:
    """5,000 manifests: a scan that writes every format against one that writes JSON alone."""
    target, folder = bench.manifests(MANIFESTS), bench.folder / "formats"
    ours, theirs = paired(
        lambda: bench.scan(target, "--no-cache", *_outputs(folder)),
        lambda: bench.scan(target, "--no-cache"),
        bench.pairs,
    )
    ratio, spread = ratios(ours, theirs, cpu)
    return Figure("every format", ratio, 1.2, spread, _details(ours, theirs, folder))


def told(bench: Bench) -> Figure:
    """The same from the bundle: one format of a scan, against that scan."""
    target, place = bench.manifests(MANIFESTS), bench.folder / "told"
    shutil.rmtree(place, ignore_errors=True)
    bench.scan(target, "--no-cache", "--no-sign", "--output", str(place))
    folder = bench.folder / "formats"
    _outputs(folder)
    command = [*_AUDITOR, "report", place, "-q", "-o", f"sarif={folder / 'sarif'}"]
    ours, theirs = paired(
        lambda: run(command, {"XDG_CACHE_HOME": str(bench.cache)}),
        lambda: bench.scan(target, "--no-cache"),
        bench.pairs,
    )
    ratio, spread = ratios(ours, theirs, cpu)
    return Figure("SARIF from a bundle", ratio, 0.1, spread, _details(ours, theirs, folder))
