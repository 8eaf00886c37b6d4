"""Services of compose files as workloads: what is written, what Compose decides, what not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.docker.compose import ComposeServices
from auditor.analysis.docker.workload import WORKLOAD
from auditor.engine.lines import source_pointer
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import COMPOSE_SERVICE, CONTAINER

OPEN = "{{ X }}"


def service(body: object, **more: Any) -> Resource:
    encoded = msgspec.json.encode(body)
    made = Resource(COMPOSE_SERVICE, "", "a", "", "u", "compose.yaml", 0, 7, encoded, clean=True)
    return msgspec.structs.replace(made, **more)


def derived(resource: Resource) -> Resource | Gap:
    found = list(ComposeServices({}).derive(resource))
    assert len(found) == 1
    return found[0]


def fact(body: object, **more: Any) -> dict[str, Any]:
    """The fields of the workload of a service."""
    found = derived(service(body, **more))
    assert isinstance(found, Resource), found
    assert found.kind == WORKLOAD
    made: dict[str, Any] = msgspec.json.decode(found.body)
    return made


def test_nothing_written() -> None:
    """What Compose and every engine decide is there, what image and daemon decide is not."""
    assert fact({"image": "x", "networks": {"default": {"name": "p_default"}}}) == {
        "form": "compose",
        "name": "a",
        "image": "x",
        "base": "",
        "labels": {},
        "command": [],
        "environment": [],
        "restartPolicy": "no",
        "restartRetries": 0,
        "logDriver": "",
        "privileged": False,
        "addedCapabilities": [],
        "droppedCapabilities": [],
        "networkMode": "p_default",
        "pidMode": "",
        "ipcMode": "",
        "utsMode": "",
        "userNamespaceMode": "",
        "cgroupNamespaceMode": "",
        "cgroupParent": "",
        "seccomp": "",
        "noNewPrivileges": False,
        "systemPathsUnconfined": False,
        "selinux": [],
        "appArmor": "",
        "readOnlyRootFilesystem": False,
        "devices": [],
        "deviceRequests": [],
        "deviceCgroupRules": [],
        "mounts": [],
        "ports": [],
        "publishAllPorts": False,
        "networks": ["p_default"],
        "memory": 0,
        "cpuLimited": False,
        "pidsLimit": 0,
        "ulimits": [],
    }


def test_nothing_is_said_of_what_is_only_changed() -> None:
    """Of a service that is laid over another one, only what is written."""
    assert fact({"read_only": True}, partial=True) == {
        "form": "compose",
        "name": "a",
        "labels": {},
        "readOnlyRootFilesystem": True,
    }


def mount(kind: str, source: str, target: str, *, read_only: bool = False) -> dict[str, Any]:
    found = {"type": kind, "source": source, "target": target}
    return {**found, "readOnly": read_only, "propagation": ""}


FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"privileged": True}, {"privileged": True}),
    ({"cap_add": ["cap_sys_admin", "all"]}, {"addedCapabilities": ["SYS_ADMIN", "ALL"]}),
    ({"user": ""}, {"user": None}),
    ({"user": "1000"}, {"user": "1000"}),
    ({"network_mode": "host"}, {"networkMode": "host", "networks": None}),
    ({"pid": "host", "ipc": "service:b"}, {"pidMode": "host", "ipcMode": "service:b"}),
    (
        {"security_opt": ["no-new-privileges:false", "seccomp=unconfined", "apparmor:x"]},
        {"noNewPrivileges": False, "seccomp": "unconfined", "appArmor": "x"},
    ),
    ({"security_opt": ["no-new-privileges"]}, {"noNewPrivileges": True}),
    ({}, {"command": []}),
    ({"entrypoint": ["a"], "command": ["b", "c"]}, {"command": ["a", "b", "c"]}),
    ({"healthcheck": {"test": ["NONE"]}}, {"healthcheck": "disabled"}),
    ({"healthcheck": {"disable": True}}, {"healthcheck": "disabled"}),
    ({"healthcheck": {"test": ["CMD", "x"]}}, {"healthcheck": "set"}),
    ({"healthcheck": {"interval": "1s"}}, {"healthcheck": None}),
    ({"restart": "on-failure:5"}, {"restartPolicy": "on-failure", "restartRetries": 5}),
    ({"restart": "always"}, {"restartPolicy": "always", "restartRetries": 0}),
    (
        {"restart": "always", "deploy": {"restart_policy": {"condition": "none"}}},
        {"restartPolicy": "no", "restartRetries": 0},
    ),
    ({"logging": {"driver": "none"}}, {"logDriver": "none"}),
    ({"logging": {"options": {"max-size": "9m"}}}, {"logDriver": ""}),
    ({"logging": {"driver": OPEN}}, {"logDriver": OPEN}),
    ({"runtime": "nvidia"}, {"runtime": "nvidia"}),
    (
        {"devices": [{"source": "/dev/a", "target": "/dev/b", "permissions": "r"}]},
        {"devices": [{"source": "/dev/a", "target": "/dev/b", "permissions": "r"}]},
    ),
    (
        {"devices": [{"source": "nvidia.com/gpu=0", "target": "nvidia.com/gpu=0"}]},
        {
            "devices": [],
            "deviceRequests": [
                {"driver": "cdi", "count": 0, "ids": ["nvidia.com/gpu=0"], "capabilities": []}
            ],
        },
    ),
    (
        {"gpus": [{"count": -1}]},
        {"deviceRequests": [{"driver": "", "count": -1, "ids": [], "capabilities": [["gpu"]]}]},
    ),
    (
        {
            "deploy": {
                "resources": {
                    "reservations": {"devices": [{"driver": "nvidia", "capabilities": ["gpu"]}]}
                }
            }
        },
        {
            "deviceRequests": [
                {"driver": "nvidia", "count": 0, "ids": [], "capabilities": [["gpu"]]}
            ]
        },
    ),
    (
        {
            "volumes": [
                {
                    "type": "bind",
                    "source": "/etc",
                    "target": "/e",
                    "bind": {"propagation": "shared"},
                }
            ]
        },
        {
            "mounts": [
                {
                    "type": "bind",
                    "source": "/etc",
                    "target": "/e",
                    "readOnly": False,
                    "propagation": "shared",
                }
            ]
        },
    ),
    (
        {"use_api_socket": True},
        {
            "mounts": [
                {
                    "type": "bind",
                    "source": "/var/run/docker.sock",
                    "target": "/var/run/docker.sock",
                    "readOnly": False,
                    "propagation": "",
                }
            ]
        },
    ),
    ({"volumes_from": ["b:ro"]}, {"mounts": [], "mountsFrom": ["b:ro"]}),
    ({"tmpfs": ["/x:size=1m"]}, {"mounts": [mount("tmpfs", "", "/x")]}),
    (
        {"volumes": [{"type": "volume", "source": "v", "target": "/v", "device": "/srv"}]},
        {"mounts": [mount("bind", "/srv", "/v")]},
    ),
    (
        {"secrets": [{"source": "a", "file": "/a"}, {"source": "b", "target": "/b"}]},
        {"mounts": [mount("bind", "/a", "/run/secrets/a", read_only=True)]},
    ),
    (
        {"configs": [{"source": "a", "file": "/a"}, {"source": "a", "target": "/b", "file": "/a"}]},
        {
            "mounts": [
                mount("bind", "/a", "/a", read_only=True),
                mount("bind", "/a", "/b", read_only=True),
            ]
        },
    ),
    (
        {"ports": [{"target": 80, "published": "8080", "protocol": "udp"}]},
        {"ports": [{"address": "", "hostPort": "8080", "containerPort": "80/udp"}]},
    ),
    ({"mem_limit": "1.5g", "cpus": 2}, {"memory": 1610612736, "cpuLimited": True}),
    (
        {"deploy": {"resources": {"limits": {"memory": "2 GiB", "cpus": "0.5", "pids": 9}}}},
        {"memory": 2147483648, "cpuLimited": True, "pidsLimit": 9},
    ),
    ({"pids_limit": -1, "cpuset": "0"}, {"pidsLimit": 0, "cpuLimited": False}),
    ({"shm_size": "64m"}, {"shmSize": 67108864}),
    (
        {"ulimits": {"nofile": 10, "core": {"soft": 1, "hard": 2}}},
        {
            "ulimits": [
                {"name": "nofile", "soft": 10, "hard": 10},
                {"name": "core", "soft": 1, "hard": 2},
            ]
        },
    ),
    ({"environment": {"A": "1"}}, {"environment": [{"name": "A", "value": "1"}]}),
    ({"privileged": OPEN}, {"privileged": OPEN}),
    ({"security_opt": [OPEN]}, {"seccomp": OPEN, "noNewPrivileges": OPEN}),
    ({"cpus": OPEN, "mem_limit": OPEN}, {"cpuLimited": OPEN, "memory": OPEN}),
    ({"healthcheck": {"disable": OPEN}}, {"healthcheck": OPEN}),
]


@pytest.mark.parametrize(("body", "wanted"), FIELDS)
def test_fields(body: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Each field means to rules what it means to the engine; what is open stays so."""
    found = fact({"image": "x", **body})
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        (("privileged",), "/privileged"),
        (("addedCapabilities", 1), "/cap_add/1"),
        (("mounts", 0, "source"), "/volumes/0/source"),
        (("mounts", 0, "readOnly"), "/volumes/0/read_only"),
        (("ports", 0, "address"), "/ports/0/host_ip"),
        (("environment", 0, "value"), "/environment/A~1B"),
        (("deviceRequests", 0, "count"), "/gpus/0/count"),
        (("deviceRequests", 1, "ids"), "/deploy/resources/reservations/devices/0/device_ids"),
        (("memory",), "/deploy/resources/limits/memory"),
        (("noNewPrivileges",), "/security_opt"),
        (("ulimits", 0, "soft"), "/ulimits/core"),
        (("form",), None),
    ],
)
def test_told_by_the_fields_of_the_file(path: tuple[str | int, ...], pointer: str | None) -> None:
    """A finding shows the field that a person wrote."""
    limits = {"limits": {"memory": "1g"}, "reservations": {"devices": [{"count": 1}]}}
    body = {
        "cap_add": ["A", "B"],
        "volumes": [{"type": "bind", "source": "/", "target": "/h"}],
        "ports": [{"target": 80}],
        "environment": {"A/B": "1"},
        "gpus": [{"count": 1}],
        "deploy": {"resources": limits},
        "ulimits": {"core": 1},
    }
    found = derived(service(body))
    assert isinstance(found, Resource)
    assert source_pointer(found, path) == pointer


def test_of_what_a_build_is_given_by_a_variable_the_name_alone() -> None:
    arguments = {"A": "1", "B": "{{ TOKEN }}", "C": None}
    found = fact({"build": {"context": ".", "args": arguments}})["buildArguments"]
    assert found == [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "C"}]
    assert "buildArguments" not in fact({"build": {"context": "."}})
    assert "buildArguments" not in fact({"build": {"args": ["odd"]}})


BUILDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {"buildPrivileged": False, "buildNetwork": "", "buildEntitlements": []}),
    "all": (
        {"privileged": True, "network": "host", "entitlements": ["security.insecure"]},
        {
            "buildPrivileged": True,
            "buildNetwork": "host",
            "buildEntitlements": ["security.insecure"],
        },
    ),
    "a variable": (
        {"privileged": "{{ P }}", "entitlements": ["{{ E }}"]},
        {"buildPrivileged": "{{ P }}", "buildNetwork": "", "buildEntitlements": ["{{ E }}"]},
    ),
}


@pytest.mark.parametrize(("build", "expected"), BUILDS.values(), ids=BUILDS.keys())
def test_what_the_steps_of_a_build_may_do(build: dict[str, Any], expected: dict[str, Any]) -> None:
    found = fact({"build": {"context": ".", **build}})
    assert {name: value for name, value in found.items() if name in expected} == expected


def test_of_an_image_that_is_not_built_nothing_is_said_of_a_build() -> None:
    assert not [name for name in fact({"image": "a"}) if name.startswith("build")]


def test_labels_of_the_container() -> None:
    """The container will have the labels of its project, as one that runs has."""
    labels = (("com.docker.compose.project", "p"), ("com.docker.compose.service", "a"))
    assert fact({"labels": {"own": "1"}}, labels=labels)["labels"] == {"own": "1", **dict(labels)}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"privileged": 1}, "privileged"),
        ({"build": {"privileged": 1}}, "privileged"),
        ({"build": {"network": ["host"]}}, "network"),
        ({"build": {"entitlements": "network.host"}}, "entitlements"),
        ({"cap_add": "ALL"}, "cap_add"),
        ({"cap_add": [1]}, "cap_add"),
        ({"ports": {"a": 1}}, "ports"),
        ({"volumes": [[1]]}, "volumes"),
        ({"ulimits": [1]}, "ulimits"),
        ({"mem_limit": "much"}, "much is not a size"),
        ({"deploy": {"resources": {"reservations": {"devices": [1]}}}}, "devices"),
    ],
)
def test_of_another_type(body: dict[str, Any], detail: str) -> None:
    """What Compose would not take is a gap at the service, and no workload."""
    found = derived(service(body))
    assert isinstance(found, Gap)
    assert (found.cause, found.scope, found.line) == (GapCause.MALFORMED, "compose.yaml", 7)
    assert found.detail.startswith("a: ")
    assert detail in found.detail


@pytest.mark.parametrize(
    "body",
    [
        {"devices": [{"source": 1, "target": 1}], "volumes": [{"bind": "x"}]},
        {"gpus": [{"capabilities": "gpu", "device_ids": None}], "deploy": []},
        {"logging": [], "healthcheck": {"test": "x"}, "labels": {}, "user": 0},
    ],
)
def test_odd_values(body: dict[str, Any]) -> None:
    """What is odd and says nothing more is passed over, not stumbled upon."""
    assert fact(body)["form"] == "compose"


def test_other_kinds() -> None:
    """Containers are read elsewhere."""
    other = msgspec.structs.replace(service({}), kind=CONTAINER)
    assert list(ComposeServices({}).derive(other)) == []
