"""A simulated vCenter, asked over its Web Services API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.blocks import read_block
from tests.e2e.command import auditor
from tests.engines.soap import Soap, device, option
from tests.engines.vcsim import PASSWORD, Vcsim

PROFILE = ("--profile", "vsphere")
CANARY = "zX9cV7bN5mK3jH1gF8dS6aQ4wE2rT0yU"
SESSIONS = ("SessionManager", "SessionManager")
COLLECTOR = ("PropertyCollector", "propertyCollector")
VGPU = device(
    "VirtualPCIPassthrough",
    '<backing xsi:type="VirtualPCIPassthroughVmiopBackingInfo">'
    "<vgpu>grid_a100-20c</vgpu></backing>",
)


def failing(results: dict[str, Any], rule: str) -> list[str]:
    """The names of what fails a rule."""
    found = (each for each in results["findings"] if each["rule"] == rule)
    return sorted(each["resource"]["name"] for each in found if each["verdict"] == "fail")


def bytes_below(folder: Path) -> bytes:
    """All that is in a folder, blocks unpacked."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"".join(
        read_block(path) if path.suffix == ".zst" else path.read_bytes() for path in files
    )


def planted(vcsim: Vcsim) -> tuple[str, str]:
    """Two machines, of which the first is open in every way that the simulator keeps."""
    administrator = vcsim.administrator()
    (first, identity), (second, _) = sorted(administrator.machines().items())
    administrator.reconfigure(
        identity,
        option("isolation.tools.copy.disable", "FALSE")
        + option("tools.guestlib.enableHostInfo", "TRUE")
        + option("guestinfo.db_password", CANARY)
        + VGPU,
    )
    return first, second


def test_machines_are_judged(vcsim: Vcsim) -> None:
    """What was planted is found, on the machine that has it and on no other."""
    first, second = planted(vcsim)
    ran = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json")
    assert ran.code == 1, ran.err
    results = ran.results()
    (target,) = results["targets"]
    assert (target["state"], results["gaps"]) == ("complete", [])
    assert target["uri"] == vcsim.target.replace("audit@", "")
    for rule in (
        "vsphere-vm-console-copy-allowed",
        "vsphere-vm-host-information-to-guest",
        "vsphere-vm-passthrough-not-approved",
    ):
        assert failing(results, rule) == [first], rule
    assert failing(results, "vsphere-vm-console-paste-allowed") == []
    assert failing(results, "vsphere-vm-cd-connected") == [first, second]
    (copied,) = (
        each for each in results["findings"] if each["rule"] == "vsphere-vm-console-copy-allowed"
    )
    assert copied["observed"] == [
        {"path": "/config/extraConfig/isolation.tools.copy.disable", "value": "FALSE"}
    ]
    assert copied["resource"]["kind"] == "vsphere/VirtualMachine"


def test_the_default_judges_them_as_well(vcsim: Vcsim) -> None:
    """All but a device that is passed through: who shares it is what matters there."""
    first, _ = planted(vcsim)
    ran = auditor("scan", vcsim.target, *vcsim.options, "--format", "json")
    results = ran.results()
    assert failing(results, "vsphere-vm-console-copy-allowed") == [first]
    assert failing(results, "vsphere-vm-passthrough-not-approved") == []


def test_hosts_and_port_groups_are_judged(vcsim: Vcsim) -> None:
    """What the simulator does not tell of is not decided, and passes nothing."""
    ran = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json", "--all")
    results = ran.results()
    hosts = ["DC0_C0_H0", "DC0_C0_H1"]
    assert failing(results, "vsphere-host-lockdown-off") == hosts
    assert failing(results, "vsphere-host-time-not-kept") == hosts
    verdicts = {
        each["rule"]: each["verdict"]
        for each in results["findings"]
        if each["resource"]["kind"] == "vsphere/Host"
    }
    assert verdicts["vsphere-host-ssh-on"] == "pass"
    assert verdicts["vsphere-host-logs-stay"] == "unknown"
    distributed = {
        each["verdict"]
        for each in results["findings"]
        if each["rule"] == "vsphere-distributed-port-group-promiscuous"
    }
    assert distributed == {"unknown"}


def test_what_was_collected_is_judged_elsewhere(vcsim: Vcsim, tmp_path: Path) -> None:
    """The bundle of a collection comes to the findings of a scan, and replays to its bytes."""
    planted(vcsim)
    bundle, held = tmp_path / "bundle", tmp_path / "held"
    done = auditor("collect", vcsim.target, *vcsim.options, *PROFILE, "--output", held)
    assert done.code == 0, done.err
    here = auditor(
        "scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json", "--output", bundle
    )
    there = auditor("evaluate", held, *PROFILE, "--format", "json")
    assert there.code == 1, there.err
    assert there.results()["findings"] == here.results()["findings"]
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err


def test_no_secret_leaves(vcsim: Vcsim, tmp_path: Path) -> None:
    """Neither what a machine is told in its parameters, nor what we log in with."""
    planted(vcsim)
    held = tmp_path / "held"
    ran = auditor("collect", vcsim.target, *vcsim.options, *PROFILE, "--output", held)
    assert ran.code == 0, ran.err
    kept = bytes_below(held)
    assert b"guestinfo.db_password" in kept
    for secret in (CANARY, PASSWORD):
        assert secret.encode() not in kept + ran.out.encode() + ran.err.encode()


@pytest.mark.parametrize(
    ("chosen", "machines"),
    [("?datacenter=DC0", 2), ("?cluster=DC0_C0", 2), ("?datacenter=DC0&cluster=DC0_C0", 2)],
)
def test_a_part_of_a_vcenter(vcsim: Vcsim, chosen: str, machines: int) -> None:
    """What is below a datacenter or a cluster, and the scope is in the name of the target."""
    target = vcsim.target + chosen
    ran = auditor("scan", target, *vcsim.options, *PROFILE, "--format", "json")
    results = ran.results()
    assert results["targets"][0]["uri"] == target.replace("audit@", "")
    assert len(failing(results, "vsphere-vm-cd-connected")) == machines
    assert results["coverage"]["resources"]["vsphere/Host"]["seen"] == 2


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("?datacenter=DC9", "no datacenter is called 'DC9'"),
        ("?cluster=x", "no cluster is called 'x'"),
    ],
)
def test_a_part_that_is_not_there(vcsim: Vcsim, chosen: str, message: str) -> None:
    """Nothing passes of what was not found."""
    ran = auditor("scan", vcsim.target + chosen, *vcsim.options, *PROFILE)
    assert ran.code == 3, ran.out
    assert message in ran.out + ran.err


def test_doctor_says_what_may_be_read(vcsim: Vcsim) -> None:
    """The server, who we are to it, and each kind."""
    ran = auditor("doctor", vcsim.target, *vcsim.options, *PROFILE)
    assert ran.code == 0, ran.out + ran.err
    assert f"is reached at https://{vcsim.address}" in ran.out
    assert "as        audit" in ran.out


def test_a_session_that_somebody_opened(vcsim: Vcsim, tmp_path: Path) -> None:
    """It is used as it is, and its owner is in it afterwards."""
    administrator = vcsim.administrator()
    session = tmp_path / "session"
    session.write_text(administrator.cookie)
    target = vcsim.target.replace("audit@", "")
    options = ("--ca-file", str(vcsim.authority), "--session-file", session)
    ran = auditor("scan", target, *options, *PROFILE, "--format", "json")
    assert ran.results()["targets"][0]["state"] == "complete", ran.err
    assert len(administrator.machines()) == 2
    assert sessions(administrator) == 1


def test_a_session_beside_it(vcsim: Vcsim, tmp_path: Path) -> None:
    """A ticket is good once; what it opens is closed."""
    administrator = vcsim.administrator()
    answer = administrator.call("AcquireCloneTicket", *SESSIONS)
    (ticket,) = re.findall("<returnval>([^<]+)</returnval>", answer)
    session = tmp_path / "session"
    session.write_text(f"clone:{ticket}\n")
    options = ("--ca-file", str(vcsim.authority), "--session-file", session)
    ran = auditor("scan", vcsim.target, *options, *PROFILE, "--format", "json")
    assert ran.results()["targets"][0]["state"] == "complete", ran.err
    assert sessions(administrator) == 1
    again = auditor("scan", vcsim.target, *options, *PROFILE)
    assert again.code == 3
    assert "does not take the ticket of a session" in again.out + again.err
    assert ticket not in again.out + again.err


def test_a_session_that_was_ended(vcsim: Vcsim, tmp_path: Path) -> None:
    administrator = vcsim.administrator()
    session = tmp_path / "session"
    session.write_text(administrator.cookie)
    administrator.call("Logout", *SESSIONS)
    options = ("--ca-file", str(vcsim.authority), "--session-file", session)
    ran = auditor("scan", vcsim.target, *options, *PROFILE)
    assert ran.code == 3
    assert "the session that was given is not open there" in ran.out + ran.err


def sessions(administrator: Soap) -> int:
    """How many are open."""
    spec = (
        "<specSet><propSet><type>SessionManager</type><pathSet>sessionList</pathSet></propSet>"
        '<objectSet><obj type="SessionManager">SessionManager</obj></objectSet></specSet><options/>'
    )
    found = administrator.call("RetrievePropertiesEx", *COLLECTOR, spec)
    return found.count("<userName>")


def test_a_wrong_password_is_tried_once(vcsim: Vcsim, tmp_path: Path) -> None:
    """Accounts are locked after a few tries."""
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-password-12\n")
    options = ("--ca-file", str(vcsim.authority), "--password-file", str(wrong))
    ran = auditor("scan", vcsim.target, *options, *PROFILE)
    assert ran.code == 3
    assert "does not take the user or the password" in ran.out + ran.err
    assert "not-the-password-12" not in ran.out + ran.err
