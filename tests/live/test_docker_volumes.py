"""Folders of a host behind the name of a volume, as real engines show them."""

from __future__ import annotations

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker

SOCKETS, PATHS = "docker-container-socket-mounted", "docker-container-host-path-sensitive"


def test_what_the_kernel_shows_is_the_hosts_behind_a_volume(docker: Docker) -> None:
    """A container that may do nothing can write to it, where its own is read-only."""
    docker.run("volume", "create", "--opt=type=sysfs", "--opt=device=sysfs", "kernel")
    try:
        seen = ("run", "--network=none", "--cap-drop=ALL", "--name", "writes")
        grep = ("sh", "-c", "grep ' /x ' /proc/mounts")
        said = docker.run(*seen, "--volume=kernel:/x", IMAGE, *grep)
        assert said.startswith("sysfs /x sysfs rw")
        ran = auditor("scan", docker.target, "--no-host", "--format", "json")
        found = [each for each in ran.results()["findings"] if each["verdict"] == "fail"]
        told = {(each["rule"], each["resource"]["name"]) for each in found}
        assert {(PATHS, "writes"), ("docker-volume-host-path-sensitive", "kernel")} <= told
        message = next(each["message"] for each in found if each["rule"] == PATHS)
        assert message.startswith("writes mounts /sys of the host at /x")
    finally:
        docker.run("rm", "--force", "writes")
        docker.run("volume", "rm", "kernel")


def test_what_is_behind_a_volume_is_mounted(docker: Docker) -> None:
    """By the same rules as the folder itself, and as the compose file that comes to it."""
    options = ("--opt=type=none", "--opt=o=bind")
    docker.run("volume", "create", *options, "--opt=device=/var/run", "sockets")
    docker.run("volume", "create", *options, "--opt=device=/srv/data", "data")
    try:
        for name, volume in (("reaches", "sockets:/x"), ("keeps", "data:/x"), ("own", "plain:/x")):
            docker.run("create", "--name", name, "--volume", volume, IMAGE, "true")
        ran = auditor("scan", docker.target, "--no-host", "--format", "json")
        found = [each for each in ran.results()["findings"] if each["rule"] in {SOCKETS, PATHS}]
        assert {(each["rule"], each["resource"]["name"]) for each in found} == {
            (SOCKETS, "reaches"),
            (PATHS, "reaches"),
        }
        worst = next(each for each in found if each["rule"] == SOCKETS)
        assert worst["message"].startswith("reaches mounts /var/run at /x")
        assert [each["name"] for each in worst["related"]] == ["sockets"]
    finally:
        docker.run("rm", "--force", "reaches", "keeps", "own")
        docker.run("volume", "rm", "sockets", "data", "plain")
