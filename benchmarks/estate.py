"""The figure of a join: three clusters and the vCenter that their nodes are machines of.

40 hosts, 600 machines and 2,000 pods, as chance makes them; that every share that there is is found
and none more is a test (``tests/unit/analysis/estate/test_oracle.py``). What counts here is the
processor time of ``auditor gpus`` over all four, against that over each of them by itself.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.model.resource import Resource
from benchmarks.measure import Figure, Run, cpu, run, wall
from collectors.vsphere.kinds.table import KINDS
from tests.inventories import Saved
from tests.policies.test_vsphere_examples import put
from tests.unit.analysis.estate import worlds

if TYPE_CHECKING:
    from benchmarks.figures import Bench

CLUSTERS, HOSTS, MACHINES, PODS = 3, 40, 600, 2_000
_ROOT = Path(__file__).resolve().parents[1]


def estate(bench: Bench) -> Figure:
    """All at once against each by itself."""
    targets = _written(bench.folder / "estate")
    alone: list[float] = []
    together: list[Run] = []
    _gpus(bench, targets)
    for _ in range(bench.pairs):
        together.append(_gpus(bench, targets))
        alone.append(sum(_gpus(bench, [each]).cpu for each in targets))
    found = [one.cpu / other for one, other in zip(together, alone, strict=True)]
    details: dict[str, object] = {
        "cpu s": statistics.median(map(cpu, together)),
        "each alone, together cpu s": statistics.median(alone),
        "s": statistics.median(map(wall, together)),
        "peak MiB": max(each.peak for each in together),
        "tenants that share over targets": _shares(targets),
    }
    name = "3 clusters joined with a vCenter, CPU"
    return Figure(name, statistics.median(found), 1.0, (min(found), max(found)), details)


def _gpus(bench: Bench, targets: Sequence[Path]) -> Run:
    command = [sys.executable, "-m", "auditor", "gpus", *map(str, targets), "--format", "json"]
    return run(command, {"XDG_CACHE_HOME": str(bench.cache)}, allowed=(0, 3))


def _shares(targets: Sequence[Path]) -> int:
    command = [sys.executable, "-m", "auditor", "gpus", *map(str, targets), "--format", "json"]
    done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, check=False)
    joined = json.loads(done.stdout)["joined"]
    return sum(len(each["shares"]) for each in joined)


def _written(folder: Path) -> list[Path]:
    """Write an estate, a folder for each target."""
    if not folder.is_dir():
        world = worlds.made(
            random.Random(19),
            clusters=CLUSTERS,
            hosts=HOSTS,
            machines=MACHINES,
            pods=PODS,
            several=0.15,
        )
        for number, (target, resources) in enumerate(worlds.targets(world, CLUSTERS).items()):
            place = folder / ("vcenter" if target == worlds.VCENTER else f"cluster-{number}")
            place.mkdir(parents=True)
            (_inventory if target == worlds.VCENTER else _cluster)(place, resources)
    return sorted(folder.iterdir())


def _cluster(place: Path, resources: Sequence[Resource]) -> None:
    items = [_object(each) for each in resources]
    whole = {"apiVersion": "v1", "kind": "List", "items": items}
    (place / "objects.json").write_text(json.dumps(whole))


def _object(resource: Resource) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(resource.body)
    named = {"name": resource.name}
    if resource.namespace:
        named["namespace"] = resource.namespace
    kind = resource.kind.partition("/")[2]
    return {**body, "apiVersion": "v1", "kind": kind, "metadata": {**body["metadata"], **named}}


def _inventory(place: Path, resources: Sequence[Resource]) -> None:
    saved = Saved(place)
    for each in resources:
        body: dict[str, Any] = msgspec.json.decode(each.body)
        if each.kind in KINDS:
            put(saved, each.kind, str(body["moid"]), body)
    saved.write()
