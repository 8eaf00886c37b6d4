"""A simulated vCenter that govc saves: what is judged of the folder is what is judged of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from tests.e2e.command import auditor
from tests.engines.soap import device, option
from tests.engines.vcsim import Vcsim, Vcsims
from tests.live.test_vsphere import CANARY, PROFILE, VGPU, bytes_below

LOOSE = device(
    "VirtualPCIPassthrough",
    '<backing xsi:type="VirtualPCIPassthroughDeviceBackingInfo"><id>0000:3b:00.0</id>'
    "<deviceId>20b0</deviceId><systemId>a</systemId><vendorId>4318</vendorId></backing>",
)


def planted(vcsim: Vcsim) -> None:
    """Machines that are open in ways that the simulator keeps."""
    administrator = vcsim.administrator()
    machines = sorted(administrator.machines().items())
    administrator.reconfigure(
        machines[0][1],
        option("isolation.tools.copy.disable", "FALSE")
        + option("Tools.GuestLib.enableHostInfo", "TRUE")
        + option("guestinfo.db_password", CANARY)
        + VGPU
        + LOOSE,
    )
    administrator.reconfigure(machines[1][1], option("mks.enable3d", "TRUE"))


ZERO = "vsphere-vm-console-shared"
"""The simulator gives a number that was never set as 0 when it is asked for it alone."""
RIGHTS = "vsphere-access-"
"""It tells of other permissions by its method than by the property of its root."""


MANAGER = re.compile('type="(Host(?:Access|ImageConfig)Manager|HostKernelModuleSystem)">([^<]+)<')
METHODS = {
    "HostAccessManager": ("QueryLockdownExceptions", ""),
    "HostImageConfigManager": ("HostImageConfigGetAcceptance", ""),
    "HostKernelModuleSystem": ("QueryConfiguredModuleOptionString", "<name>nvidia</name>"),
}
NEVER = {"vsphere/HostAcceptance", "vsphere/HostModule", "vsphere/LockdownExceptions"}
"""What govc does not ask for."""


def judged(results: dict[str, Any]) -> list[Any]:
    """What is said of each thing, without where that was read."""
    found = [
        [
            each["rule"],
            each["resource"]["kind"],
            each["resource"]["name"],
            each["element"],
            each["verdict"],
            each["message"],
            [[seen["path"], seen.get("value")] for seen in each["observed"]],
        ]
        for each in results["findings"]
        if each["rule"] != ZERO and not each["rule"].startswith(RIGHTS)
    ]
    return sorted(found, key=json.dumps)


def save_methods(vcsim: Vcsim, folder: Path) -> None:
    """Save what govc does not: what managers of hosts return, as it saves that of others."""
    administrator = vcsim.administrator()
    for file in folder.glob("*-HostSystem-*.xml"):
        for kind, identity in MANAGER.findall(file.read_text()):
            method, arguments = METHODS[kind]
            try:
                answer = administrator.call(method, kind, identity, arguments)
            except HTTPError:
                continue  # the host has no such module
            (inner,) = re.findall(
                f"<{method}Response.*?</{method}Response>|<{method}Response.*?/>", answer
            )
            (folder / f"{kind}-{identity}").mkdir()
            (folder / f"{kind}-{identity}" / f"{method}.xml").write_text(inner)


def test_the_same_is_said_of_what_was_saved(vcsims: Vcsims, govc: Path, tmp_path: Path) -> None:
    """Each verdict of each rule on each object, by all rules of the platform."""
    vcsim = vcsims("-exceptions", "root,svc", "-acceptance", "community", "-module", "a=1")
    planted(vcsim)
    folder = vcsim.saved(govc, tmp_path / "inventory")
    save_methods(vcsim, folder)
    live = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json", "--all")
    ran = auditor("scan", folder, *PROFILE, "--format", "json", "--all")
    assert (live.code, ran.code) == (1, 1), ran.err
    ours, theirs = ran.results(), live.results()
    assert (ours["gaps"], ours["targets"][0]["state"]) == ([], "complete")
    assert judged(ours) == judged(theirs)
    assert len(judged(ours)) > 300
    seen = {kind: each["seen"] for kind, each in ours["coverage"]["resources"].items()}
    for kind, each in theirs["coverage"]["resources"].items():
        assert seen[kind] == each["seen"] or kind in {"vsphere/Access", "vsphere/Permission"}, kind


def test_what_govc_does_not_save_is_said(vcsim: Vcsim, govc: Path, tmp_path: Path) -> None:
    """Once for each kind, whatever the number of hosts, and nothing passes of it."""
    folder = vcsim.saved(govc, tmp_path / "inventory")
    results = auditor("scan", folder, *PROFILE, "--format", "json", "--all").results()
    assert {gap["scope"] for gap in results["gaps"]} == NEVER
    assert len(results["gaps"]) == len(NEVER)
    found = {each["rule"] for each in results["findings"]}
    assert "vsphere-host-packages-unsigned" not in found


def test_a_finding_is_at_its_line(vcsim: Vcsim, govc: Path, tmp_path: Path) -> None:
    """What was saved has files, and a field stands on a line of one."""
    planted(vcsim)
    folder = vcsim.saved(govc, tmp_path / "inventory")
    results = auditor("scan", folder, *PROFILE, "--format", "json").results()
    (found,) = (
        each for each in results["findings"] if each["rule"] == "vsphere-vm-console-copy-allowed"
    )
    lines = (folder / found["resource"]["file"]).read_text().splitlines()
    (observed,) = found["observed"]
    place = "\n".join(lines[observed["line"] - 1 : observed["line"] + 2])
    assert "<key>isolation.tools.copy.disable</key>" in place
    assert "FALSE" in place


def test_what_was_saved_is_kept_and_replayed(vcsim: Vcsim, govc: Path, tmp_path: Path) -> None:
    """The bundle of a folder has what was read of it, no secret, and comes to the same bytes."""
    planted(vcsim)
    folder = vcsim.saved(govc, tmp_path / "inventory")
    bundle = tmp_path / "bundle"
    here = auditor("scan", folder, *PROFILE, "--format", "json", "--output", bundle)
    there = auditor("evaluate", bundle, *PROFILE, "--format", "json")
    assert there.results()["findings"] == here.results()["findings"]
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err
    kept = bytes_below(bundle)
    assert b"guestinfo.db_password" in kept
    assert CANARY.encode() not in kept + here.out.encode()


def test_a_part_of_an_inventory_says_so(vcsim: Vcsim, govc: Path, tmp_path: Path) -> None:
    """Who saves the machines of a datacenter has nothing of roles and settings."""
    folder = vcsim.saved(govc, tmp_path / "part", "/DC0/vm")
    results = auditor("scan", folder, *PROFILE, "--format", "json").results()
    assert [gap["scope"] for gap in results["gaps"]] == [
        "vsphere/Alarms",
        "vsphere/Extension",
        "vsphere/KeyProvider",
        "vsphere/Permission",
        "vsphere/Role",
        "vsphere/Settings",
    ]
    assert {gap["cause"] for gap in results["gaps"]} == {"truncated"}
    assert results["targets"][0]["state"] == "partial"
