"""The figure of what can reach what: what it costs over the same scan without it.

*Without* is a profile of one rule on pods; *with* it has the profile ``network-reach`` as well.
Both scan the same files, in pairs, with the rules compiled and no result known. A thousand
namespaces have five policies each: a default that denies, names, the namespace itself, the front of
another namespace, and the world but private addresses. A hundred pods run in each, of ten
workloads, each with labels and an address of its own.
"""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Figure, Run, cpu, median, paired

if TYPE_CHECKING:
    from benchmarks.figures import Bench

NAMESPACES = 1_000
PODS = 100
"""In each namespace."""
WORKLOADS = 10
MOST_SECONDS = 10.0
MOST_MIB = 128
PAGE = 500
WITH, WITHOUT = "with-networks", "without-networks"
PLAIN_RULE = "k8s-pod-host-network"
Object = dict[str, Any]


def networks(bench: Bench) -> Figure:
    """100,000 pods and 5,000 policies; the worse of two goals: seconds of processor, and MiB."""
    policies = _profiles(bench.folder)
    target = bench.folder / "networks"
    if not target.is_dir():
        write_networks(target, NAMESPACES, PODS)

    def scan(profile: str) -> Run:
        shutil.rmtree(bench.cache / "auditor" / "results", ignore_errors=True)
        return bench.scan(target.resolve(), "--policies", str(policies), "--profile", profile)

    ours, without = paired(lambda: scan(WITH), lambda: scan(WITHOUT), bench.pairs)
    scan(WITH)
    found = bench.verdicts()
    seconds = [a.cpu - b.cpu for a, b in zip(ours, without, strict=True)]
    mib = max(each.peak for each in ours) - max(each.peak for each in without)
    return Figure(
        "100,000 pods and 5,000 policies over the same without",
        max(statistics.median(seconds) / MOST_SECONDS, mib / MOST_MIB),
        1.0,
        (min(seconds) / MOST_SECONDS, max(seconds) / MOST_SECONDS),
        {
            "cpu s": median(ours, cpu),
            "without cpu s": median(without, cpu),
            "more cpu s": statistics.median(seconds),
            "more cpu s, least and most": f"{min(seconds):.2f} {max(seconds):.2f}",
            "peak MiB": max(each.peak for each in ours),
            "more MiB": mib,
            **found,
        },
    )


def _profiles(folder: Path) -> Path:
    """A folder with both profiles."""
    target = folder / "policies-of-networks"
    (target / "profiles").mkdir(parents=True, exist_ok=True)
    for name, extends in ((WITH, ["network-reach"]), (WITHOUT, [])):
        profile = {
            "id": name,
            "title": name,
            "description": "One rule on pods, with or without what can reach what.",
            "extends": extends,
            "select": [{"ids": [PLAIN_RULE]}],
            "gate": "high",
        }
        (target / "profiles" / f"{name}.yaml").write_text(json.dumps(profile))
    return target.resolve()


def write_networks(folder: Path, namespaces: int, pods: int) -> None:
    """Write a cluster as lists: namespaces, nodes, policies, and pods, 500 in each file."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "namespaces.json", map(_namespace, range(namespaces)))
    _write(folder / "nodes.json", map(_node, range(namespaces)))
    _write(folder / "policies.json", (x for n in range(namespaces) for x in _policies(n)))
    left = (_pod(number, at) for number in range(namespaces) for at in range(pods))
    for page in range(-(-namespaces * pods // PAGE)):
        _write(folder / f"pods-{page:04d}.json", islice(left, PAGE))


def _write(path: Path, items: Iterator[Object]) -> None:
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}))


def _namespace(number: int) -> Object:
    labels = {"capsule.clastix.io/tenant": f"tenant-{number // 4}", "team": f"t{number // 4}"}
    metadata = {"name": f"n{number}", "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _node(number: int) -> Object:
    labels = {"node-role.kubernetes.io/control-plane": ""} if number < 3 else {}
    address = {"type": "InternalIP", "address": f"10.0.{number // 250}.{number % 250 + 1}"}
    metadata = {"name": f"node-{number}", "labels": labels}
    status = {"addresses": [address]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def _policies(number: int) -> Iterator[Object]:
    dns = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    front = {
        "namespaceSelector": {"matchLabels": {"team": f"t{(number + 1) // 4}"}},
        "podSelector": {"matchLabels": {"app": "app-0"}},
    }
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]
    client = {"key": "app", "operator": "In", "values": ["app-0"]}
    world = {"cidr": "0.0.0.0/0", "except": private}
    specs: dict[str, Object] = {
        "deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "names": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"namespaceSelector": dns}], "ports": [{"port": 53}]}],
        },
        "within": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
            "egress": [{"to": [{"podSelector": {}}]}],
        },
        "front": {
            "podSelector": {"matchLabels": {"app": "app-1"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [front], "ports": [{"port": "http"}]}],
        },
        "world": {
            "podSelector": {"matchExpressions": [client]},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": world}], "ports": [{"port": 443}]}],
        },
    }
    for name, spec in specs.items():
        metadata = {"name": name, "namespace": f"n{number}"}
        group = "networking.k8s.io/v1"
        yield {"apiVersion": group, "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _pod(namespace: int, number: int) -> Object:
    app = f"app-{number % WORKLOADS}"
    name = f"{app}-{number // WORKLOADS}"
    at = namespace * PODS + number
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": app, "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": f"n{namespace}",
            "uid": f"u{at}",
            "labels": {
                "app": app,
                "controller-revision-hash": f"{app}-5d9c",
                "statefulset.kubernetes.io/pod-name": name,
            },
            "ownerReferences": [{**owner, "uid": f"o{namespace}-{app}"}],
        },
        "spec": {
            "nodeName": f"node-{at % NAMESPACES}",
            "containers": [
                {
                    "name": "c",
                    "image": "r.io/a:1",
                    "ports": [{"name": "http", "containerPort": 8000}],
                    "env": [{"name": f"E{index}", "value": "v" * 20} for index in range(15)],
                }
            ],
        },
        "status": {
            "phase": "Running",
            "podIPs": [{"ip": f"10.{at // 62_500 + 1}.{at // 250 % 250}.{at % 250 + 1}"}],
        },
    }
