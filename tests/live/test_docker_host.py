"""The host beneath a real engine: by its socket, by SSH, and by what the script printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker
from tests.engines.sshd import Sshd

PROFILE = ("--profile", "cis-docker")
FILES = frozenset(f"3.{number}" for number in range(1, 25))
ENGINE = frozenset({"2.3", "2.4", "2.8", "2.10", "2.16"})
AUDITED = frozenset(f"1.1.{number}" for number in range(3, 19))
OTHERS = frozenset({"1.1.1", "1.1.2", "2.7", "5.7", "7.2"})
HOST = FILES | ENGINE | AUDITED | OTHERS
OF_RUN = frozenset({"1.1.4", "1.1.8", "3.15", "3.16", "3.23", "3.24"})
"""An SSH server of ours has a ``/run`` of its own."""


def of_host(results: dict[str, Any]) -> dict[str, str]:
    """The states of the controls that the host decides."""
    return {each["id"]: each["state"] for each in results["controls"] if each["id"] in HOST}


def scan(*arguments: str | Path, **env: str) -> dict[str, Any]:
    """The results of a scan."""
    ran = auditor("scan", *arguments, *PROFILE, "--format", "json", env=env or None)
    assert ran.code in {0, 1, 3}, ran.err
    return ran.results()


@pytest.fixture(scope="module")
def here(docker: Docker) -> dict[str, Any]:
    """The results of a scan by the socket, as the engine and its host are."""
    return scan(docker.target)


def test_by_its_socket(docker: Docker, here: dict[str, Any]) -> None:
    """Each control is decided, and that on the socket by the mode which it has."""
    found = of_host(here)
    assert found.keys() == HOST
    assert set(found.values()) <= {"satisfied", "not-satisfied"}
    open_to_others = docker.socket.stat().st_mode & 0o7777 & ~0o660
    assert found["3.16"] == ("not-satisfied" if open_to_others else "satisfied")
    assert here["targets"][0]["state"] == "complete"


def test_settings_in_effect(here: dict[str, Any]) -> None:
    """By the arguments of the engine that was asked, among those of all that run here."""
    found = of_host(here)
    assert (found["2.3"], found["2.4"], found["2.8"]) == (
        *("satisfied", "not-satisfied", "not-satisfied"),
    )
    (firewall,) = [
        each for each in here["findings"] if each["rule"] == "docker-host-firewall-unmanaged"
    ]
    assert firewall["observed"] == [{"path": firewall["observed"][0]["path"], "value": False}]
    assert re.fullmatch("/engines/[0-9]+/arguments", firewall["observed"][0]["path"])


def test_the_file_system_of_its_data(docker: Docker, here: dict[str, Any]) -> None:
    """As the kernel shows it: where the folder of the engine has the device of another one."""
    found = of_host(here)
    data = (docker.folder / "data").stat().st_dev
    shared = data in {each.stat().st_dev for each in (Path("/"), docker.folder.parent)}
    assert found["1.1.1"] == ("not-satisfied" if shared else "satisfied")


SHELL = """
printf '#!/bin/sh\\nsleep 100000\\n' > /bin/sshd; busybox chmod +x /bin/sshd; exec /bin/sshd
"""


def test_an_ssh_server_in_a_container(docker: Docker) -> None:
    """The host sees its process, and by its control group in which container it is."""
    container = docker.run("run", "--detach", "--name", "shells", IMAGE, "sh", "-c", SHELL)
    try:
        results = scan(docker.target)
    finally:
        docker.run("rm", "--force", "shells")
    (found,) = [
        each for each in results["findings"] if each["rule"] == "docker-container-shell-server"
    ]
    assert container[:12] in found["message"]
    assert of_host(results)["5.7"] == "not-satisfied"


def test_a_socket_that_everybody_may_open(docker: Docker) -> None:
    """What the kernel shows and what we say is the same, and the finding names the bits."""
    before = docker.socket.stat().st_mode & 0o7777
    docker.socket.chmod(0o666)
    try:
        results = scan(docker.target)
    finally:
        docker.socket.chmod(before)
    (found,) = [
        each for each in results["findings"] if each["rule"] == "docker-host-engine-socket-mode"
    ]
    assert found["message"] == f"beyond 660: {docker.socket} has 0666"
    assert found["resource"]["kind"] == "docker/HostEngineSocket"


def test_by_ssh(docker: Docker, sshd: Sshd) -> None:
    """One more connection, which runs the script; it comes to what we see by ourselves."""
    there = of_host(scan(sshd.target, PATH=f"{sshd.programs}:{os.environ['PATH']}"))
    here = of_host(scan(docker.target))
    assert {name: there[name] for name in HOST - OF_RUN} == {
        name: here[name] for name in HOST - OF_RUN
    }
    assert set(there.values()) <= {"satisfied", "not-satisfied"}


def test_by_what_the_script_printed(docker: Docker, tmp_path: Path) -> None:
    """It is evidence like any other: judged elsewhere, verified and replayed to the same bytes."""
    script = auditor("permissions", "docker", "--script").out
    probes, held, bundle = tmp_path / "a.probes", tmp_path / "held", tmp_path / "bundle"
    done = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True)
    probes.write_bytes(done.stdout)
    options = ("--host-probes", probes)
    collected = auditor("collect", docker.target, *PROFILE, *options, "--output", held)
    assert collected.code == 0, collected.out + collected.err
    here = scan(docker.target, *options, "--output", bundle)
    assert "the host was looked at by a script" in here["targets"][0]["notes"][0]
    there = auditor("evaluate", held, *PROFILE, "--format", "json").results()
    assert of_host(there) == of_host(here)
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err


def test_without_the_host(docker: Docker) -> None:
    """The kinds are named that nobody looked at, with the reason; no control is satisfied by it."""
    results = scan(docker.target, "--no-host")
    assert set(of_host(results).values()) == {"undetermined"}
    excluded = {each["kind"]: each["reason"] for each in results["targets"][0]["excluded"]}
    assert excluded["docker/HostServiceUnit"] == "--no-host"


def test_doctor_says_which_parts_of_the_host_are_known(docker: Docker) -> None:
    ran = auditor("doctor", docker.target, *PROFILE, "--no-host")
    assert ran.code == 0, ran.out + ran.err
    assert "never     docker/HostServiceUnit, --no-host: 2 rules without a say on it" in ran.out
    assert "docker-host-service-unit-owner" in ran.out
    assert re.search(
        r"^  open      cis-docker 1\.1\.1, 1\.1\.2, .*3\.2, 3\.3", ran.out, re.MULTILINE | re.DOTALL
    )
    found = json.loads(auditor("doctor", docker.target, *PROFILE, "--no-host", "--json").out)
    assert set(found["open"]["cis-docker"]) == HOST


def test_an_ssh_that_prints_something_else(docker: Docker, sshd: Sshd, tmp_path: Path) -> None:
    """What runs the script lies or breaks off: the host is a gap, and the engine is read."""
    wrapper = tmp_path / "ssh"
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in *"sh -s") head -c 5000 /dev/zero; exit 0 ;; esac\n'
        f'exec {sshd.programs / "ssh"} "$@"\n'
    )
    wrapper.chmod(0o700)
    results = scan(sshd.target, PATH=f"{tmp_path}:{os.environ['PATH']}")
    gaps = {each["scope"]: each for each in results["gaps"]}
    assert {each["cause"] for each in gaps.values()} == {"malformed"}
    assert all(scope.startswith("docker/Host") for scope in gaps)
    assert "there is no line 'auditor-host 1'" in gaps["docker/HostServiceUnit"]["detail"]
    assert set(of_host(results).values()) == {"undetermined"}
    states = {each["id"]: each["state"] for each in results["controls"]}
    assert states["2.5"] == "satisfied"
