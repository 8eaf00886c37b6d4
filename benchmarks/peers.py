"""A peer that reads live clusters: prowler, against the same real kube-apiserver.

Its installation takes more than 2 GB and a run of it minutes, so each is done once.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import generate
from benchmarks.measure import Figure, Run, median, run, wall
from tests.engines.apiserver import ApiServer, Binaries, running
from tests.engines.build import engine
from tests.engines.client import Client, Request

if TYPE_CHECKING:
    from benchmarks.figures import Bench

PODS = 2_000
TIMES = 3
TEMPLATES = PODS // 10
_CREATED = 201


def prowler(bench: Bench) -> Figure:
    """2,000 pods of a real API server: a scan against prowler's."""
    program = bench.tools.prowler()
    home = bench.folder / "control-plane"
    shutil.rmtree(home, ignore_errors=True)
    with ExitStack() as stack:
        binaries = Binaries(engine("etcd", os.environ), engine("kube-apiserver", os.environ))
        server = stack.enter_context(running(binaries, home))
        _fill(stack.enter_context(server.client()))
        kubeconfig = _kubeconfig(bench.folder / "prowler.json", server)
        command = [sys.executable, "-m", "auditor", "scan", "k8s://", "--quiet"]
        command += ["--kubeconfig", str(kubeconfig), "-o", f"json={bench.output}"]
        first = _ours(bench, [*command, "--no-cache"])
        # what is cached of a cluster are the compiled rules, and no result
        ours = [_ours(bench, command) for _ in range(TIMES + 1)][1:]
        theirs = run(
            [
                *(program, "kubernetes", "--kubeconfig-file", kubeconfig, "-M", "json-ocsf"),
                *("-o", bench.folder / "prowler", "--no-banner"),
            ],
            allowed=(0, 3),
        )
    ratios = [each.wall / theirs.wall for each in ours]
    details: dict[str, object] = {
        "ours s": median(ours, wall),
        "ours s, rules not compiled yet": first.wall,
        "prowler s": theirs.wall,
        "ours peak MiB": max(each.peak for each in ours),
        "prowler peak MiB": theirs.peak,
        **bench.verdicts(),
    }
    spread = (min(ratios), max(ratios))
    return Figure("2,000 pods against prowler", sorted(ratios)[TIMES // 2], 0.01, spread, details)


def _ours(bench: Bench, command: list[str]) -> Run:
    return run(command, {"XDG_CACHE_HOME": str(bench.cache)}, allowed=(0, 1, 3))


def _fill(client: Client) -> None:
    """Create the pods of the other figures, less what a server refuses in them."""
    spaces = [
        Request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        for name in generate.TEAMS
    ]
    list(client.send_all(spaces))
    for reply in client.send_all(_pod(number) for number in range(PODS)):
        if reply.status != _CREATED:
            raise RuntimeError(f"a pod was refused: {reply.message}")


def _pod(number: int) -> Request:
    chosen = number % TEMPLATES
    spec = generate.pod_spec(random.Random(7 * 1_000_003 + chosen))
    made = generate.pod(number, spec, chosen, random.Random(number))
    metadata = {key: made["metadata"][key] for key in ("name", "namespace", "labels")}
    first, *others = made["spec"]["containers"]
    before = made["spec"].get("initContainers", ())
    for container in (*others, *before):
        del container["ports"]
    for container in before:
        del container["livenessProbe"], container["readinessProbe"]
    for container in (first, *others, *before):
        context = container.get("securityContext", {})
        added = context.get("capabilities", {}).get("add", ())
        if context.get("privileged") or "SYS_ADMIN" in added:
            context["allowPrivilegeEscalation"] = True
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods"
    return Request("POST", path, {"metadata": metadata, "spec": made["spec"]})


def _kubeconfig(path: Path, server: ApiServer) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "clusters": [
            {
                "name": "c",
                "cluster": {
                    "server": server.url,
                    "certificate-authority": str(server.authority),
                },
            }
        ],
        "contexts": [{"name": "bench", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": server.token}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return path
