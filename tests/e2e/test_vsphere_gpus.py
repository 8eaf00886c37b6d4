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


BACKINGS = {
    "mig": "Vmiop'><vgpu>nvidia_b200-23c</vgpu>",
    "fixed": "Device'><id>0000:af:00.0</id><deviceId>2901</deviceId><vendorId>4318</vendorId>",
    "dynamic": (
        "Dynamic'><allowedDevice><vendorId>4318</vendorId><deviceId>10497</deviceId>"
        "</allowedDevice><customLabel>gpu</customLabel><assignedId>0000:d8:00.0</assignedId>"
    ),
    "hidden": (
        "Dynamic'><allowedDevice><vendorId>4318</vendorId><deviceId>10497</deviceId></allowedDevice>"
    ),
    "dvx": "Dvx'><deviceClass>com.nvidia.cdi</deviceClass>",
}
PROFILES = (
    "<returnval><vgpuProfileInfo><profileName>nvidia_b200-23c</profileName>"
    "<fbSizeInGib>23</fbSizeInGib><profileSharing>mig</profileSharing>"
    "<profileClass>compute</profileClass></vgpuProfileInfo></returnval>"
)


def newer(folder: Path) -> Path:
    """A host of two kinds of GPUs, with a machine for each way to have one, as govc saves them."""
    made = Saved(folder, teams=(*BACKINGS, "more"))
    made.told("EnvironmentBrowser", "browser-7", "QueryConfigTarget", PROFILES)
    graphics = "".join(
        f"<graphicsInfo><deviceName>NVIDIA B200</deviceName><pciId>{pci}</pciId>"
        f"<graphicsType>{kind}</graphicsType><vgpuMode>none</vgpuMode>{on}</graphicsInfo>"
        for pci, kind, on in (
            (
                *("0000:3b:00.0", "sharedDirect"),
                '<vm type="VirtualMachine">vm-mig</vm><vm type="VirtualMachine">vm-more</vm>',
            ),
            ("0000:af:00.0", "direct", ""),
            ("0000:d8:00.0", "direct", ""),
        )
    )
    made.host("host-31", "esx-1", f"<product><version>9</version></product>{graphics}")
    runs = value(
        "VirtualMachineRuntimeInfo",
        '<host type="HostSystem">host-31</host><powerState>poweredOn</powerState>',
    )
    rest = {"runtime": runs, "resourcePool": refer("ResourcePool", "resgroup-8")}
    for team, backing in (*BACKINGS.items(), ("more", BACKINGS["mig"])):
        device = (
            '<hardware><device xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
            'i:type="VirtualPCIPassthrough"><key>13000</key>'
            f"<backing i:type='VirtualPCIPassthrough{backing.replace(QUOTE, INFO)}</backing>"
            "</device></hardware>"
        )
        made.machine(f"vm-{team}", team, f"<uuid>u</uuid>{device}", team, **rest)
    return made.write()


QUOTE, INFO = "'>", "BackingInfo'>"


def test_each_way_to_have_a_gpu_is_told(tmp_path: Path) -> None:
    """What no simulator has: profiles that tell how they are shared, and newer kinds of devices."""
    ran = auditor("gpus", newer(tmp_path / "estate"), "--format", "json")
    assert ran.code == 0, ran.err
    found = {
        each["device"]: [
            (tenant["tenant"], tenant["mechanism"], tenant["certainty"])
            for tenant in each["tenants"]
        ]
        for each in json.loads(ran.out)["devices"]
    }
    assert found == {
        "0000:3b:00.0": [
            ("dvx", "vgpu-time-sliced", "possible"),
            ("mig", "vgpu-mig", "exact"),
            ("more", "vgpu-mig", "exact"),
        ],
        "0000:af:00.0": [("fixed", "passthrough", "exact")],
        "0000:d8:00.0": [("dynamic", "passthrough", "exact")],
        "a GPU that is not known (1 of vm-hidden)": [("hidden", "passthrough", "possible")],
    }


def test_profiles_that_nobody_told_take_no_verdict(tmp_path: Path) -> None:
    """What a profile is called is enough to say that a GPU is shared; the gap is shown."""
    folder = saved(tmp_path / "estate")
    (folder / "EnvironmentBrowser-browser-7" / "QueryConfigTarget.xml").unlink()
    ran = auditor("scan", folder, "--profile", "gpu-tenancy", "--format", "json")
    results = json.loads(ran.out)
    assert [each["scope"] for each in results["gaps"]] == ["vsphere/GpuProfiles"]
    (shared,) = [each for each in results["findings"] if each["rule"] == "gpu-tenants-share"]
    assert shared["verdict"] == "fail"
    assert shared["message"].startswith("tenants team-a and team-b share 1 GPU(s)")
