"""A simulated ESXi host that is asked by itself: what it tells, and what only a vCenter would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import auditor
from tests.engines.vcsim import Vcsim, Vcsims
from tests.live.test_vsphere import PROFILE, failing

HOST = "localhost.localdomain"
NOT_THERE = {
    *("vsphere/Cluster", "vsphere/PortGroup", "vsphere/Switch", "vsphere/Alarms"),
    *("vsphere/Extension", "vsphere/KeyProvider", "vsphere/GpuProfiles"),
}
"""Kinds that only a vCenter has."""


@pytest.fixture
def host(vcsims: Vcsims) -> Vcsim:
    return vcsims("-esx", "-exceptions", "svc-backup")


def test_a_host_is_judged(host: Vcsim) -> None:
    """It is read to its end, and the report says what a host by itself does not tell."""
    ran = auditor("scan", host.target, *host.options, *PROFILE, "--format", "json", "--all")
    assert ran.code == 1, ran.err
    results = ran.results()
    (target,) = results["targets"]
    assert (target["state"], results["gaps"]) == ("complete", [])
    assert target["version"].startswith("VMware ESXi ")
    assert target["uid"] == f"host:{host.address}"
    (note,) = target["notes"]
    assert note.startswith("a single host: clusters, distributed switches, ")
    assert failing(results, "vsphere-host-lockdown-off") == [HOST]
    assert failing(results, "vsphere-host-lockdown-exceptions") == [HOST]
    assert failing(results, "vsphere-access-gpus-of-all") == ["admin on /", "root on /"]
    assert len(failing(results, "vsphere-vm-cd-connected")) == 2
    seen = results["coverage"]["resources"]
    assert {"vsphere/Host", "vsphere/VirtualMachine", "vsphere/Role"} <= seen.keys()
    assert NOT_THERE.isdisjoint(seen)
    assert NOT_THERE.isdisjoint(each["resource"]["kind"] for each in results["findings"])


def test_it_says_so_to_people(host: Vcsim, tmp_path: Path) -> None:
    """On the screen, and of what was collected elsewhere."""
    screen = auditor("scan", host.target, *host.options, *PROFILE).out
    assert "a single host: clusters, distributed switches" in screen
    done = auditor("collect", host.target, *host.options, *PROFILE, "--output", tmp_path / "held")
    assert done.code == 0, done.err
    assert "a single host: clusters" in auditor("evaluate", tmp_path / "held", *PROFILE).out


def test_no_cluster_is_there_to_be_chosen(host: Vcsim) -> None:
    ran = auditor("scan", f"{host.target}?cluster=gpu", *host.options, *PROFILE)
    assert ran.code == 3
    assert "no cluster is called 'gpu'" in ran.out + ran.err


def test_doctor_finds_all_that_there_is(host: Vcsim) -> None:
    ran = auditor("doctor", host.target, *host.options, *PROFILE)
    assert ran.code == 0, ran.out + ran.err
    assert "VMware ESXi " in ran.out
