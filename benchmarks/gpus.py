"""The figure of who shares a GPU with whom: what it costs over the same scan without it.

*Without* is the default profile less every rule on a fact about GPUs (``applies-to: gpu/…``): no
analysis of GPUs is run then, as none is whose facts no rule judges, and results list no such fact,
which is looked at. All other rules judge in both, those on what a pod or a node says of GPUs as
well. Both scan the same files, in pairs, with the rules compiled and no result known. Ten pods run
on each node of eight GPUs; every other node shares each GPU among four by turns, and of seven pods
in ten a kubelet says which device it gave. No pod has an owner, so what rules said of one pod is
remembered for no other by its origin.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.measure import Figure, Run, cpu, median, paired

if TYPE_CHECKING:
    from benchmarks.figures import Bench

ROOT = Path(__file__).resolve().parents[1]
FEW, MANY = 2_000, 20_000
MOST_SECONDS = 3.0
MOST_MIB = 64
MOST_GROWTH = 1.3
"""How much more a pod may cost among ten times as many."""
TENANTS = 400
PAGE = 500
FACTS = "gpu/"
DEFAULT, WITHOUT = "ai-platform", "without-gpus"
Object = dict[str, Any]


def gpus(bench: Bench) -> Figure:
    """20,000 pods on 2,000 nodes with 16,000 GPUs, and a tenth of that; the worst of three goals.

    Seconds of processor more than without, MiB more of the largest process, and what a pod costs
    among 20,000 against among 2,000, each against its goal.
    """
    policies = _without(bench.folder)
    large, small = (_cluster(bench.folder, count) for count in (MANY, FEW))

    def scan(target: Path, profile: str) -> Run:
        shutil.rmtree(bench.cache / "auditor" / "results", ignore_errors=True)
        return bench.scan(target, "--policies", str(policies), "--profile", profile)

    def both(target: Path, pairs: int) -> tuple[list[Run], list[Run]]:
        return paired(lambda: scan(target, DEFAULT), lambda: scan(target, WITHOUT), pairs)

    ours, without = both(large, bench.pairs)
    if bench.verdicts()["facts"]:
        raise RuntimeError("there are facts about GPUs where no rule judges any")
    scan(large, DEFAULT)
    found = bench.verdicts()
    few, few_without = both(small, bench.pairs)
    seconds = _more(ours, without)
    mib = max(each.peak for each in ours) - max(each.peak for each in without)
    growth = statistics.median(seconds) / MANY / (statistics.median(_more(few, few_without)) / FEW)
    parts = (statistics.median(seconds) / MOST_SECONDS, mib / MOST_MIB, growth / MOST_GROWTH)
    return Figure(
        "20,000 pods with GPUs over the same without",
        max(parts),
        1.0,
        (min(seconds) / MOST_SECONDS, max(seconds) / MOST_SECONDS),
        {
            "cpu s": median(ours, cpu),
            "without cpu s": median(without, cpu),
            "more cpu s": statistics.median(seconds),
            "more cpu s, least and most": f"{min(seconds):.2f} {max(seconds):.2f}",
            "more cpu s of 2,000": statistics.median(_more(few, few_without)),
            "cost of a pod, 20,000 to 2,000": growth,
            "peak MiB": max(each.peak for each in ours),
            "more MiB": mib,
            **found,
        },
    )


def _more(ours: list[Run], without: list[Run]) -> list[float]:
    return [a.cpu - b.cpu for a, b in zip(ours, without, strict=True)]


def _without(folder: Path) -> Path:
    """A folder of policies with the default profile less the rules on facts about GPUs."""
    rules = sorted(filter(_judges_facts, (ROOT / "policies" / "rules").rglob("*.yaml")))
    profile = {
        "id": WITHOUT,
        "title": "Without GPUs",
        "description": "The default profile without the rules on facts about GPUs.",
        "extends": [DEFAULT],
        "exclude": [{"ids": [path.stem for path in rules]}],
        "gate": "high",
    }
    target = folder / "policies-without-gpus"
    (target / "profiles").mkdir(parents=True, exist_ok=True)
    (target / "profiles" / f"{WITHOUT}.yaml").write_text(json.dumps(profile))
    return target.resolve()


def _judges_facts(path: Path) -> bool:
    kinds = yaml.safe_load(path.read_text())["applies-to"]
    return any(kind.startswith(FACTS) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _cluster(folder: Path, pods: int) -> Path:
    target = folder / f"gpus-{pods}"
    if not target.is_dir():
        write_gpus(pods, target, seed=3)
    return target.resolve()


def write_gpus(pods: int, folder: Path, seed: int) -> None:
    """Write a cluster of GPU nodes as lists: namespaces, nodes, and pods, 500 in each file."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = range(-(-pods // 10))
    _write(folder / "namespaces.json", map(_namespace, range(TENANTS)))
    _write(folder / "nodes.json", map(_node, nodes))
    random_ = random.Random(seed)
    left = (_pod(number, random_) for number in range(pods))
    for page in range(-(-pods // PAGE)):
        _write(folder / f"pods-{page:04d}.json", islice(left, PAGE))


def _write(path: Path, items: Iterator[Object]) -> None:
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}))


def _namespace(number: int) -> Object:
    labels = {"capsule.clastix.io/tenant": f"tenant-{number % TENANTS}"}
    metadata = {"name": f"t{number}", "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _node(number: int) -> Object:
    shared = _is_shared(number)
    labels = {
        "nvidia.com/gpu.count": "8",
        "nvidia.com/gpu.replicas": "4" if shared else "1",
        "nvidia.com/gpu.sharing-strategy": "time-slicing" if shared else "none",
        "nvidia.com/gpu.product": "H100",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"n{number}", "labels": labels},
        "status": {"capacity": {"nvidia.com/gpu": "32" if shared else "8", "cpu": "96"}},
    }


def _is_shared(node: int) -> bool:
    return node % 2 == 0


def _pod(number: int, random_: random.Random) -> Object:
    node = number // 10
    status: Object = {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True"} for kind in ("Ready", "Initialized", "PodScheduled")
        ],
    }
    if number % 10 < 7:
        device = f"GPU-{node:05d}-{number % 8}" + (f"::{number % 4}" if _is_shared(node) else "")
        given = {"name": "nvidia.com/gpu", "resources": [{"resourceID": device}]}
        status["containerStatuses"] = [{"name": "c", "allocatedResourcesStatus": [given]}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"p{number}",
            "namespace": f"t{(node * 3 + random_.randrange(4)) % TENANTS}",
            "uid": f"u{number}",
            "labels": {"app": "x"},
        },
        "spec": {
            "nodeName": f"n{node}",
            "serviceAccountName": "x",
            "containers": [
                {
                    "name": "c",
                    "image": "r.io/a:1",
                    "args": ["--x"] * 5,
                    "env": [{"name": f"E{index}", "value": "v" * 20} for index in range(15)],
                    "resources": {"limits": {"nvidia.com/gpu": 1, "memory": "1Gi", "cpu": "2"}},
                    "securityContext": {"allowPrivilegeEscalation": False},
                }
            ],
        },
        "status": status,
    }
