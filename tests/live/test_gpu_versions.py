"""Claims and slices in each version that a real API server can serve: the facts are the same.

One server for each version alone, as an older Kubernetes serves it, and one that serves all of
them, where everything is created in the oldest and read in the newest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.engines.apiserver import Binaries, running
from tests.engines.client import Client
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran, results
from tests.live.test_gpus import made, patched

GROUP = "resource.k8s.io"
VERSIONS = ("v1", "v1beta2", "v1beta1")
SERVERS = {
    **{version: (version, version) for version in VERSIONS},
    "all": ("v1beta1", "v1"),
}
"""By the versions that are served: in which objects are created, and in which they are read."""
ADMIN = {"labels": {"resource.kubernetes.io/admin-access": "true"}}
TENANTS = {"watch": ADMIN, "llm": {}, "web": {}, "vision": {}}
DRIVER, AMD = "gpu.nvidia.com", "gpu.amd.com"
BUS = "0000:19:00.0"
TURNS = {
    "apiVersion": "resource.nvidia.com/v1beta1",
    "kind": "GpuConfig",
    "sharing": {"strategy": "TimeSlicing"},
}
SHARE = "00000000-0000-4000-8000-00000000000{}"


@pytest.fixture(scope="module", params=list(SERVERS))
def served(
    request: pytest.FixtureRequest,
    control_plane: Binaries,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Cluster]]:
    """A server, and what it serves; the objects are in it."""
    which: str = request.param
    folder = tmp_path_factory.mktemp("versions")
    policy, log = folder / "audit-policy.yaml", folder / "audit.log"
    policy.write_text(clusters.AUDIT)
    on = [f"{GROUP}/{each}={str(which in (each, 'all')).lower()}" for each in VERSIONS]
    options = [
        f"--runtime-config={','.join(on)}",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={log}",
    ]
    with ExitStack() as stack:
        server = stack.enter_context(running(control_plane, folder / "server", options=options))
        client = stack.enter_context(server.client())
        _fill(client, SERVERS[which][0])
        admin = clusters.write_kubeconfig(folder / "admin.json", server, server.token)
        yield which, Cluster(server, client, log, admin, admin)


def _fill(client: Client, version: str) -> None:
    for name, metadata in TENANTS.items():
        made(client, "/api/v1/namespaces", {"metadata": {"name": name, **metadata}})
    made(client, "/api/v1/nodes", {"metadata": {"name": "n"}})
    instances = [_device(f"mig-{n}", parentUUID="GPU-1", uuid=f"MIG-{n}") for n in (1, 2)]
    several = {**_device("gpu-2", uuid="GPU-2"), "allowMultipleAllocations": True}
    current = [*instances, several, _device("gpu-3", uuid="GPU-3", productName="H100")]
    _slice(client, version, "new", 2, current)
    _slice(client, version, "old", 1, [_device("gpu-9", uuid="GPU-9")])
    _slice(client, version, "amd", 1, [_partition(f"gpu-0-{n}") for n in (1, 2)], driver=AMD)
    for number, tenant in enumerate(("llm", "vision"), 1):
        _claim(client, version, f"{tenant}/partition", f"gpu-0-{number}", driver=AMD)
    _claim(client, version, "llm/part", "mig-1")
    _claim(client, version, "web/part", "mig-2")
    for number, tenant in enumerate(("llm", "vision")):
        _claim(client, version, f"{tenant}/share", "gpu-2", shareID=SHARE.format(number))
    _claim(client, version, "web/turns", "gpu-3", pods=("one", "two"), turns=True)
    _claim(client, version, "watch/all", "gpu-3", admin=True)
    _claim(client, version, "vision/gone", "gpu-9")
    spec = {"spec": {"devices": {"requests": [_request(version, allocationMode="All")]}}}
    path = f"/apis/{GROUP}/{version}/namespaces/llm/resourceclaimtemplates"
    made(client, path, {"metadata": {"name": "every"}, "spec": spec})


def _device(name: str, **attributes: str) -> dict[str, Any]:
    return {"name": name, "attributes": {key: {"string": text} for key, text in attributes.items()}}


def _partition(name: str) -> dict[str, Any]:
    """A partition as AMD's driver publishes it."""
    found = _device(name, type="amdgpu-partition", partitionProfile="qpx_nps4")
    return {
        "name": name,
        "attributes": {
            **found["attributes"],
            "resource.kubernetes.io/pciBusID": {"string": BUS},
        },
    }


def _slice(
    client: Client,
    version: str,
    name: str,
    generation: int,
    devices: list[dict[str, Any]],
    driver: str = DRIVER,
) -> None:
    """Publish devices as a version has them: in v1beta1 what one has is under ``basic``."""
    if version == "v1beta1":
        devices = [{"name": each.pop("name"), "basic": each} for each in map(dict, devices)]
    spec = {
        "driver": driver,
        "nodeName": "n",
        "pool": {"name": "n", "generation": generation, "resourceSliceCount": 1},
        "devices": devices,
    }
    made(
        client,
        f"/apis/{GROUP}/{version}/resourceslices",
        {"metadata": {"name": name}, "spec": spec},
    )


def _request(version: str, **more: object) -> dict[str, Any]:
    """Ask for a device as a version has it: since v1beta2 it is under ``exactly``."""
    exactly = {"deviceClassName": DRIVER, **more}
    return {"name": "r", **(exactly if version == "v1beta1" else {"exactly": exactly})}


def _claim(
    client: Client,
    version: str,
    path: str,
    device: str,
    *,
    pods: tuple[str, ...] = ("p",),
    admin: bool = False,
    turns: bool = False,
    driver: str = DRIVER,
    **result: object,
) -> None:
    namespace, _, name = path.partition("/")
    asked = {"adminAccess": True} if admin else {}
    config = [{"opaque": {"driver": DRIVER, "parameters": TURNS}}] if turns else []
    spec = {"devices": {"requests": [_request(version, **asked)], "config": config}}
    claims = f"/apis/{GROUP}/{version}/namespaces/{namespace}/resourceclaims"
    made(client, claims, {"metadata": {"name": name}, "spec": spec})
    given = {"request": "r", "driver": driver, "pool": "n", "device": device, **asked, **result}
    settings = [{"source": "FromClaim", **each} for each in config]
    used = [{"resource": "pods", "name": each, "uid": f"{path}-{each}"} for each in pods]
    status = {
        "allocation": {"devices": {"results": [given], "config": settings}},
        "reservedFor": used,
    }
    patched(client, f"{claims}/{name}/status", {"status": status})


SHARES = {
    ("GPU-1", "llm", "web", "mig", "exact"),
    ("GPU-2", "llm", "vision", "shared-claim", "exact"),
    (BUS, "llm", "vision", "partition", "exact"),
}
FAILED = {
    ("gpu-claim-admin-access", "watch/all"),
    ("gpu-claim-all-devices", "llm/every"),
    ("gpu-claim-shares-device", "web/turns"),
    ("gpu-claim-used-by-several", "web/turns"),
    ("gpu-admin-access-namespace", "/watch"),
    ("gpu-tenants-share", "/llm"),
}


def test_the_server_serves_what_it_was_told_to(served: tuple[str, Cluster]) -> None:
    which, cluster = served
    group = cluster.client.get(f"/apis/{GROUP}").body
    versions = [each["version"] for each in _list(group["versions"])]
    assert versions == (list(VERSIONS) if which == "all" else [which])


def _list(value: object) -> list[Mapping[str, Any]]:
    assert isinstance(value, list)
    return value


def test_the_matrix_is_the_same(served: tuple[str, Cluster]) -> None:
    _, cluster = served
    done = ran(cluster, "gpus", "k8s://", "--format", "json")
    assert done.code == 0, done.err
    devices = {each["device"]: each for each in json.loads(done.out)["devices"]}
    assert sorted(devices) == [BUS, "GPU-1", "GPU-2", "GPU-3", f"{DRIVER}/n/gpu-9"]
    assert {
        (name, *share["tenants"], share["mechanism"], share["certainty"])
        for name, each in devices.items()
        for share in each["shares"]
    } == SHARES
    assert devices["GPU-3"]["product"] == "H100"
    assert {
        (each["tenant"], each["mechanism"], each["observer"])
        for each in devices["GPU-3"]["tenants"]
    } == {("web", "time-slicing", False), ("watch", "exclusive", True)}
    (gone,) = devices[f"{DRIVER}/n/gpu-9"]["unknown"]
    assert gone == f"no slice of {DRIVER} has n/gpu-9"


def test_the_findings_are_the_same(served: tuple[str, Cluster], tmp_path: Path) -> None:
    which, cluster = served
    folder = tmp_path / "policies"
    (folder / "profiles").mkdir(parents=True)
    about = {"id": "gpus", "title": "GPUs", "select": [{"tags": ["gpu"]}], "gate": "high"}
    (folder / "profiles" / "gpus.yaml").write_text(json.dumps(about))
    options = ("--policies", folder, "--profile", "gpus", "--format", "json")
    found = results(ran(cluster, "scan", "k8s://", *options))
    failed = {
        (each["rule"], f"{each['resource'].get('namespace', '')}/{each['resource']['name']}")
        for each in found["findings"]
        if each["verdict"] == "fail" and each["rule"].startswith("gpu-")
    }
    assert failed == FAILED
    assert found["gaps"] == []
    events = map(json.loads, cluster.log.read_text().splitlines())
    read = {
        (each["objectRef"]["resource"], each["objectRef"]["apiVersion"])
        for each in events
        if each["verb"] == "list"
        and each.get("objectRef", {}).get("apiGroup") == GROUP
        and "auditor" in each.get("userAgent", "")
    }
    version = SERVERS[which][1]
    kinds = ("resourceclaims", "resourceclaimtemplates", "resourceslices")
    assert read == {(each, version) for each in kinds}
