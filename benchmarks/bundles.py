"""Figures of bundles: what writing one adds, how large it is, how fast it is verified."""

from __future__ import annotations

import base64
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.evidence.layout import RunEntry
from auditor.evidence.writing import PartWriter, finish, written
from auditor.model.enums import Answered
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.version import VERSION
from benchmarks.live import served
from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run, wall

if TYPE_CHECKING:
    from benchmarks.figures import Bench

MANIFESTS = 5_000
PODS = 100_000
MEGABYTES_A_SECOND = 200
LARGE = 1_300
"""Bodies, of which each is stored in about three quarters of its size."""
TIME = "2026-03-01T12:00:00.000000Z"
_AUDITOR = (sys.executable, "-m", "auditor")


def keys_of(bench: Bench) -> tuple[Path, Path]:
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


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def writing(bench: Bench) -> Figure:
    """5,000 manifests: a scan that leaves a signed bundle against one that does not."""
    target = bench.manifests(MANIFESTS)
    key, _ = keys_of(bench)
    ours, theirs = paired(
        lambda: bench.scan(target, "--no-cache", "--output", str(_place(bench)), "--key", str(key)),
        lambda: bench.scan(target, "--no-cache"),
        bench.pairs,
    )
    ratio, spread = ratios(ours, theirs, wall)
    stored, read = size_of(bench.folder / "bundle"), size_of(target)
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
    key, _ = keys_of(bench)
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
    stored, raw = size_of(bench.folder / "bundle"), size_of(pages) + size_of(owners)
    details: dict[str, object] = {
        "with a bundle s": with_it.wall,
        "without s": without.wall,
        "with a bundle cpu s": with_it.cpu,
        "without cpu s": without.cpu,
        "bundle MB": stored / 1e6,
        "of it bodies MB": size_of(bench.folder / "bundle" / "bodies") / 1e6,
        "of it results MB": _results(bench) / 1e6,
        "raw answers MB": raw / 1e6,
        "bundle to raw answers": stored / raw,
        "peak MiB": with_it.peak,
        "peak MiB without": without.peak,
    }
    return Figure("a bundle of 100,000 pods", ratio, 1.25, (ratio, ratio), details)


def verifying(bench: Bench) -> Figure:
    """Verify much evidence that does not compress, to 200 MB of stored bytes a second."""
    place = bench.folder / "large"
    if not place.is_dir():
        _collected(place)
    return _verified(bench, "verifying 1 GB, to 200 MB a second", place, (), 3)


def _collected(place: Path) -> None:
    """A bundle of evidence, made by what makes them: pages of random text, 1 MB each."""
    random_ = random.Random(7)
    with written(place) as root:
        part = PartWriter(root, 0, 0)
        for number in range(LARGE):
            text = random_.randbytes(1_000_000 * 3 // 4)
            body = b'{"kind":"PodList","items":[],"x":"%b"}' % base64.b64encode(text)
            request = f"GET /api/v1/pods?limit=500&continue={number}"
            record = Record(number + 1, "k8s/Pod", "", request, TIME, TIME, Answered.OK, 200)
            part.add(record, body)
        part.close()
        entry = TargetEntry("k8s://bench", "bench", "", "", Principal("u"), TIME, TIME)
        finish(root, VERSION, RunEntry("0" * 32, TIME, TIME), (entry,))


def verifying_found(bench: Bench) -> Figure:
    """Verify the bundle that the figure before left, start-up and all."""
    key, public = keys_of(bench)
    place = bench.folder / "bundle"
    if not place.is_dir():
        target = bench.manifests(MANIFESTS)
        bench.scan(target, "--no-cache", "--output", str(_place(bench)), "--key", str(key))
    name = "verifying that bundle, to 200 MB a second"
    return _verified(bench, name, place, ("--key", str(public)), 0)


def _verified(bench: Bench, name: str, place: Path, options: Sequence[str], code: int) -> Figure:
    stored = size_of(place)
    command = [*_AUDITOR, "verify", str(place), *options]
    run(command, allowed=(code,))
    runs = [run(command, allowed=(code,)) for _ in range(bench.pairs)]
    goal = stored / 1e6 / MEGABYTES_A_SECOND
    found = [each.wall / goal for each in runs]
    details: dict[str, object] = {
        "s": median(runs, wall),
        "stored MB": stored / 1e6,
        "MB a second": stored / 1e6 / median(runs, wall),
        "peak MiB": max(each.peak for each in runs),
    }
    ratio = median(runs, wall) / goal
    return Figure(name, ratio, 1.0, (min(found), max(found)), details)
