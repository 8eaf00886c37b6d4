"""Which container reaches which GPU, against the device nodes that the kernel shows of it.

The new engine finds two GPUs by a file of the Container Device Interface, and starts containers
with them: what a number of GPUs came to is seen there, and nowhere in what the engine tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker
from tests.live.kernel import Process

SECOND = "nvidia.com/gpu=GPU-c81e728d-9d4c-4f63-8f06-7f89cc14862c"
CONTAINERS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "zero": ("--gpus=0",),
    "one": ("--gpus=1",),
    "two": ("--gpus=2",),
    "every": ("--gpus=all",),
    "by-index": ("--gpus=device=1",),
    "node": ("--device=/dev/null:/dev/nvidia1",),
}
BY_NAME: Mapping[str, tuple[str, ...]] = {
    "by-name": ("nvidia.com/gpu=0",),
    "all-by-name": ("nvidia.com/gpu=all",),
    "by-both-names": ("nvidia.com/gpu=0", "nvidia.com/gpu=1"),
    "by-uuid": (SECOND,),
}
"""Devices that newer clients ask for with ``--device``."""
NAMES = (*CONTAINERS, *BY_NAME)
NODE = re.compile(r"/dev/nvidia(\d+)")


@pytest.fixture
def sharing(new_docker: Docker) -> Iterator[Docker]:
    label = "com.docker.compose.project"
    try:
        for name, options in CONTAINERS.items():
            new_docker.run(
                *("run", "--detach", "--name", name, "--network=none", f"--label={label}={name}"),
                *(*options, IMAGE, "sleep", "100000"),
            )
        for name, devices in BY_NAME.items():
            host = {
                "NetworkMode": "none",
                "DeviceRequests": [{"Driver": "cdi", "DeviceIDs": devices}],
            }
            settings = {"Image": IMAGE, "Cmd": ["sleep", "100000"], "Labels": {label: name}}
            new_docker.start(name, {**settings, "HostConfig": host})
        yield new_docker
    finally:
        new_docker.run("rm", "--force", *NAMES)


def nodes(docker: Docker) -> dict[str, set[str]]:
    """The GPUs of which the containers have nodes, by their indices."""
    found = docker.run("inspect", "--format", "{{.State.Pid}}", *NAMES).split()
    return {
        name: {match[1] for path in Process(int(number)).nodes if (match := NODE.fullmatch(path))}
        for name, number in zip(NAMES, found, strict=True)
    }


def test_who_reaches_which_gpu(sharing: Docker) -> None:
    """By an index or a number it is sure; a UUID may be any of the two, and never neither.

    A node by that name which is none of a GPU is told apart by its source.
    """
    ran = auditor("gpus", sharing.target, "--format", "json")
    devices = {each["device"]: each for each in json.loads(ran.out)["devices"]}
    claimed = {
        device: {tenant["tenant"]: tenant["certainty"] for tenant in each["tenants"]}
        for device, each in devices.items()
    }
    shown = nodes(sharing)
    assert shown["node"] == {"1"}, "which is a name of the null device"
    for index in ("0", "1"):
        told = claimed[index]
        sure = {name for name in told if name != "by-uuid"}
        assert sure == {name for name in shown if index in shown[name]} - {"node", "by-uuid"}
        assert told["by-uuid"] == "possible"
    assert shown["by-uuid"] == {"1"}
    assert claimed.keys() == {"0", "1", SECOND.partition("=")[2]}
