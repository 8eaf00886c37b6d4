"""By which doors a container reaches GPUs, by its inspected form."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.docker.doors import device_id, doors_of
from tests.unit.analysis.docker.test_containers import read

NVIDIA = {"Runtime": "nvidia"}


def request(**fields: object) -> dict[str, object]:
    return {"HostConfig": {"DeviceRequests": [{"Capabilities": [["gpu"]], **fields}]}}


def environment(*entries: str, runtime: str = "nvidia") -> dict[str, object]:
    return {"HostConfig": {"Runtime": runtime}, "Config": {"Env": list(entries)}}


def host(**fields: object) -> dict[str, object]:
    return {"HostConfig": fields}


def mount(source: str, target: str = "/x") -> dict[str, object]:
    return {"HostConfig": {}, "Mounts": [{"Type": "bind", "Source": source, "Destination": target}]}


RULE = "c 195:* rwm"
DOORS: dict[str, tuple[dict[str, object], list[tuple[str, str, str]]]] = {
    "none": (host(), []),
    "all of them": (request(Count=-1), [("request", "all", "exact")]),
    "two of them": (
        request(Count=2),
        [("request", "0", "proven"), ("request", "1", "proven")],
    ),
    "a count of none": (request(Count=0), []),
    "named": (
        request(DeviceIDs=["1", "GPU-a"]),
        [("request", "1", "exact"), ("request", "GPU-a", "exact")],
    ),
    "by CDI": (
        host(DeviceRequests=[{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=0"]}]),
        [("request", "0", "exact")],
    ),
    "all by CDI": (
        host(DeviceRequests=[{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=all"]}]),
        [("request", "all", "exact")],
    ),
    "of another vendor": (
        host(DeviceRequests=[{"Driver": "cdi", "DeviceIDs": ["amd.com/gpu=0"]}]),
        [("request", "amd.com/gpu=0", "exact")],
    ),
    "of AMD's own driver": (
        host(DeviceRequests=[{"Driver": "amd", "Count": 2, "Capabilities": [["gpu"]]}]),
        [("request", "amd.com/gpu=0", "proven"), ("request", "amd.com/gpu=1", "proven")],
    ),
    "all of AMD's own driver": (
        host(DeviceRequests=[{"Driver": "amd", "Count": -1, "Capabilities": [["gpu"]]}]),
        [("request", "amd.com/gpu=all", "exact")],
    ),
    "AMD's variable": (
        environment("AMD_VISIBLE_DEVICES=0, 2-3,x,0xef2c1799a1f3e2ed", runtime="amd"),
        [
            ("environment", "amd.com/gpu=0", "exact"),
            ("environment", "amd.com/gpu=2", "exact"),
            ("environment", "amd.com/gpu=3", "exact"),
            ("environment", "amd.com/gpu=0xef2c1799a1f3e2ed", "exact"),
        ],
    ),
    "all by AMD's variable, the last one": (
        environment("AMD_VISIBLE_DEVICES=none", "AMD_VISIBLE_DEVICES=ALL", runtime="amd"),
        [("environment", "amd.com/gpu=all", "exact")],
    ),
    "none by AMD's variable": (environment("AMD_VISIBLE_DEVICES=none", runtime="amd"), []),
    "AMD's variable without its runtime": (environment("AMD_VISIBLE_DEVICES=all"), []),
    "NVIDIA's variable with AMD's runtime": (
        environment("NVIDIA_VISIBLE_DEVICES=all", runtime="amd"),
        [],
    ),
    "a range without an end": (
        environment("AMD_VISIBLE_DEVICES=5-2,0-", runtime="amd"),
        [],
    ),
    "of no GPU": (host(DeviceRequests=[{"Count": 1, "Capabilities": [["tpm"]]}]), []),
    "a variable": (environment("NVIDIA_VISIBLE_DEVICES=all"), [("environment", "all", "possible")]),
    "a variable in a mode of the runtime": (
        environment("NVIDIA_VISIBLE_DEVICES=0", runtime="nvidia-legacy"),
        [("environment", "0", "possible")],
    ),
    "a variable in another mode": (
        environment("NVIDIA_VISIBLE_DEVICES=0", runtime="nvidia-cdi"),
        [("environment", "0", "possible")],
    ),
    "a variable that nothing reads": (
        environment("NVIDIA_VISIBLE_DEVICES=all", runtime="io.containerd.nvidia-like.v1"),
        [],
    ),
    "a variable with two": (
        environment("NVIDIA_VISIBLE_DEVICES=0, 3"),
        [("environment", "0", "possible"), ("environment", "3", "possible")],
    ),
    "void anywhere": (environment("NVIDIA_VISIBLE_DEVICES=0,void"), []),
    "set but empty": (environment("NVIDIA_VISIBLE_DEVICES=", "CUDA_VERSION=12"), []),
    "a legacy image": (environment("CUDA_VERSION=9"), [("environment", "all", "possible")]),
    "no legacy image": (environment("CUDA_VERSION=12", "NVIDIA_REQUIRE_CUDA=cuda>=12"), []),
    "the last one counts": (
        environment("NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_VISIBLE_DEVICES=void"),
        [],
    ),
    "another runtime": (environment("NVIDIA_VISIBLE_DEVICES=all", runtime="runc"), []),
    "privileged": (host(Privileged=True), [("privileged", "all", "exact")]),
    "a device": (
        host(Devices=[{"PathOnHost": "/dev/nvidia1"}, {"PathOnHost": "/dev/nvidiactl"}]),
        [("device", "1", "exact")],
    ),
    "AMD's": (
        host(Devices=[{"PathOnHost": "/dev/kfd"}, {"PathOnHost": "/dev/dri/renderD128"}]),
        [("device", "/dev/dri/renderD128", "exact")],
    ),
    "what all of AMD's have in common": (host(Devices=[{"PathOnHost": "/dev/kfd"}]), []),
    "a harmless device": (host(Devices=[{"PathOnHost": "/dev/fuse"}]), []),
    "a rule, with a right that is there by itself": (
        host(DeviceCgroupRules=[RULE]),
        [("device-rule", "all", "possible")],
    ),
    "a rule without that right": (host(DeviceCgroupRules=[RULE], CapDrop=["MKNOD"]), []),
    "a rule with that right given back": (
        host(DeviceCgroupRules=[RULE], CapDrop=["all"], CapAdd=["cap_mknod"]),
        [("device-rule", "all", "possible")],
    ),
    "a rule for others": (host(DeviceCgroupRules=["c 10:200 rwm"]), []),
    "the folder of devices": (mount("/dev"), [("device-folder", "all", "possible")]),
    "a folder of the toolkit": (
        mount("/dev/null", "/var/run/nvidia-container-devices/GPU-a"),
        [("device-mount", "GPU-a", "possible")],
    ),
    "another folder": (mount("/data"), []),
}


@pytest.mark.parametrize(("body", "wanted"), DOORS.values(), ids=DOORS.keys())
def test_doors(body: dict[str, object], wanted: list[tuple[str, str, str]]) -> None:
    found: dict[str, Any]
    found, _ = read(body)
    assert [(each.name, each.device, each.certainty.word) for each in doors_of(found)] == wanted


def test_without_a_runtime_it_may_be_that_of_nvidia() -> None:
    """As in a compose file, which leaves it to the host."""
    entry = {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}
    assert [each.device for each in doors_of({"environment": [entry]})] == ["all"]


@pytest.mark.parametrize(
    ("name", "device"),
    [("nvidia.com/gpu=GPU-a", "GPU-a"), ("0", "0"), ("intel.com/gpu=0", "intel.com/gpu=0")],
)
def test_names_of_devices(name: str, device: str) -> None:
    assert device_id(name) == device
