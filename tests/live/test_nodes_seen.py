"""Nodes of a real API server, and probes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.command import auditor
from tests.engines.apiserver import Binaries, running
from tests.live.cluster import write_kubeconfig
from tests.unit.collectors.kubernetes.node.trees import node, printed

MACHINE = "0123456789abcdef0123456789abcdef"


def test_a_cluster_says_which_of_its_nodes_nobody_looked_at(
    control_plane: Binaries, tmp_path: Path
) -> None:
    root = node(tmp_path / "root")
    (root / "proc/700/cmdline").write_bytes(b"kubelet\0--hostname-override=gpu-7\0--config=/a\0")
    file = tmp_path / "gpu-7.node-probe"
    file.write_bytes(printed(root))
    with running(control_plane, tmp_path / "server") as server, server.client() as client:
        for name, machine in (("gpu-7", MACHINE), ("gpu-8", "f" * 32)):
            info = {"machineID": machine, "bootID": "b", "systemUUID": "s", "kernelVersion": "k"}
            client.post("/api/v1/nodes", {"metadata": {"name": name}, "status": {"nodeInfo": info}})
        config = write_kubeconfig(tmp_path / "config", server, server.token)
        asked = ("--kubeconfig", config, "--profile", "cis-kubernetes", "--format", "json")
        alone = auditor("scan", "k8s://", *asked).results()
        both = auditor("scan", "k8s://", file, *asked).results()
    kinds = ["k8s/NodeFiles", "k8s/NodeKubelet"]
    assert told(alone) == [(kind, "2 nodes were not looked at: gpu-7, gpu-8") for kind in kinds]
    assert told(both) == [(kind, "a node was not looked at: gpu-8") for kind in kinds]
    assert state(alone, "4.1.5") == state(both, "4.1.5") == "undetermined"
    assert state(both, "1.1.12") == "not-satisfied"
    for control in ("1.2.1", "1.4.1", "2.2"):
        assert state(alone, control) == "undetermined", "no mirror pod is there"


def told(results: dict[str, Any]) -> list[tuple[str, str]]:
    return [(gap["scope"], gap["detail"]) for gap in results["gaps"] if "looked" in gap["detail"]]


def state(results: dict[str, Any], control: str) -> str:
    (found,) = (
        each["state"]
        for each in results["controls"]
        if (each["framework"], each["id"]) == ("cis-kubernetes", control)
    )
    return str(found)
