"""The UUID of a Docker host, by which it is one machine of a vCenter: who may read it, and who not.

The kernel of a test has no firmware, so it is put where the kernel of a machine shows it, in a
mount namespace of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.estate.uuids import turned
from tests.e2e.command import ROOT, Ran, auditor
from tests.engines.dockerd import IMAGE, Docker
from tests.engines.sshd import firmware
from tests.engines.sshd import running as sshd_running

VCENTER = ROOT / "examples" / "vcenter"
MACHINE = "/A/vm/docker/gpu-1"
NOBODY = "65533"


def uuid_of(machine: str) -> str:
    """The UUID of a machine of the example."""
    name = machine.rpartition("/")[2]
    (text,) = (
        each.read_text()
        for each in VCENTER.glob("*-VirtualMachine-*.xml")
        if f">{name}</val>" in each.read_text()
    )
    return re.findall("<uuid>([^<]+)</uuid>", text)[0]


@pytest.fixture
def container(new_docker: Docker) -> Any:
    """Somebody who has a GPU of the engine."""
    options = ("--detach", "--name", "job", "--network=none", "--gpus=1")
    new_docker.run("run", *options, IMAGE, "sleep", "100000")
    yield new_docker
    new_docker.run("rm", "--force", "job")


def joined(target: str, *options: str | Path, path: str = "") -> Ran:
    """Who shares a GPU, by what a vCenter and an engine tell."""
    env = {"PATH": path} if path else {}
    return auditor("gpus", VCENTER, target, *options, "--format", "json", env=env)


def ways(ran: Ran) -> set[tuple[str, str]]:
    """The machines that nodes were found to be, and by what."""
    return {
        (step["name"], step["by"])
        for device in json.loads(ran.out).get("joined", ())
        for tenant in device["tenants"]
        for step in tenant["path"]
        if step["layer"] == "machine"
    }


@pytest.mark.parametrize("order", ["as it is", "turned"])
def test_by_ssh(container: Docker, tmp_path: Path, order: str) -> None:
    """A login of root reads it; in either order of its bytes it is the machine."""
    uuid = uuid_of(MACHINE)
    told = turned(uuid) if order == "turned" else uuid
    with ExitStack() as stack:
        sshd = stack.enter_context(sshd_running(container, tmp_path, told))
        ran = joined(sshd.target, path=f"{sshd.programs}:{os.environ['PATH']}")
    assert (MACHINE, "product UUID") in ways(ran)


def test_a_firmware_that_tells_none(container: Docker, tmp_path: Path) -> None:
    """Nobody knows which machine it is, and none is picked."""
    with ExitStack() as stack:
        sshd = stack.enter_context(sshd_running(container, tmp_path))
        ran = joined(sshd.target, path=f"{sshd.programs}:{os.environ['PATH']}")
    assert "product UUID" not in {by for _, by in ways(ran)}


def printed(folder: Path, uuid: str, *login: str) -> Path:
    """What the script prints on a host whose firmware tells a UUID, run by somebody."""
    unshare = shutil.which("unshare")
    assert unshare is not None
    script = auditor("permissions", "docker", "--script", "--profile", "ai-platform").out
    held = folder / "script.sh"
    held.write_text(script)
    line = f"{firmware(folder, uuid)}exec {' '.join(login)} /bin/sh"
    done = subprocess.run(
        [unshare, "--mount", "sh", "-c", line],
        input=script.encode(),
        capture_output=True,
        check=True,
    )
    probes = folder / "host.probes"
    probes.write_bytes(done.stdout)
    return probes


def test_by_a_script_of_root(container: Docker, tmp_path: Path) -> None:
    probes = printed(tmp_path, uuid_of(MACHINE))
    ran = joined(container.target, "--host-probes", probes)
    assert (MACHINE, "product UUID") in ways(ran)


def test_by_a_script_of_somebody_else(container: Docker, tmp_path: Path) -> None:
    """The kernel refuses it, which is a gap, and is not the same as none."""
    login = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    probes = printed(tmp_path, uuid_of(MACHINE), *login)
    assert uuid_of(MACHINE).encode() not in probes.read_bytes()
    ran = joined(container.target, "--host-probes", probes)
    assert "product UUID" not in {by for _, by in ways(ran)}
    (gap,) = (each for each in json.loads(ran.out)["gaps"] if each["scope"] == "docker/HostMachine")
    assert gap["cause"] == "denied"
    assert "product_uuid" in gap["detail"]
