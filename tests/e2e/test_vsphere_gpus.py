"""Who shares a GPU with whom on a vCenter, from its XML to the matrix."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.command import auditor
from tests.faults.server import serving
from tests.faults.vcenters import HOST, MACHINE, PASSWORD, Authority, Vcenter
from tests.inventories import Saved, refer, value

GPU = """<val xsi:type="ArrayOfHostGraphicsInfo"><HostGraphicsInfo>
<deviceName>NVIDIA A100</deviceName><vendorName>NVIDIA</vendorName><pciId>0000:3b:00.0</pciId>
<graphicsType>sharedDirect</graphicsType><vgpuMode>sameSize</vgpuMode>
<memorySizeInKB>41943040</memorySizeInKB>
<vm type="VirtualMachine">VirtualMachine-train</vm>
<vm type="VirtualMachine">VirtualMachine-chat</vm>
</HostGraphicsInfo></val>"""
DEVICES = """<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualPCIPassthrough">
<key>13000</key><backing xsi:type="VirtualPCIPassthroughVmiopBackingInfo">
<vgpu>grid_a100-20c</vgpu></backing></VirtualDevice></val>"""
RUNS = {
    "config.hardware.device": DEVICES,
    "runtime.powerState": '<val xsi:type="VirtualMachinePowerState">poweredOn</val>',
    "runtime.host": '<val type="HostSystem">HostSystem-h1</val>',
}


def test_machines_on_one_gpu(tmp_path: Path) -> None:
    """Two machines, each its own tenant, are on one GPU by turns; exact, for the host says so."""
    authority = Authority(tmp_path)
    vcenter = Vcenter(
        objects={
            "VirtualMachine": {"train": {**MACHINE, **RUNS}, "chat": {**MACHINE, **RUNS}},
            "HostSystem": {"h1": {**HOST, "config.graphicsInfo": GPU}},
        }
    )
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    options = ("--password-file", str(password), "--ca-file", str(authority.file))
    with serving(vcenter, authority.context()) as server:
        target = f"vsphere://audit@127.0.0.1:{server.port}/"
        ran = auditor("gpus", target, *options, "--format", "json")
        screen = auditor("gpus", target, *options)
    assert ran.code == 0, ran.err
    (device,) = json.loads(ran.out)["devices"]
    assert (device["node"], device["device"], device["product"]) == (
        "h1",
        "0000:3b:00.0",
        "NVIDIA A100",
    )
    (share,) = device["shares"]
    assert (share["tenants"], share["mechanism"]) == (["chat", "train"], "vgpu-time-sliced")
    assert share["certainty"] == "exact"
    assert "0000:3b:00.0" in screen.out
    assert "vgpu-time-sliced" in screen.out


def saved(folder: Path) -> Path:
    """Machines of two teams on one GPU, as govc saves them."""
    graphics = (
        "<graphicsInfo><deviceName>NVIDIA A100</deviceName><vendorName>NVIDIA</vendorName>"
        "<pciId>0000:3b:00.0</pciId><graphicsType>sharedDirect</graphicsType>"
        '<vgpuMode>sameSize</vgpuMode><vm type="VirtualMachine">vm-21</vm>'
        '<vm type="VirtualMachine">vm-22</vm></graphicsInfo>'
    )
    device = (
        '<hardware><device xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'i:type="VirtualPCIPassthrough"><backing i:type="VirtualPCIPassthroughVmiopBackingInfo">'
        "<vgpu>grid_a100-20c</vgpu></backing></device></hardware>"
    )
    runs = value(
        "VirtualMachineRuntimeInfo",
        '<host type="HostSystem">host-31</host><powerState>poweredOn</powerState>',
    )
    made = Saved(folder)
    made.host("host-31", "esx-1", f"<product><version>8</version></product>{graphics}")
    rest = {"runtime": runs, "resourcePool": refer("ResourcePool", "resgroup-8")}
    for identity, name, team in (("vm-21", "train", "team-a"), ("vm-22", "chat", "team-b")):
        made.machine(identity, name, f"<uuid>u</uuid>{device}", team, **rest)
    return made.write()


def test_machines_that_were_saved(tmp_path: Path) -> None:
    """Each inventory has its own GPU, although both call everything by the same identities."""
    saved(tmp_path / "estate" / "one")
    saved(tmp_path / "estate" / "two")
    ran = auditor("gpus", tmp_path / "estate", "--format", "json")
    assert ran.code == 0, ran.err
    devices = json.loads(ran.out)["devices"]
    assert [each["node"] for each in devices] == ["one/esx-1", "two/esx-1"]
    for device in devices:
        (share,) = device["shares"]
        assert (share["tenants"], share["certainty"]) == (["team-a", "team-b"], "exact")
        assert share["mechanism"] == "vgpu-time-sliced"
