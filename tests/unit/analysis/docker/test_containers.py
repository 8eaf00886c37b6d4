"""Containers read as workloads, by the inspected form of two engines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.docker.containers import Containers
from auditor.analysis.docker.workload import Security, capability, security_of
from auditor.engine.lines import source_pointer
from auditor.model.resource import Gap, Resource

OFF = Security(no_new_privileges=False)
OPTIONS = {
    "nothing": ((), Security()),
    "alone it is on": (("no-new-privileges",), Security(no_new_privileges=True)),
    "with a colon": (("no-new-privileges:true",), Security(no_new_privileges=True)),
    "with an equals sign": (("no-new-privileges=true",), Security(no_new_privileges=True)),
    "off is off": (("no-new-privileges:false",), OFF),
    "Go's other spelling of it": (("no-new-privileges=F",), OFF),
    "the last one counts": (("no-new-privileges", "no-new-privileges=0"), OFF),
    "seccomp off": (("seccomp=unconfined",), Security(seccomp="unconfined")),
    "seccomp off, as it once was": (("seccomp:unconfined",), Security(seccomp="unconfined")),
    "the engine's own": (("seccomp=builtin",), Security(seccomp="builtin")),
    "a profile": (('seccomp={"defaultAction": "a"}',), Security(seccomp="custom")),
    "a name alone is no profile": (("seccomp",), Security(seccomp="custom")),
    "AppArmor": (("apparmor=unconfined",), Security(apparmor="unconfined")),
    "SELinux": (("label=disable", "label=type:a_t"), Security(selinux=("disable", "type:a_t"))),
    "paths": (("systempaths=unconfined",), Security(paths_unconfined=True)),
    "unknown": (("later=1", "?", ""), Security()),
}


@pytest.mark.parametrize(("options", "found"), OPTIONS.values(), ids=OPTIONS.keys())
def test_security_options(options: tuple[str, ...], found: Security) -> None:
    assert security_of(options) == found


@pytest.mark.parametrize("name", ["NET_RAW", "CAP_NET_RAW", "cap_net_raw", "net_raw"])
def test_capabilities_have_one_name(name: str) -> None:
    assert capability(name) == "NET_RAW"


def read(body: object) -> tuple[dict[str, Any], Resource]:
    """The workload of a container, and the fact."""
    [found] = Containers({}).derive(_resource(body))
    assert isinstance(found, Resource)
    return json.loads(found.body), found


def _resource(body: object, kind: str = "docker/Container") -> Resource:
    return Resource(
        kind=kind,
        api_version="",
        name="a",
        namespace="",
        uid="",
        source="/containers/a",
        document=0,
        line=0,
        body=json.dumps(body).encode(),
    )


OLD = {"HostConfig": {"NetworkMode": "default", "PortBindings": None, "PidsLimit": None}}
NEW = {"HostConfig": {"NetworkMode": "bridge", "PortBindings": {}, "PidsLimit": None}}


@pytest.mark.parametrize("body", [OLD, NEW], ids=["1.41", "1.56"])
def test_what_was_not_set(body: object) -> None:
    """As engines of both ends show a container without options."""
    found, _ = read(body)
    wanted = {"ports": [], "pidsLimit": 0, "memory": 0, "cpuLimited": False, "privileged": False}
    assert found.items() >= wanted.items()
    assert found["restartPolicy"] == ""


LIMITED = ({"NanoCpus": 1}, {"CpuQuota": 50_000}, {"CpusetCpus": "0-1"}, {"CpuShares": 512})


@pytest.mark.parametrize("host", LIMITED, ids=lambda each: next(iter(each)))
def test_each_way_to_limit_processors(host: dict[str, object]) -> None:
    found, fact = read({"HostConfig": host})
    assert found["cpuLimited"] is True
    assert source_pointer(fact, ("cpuLimited",)) is None


WHOLE = {
    "HostConfig": {
        "CapAdd": ["cap_sys_admin"],
        "PortBindings": {"80/tcp": [{"HostIp": "::", "HostPort": "8080"}], "81/tcp": []},
        "Devices": [{"PathOnHost": "/dev/nvidia0", "PathInContainer": "/dev/nvidia0"}],
        "DeviceRequests": [{"Count": -1, "DeviceIDs": None, "Capabilities": [["gpu"]]}],
    },
    "Config": {"Env": ["A=b=c", "ALONE"], "Healthcheck": {"Test": ["NONE"]}},
    "Mounts": [{"Type": "bind", "Source": "/etc", "Destination": "/e", "RW": False}],
}
POINTERS = {
    ("addedCapabilities", 0): "/HostConfig/CapAdd/0",
    ("ports", 0, "address"): "/HostConfig/PortBindings/80~1tcp/0/HostIp",
    ("devices", 0, "source"): "/HostConfig/Devices/0/PathOnHost",
    ("deviceRequests", 0, "ids"): "/HostConfig/DeviceRequests/0/DeviceIDs",
    ("environment", 0, "value"): "/Config/Env/0",
    ("mounts", 0, "source"): "/Mounts/0/Source",
    ("mounts", 0, "readOnly"): None,
    ("form",): None,
}


@pytest.mark.parametrize(("path", "pointer"), POINTERS.items(), ids=map(str, POINTERS))
def test_each_field_says_where_it_was_read(path: tuple[Any, ...], pointer: str | None) -> None:
    _, fact = read(WHOLE)
    assert source_pointer(fact, path) == pointer


def test_the_fields_of_a_container() -> None:
    found, fact = read(WHOLE)
    assert found["addedCapabilities"] == ["SYS_ADMIN"]
    assert found["ports"] == [{"address": "::", "hostPort": "8080", "containerPort": "80/tcp"}]
    assert found["environment"] == [{"name": "A", "value": "b=c"}, {"name": "ALONE"}]
    assert found["healthcheck"] == "disabled"
    assert found["mounts"][0] == {
        "type": "bind",
        "source": "/etc",
        "target": "/e",
        "readOnly": True,
        "propagation": "",
    }
    assert fact.kind == "docker/Workload"
    assert fact.parent is not None
    assert fact.parent.kind == "docker/Container"


MASKED = {"MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"]}


@pytest.mark.parametrize(
    ("paths", "unconfined"),
    [
        (MASKED, False),
        ({**MASKED, "MaskedPaths": []}, True),
        ({**MASKED, "ReadonlyPaths": []}, True),
        ({}, False),
    ],
    ids=["as the engine does it", "nothing hidden", "nothing only read", "not said"],
)
def test_system_paths_that_the_client_opened(paths: dict[str, object], *, unconfined: bool) -> None:
    """It takes ``systempaths`` out of the options, and sends empty lists."""
    found, _ = read({"HostConfig": {"SecurityOpt": [], **paths}})
    assert found["systemPathsUnconfined"] is unconfined


def test_what_is_no_container_is_a_gap() -> None:
    [gap] = Containers({}).derive(_resource({"HostConfig": {"Privileged": "yes"}}))
    assert isinstance(gap, Gap)
    assert gap.scope == "docker/Container"
    assert "Privileged" in gap.detail


def test_other_kinds_have_no_workload() -> None:
    assert list(Containers({}).derive(_resource({}, "docker/Info"))) == []
