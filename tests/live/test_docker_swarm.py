"""A swarm of one node on a real Docker Engine: its services are judged as containers are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker

SERVICE = ("service", "create", "--detach", "--replicas", "0", "--name")


@pytest.fixture
def swarm(docker: Docker) -> Iterator[Docker]:
    """A manager that listens on this machine alone; no task of it has to run."""
    here = "127.0.0.1:2377"
    docker.run("swarm", "init", "--advertise-addr", here, "--listen-addr", here)
    try:
        yield docker
    finally:
        docker.run("swarm", "leave", "--force")


def of(results: dict[str, Any], verdict: str, rule: str) -> set[str]:
    """The names of resources of which a rule said a verdict."""
    return {
        each["resource"]["name"]
        for each in results["findings"]
        if (each["rule"], each["verdict"]) == (rule, verdict)
    }


def test_services_and_networks_of_a_swarm(swarm: Docker) -> None:
    """What a service asks for is judged; what it leaves to its image is not known."""
    swarm.run(
        *(*SERVICE, "open", "--cap-add", "SYS_ADMIN", "--publish", "8080:80"),
        *("--user", "0:0", "--mount", "type=bind,source=/etc,target=/e", IMAGE, "sleep", "9"),
    )
    swarm.run(
        *(*SERVICE, "kept", "--cap-drop", "ALL", "--user", "1000", "--limit-memory", "64m"),
        *("--read-only", "--limit-pids", "9", IMAGE, "sleep", "9"),
    )
    swarm.run(*SERVICE, "as-it-is", IMAGE, "sleep", "9")
    swarm.run("network", "create", "--driver", "overlay", "--opt", "encrypted", "closed")
    swarm.run("network", "create", "--driver", "overlay", "--opt", "encrypted=false", "as-closed")
    swarm.run("network", "create", "--driver", "overlay", "plain")
    ran = auditor("scan", swarm.target, "--profile", "cis-docker", "--format", "json")
    assert ran.code == 1, ran.err
    results = ran.results()
    assert of(results, "fail", "docker-container-capability-dangerous") == {"open"}
    assert of(results, "fail", "docker-container-port-all-addresses") == {"open"}
    assert of(results, "fail", "docker-container-host-path-sensitive") == {"open"}
    assert of(results, "fail", "docker-container-root-user") == {"open"}
    assert of(results, "unknown", "docker-container-root-user") == {"as-it-is"}
    assert of(results, "fail", "docker-container-memory-unlimited") == {"open", "as-it-is"}
    assert not of(results, "fail", "docker-container-privileged")
    assert of(results, "fail", "docker-network-overlay-unencrypted") == {"ingress", "plain"}
    assert of(results, "fail", "docker-swarm-autolock-off") == {"swarm"}
    assert not of(results, "fail", "docker-swarm-certificates-long")
    name = swarm.run("info", "--format", "{{.Name}}")
    assert of(results, "fail", "docker-swarm-managers") == {name}
    found = next(each for each in results["findings"] if each["resource"]["name"] == "open")
    assert found["resource"]["kind"] == "docker/Service"
