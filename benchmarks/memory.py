"""The memory of many pods, and what a million of them would need."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from benchmarks.bundles import keys_of
from benchmarks.measure import Figure

if TYPE_CHECKING:
    from benchmarks.figures import Bench

SIZES = (10_000, 100_000, 300_000)
MANY = 1_000_000


def memory(bench: Bench) -> Figure:
    """Pods from pages, with a signed bundle and one worker: the largest against the middle size.

    Between these two what is remembered to judge pods has its full size, so that the difference is
    what grows.
    """
    key, _ = keys_of(bench)
    place = bench.folder / "bundle-of-many"
    found = {}
    for count in SIZES:
        shutil.rmtree(place, ignore_errors=True)
        options = ("--no-cache", "--workers", "1", "--output", str(place), "--key", str(key))
        found[count] = bench.scan(bench.pages(count), *options)
    _, some, most = SIZES
    each = (found[most].peak - found[some].peak) / (most - some)
    ratio = found[most].peak / found[some].peak
    details: dict[str, object] = {
        **{f"peak MiB at {count:,}": run.peak for count, run in found.items()},
        **{f"cpu s at {count:,}": run.cpu for count, run in found.items()},
        "more bytes a pod": each * 2**20,
        f"MiB told on to {MANY:,}": found[most].peak + each * (MANY - most),
    }
    return Figure(f"memory, {some:,} to {most:,} pods", ratio, 1.5, (ratio, ratio), details)
