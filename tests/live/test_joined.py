"""One GPU seen by three servers: a simulated vCenter, a real API server, and a Docker Engine."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.estate.uuids import turned
from collectors.docker.host.probes import PRODUCT
from tests.e2e.command import Ran, auditor
from tests.engines.build import engine as built
from tests.engines.client import Request
from tests.engines.vcsim import Vcsim
from tests.engines.vcsim import running as vcsim_running
from tests.faults.server import serving
from tests.live.cluster import EPOCH, Cluster
from tests.live.test_gpus import GPU, made, patched
from tests.recorded.beneath import FILE, Seen, below, printed
from tests.recorded.generate import TIME
from tests.recorded.gpu_host import KERNEL, NAME, confined
from tests.recorded.gpu_host import engine as docker_engine

FIRST, SECOND = "0000:3b:00.0", "0000:af:00.0"
NODE, TENANT = "joined-1", "joined-a"
VGPU = (
    '<deviceChange><operation>add</operation><device xsi:type="VirtualPCIPassthrough">'
    '<key>-{key}</key><backing xsi:type="VirtualPCIPassthroughVmiopBackingInfo">'
    "<vgpu>grid_a100-20c</vgpu></backing></device></deviceChange>"
)
PODS = f"/api/v1/namespaces/{TENANT}/pods"


def uuids(vcsim: Vcsim) -> dict[str, str]:
    """The UUID of each machine, by its name, as the simulator made it."""
    administrator = vcsim.administrator()
    found = {}
    for name, identity in administrator.machines().items():
        said = administrator.call(
            "RetrievePropertiesEx",
            "PropertyCollector",
            "propertyCollector",
            "<specSet><propSet><type>VirtualMachine</type><pathSet>config.uuid</pathSet></propSet>"
            f'<objectSet><obj type="VirtualMachine">{identity}</obj></objectSet></specSet>'
            "<options/>",
        )
        found[name] = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", said)[0]
    return found


def graphics(users: dict[str, list[str]]) -> str:
    """What a host says of its GPUs, and of who is on each."""
    each = "".join(
        "<HostGraphicsInfo><deviceName>NVIDIA A100</deviceName><vendorName>NVIDIA</vendorName>"
        f"<pciId>{pci}</pciId><graphicsType>sharedDirect</graphicsType>"
        "<memorySizeInKB>41943040</memorySizeInKB>"
        + "".join(f'<vm type="VirtualMachine">{vm}</vm>' for vm in machines)
        + "</HostGraphicsInfo>"
        for pci, machines in users.items()
    )
    return each.replace("HostGraphicsInfo", "graphicsInfo")


@dataclass(frozen=True, slots=True)
class Estate:
    """Three targets, and how each is entered."""

    vcenter: Vcsim
    cluster: Cluster
    folder: Path

    @property
    def targets(self) -> tuple[str, ...]:
        """All of them."""
        return self.vcenter.target, "k8s://test", f"docker://{NAME}"

    def run(self, command: str, *options: str | Path, targets: tuple[str, ...] = ()) -> Ran:
        """Run a command over the targets."""
        wanted = targets or self.targets
        entering = self.vcenter.options if self.vcenter.target in wanted else ()
        probes = ("--host-probes", self.folder / "gpu-1.probes")
        used = probes if any(each.startswith("docker") for each in wanted) else ()
        return self.plain(command, *wanted, *entering, *used, *options)

    def plain(self, *arguments: str | Path) -> Ran:
        """Run a command as whoever runs the others does."""
        env = {
            **EPOCH,
            "KUBECONFIG": str(self.cluster.least),
            "DOCKER_CONFIG": str(self.folder),
            "HOME": str(self.folder),
        }
        return auditor(*arguments, env=env)


@pytest.fixture
def estate(cluster: Cluster, govc: Path, tmp_path: Path) -> Iterator[Estate]:
    """A node on one GPU of a host, and a Docker host that has a part of that one and of another."""
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        with vcsim_running(built("vcsim"), folders[0], "-hosts", "1") as first:
            known, saved = _with_gpus(first, govc, tmp_path / "inventory")
        loaded = vcsim_running(built("vcsim"), folders[1], "-load", str(saved))
        vcenter = stack.enter_context(loaded)
        stack.enter_context(serving(docker_engine, path=tmp_path / "d.sock"))
        _docker(tmp_path, turned(known[1]))
        _node(cluster, known[0])
        try:
            yield Estate(vcenter, cluster, tmp_path)
        finally:
            for path in (f"{PODS}/chat", f"/api/v1/nodes/{NODE}"):
                cluster.client.send(Request("DELETE", f"{path}?gracePeriodSeconds=0"))


def _with_gpus(vcsim: Vcsim, govc: Path, folder: Path) -> tuple[list[str], Path]:
    """Two machines of one host, with parts of its GPUs, saved; and the UUIDs of the two.

    The simulator keeps devices of machines; what a host says of them is written in afterwards.
    """
    administrator = vcsim.administrator()
    (_, first), (_, second) = sorted(administrator.machines().items())
    administrator.reconfigure(first, VGPU.format(key=1))
    administrator.reconfigure(second, VGPU.format(key=1) + VGPU.format(key=2))
    known = [uuid for _, uuid in sorted(uuids(vcsim).items())]
    saved = vcsim.saved(govc, folder)
    (host,) = saved.glob("*HostSystem*.xml")
    text, users = host.read_text(), {FIRST: [first, second], SECOND: [second]}
    assert "<graphicsConfig" in text
    host.write_text(text.replace("<graphicsConfig", f"{graphics(users)}<graphicsConfig", 1))
    return known, saved


def _docker(folder: Path, uuid: str) -> None:
    """A context that leads to our engine, and what a script printed on its host."""
    host = below(NAME, KERNEL, TIME, confined())
    host = replace(host, files={**host.files, PRODUCT: Seen(FILE | 0o400, text=f"{uuid}\n")})
    (folder / "gpu-1.probes").write_bytes(printed(host))
    digest = hashlib.sha256(NAME.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    at = {"Host": f"unix://{folder / 'd.sock'}"}
    meta.write_text(json.dumps({"Name": NAME, "Endpoints": {"docker": at}}))


def _node(cluster: Cluster, uuid: str) -> None:
    client = cluster.client
    client.post("/api/v1/namespaces", {"metadata": {"name": TENANT}})
    made(
        client,
        "/api/v1/nodes",
        {
            "metadata": {"name": NODE, "labels": {"nvidia.com/gpu.count": "1"}},
            "spec": {"providerID": f"vsphere://{uuid}"},
        },
    )
    status = {"capacity": {GPU: "1"}, "nodeInfo": {"systemUUID": turned(uuid).upper()}}
    patched(client, f"/api/v1/nodes/{NODE}/status", {"status": status})
    container = {"name": "c", "image": "r.io/a:1", "resources": {"limits": {GPU: 1}}}
    spec = {"nodeName": NODE, "containers": [container]}
    made(client, PODS, {"metadata": {"name": "chat"}, "spec": spec})
    patched(client, f"{PODS}/chat/status", {"status": {"phase": "Running"}})


def pairs(results: dict[str, Any]) -> dict[str, str]:
    """What is found between the tenant of the cluster and others, by rule."""
    return {
        each["element"]: each["rule"]
        for each in results["findings"]
        if each["rule"].startswith("gpu-tenants") and TENANT in each["element"]
    }


def test_three_servers_tell_of_one_gpu(estate: Estate, tmp_path: Path) -> None:
    """Alone each says nothing of the others; together who shares what is found, kept, replayed."""
    options = ("--profile", "gpu-tenancy", "--format", "json")
    for target in estate.targets:
        alone = estate.run("scan", *options, targets=(target,)).results()
        assert pairs(alone) == {}
        assert "gpu/JoinedDevice" not in alone["facts"]
    bundle, public = tmp_path / "bundle", tmp_path / "public.pem"
    ran = estate.run("scan", *options, "--output", bundle)
    assert ran.code == 1, ran.err
    results = ran.results()
    assert results["gaps"] == []
    assert pairs(results) == {
        f"tenants {TENANT} and vision": "gpu-tenants-share",
        f"tenants {TENANT} and notebook": "gpu-tenants-share",
        f"tenants {TENANT} and llm": "gpu-tenants-may-share",
    }
    devices = {
        each["body"]["device"]: each["body"] for each in results["facts"]["gpu/JoinedDevice"]
    }
    assert devices.keys() == {FIRST, SECOND}
    ways = {each["tenant"]: each for each in devices[FIRST]["tenants"]}
    assert [hop["layer"] for hop in ways[TENANT]["path"]] == [
        *("workload", "node", "machine", "host", "device"),
    ]
    assert [ways[name]["path"][2]["by"] for name in (TENANT, "vision")] == [
        "providerID", "product UUID",
    ]  # fmt: skip
    assert {name: each["certainty"] for name, each in ways.items()} == {
        TENANT: "exact", "vision": "exact", "notebook": "exact", "llm": "possible",
    }  # fmt: skip
    public.write_text(estate.plain("keys", "export").out)
    verified = auditor("verify", bundle, "--key", public)
    assert (verified.code, verified.last_line().split()[:2]) == (0, ["VERIFY", "verified"])
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err


def test_each_is_collected_and_joined_elsewhere(estate: Estate, tmp_path: Path) -> None:
    """What was collected of all in one command is joined where none of them is."""
    held = tmp_path / "held"
    collected = estate.run("collect", "--profile", "gpu-tenancy", "--output", held)
    assert collected.code == 0, collected.err
    here = estate.run("gpus", "--format", "json")
    there = estate.plain("gpus", held, "--format", "json")
    assert (here.code, there.code) == (0, 0), there.err
    assert json.loads(there.out)["joined"] == json.loads(here.out)["joined"]


def test_who_may_not_read_hosts_knows_less(estate: Estate) -> None:
    """Without what a script printed nobody knows which machine the engine is in: it is said."""
    ran = estate.plain("gpus", *estate.targets, *estate.vcenter.options, "--no-host")
    assert ran.code == 0, ran.err
    why = "its UUID is not known, and no machine alone is called as it is"
    assert f"not known: node {NAME}: {why}" in ran.out
    assert f"{TENANT}/chat > node {NODE} > machine" in ran.out
    assert f"  docker://{NAME}  {NAME}  " in ran.out, "its own row is still there"


def test_who_shares_the_kernel_of_the_machine(estate: Estate) -> None:
    """The chain of each leads to its machine and its host; an engine's tenants share one kernel."""
    ran = estate.run("scan", "--profile", "isolation", "--format", "json")
    assert ran.code == 1, ran.err
    results = ran.results()
    chains = {each["body"]["tenant"]: each["body"] for each in results["facts"]["isolation/Chain"]}
    alone, beside = chains[TENANT], chains["vision"]
    assert [hop["layer"] for hop in alone["path"]] == ["workload", "node", "machine", "host"]
    assert (alone["others"], alone["isolation"], alone["weakest"]) == ([], "own-kernel", "machine")
    assert beside["path"][2]["by"] == "product UUID"
    assert f"notebook (container of docker://{NAME})" in beside["others"]
    assert beside["isolation"] == "none", "the notebook beside it is privileged"
    failed = {each["element"] for each in results["findings"] if each["verdict"] == "fail"}
    assert any(each.startswith("tenant vision") for each in failed)
    assert not any(each.startswith(f"tenant {TENANT}") for each in failed)
