"""The recorded host speaks as an engine does: it shows of containers what a real one shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.engines.dockerd import IMAGE, Docker
from tests.recorded.gpu_host import CONTAINERS, answers, container

SAME = (
    *("IpcMode", "Privileged", "SecurityOpt", "DeviceRequests", "PidsLimit", "ShmSize", "CapAdd"),
    *("CapDrop", "Memory", "RestartPolicy", "Ulimits", "ReadonlyRootfs", "Devices", "PidMode"),
    *("UTSMode", "UsernsMode", "CgroupParent", "DeviceCgroupRules", "PublishAllPorts"),
)
"""Fields that must be shown as the engine shows them, of what is asked for in the same words."""
OF_THEMSELVES = frozenset(
    {
        *("Networks", "Ports", "PortBindings", "Labels", "Options", "Runtimes", "IndexConfigs"),
        *("Containers", "Status", "Healthcheck", "Platform"),
    }
)
"""Fields whose own fields are names of things."""
SOMETIMES = frozenset(f"/Config/{name}" for name in ("Healthcheck", "User", "Cmd", "Env", "Labels"))
"""What an engine shows only where it is set."""


@pytest.fixture(scope="module")
def made(new_docker: Docker) -> Iterator[Docker]:
    """Containers like those that were recorded; made, and never started."""
    host = {"NetworkMode": "none", "NanoCpus": 0, "LogConfig": {"Type": "json-file"}}
    try:
        for name, each in CONTAINERS.items():
            settings = {"Image": IMAGE, "Cmd": ["true"], "HostConfig": {**each["host"], **host}}
            new_docker.create(name, settings)
        yield new_docker
    finally:
        new_docker.run("rm", "--force", *CONTAINERS)


def lacking(ours: Mapping[str, Any], theirs: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """The fields that we show and an engine does not."""
    for name, value in ours.items():
        if name not in theirs:
            yield f"{place}/{name}"
        elif isinstance(value, dict) and name not in OF_THEMSELVES:
            yield from lacking(value, theirs[name] or {}, f"{place}/{name}")


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_shown_as_an_engine_shows_it(made: Docker, name: str) -> None:
    ours, theirs = container(name), made.get(f"/containers/{name}/json")
    assert set(lacking(ours, theirs)) <= SOMETIMES
    host, there = ours["HostConfig"], theirs["HostConfig"]
    assert {field: host[field] for field in SAME} == {field: there[field] for field in SAME}
    for field in ("MaskedPaths", "ReadonlyPaths"):
        assert (host[field] is None) == (there[field] is None)


def test_the_engine_says_of_itself_what_an_engine_says(made: Docker) -> None:
    said = answers()
    for path in ("/info", "/version"):
        assert set(lacking(said[path], made.get(path))) == set()
    ours, theirs = said["/version"]["Components"], made.get("/version")["Components"]
    assert {each["Name"] for each in ours} <= {each["Name"] for each in theirs}


@pytest.mark.parametrize(
    ("listed", "one"), [("/networks", "/networks/{}"), ("/images/json", "/images/{}/json")]
)
def test_networks_and_images_are_shown_so(made: Docker, listed: str, one: str) -> None:
    theirs = made.get(one.format(made.get(listed)[0]["Id"]))
    for each in answers()[listed]:
        assert set(lacking(answers()[one.format(each["Id"])], theirs)) <= SOMETIMES


def test_the_history_of_an_image_is_shown_so(made: Docker) -> None:
    [image] = made.get("/images/json")
    theirs = made.get(f"/images/{image['Id']}/history")[0]
    found = [body for path, body in answers().items() if path.endswith("/history")]
    assert found
    assert not [layer for body in found for layer in body if layer.keys() - theirs.keys()]
