"""A real Docker Engine, asked over its socket."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker
from tests.engines.sshd import Sshd

PROFILE = ("--profile", "cis-docker")
MOVING = ("docker/Info", "docker/Host")
"""Kinds of which the bytes differ from one moment to the next; facts of hosts rest on the first."""
VISIBLE = "NVIDIA_VISIBLE_DEVICES"
FOREVER = (IMAGE, "sleep", "100000")


@pytest.fixture(scope="module")
def containers(docker: Docker) -> Iterator[Docker]:
    """One that keeps to itself, and one that was never started: not every kernel lets it.

    No test changes them, and each looks for what it has made itself by its name.
    """
    docker.run("run", "--detach", "--name", "plain", *FOREVER)
    docker.run("create", "--name", "latent", "--privileged", "--publish", "8080:80", *FOREVER)
    try:
        yield docker
    finally:
        docker.run("rm", "--force", "plain", "latent")


def failing(results: dict[str, Any], rule: str) -> list[str]:
    """The names of what fails a rule."""
    found = (each for each in results["findings"] if each["rule"] == rule)
    return sorted(each["resource"]["name"] for each in found if each["verdict"] == "fail")


def timeless(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings, without the digests of what moves: ``/info`` holds the time it was asked."""
    return [
        {**each, "evidence": []} if each["resource"]["kind"].startswith(MOVING) else each
        for each in results["findings"]
    ]


def test_the_engines_are_those_of_both_ends(old_docker: Docker, new_docker: Docker) -> None:
    assert (old_docker.version, new_docker.version) == ("1.41", "1.56")


def test_a_host_is_scanned(containers: Docker) -> None:
    """Containers are judged whether they run or not, and shown by the fields of the engine."""
    ran = auditor("scan", containers.target, *PROFILE, "--format", "json")
    assert ran.code == 1, ran.err
    results = ran.results()
    assert failing(results, "docker-container-privileged") == ["latent"]
    found = next(each for each in results["findings"] if each["resource"]["name"] == "latent")
    assert found["observed"] == [{"path": "/HostConfig/Privileged", "value": True}]
    assert found["resource"]["kind"] == "docker/Container"
    assert results["targets"][0]["state"] == "complete"


def test_what_was_collected_is_judged_elsewhere(containers: Docker, tmp_path: Path) -> None:
    """The bundle of a collection comes to the findings of a scan, and replays to its bytes."""
    bundle, held = tmp_path / "bundle", tmp_path / "held"
    assert auditor("collect", containers.target, *PROFILE, "--output", held).code == 0
    here = auditor("scan", containers.target, *PROFILE, "--format", "json", "--output", bundle)
    there = auditor("evaluate", held, *PROFILE, "--format", "json")
    assert there.code == 1, there.err
    assert timeless(there.results()) == timeless(here.results())
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err


def test_doctor_says_what_may_be_read(containers: Docker) -> None:
    """Through a socket everything may be read; whoever reaches it is not told apart."""
    ran = auditor("doctor", containers.target, *PROFILE)
    assert ran.code == 0, ran.out + ran.err
    assert f"is reached at {containers.socket}" in ran.out
    assert "whoever reaches the API" in ran.out


def test_no_secret_of_a_container_leaves(containers: Docker, tmp_path: Path) -> None:
    """What an environment holds is replaced before anything is kept."""
    canary = "zX9cV7bN5mK3jH1gF8dS6aQ4wE2rT0yU"
    containers.run("run", "--detach", "--name", "told", "--env", f"API_TOKEN={canary}", *FOREVER)
    try:
        held = tmp_path / "held"
        assert auditor("collect", containers.target, *PROFILE, "--output", held).code == 0
        ran = auditor("evaluate", held, *PROFILE, "--format", "json")
        assert canary not in ran.out + ran.err
        assert not [path for path in held.rglob("*") if canary.encode() in _content(path)]
    finally:
        containers.run("rm", "--force", "told")


def _content(path: Path) -> bytes:
    if not path.is_file():
        return b""
    data = path.read_bytes()
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard  # noqa: PLC0415 - only blocks of bodies need it

        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


@pytest.fixture
def sharing(containers: Docker) -> Iterator[Docker]:
    """Beside those, three that have GPUs, of three tenants, and one that was never started."""
    docker = containers
    gpus = ("--runtime", "nvidia", "--env")
    project = ("--label", "com.docker.compose.project=vision")
    every = ("--env", "NVIDIA_VISIBLE_DEVICES=all", "--runtime", "nvidia")
    docker.run("run", "--detach", "--name", "train", *project, *gpus, f"{VISIBLE}=0,1", *FOREVER)
    docker.run("run", "--detach", "--name", "chat", *gpus, f"{VISIBLE}=1", *FOREVER)
    docker.run("run", "--detach", "--name", "shell", "--volume", "/dev:/host", *FOREVER)
    docker.run("create", "--name", "later", *every, *FOREVER)
    try:
        yield docker
    finally:
        docker.run("rm", "--force", "train", "chat", "shell", "later")


def test_who_shares_a_gpu(sharing: Docker) -> None:
    """Containers that run, by the doors that the engine shows."""
    ran = auditor("gpus", sharing.target, "--format", "json")
    matrix = json.loads(ran.out)
    devices = {each["device"]: each for each in matrix["devices"]}
    assert {
        device: [tenant["tenant"] for tenant in each["tenants"]] for device, each in devices.items()
    } == {"0": ["vision"], "1": ["chat", "vision"]}
    found = {
        tuple(share["tenants"]): (share["mechanism"], share["certainty"])
        for share in devices["1"]["shares"]
    }
    assert found == {
        ("chat", "vision"): ("overlapping-requests", "possible"),
        ("chat", "shell"): ("bypass", "possible"),
        ("shell", "vision"): ("bypass", "possible"),
    }
    screen = auditor("gpus", sharing.target)
    assert "later" not in screen.out
    assert "vision" in screen.out


def test_a_host_over_ssh(containers: Docker, sshd: Sshd) -> None:
    """What is behind an SSH server comes to the same findings as its socket."""
    env = {"PATH": f"{sshd.programs}:{os.environ['PATH']}"}
    ran = auditor("scan", sshd.target, *PROFILE, "--format", "json", env=env)
    assert ran.code == 1, ran.err
    assert failing(ran.results(), "docker-container-privileged") == ["latent"]
    there = auditor("scan", containers.target, *PROFILE, "--format", "json").results()
    assert _verdicts(ran.results()) == _verdicts(there)


def test_an_ssh_server_that_lets_nobody_in(sshd: Sshd) -> None:
    """It is said at once: nothing is asked of a person."""
    ran = auditor("scan", sshd.target, *PROFILE)
    assert ran.code == 3, ran.out + ran.err
    assert "PASS" not in ran.out


def _verdicts(results: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is said of the engine and of what it runs; ``test_docker_host`` has the host beneath."""
    return [
        (each["rule"], each["verdict"], each["resource"]["name"])
        for each in results["findings"]
        if not each["resource"]["kind"].startswith("docker/Host")
    ]
