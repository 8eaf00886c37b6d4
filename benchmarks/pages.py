"""Figures of the page: how much it weighs, and how long a browser takes to open a large one."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Figure
from tests.engines.chromium import Tab, running

if TYPE_CHECKING:
    from benchmarks.figures import Bench

MANY, FEW = 8_000, 80
"""Manifests with a little more than 100,000 findings, and with a little more than 1,000."""
SECONDS = 3.0
"""In which a page with many has to be ready: its script has put findings into it."""
MOST_MANY, MOST_FEW = 5_000_000, 300_000
"""Bytes."""
_READY = """new Promise((so) => {
  const list = document.getElementById("listed");
  const look = () => (list.children.length ? so() : setTimeout(look, 5));
  look();
})"""
_FILTER = """(() => {
  const field = document.getElementById("text"), start = performance.now();
  field.value = "privileged";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return performance.now() - start;
})()"""


def opening(bench: Bench) -> Figure:
    """More than 100,000 findings in a browser, from the address to the list, in 3 s."""
    page, findings = _made(bench, MANY, 100_000)
    with running() as chromium:
        with chromium.tab() as tab:
            _opened(tab, page)
        times, filters = [], []
        for _ in range(bench.pairs):
            with chromium.tab() as tab:
                times.append(_opened(tab, page))
                filters.append(tab.run(_FILTER))
    found = [each / SECONDS for each in times]
    details = {
        "findings": findings,
        "seconds": statistics.median(times),
        "first filter ms": statistics.median(filters),
    }
    name = f"100,000 findings in a browser, of {SECONDS:.0f} s"
    return Figure(name, statistics.median(found), 1.0, (min(found), max(found)), details)


def weight(bench: Bench) -> Figure:
    """The bytes of the same page, of 5 MB."""
    return _weighed("page of 100,000 findings, of 5 MB", *_made(bench, MANY, 100_000), MOST_MANY)


def small(bench: Bench) -> Figure:
    """The bytes of a page with a thousand findings, of 300 KB."""
    return _weighed("page of 1,000 findings, of 300 KB", *_made(bench, FEW, 1_000), MOST_FEW)


def _weighed(name: str, page: Path, findings: int, most: int) -> Figure:
    size = page.stat().st_size
    ratio = size / most
    return Figure(name, ratio, 1.0, (ratio, ratio), {"findings": findings, "KB": size / 1e3})


def _made(bench: Bench, manifests: int, least: int) -> tuple[Path, int]:
    """The page of a scan, and how many findings are in it; it is made once."""
    page, results = (bench.folder / f"page-{manifests}.{end}" for end in ("html", "json"))
    if not page.is_file():
        options = ("-o", f"html={page}", "-o", f"json={results}")
        bench.scan(bench.manifests(manifests), "--no-cache", *options)
    findings = len(json.loads(results.read_bytes())["findings"])
    if findings < least:
        raise RuntimeError(f"{findings} findings are too few for this figure")
    return page, findings


def _opened(tab: Tab, page: Path) -> float:
    start = time.perf_counter()
    tab.open(page.as_uri())
    tab.run(_READY)
    return time.perf_counter() - start
