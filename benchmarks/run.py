"""``make bench``: every figure as a ratio, with its goal and what was measured."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from benchmarks.figures import FIGURES, Bench  # noqa: E402 - the checkout goes on the path first
from benchmarks.measure import Figure  # noqa: E402 - as above


def main() -> int:
    """Measure, print, and write build/bench.json; 1 if a goal was missed."""
    options = _options()
    names = options.only or [*FIGURES, "cel"]
    until = time.monotonic() + options.minutes * 60
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    records: list[dict[str, object]] = []
    left = []
    with tempfile.TemporaryDirectory(prefix="auditor-bench-") as temporary:
        bench = Bench(options.data or Path(temporary), options.pairs, options.targets, options.pods)
        for name in names:
            if time.monotonic() > until:
                left.append(name)
            elif name in FIGURES:
                figure = FIGURES[name](bench)
                _print(figure)
                records.append(_record(figure))
            else:
                records.append(_cel(options.pairs))
    if left:
        print(f"\nnot measured, for the time was up: {', '.join(left)} (make bench-all)")
    _write(records)
    return 0 if all(record["reached"] for record in records) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[[], *FIGURES, "cel"], help="all by default")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin none after these")
    parser.add_argument("--targets", type=int, default=100, help="of a fleet")
    parser.add_argument("--pods", type=int, default=100, help="of a target of a fleet")
    parser.add_argument("--data", type=Path, default=None, help="keep data and tools here")
    return parser.parse_args()


def _cel(pairs: int) -> dict[str, object]:
    """Run the comparison with the peer in a process of its own; its last line is the record."""
    command = [sys.executable, "-m", "benchmarks.bench_cel", "--pairs", str(pairs)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    *lines, last = done.stdout.splitlines() or [""]
    print("\n" + "\n".join(lines))
    if not last.startswith("{"):
        return {"name": "cel", "reached": False}
    return {**json.loads(last), "reached": done.returncode == 0}


def _print(figure: Figure) -> None:
    verdict = "reached" if figure.reached else "MISSED"
    low, high = figure.spread
    print(f"\n{figure.name}: {figure.ratio:.3f} ({low:.3f} to {high:.3f})")
    print(f"  goal {figure.goal:.3f}: {verdict}")
    for name, value in figure.details.items():
        shown = f"{value:.3f}" if isinstance(value, float) else value
        print(f"  {name}: {shown}")
    sys.stdout.flush()


def _record(figure: Figure) -> dict[str, object]:
    return {
        "name": figure.name,
        "ratio": figure.ratio,
        "goal": figure.goal,
        "spread": figure.spread,
        "reached": figure.reached,
        **figure.details,
    }


def _write(records: list[dict[str, object]]) -> None:
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(records, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
