"""A fleet in parts on local workers, put together: what a target costs, and what merging costs.

Targets are generated clusters, as `kubectl get` saves them, each with pods of its own and a label.
Each worker audits a part of them into a bundle that is signed, as an index of a Job does; one
process merges the bundles. Judging all of it in one run is what both are compared with.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import docker, generate, live, vcenter
from benchmarks.bundles import keys_of, size_of
from benchmarks.measure import Figure, Run, run

if TYPE_CHECKING:
    from benchmarks.figures import Bench

PODS: Final = 100
FEW_PODS, MANY_PODS = 2_000, 10_000
WORKERS: Final = 2
_PAGES: Final = 20
"""Different clusters; targets are links to them, and each is read for itself."""


def fleet(bench: Bench) -> Figure:
    """Audit a fleet in parts and merge them; the ratio is the processor time against one run."""
    few, many = (_measured(bench, count) for count in (bench.targets // 4, bench.targets))
    each = bench.targets - bench.targets // 4
    details: dict[str, object] = {
        "targets": bench.targets,
        "pods a target": bench.pods,
        "parts cpu s": many.parts.cpu,
        "merge cpu s": many.merge.cpu,
        "one run cpu s": many.whole.cpu,
        "merge peak MiB": many.merge.peak,
        "merge peak MiB at a quarter": few.merge.peak,
        "merge peak MiB a target": (many.merge.peak - few.merge.peak) / each,
        "one run peak MiB at a quarter": few.whole.peak,
        "wall s, parts at once, merge, one run": ", ".join(
            f"{found.wall:.0f}" for found in (many.parts, many.merge, many.whole)
        ),
        "results MB": many.results / 1e6,
        "part peak MiB": many.parts.peak,
        "one run peak MiB": many.whole.peak,
        "more cpu ms a target, parts": (many.parts.cpu - few.parts.cpu) * 1e3 / each,
        "more cpu ms a target, merge": (many.merge.cpu - few.merge.cpu) * 1e3 / each,
        "more cpu ms a target, one run": (many.whole.cpu - few.whole.cpu) * 1e3 / each,
        "bundles KiB a target": many.size / 1024 / bench.targets,
        "same bytes": many.same and few.same,
    }
    ratio = (many.parts.cpu + many.merge.cpu) / many.whole.cpu
    return Figure("a fleet in parts and merged, CPU", ratio, 3.0, (ratio, ratio), details)


def costs(bench: Bench) -> Figure:
    """What a pod, a container and a machine cost a scan with a bundle: by two sizes of each.

    The ratio is what a pod costs in the larger cluster against the smaller one.
    """
    pods = {count: _of_cluster(bench, count) for count in (PODS, FEW_PODS, MANY_PODS)}
    more = [_each(pods, PODS, FEW_PODS), _each(pods, FEW_PODS, MANY_PODS)]
    with docker.played(bench, docker.CONTAINERS) as few, docker.played(bench, docker.MANY) as many:
        hosts = {docker.CONTAINERS: _bundled(bench, few), docker.MANY: _bundled(bench, many)}
    folder = bench.folder / "machines-of-costs"
    machines = {}
    for count in (vcenter.FEW, vcenter.MACHINES):
        with vcenter.served(count, folder / str(count)) as server:
            machines[count] = _of_vcenter(bench, server)
    details: dict[str, object] = {
        f"cpu s of a cluster of {PODS} pods": pods[PODS].cpu,
        "cpu ms a pod": more[1],
        "peak MiB, pods": pods[MANY_PODS].peak,
        f"cpu s of a host of {docker.CONTAINERS} containers": hosts[docker.CONTAINERS].cpu,
        "cpu ms a container": _each(hosts, docker.CONTAINERS, docker.MANY),
        f"cpu s of a vCenter of {vcenter.FEW} machines": machines[vcenter.FEW].cpu,
        "cpu ms a machine": _each(machines, vcenter.FEW, vcenter.MACHINES),
        "peak MiB, machines": machines[vcenter.MACHINES].peak,
    }
    ratio = more[1] / more[0]
    return Figure("what a pod costs, by size of cluster", ratio, 1.5, (ratio, ratio), details)


def _each(found: Mapping[int, Run], few: int, many: int) -> float:
    """Milliseconds of processor that one more costs."""
    return (found[many].cpu - found[few].cpu) * 1e3 / (many - few)


def _of_cluster(bench: Bench, count: int) -> Run:
    with live.served(bench.pages(count), bench.folder, bench.owners(count)) as kubeconfig:
        return _bundled(bench, "k8s://", "--kubeconfig", kubeconfig)


def _of_vcenter(bench: Bench, server: vcenter.Served) -> Run:
    target = f"vsphere://audit@127.0.0.1:{server.port}/"
    return _bundled(bench, target, "--ca-file", server.authority)


def _bundled(bench: Bench, target: str, *options: str | Path) -> Run:
    place = bench.folder / "bundled"
    shutil.rmtree(place, ignore_errors=True)
    command = [sys.executable, "-m", "auditor", "scan", target, "-q", "--no-cache", "--no-sign"]
    env = {"XDG_CACHE_HOME": str(bench.cache), "AUDITOR_VSPHERE_PASSWORD": vcenter.PASSWORD}
    return run([*command, "--workers", "1", "--output", place, *options], env, allowed=(0, 1, 3))


class _Fleet:
    """What was measured of one fleet."""

    def __init__(
        self, parts: list[Run], merge: Run, whole: Run, size: int, results: Sequence[Path]
    ) -> None:
        self.parts = Run(
            max(each.wall for each in parts),
            sum(each.cpu for each in parts),
            max(each.peak for each in parts),
            0,
        )
        self.merge = merge
        self.whole = whole
        self.size = size
        self.results = results[0].stat().st_size
        self.same = _digest(results[0]) == _digest(results[1])


def _measured(bench: Bench, count: int) -> _Fleet:
    folder = bench.folder / f"fleet-{count}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    targets = list(_targets(bench, folder, count))
    (folder / "fleet.json").write_text(json.dumps({"targets": targets}))
    key, public = keys_of(bench)
    env = {"XDG_CACHE_HOME": str(bench.cache), "SOURCE_DATE_EPOCH": "1790000000"}
    listed = ["--targets", folder / "fleet.json", "-q", "--key", key]

    def auditor(*words: str | Path) -> Run:
        return run([sys.executable, "-m", "auditor", *words], env, allowed=(0, 1, 3))

    def part(number: int) -> Run:
        place = folder / f"part-{number}"
        share = ["--part", f"{number}/{WORKERS}", "--workers", "1"]
        return auditor("scan", *listed, *share, "--no-cache", "--output", place)

    with ThreadPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(part, range(WORKERS)))
    places = [folder / f"part-{number}" for number in range(WORKERS)]
    trusted = ["--parts-key", public, "--workers", "1"]
    merge = auditor("merge", *places, *listed, *trusted, "--output", folder / "merged")
    one = ["--workers", "1", "--no-cache", "--output", folder / "whole"]
    whole = auditor("scan", *listed, *one)
    results = [_results(folder / name) for name in ("merged", "whole")]
    return _Fleet(parts, merge, whole, sum(map(size_of, places)), results)


def _targets(bench: Bench, folder: Path, count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        pages = bench.folder / f"fleet-pages-{bench.pods}-{number % _PAGES}"
        if not pages.is_dir():
            templates = max(1, bench.pods // 10)
            generate.write_pages(bench.pods, pages, templates=templates, seed=number)
        target = folder / f"cluster-{number:05d}"
        shutil.copytree(pages, target, copy_function=os.link)
        yield {"target": str(target), "labels": {"region": f"r{number % 4}"}}


def _results(bundle: Path) -> Path:
    (found,) = bundle.glob("results.json*")
    return found


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
