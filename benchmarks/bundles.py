"""Figures of bundles: what writing one adds, how large it is, how fast it is verified."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.live import served
from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run, wall

if TYPE_CHECKING:
    from benchmarks.figures import Bench

MANIFESTS = 5_000
PODS = 100_000
MEGABYTES_A_SECOND = 200
_AUDITOR = (sys.executable, "-m", "auditor")


def _keys(bench: Bench) -> tuple[Path, Path]:
    """A signing key and its public half."""
    key, public = bench.folder / "key.pem", bench.folder / "key.pub"
    if not key.exists():
        run([*_AUDITOR, "keys", "create", key, "--no-passphrase"])
    if not public.exists():
        script = f'"{sys.executable}" -m auditor keys export "{key}" > "{public}"'
        run(["/bin/sh", "-c", script])
    return key, public


def _place(bench: Bench) -> Path:
    place = bench.folder / "bundle"
    shutil.rmtree(place, ignore_errors=True)
    return place


def _results(bench: Bench) -> int:
    return sum(path.stat().st_size for path in (bench.folder / "bundle").glob("results.json*"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def writing(bench: Bench) -> Figure:
    """5,000 manifests: a scan that leaves a signed bundle against one that does not."""
    target = bench.manifests(MANIFESTS)
    key, _ = _keys(bench)
    ours, theirs = paired(
        lambda: bench.scan(target, "--no-cache", "--output", str(_place(bench)), "--key", str(key)),
        lambda: bench.scan(target, "--no-cache"),
        bench.pairs,
    )
    ratio, spread = ratios(ours, theirs, wall)
    stored, read = _size(bench.folder / "bundle"), _size(target)
    details: dict[str, object] = {
        "with a bundle s": median(ours, wall),
        "without s": median(theirs, wall),
        "with a bundle cpu s": median(ours, cpu),
        "without cpu s": median(theirs, cpu),
        "bundle MB": stored / 1e6,
        "of it results MB": _results(bench) / 1e6,
        "manifests MB": read / 1e6,
        "peak MiB": max(each.peak for each in ours),
    }
    return Figure("a bundle of 5,000 manifests", ratio, 1.25, spread, details)


def of_cluster(bench: Bench) -> Figure:
    """100,000 pods from a server: with a signed bundle, against without; its size is told."""
    key, _ = _keys(bench)
    pages = bench.pages(PODS)
    owners = bench.owners(PODS)
    with served(pages, bench.folder, owners) as kubeconfig:

        def scan(*options: str) -> Run:
            command = [*_AUDITOR, "scan", "k8s://", "--quiet", "--kubeconfig", str(kubeconfig)]
            command += ["--no-cache", "-o", f"json={bench.output}", *options]
            return run(command, {"XDG_CACHE_HOME": str(bench.cache)}, allowed=(0, 1, 3))

        scan()
        without = scan()
        with_it = scan("--output", str(_place(bench)), "--key", str(key))
    ratio = with_it.wall / without.wall
    stored, raw = _size(bench.folder / "bundle"), _size(pages) + _size(owners)
    details: dict[str, object] = {
        "with a bundle s": with_it.wall,
        "without s": without.wall,
        "with a bundle cpu s": with_it.cpu,
        "without cpu s": without.cpu,
        "bundle MB": stored / 1e6,
        "of it bodies MB": _size(bench.folder / "bundle" / "bodies") / 1e6,
        "of it results MB": _results(bench) / 1e6,
        "raw answers MB": raw / 1e6,
        "bundle to raw answers": stored / raw,
        "peak MiB": with_it.peak,
        "peak MiB without": without.peak,
    }
    return Figure("a bundle of 100,000 pods", ratio, 1.25, (ratio, ratio), details)


def verifying(bench: Bench) -> Figure:
    """Verify the bundle that is there; the ratio is to 200 MB of stored bytes a second."""
    key, public = _keys(bench)
    place = bench.folder / "bundle"
    if not place.is_dir():
        target = bench.manifests(MANIFESTS)
        bench.scan(target, "--no-cache", "--output", str(_place(bench)), "--key", str(key))
    stored = _size(place)
    command = [*_AUDITOR, "verify", str(place), "--key", str(public)]
    run(command)
    runs = [run(command) for _ in range(bench.pairs)]
    goal = stored / 1e6 / MEGABYTES_A_SECOND
    found = [each.wall / goal for each in runs]
    details: dict[str, object] = {
        "s": median(runs, wall),
        "stored MB": stored / 1e6,
        "MB a second": stored / 1e6 / median(runs, wall),
        "peak MiB": max(each.peak for each in runs),
    }
    ratio = median(runs, wall) / goal
    return Figure("verifying, to 200 MB a second", ratio, 1.0, (min(found), max(found)), details)
