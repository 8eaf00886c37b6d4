"""One GPU seen from every layer: clusters from files, a vCenter over its API, one matrix."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.command import ROOT, auditor
from tests.faults.server import serving
from tests.faults.vcenters import HOST, MACHINE, PASSWORD, Authority, Vcenter
from tests.inventories import Saved, value
from tests.unit.analysis.estate import layers

ONE = "42344765-bc6d-0ab2-1c40-5a0f7f0f9a11"
TWO = "42ab4377-1122-3344-9c40-5a0f7f0f9a12"
TWO_TURNED = "7743ab42-2211-4433-9c40-5a0f7f0f9a12"
PCI = "0000:3b:00.0"
GPU = f"""<val xsi:type="ArrayOfHostGraphicsInfo"><HostGraphicsInfo>
<deviceName>NVIDIA A100</deviceName><vendorName>NVIDIA</vendorName><pciId>{PCI}</pciId>
<graphicsType>sharedDirect</graphicsType><vgpuMode>sameSize</vgpuMode>
<memorySizeInKB>41943040</memorySizeInKB>
<vm type="VirtualMachine">VirtualMachine-gpu-1</vm>
<vm type="VirtualMachine">VirtualMachine-gpu-9</vm>
</HostGraphicsInfo></val>"""
DEVICES = """<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualPCIPassthrough">
<key>13000</key><backing xsi:type="VirtualPCIPassthroughVmiopBackingInfo">
<vgpu>grid_a100-20c</vgpu></backing></VirtualDevice></val>"""


_SPACE = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
_TYPED = f'{_SPACE} i:type="VirtualPCIPassthrough"'
_BACKING = f'{_SPACE} i:type="VirtualPCIPassthroughVmiopBackingInfo"'


def machine(uuid: str) -> dict[str, str]:
    """A machine that runs, with a part of the GPU."""
    return {
        **MACHINE,
        "config.uuid": f'<val xsi:type="xsd:string">{uuid}</val>',
        "config.hardware.device": DEVICES,
        "runtime.powerState": '<val xsi:type="VirtualMachinePowerState">poweredOn</val>',
        "runtime.host": '<val type="HostSystem">HostSystem-esx1</val>',
    }


@dataclass(frozen=True)
class Estate:
    """Two clusters, a vCenter, and how it is entered."""

    a: Path
    b: Path
    vcenter: str
    options: tuple[str, ...]
    served: Vcenter

    @property
    def targets(self) -> tuple[str, str, str]:
        """All of them."""
        return str(self.a), str(self.b), self.vcenter


def cluster(path: Path, *objects: layers.Resource) -> Path:
    """What ``kubectl get -o json`` prints."""
    items = []
    for each in objects:
        body = json.loads(each.body)
        named = {"name": each.name, **({"namespace": each.namespace} if each.namespace else {})}
        metadata = {**body.pop("metadata", {}), **named}
        kind = each.kind.removeprefix("k8s/")
        items.append({"apiVersion": "v1", "kind": kind, "metadata": metadata, **body})
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    """Each cluster has one GPU for one tenant; both are parts of one GPU of the vCenter's host."""
    authority = Authority(tmp_path)
    vcenter = Vcenter(
        objects={
            "VirtualMachine": {"gpu-1": machine(ONE), "gpu-9": machine(TWO)},
            "HostSystem": {"esx1": {**HOST, "config.graphicsInfo": GPU}},
        }
    )
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    a = cluster(
        tmp_path / "a.json",
        layers.namespace("llm"),
        layers.node("gpu-1", f"vsphere://{ONE}"),
        layers.pod("llm/chat", "gpu-1"),
    )
    b = cluster(
        tmp_path / "b.json",
        layers.namespace("web"),
        layers.node("gpu-9", system=TWO_TURNED),
        layers.pod("web/rank", "gpu-9"),
    )
    with serving(vcenter, authority.context()) as server:
        options = ("--password-file", str(password), "--ca-file", str(authority.file))
        yield Estate(a, b, f"vsphere://audit@127.0.0.1:{server.port}/", options, vcenter)


def test_each_cluster_alone_looks_exclusive(estate: Estate) -> None:
    for each in (estate.a, estate.b):
        ran = auditor("gpus", each, "--format", "json")
        assert ran.code == 0, ran.err
        found = json.loads(ran.out)
        assert [device["shares"] for device in found["devices"]] == [[]]
        assert "joined" not in found
        assert "no two tenants were found on one GPU" in auditor("gpus", each).out


def test_together_they_share(estate: Estate) -> None:
    """One row, at the host, with the way from each tenant; in each format."""
    ran = auditor("gpus", *estate.targets, *estate.options, "--format", "json")
    assert ran.code == 0, ran.err
    (device,) = json.loads(ran.out)["joined"]
    assert (device["node"], device["device"]) == ("esx1", PCI)
    (share,) = device["shares"]
    assert (share["mechanism"], share["isolation"], share["certainty"]) == (
        "vgpu-time-sliced", "memory", "exact",
    )  # fmt: skip
    ways = [[hop["name"] for hop in tenant["path"]] for tenant in device["tenants"]]
    assert ways == [
        ["llm/chat", "gpu-1", "/VirtualMachine-gpu-1", "esx1", PCI],
        ["web/rank", "gpu-9", "/VirtualMachine-gpu-9", "esx1", PCI],
    ]
    table = auditor("gpus", *estate.targets, *estate.options, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(each["node"], each["device"], each["isolation"]) for each in rows] == [
        ("esx1", PCI, "memory")
    ] * 2
    assert rows[0]["tenant"] == f"llm of {estate.a}"
    assert rows[0]["shares_with"] == f"web of {estate.b}"
    assert rows[0]["pods"] == WAY


WAY = f"llm/chat > node gpu-1 > machine /VirtualMachine-gpu-1 (providerID) > host esx1 > {PCI}"


def test_on_the_screen(estate: Estate) -> None:
    """Each GPU once: the rows of the clusters and of the vCenter by itself are gone."""
    screen = auditor("gpus", *estate.targets, *estate.options).out
    assert screen.startswith("1 GPU or instances on 1 node, 2 tenants; 1 pair of tenants share")
    assert f"{estate.a}: 1 of 1 node with GPUs found among the machines, 1 by providerID" in screen
    assert f"      {WAY}\n" in screen
    pair = f"llm of {estate.a} and web of {estate.b}"
    assert f"    - exact: {pair}, isolation memory (vgpu-time-sliced)\n" in screen
    assert "nvidia.com/gpu" not in screen
    scanned = auditor("scan", *estate.targets, *estate.options, "--profile", "gpu-tenancy").out
    assert f"esx1  {PCI}" in scanned
    assert pair in scanned


def test_it_is_a_finding(estate: Estate, tmp_path: Path) -> None:
    """With the way of each, and by which key each is a tenant; and the bundle replays to it."""
    bundle = tmp_path / "bundle"
    ran = auditor(
        *("scan", *estate.targets, *estate.options, "--profile", "gpu-tenancy"),
        *("--format", "json", "--output", bundle),
    )
    assert ran.code == 1, ran.err
    results = ran.results()
    (found,) = [
        each
        for each in results["findings"]
        if each["rule"] == "gpu-tenants-share" and "llm" in each["element"]
    ]
    assert found["element"] == "tenants llm and web"
    assert found["message"] == (
        f"tenants llm (namespace of {estate.a}) and web (namespace of {estate.b}) share 1 GPU(s) "
        f"by vgpu-time-sliced, for example {PCI} of node esx1 (llm/chat on node gpu-1 in machine "
        "/VirtualMachine-gpu-1 and web/rank on node gpu-9 in machine /VirtualMachine-gpu-9); "
        "isolation memory, wanted hardware"
    )
    assert [each["name"] for each in (found["resource"], *found["related"])] == [
        *("gpu-1", "gpu-1", "gpu-9", "gpu-9"),
    ]
    for kind, name in (("gpu/JoinedDevice", "gpu-joined-device"), ("gpu/Join", "gpu-join")):
        schema = json.loads((ROOT / f"policies/schema/{name}.v1.schema.json").read_text())
        for fact in results["facts"][kind]:
            jsonschema.validate(fact["body"], schema)
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err


def test_hosts_that_may_not_be_read_leave_less(estate: Estate) -> None:
    """Which GPU it is nobody says: then it is possible, and what was refused is named."""
    estate.served.refused.add("HostSystem")
    ran = auditor("gpus", *estate.targets, *estate.options, "--format", "json")
    assert ran.code == 3
    found = json.loads(ran.out)
    assert [(each["scope"], each["cause"]) for each in found["gaps"]] == [
        ("vsphere/Host", "denied")
    ]
    (device,) = found["joined"]
    (share,) = device["shares"]
    assert (share["certainty"], device["device"]) == ("possible", "a GPU that is not known")
    scan = ("scan", *estate.targets, *estate.options, "--profile", "gpu-tenancy")
    results = auditor(*scan, "--format", "json").results()
    joined = {
        each["rule"] for each in results["findings"] if each["element"].endswith("llm and web")
    }
    assert joined == {"gpu-tenants-may-share"}
    assert results["counts"]["gpu-tenants-share"]["unknown"] == 1


def test_machines_that_may_not_be_read_leave_nothing(estate: Estate) -> None:
    """No node is a machine of which nobody told; each cluster's row stays, and says why."""
    estate.served.refused.add("VirtualMachine")
    ran = auditor("gpus", *estate.targets, *estate.options)
    assert ran.code == 3
    uuid = f"it says that it is vsphere://{ONE}"
    assert f"not known: node gpu-1: {uuid}, and no machine that was read has this UUID" in ran.out
    assert "not read: vsphere/VirtualMachine  denied" in ran.out
    assert f"  {estate.a}  gpu-1  nvidia.com/gpu x 1" in ran.out


def test_what_a_lower_floor_allows(estate: Estate) -> None:
    ran = auditor(
        *("scan", *estate.targets, *estate.options, "--profile", "gpu-tenancy"),
        *("--set", "isolation_floor=memory"),
    )
    assert ran.code == 0, ran.out


def test_one_folder_with_both_layers(tmp_path: Path) -> None:
    """An inventory that govc saved, beside what kubectl printed: one target, and yet two layers."""
    saved = Saved(tmp_path / "all" / "vcenter")
    config = (
        f"<uuid>{ONE}</uuid><hardware><device {_TYPED}><key>13000</key><backing {_BACKING}>"
        "<vgpu>grid_a100-20c</vgpu></backing></device></hardware>"
    )
    runs = '<host type="HostSystem">host-9</host><powerState>poweredOn</powerState>'
    runtime = value("VirtualMachineRuntimeInfo", runs)
    saved.machine("vm-1", "gpu-1", config, runtime=runtime)
    saved.machine("vm-2", "batch", config.replace(ONE, TWO), "team-b", runtime=runtime)
    users = "".join(f'<vm type="VirtualMachine">{each}</vm>' for each in ("vm-1", "vm-2"))
    graphics = f"<pciId>{PCI}</pciId><graphicsType>sharedDirect</graphicsType>{users}"
    saved.host("host-9", "esx1", f"<graphicsInfo>{graphics}</graphicsInfo>")
    saved.write()
    cluster(
        tmp_path / "all" / "cluster.json",
        layers.namespace("llm"),
        layers.node("gpu-1", f"vsphere://{ONE}"),
        layers.pod("llm/chat", "gpu-1"),
    )
    ran = auditor("gpus", tmp_path / "all", "--format", "json")
    (device,) = json.loads(ran.out)["joined"]
    assert [each["tenant"] for each in device["tenants"]] == ["llm", "team-b"]
    (share,) = device["shares"]
    assert (share["certainty"], share["mechanism"]) == ("exact", "vgpu-time-sliced")


def test_tenants_of_the_users_own_map_are_one(estate: Estate, tmp_path: Path) -> None:
    """By name in both clusters: then no two tenants share."""
    named = tmp_path / "teams.yaml"
    named.write_text("llm: research\nweb: research\n")
    setting = ("--set", f"tenant=file:{named}")
    ran = auditor("gpus", *estate.targets, *estate.options, *setting, "--format", "json")
    (device,) = json.loads(ran.out)["joined"]
    assert ([each["tenant"] for each in device["tenants"]], device["shares"]) == (
        ["research", "research"], [],
    )  # fmt: skip


def test_chains_take_the_same_keys(estate: Estate, tmp_path: Path) -> None:
    """And lead to the machine, which each of the two clusters has for itself."""
    named = tmp_path / "teams.yaml"
    named.write_text("llm: research\n")
    ran = auditor(
        *("scan", *estate.targets, *estate.options, "--profile", "isolation"),
        *("--set", f"tenant=file:{named}", "--format", "json"),
    )
    assert ran.code == 0, ran.err
    chains = [each["body"] for each in ran.results()["facts"]["isolation/Chain"]]
    assert {(each["tenant"], each["weakest"]) for each in chains} == {
        ("research", "machine"), ("web", "machine"),
    }  # fmt: skip
    schema = json.loads((ROOT / "policies/schema/isolation-chain.v1.schema.json").read_text())
    for each in chains:
        jsonschema.validate(each, schema)
