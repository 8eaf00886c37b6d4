"""The figures that the project promises, each a ratio measured in one run."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from benchmarks import bundles, docker, formats, generate, labelled, pages, peers
from benchmarks.estate import estate
from benchmarks.fleet import costs, fleet
from benchmarks.gpus import gpus
from benchmarks.images import images
from benchmarks.live import cluster, collecting
from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run, wall
from benchmarks.memory import memory
from benchmarks.networks import networks
from benchmarks.rights import rights
from benchmarks.tools import Tools
from benchmarks.vcenter import vcenter

MIB_A_WORKER = 128
ROOT = Path(__file__).resolve().parents[1]


class Bench:
    """Data, tools and caches below one folder."""

    def __init__(self, folder: Path, pairs: int, targets: int = 100, pods: int = 100) -> None:
        """``targets`` are how many a fleet has, each with so many ``pods``."""
        self.pods = pods
        self.folder = folder
        self.pairs = pairs
        self.targets = targets
        self.tools = Tools(folder / "tools")
        self.cache = folder / "cache"
        self.output = folder / "results.json"

    def manifests(self, count: int) -> Path:
        """A tree of ``count`` manifests."""
        target = self.folder / f"manifests-{count}"
        if not target.is_dir():
            generate.write_manifests(count, target, seed=7)
        return target.resolve()

    def pages(self, count: int) -> Path:
        """A folder of pages with ``count`` pods, ten of each template."""
        target = self.folder / f"pages-{count}"
        if not target.is_dir():
            generate.write_pages(count, target, templates=count // 10, seed=7)
        return target.resolve()

    def owners(self, count: int) -> Path:
        """A folder of pages with the ReplicaSets and Deployments of :meth:`pages`."""
        target = self.folder / f"owners-{count}"
        if not target.is_dir():
            generate.write_owners(target, templates=count // 10, seed=7)
        return target.resolve()

    def scan(self, target: Path, *options: str) -> Run:
        """The product on a target, results written to a file."""
        command = [sys.executable, "-m", "auditor", "scan", target, "--quiet"]
        env = {"XDG_CACHE_HOME": str(self.cache)}
        return run([*command, "-o", f"json={self.output}", *options], env, allowed=(0, 1, 3))

    def fresh(self, target: Path) -> Run:
        """Rules compiled before, no result known."""
        shutil.rmtree(self.cache / "auditor" / "results", ignore_errors=True)
        return self.scan(target)

    def cold(self, target: Path) -> Run:
        """Nothing known at all."""
        shutil.rmtree(self.cache, ignore_errors=True)
        return self.scan(target)

    def verdicts(self) -> dict[str, object]:
        """What the last scan found, so that equal work is visible."""
        command = [sys.executable, "-m", "benchmarks.digest", str(self.output)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        found: dict[str, object] = json.loads(done.stdout)
        return found


def parse_floor(bench: Bench) -> Figure:
    """5,000 manifests and all rules, against Go that only parses them."""
    target = bench.manifests(5000)
    floor = bench.tools.floor("parse")
    cold = bench.cold(target)
    ours, theirs = paired(
        lambda: bench.fresh(target), lambda: run([floor, target, "2"]), bench.pairs
    )
    ratio, spread = ratios(ours, theirs, wall)
    return Figure(
        "5,000 manifests against Go's parse",
        ratio,
        1.0,
        spread,
        {
            "ours s": median(ours, wall),
            "floor s": median(theirs, wall),
            "ours cpu s": median(ours, cpu),
            "floor cpu s": median(theirs, cpu),
            "cold s": cold.wall,
            "peak MiB": max(each.peak for each in ours),
            **bench.verdicts(),
        },
    )


def checkov(bench: Bench) -> Figure:
    """500 manifests against checkov."""
    target = bench.manifests(500)
    return _against_checkov(bench, target, "500 manifests against checkov", pairs=3)


def checkov_one(bench: Bench) -> Figure:
    """One manifest against checkov: mostly start-up."""
    target = bench.folder / "one"
    if not target.is_dir():
        target.mkdir()
        source = min(bench.manifests(500).rglob("*.yaml"))
        shutil.copy(source, target / "one.yaml")
    return _against_checkov(bench, target, "one manifest against checkov", pairs=3)


def _against_checkov(bench: Bench, target: Path, name: str, pairs: int) -> Figure:
    program = bench.tools.checkov()
    options = ["--framework", "kubernetes", "--skip-download", "--quiet", "--compact", "-o", "json"]
    ours, theirs = paired(
        lambda: bench.fresh(target), lambda: run([program, "-d", target, *options]), pairs
    )
    ratio, spread = ratios(ours, theirs, wall)
    details = {"ours s": median(ours, wall), "checkov s": median(theirs, wall)}
    return Figure(name, ratio, 1 / 20, spread, {**details, **bench.verdicts()})


def kube_score(bench: Bench) -> Figure:
    """500 manifests against kube-score, by processor time."""
    target = bench.manifests(500)
    files = sorted(target.rglob("*.yaml"))
    program = bench.tools.kube_score()
    command = [program, "score", "--output-format", "json", *files]
    ours, theirs = paired(lambda: bench.fresh(target), lambda: run(command), bench.pairs)
    ratio, spread = ratios(ours, theirs, cpu)
    details = {"ours cpu s": median(ours, cpu), "kube-score cpu s": median(theirs, cpu)}
    return Figure(
        "500 manifests against kube-score, CPU", ratio, 0.5, spread, {**details, **bench.verdicts()}
    )


def scaling(bench: Bench) -> Figure:
    """Time a file from 500 to 50,000 manifests."""
    details: dict[str, object] = {}
    per_file = []
    peaks = []
    for count, times in ((500, 5), (5000, 3), (50_000, 1)):
        target = bench.manifests(count)
        bench.fresh(target)
        runs = [bench.fresh(target) for _ in range(times)]
        peaks.append(max(each.peak for each in runs))
        startup = _startup(bench)
        per_file.append((median(runs, wall) - startup) / count)
        details[f"{count} files s"] = median(runs, wall)
        details[f"{count} files us/file"] = per_file[-1] * 1e6
        details[f"{count} peak MiB"] = peaks[-1]
    ratio = max(per_file) / min(per_file)
    details["memory kept"] = max(peaks) <= MIB_A_WORKER
    return Figure("time a file, 500 to 50,000", ratio, 1.3, (ratio, ratio), details)


def _startup(bench: Bench) -> float:
    """What a scan of one small file takes: it is paid once, whatever the size of the tree."""
    target = bench.folder / "tiny"
    target.mkdir(exist_ok=True)
    (target / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    return statistics.median(bench.fresh(target).wall for _ in range(3))


def decode_floor(bench: Bench) -> Figure:
    """100,000 pods and all rules, against Go that only decodes the pages."""
    target = bench.pages(100_000)
    small = bench.pages(10_000)
    floor = bench.tools.floor("decode")
    ours, theirs = paired(lambda: bench.fresh(target), lambda: run([floor, target, "2"]), 3)
    found = bench.verdicts()
    ratio, spread = ratios(ours, theirs, wall)
    few = bench.fresh(small)
    details = {
        "ours s": median(ours, wall),
        "floor s": median(theirs, wall),
        "ours cpu s": median(ours, cpu),
        "floor cpu s": median(theirs, cpu),
        "peak MiB": max(each.peak for each in ours),
        "peak MiB at 10,000": few.peak,
        **found,
    }
    return Figure("100,000 pods against Go's decode", ratio, 0.5, spread, details)


def rescan(bench: Bench) -> Figure:
    """The second scan of an unchanged tree."""
    target = bench.manifests(5000)
    first = [bench.fresh(target) for _ in range(bench.pairs)]
    second = [bench.scan(target) for _ in range(bench.pairs)]
    ratio, spread = ratios(second, first, wall)
    details = {"first s": median(first, wall), "second s": median(second, wall)}
    return Figure("unchanged second scan", ratio, 0.15, spread, {**details, **bench.verdicts()})


def rescan_changed(bench: Bench) -> Figure:
    """The second scan of a tree of which one file in a hundred changed."""
    target = bench.folder / "changing"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(bench.manifests(5000), target)
    files = sorted(target.rglob("*.yaml"))[::100]
    first, second = [], []
    for number in range(bench.pairs):
        first.append(bench.fresh(target))
        for path in files:
            path.write_text(f"# {number}\n{path.read_text()}")
        second.append(bench.scan(target))
    ratio, spread = ratios(second, first, wall)
    details = {"first s": median(first, wall), "second s": median(second, wall)}
    return Figure("second scan, 1 % changed", ratio, 0.2, spread, {**details, **bench.verdicts()})


def version(bench: Bench) -> Figure:
    """``auditor --version`` against an interpreter that does nothing."""
    del bench
    ours, theirs = paired(
        lambda: run([sys.executable, "-m", "auditor", "--version"]),
        lambda: run([sys.executable, "-c", "pass"]),
        15,
    )
    ratio, spread = ratios(ours, theirs, wall)
    details = {"ours ms": median(ours, wall) * 1e3, "bare ms": median(theirs, wall) * 1e3}
    return Figure("--version against a bare interpreter", ratio, 5.0, spread, details)


FIGURES: Mapping[str, Callable[[Bench], Figure]] = MappingProxyType(
    {
        "version": version,
        "parse": parse_floor,
        "rescan": rescan,
        "changed": rescan_changed,
        "one": checkov_one,
        "kube-score": kube_score,
        "pods": decode_floor,
        "gpus": gpus,
        "networks": networks,
        "images": images,
        "estate": estate,
        "rights": rights,
        "docker": docker.host,
        "docker-many": docker.many,
        "collect": collecting,
        "cluster": cluster,
        "memory": memory,
        "vcenter": vcenter,
        "fleet": fleet,
        "costs": costs,
        "bundle": bundles.writing,
        "bundle-cluster": bundles.of_cluster,
        "verify-bundle": bundles.verifying_found,
        "verify": bundles.verifying,
        "formats": formats.every,
        "report": formats.told,
        "page": pages.opening,
        "page-weight": pages.weight,
        "page-small": pages.small,
        # the longest last: what there is no time for is named
        "checkov": checkov,
        "scaling": scaling,
        "prowler": peers.prowler,
        "labelled": labelled.peers,
    }
)
