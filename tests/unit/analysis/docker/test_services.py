"""Services of a swarm read as workloads: the form of API 1.41, and later fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.docker.services import Services
from auditor.analysis.table import ANALYSES
from auditor.engine.lines import source_pointer
from auditor.model.resource import Gap, Resource


def service(container: dict[str, Any], **task: Any) -> dict[str, Any]:
    """A service with one container, and what else its task has."""
    return {"Spec": {"Name": "a", "TaskTemplate": {"ContainerSpec": container, **task}}}


def derived(body: object, kind: str = "docker/Service") -> list[Resource | Gap]:
    return list(
        Services({}).derive(
            Resource(
                kind=kind,
                api_version="",
                name="a",
                namespace="",
                uid="",
                source="/services/a",
                document=0,
                line=0,
                body=json.dumps(body).encode(),
            )
        )
    )


def fields(body: object) -> dict[str, Any]:
    """The workload of a service."""
    [found] = derived(body)
    assert isinstance(found, Resource)
    assert found.kind == "docker/Workload"
    shown: dict[str, Any] = json.loads(found.body)
    return shown


def test_what_a_service_does_not_say() -> None:
    """What the image or the engine decides is absent; what no service can have is not."""
    found = fields(service({"Image": "web"}))
    assert found["form"] == "service"
    left = {"user", "healthcheck", "logDriver", "runtime", "networkMode", "networks", "shmSize"}
    assert not left & found.keys()
    assert (found["privileged"], found["pidMode"], found["devices"]) == (False, "", [])
    assert (found["restartPolicy"], found["restartRetries"]) == ("always", 0)
    assert (found["memory"], found["cpuLimited"], found["pidsLimit"]) == (0, False, 0)


FORMS: dict[str, tuple[dict[str, Any], str, object]] = {
    "a user": ({"User": "0:0"}, "user", "0:0"),
    "entrypoint and arguments": (
        {"Command": ["serve"], "Args": ["--port", "1"]},
        "command",
        ["serve", "--port", "1"],
    ),
    "variables": (
        {"Env": ["A=b=c", "D"]},
        "environment",
        [{"name": "A", "value": "b=c"}, {"name": "D"}],
    ),
    "capabilities have one name": (
        {"CapabilityAdd": ["CAP_SYS_ADMIN"]},
        "addedCapabilities",
        ["SYS_ADMIN"],
    ),
    "all are dropped": ({"CapabilityDrop": ["all"]}, "droppedCapabilities", ["ALL"]),
    "seccomp off": (
        {"Privileges": {"Seccomp": {"Mode": "unconfined"}}},
        "seccomp",
        "unconfined",
    ),
    "the engine's filter": ({"Privileges": {"Seccomp": {"Mode": "default"}}}, "seccomp", ""),
    "AppArmor off": ({"Privileges": {"AppArmor": {"Mode": "disabled"}}}, "appArmor", "unconfined"),
    "AppArmor as the engine has it": (
        {"Privileges": {"AppArmor": {"Mode": "default"}}},
        "appArmor",
        "",
    ),
    "no new privileges": ({"Privileges": {"NoNewPrivileges": True}}, "noNewPrivileges", True),
    "SELinux off": (
        {"Privileges": {"SELinuxContext": {"Disable": True, "Type": "a_t"}}},
        "selinux",
        ["disable"],
    ),
    "an SELinux label": (
        {"Privileges": {"SELinuxContext": {"Type": "a_t", "Level": "s0"}}},
        "selinux",
        ["type:a_t", "level:s0"],
    ),
    "privileges that are null": ({"Privileges": None}, "selinux", []),
    "a health check": ({"Healthcheck": {"Test": ["CMD", "true"]}}, "healthcheck", "set"),
    "its switch": ({"Healthcheck": {"Test": ["NONE"]}}, "healthcheck", "disabled"),
    "only read": ({"ReadOnly": True}, "readOnlyRootFilesystem", True),
    "a mount": (
        {
            "Mounts": [
                {
                    "Type": "bind",
                    "Source": "/etc",
                    "Target": "/e",
                    "ReadOnly": True,
                    "BindOptions": {"Propagation": "rshared"},
                }
            ]
        },
        "mounts",
        [
            {
                "type": "bind",
                "source": "/etc",
                "target": "/e",
                "readOnly": True,
                "propagation": "rshared",
            }
        ],
    ),
    "limits of processes": (
        {"Ulimits": [{"Name": "nofile", "Soft": -1, "Hard": -1}]},
        "ulimits",
        [{"name": "nofile", "soft": -1, "hard": -1}],
    ),
}


@pytest.mark.parametrize(("container", "name", "value"), FORMS.values(), ids=FORMS.keys())
def test_a_container(container: dict[str, Any], name: str, value: object) -> None:
    assert fields(service(container))[name] == value


TASKS: dict[str, tuple[dict[str, Any], dict[str, object]]] = {
    "limits": (
        {"Resources": {"Limits": {"NanoCPUs": 1, "MemoryBytes": 2, "Pids": 3}}},
        {"cpuLimited": True, "memory": 2, "pidsLimit": 3},
    ),
    "reservations are no limits": (
        {"Resources": {"Reservations": {"NanoCPUs": 1, "MemoryBytes": 2}}},
        {"cpuLimited": False, "memory": 0},
    ),
    "restarted some times": (
        {"RestartPolicy": {"Condition": "on-failure", "MaxAttempts": 3}},
        {"restartPolicy": "on-failure", "restartRetries": 3},
    ),
    "never restarted": ({"RestartPolicy": {"Condition": "none"}}, {"restartPolicy": "no"}),
    "always restarted": ({"RestartPolicy": {"Condition": "any"}}, {"restartPolicy": "always"}),
    "a log driver": ({"LogDriver": {"Name": "none"}}, {"logDriver": "none"}),
}


@pytest.mark.parametrize(("task", "shown"), TASKS.values(), ids=TASKS.keys())
def test_a_task(task: dict[str, Any], shown: dict[str, object]) -> None:
    found = fields(service({"Image": "web"}, **task))
    assert {name: found[name] for name in shown} == shown


@pytest.mark.parametrize(
    ("ports", "shown", "mode"),
    [
        pytest.param(
            [{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 81, "PublishMode": "ingress"}],
            [{"address": "", "hostPort": "81", "containerPort": "80/tcp"}],
            "ingress",
            id="on every host",
        ),
        pytest.param(
            [{"Protocol": "udp", "TargetPort": 53, "PublishMode": "host"}],
            [{"address": "", "hostPort": "", "containerPort": "53/udp"}],
            None,
            id="on one, of the engine's choice",
        ),
    ],
)
def test_ports(ports: list[Any], shown: list[Any], mode: str | None) -> None:
    body = service({"Image": "web"})
    body["Spec"]["EndpointSpec"] = {"Ports": ports}
    found = fields(body)
    assert found["ports"] == shown
    assert found.get("networkMode") == mode


def test_networks_are_known_by_ids_alone() -> None:
    """The host's own network is one of them, so that none is ruled out."""
    body = service({"Image": "web"}, Networks=[{"Target": "a493apupkw7oim1qb2wxagf2a"}])
    body["Spec"]["EndpointSpec"] = {"Ports": [{"TargetPort": 80, "PublishMode": "ingress"}]}
    assert "networkMode" not in fields(body)


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        (("user",), "/Spec/TaskTemplate/ContainerSpec/User"),
        (("mounts", 0, "source"), "/Spec/TaskTemplate/ContainerSpec/Mounts/0/Source"),
        (("memory",), "/Spec/TaskTemplate/Resources/Limits/MemoryBytes"),
        (("ports", 0, "containerPort"), "/Spec/EndpointSpec/Ports/0/TargetPort"),
        (("privileged",), None),
    ],
)
def test_fields_are_shown_as_the_engine_has_them(
    path: tuple[Any, ...], pointer: str | None
) -> None:
    body = service({"User": "0", "Mounts": [{"Type": "bind", "Source": "/"}]})
    body["Spec"]["EndpointSpec"] = {"Ports": [{"TargetPort": 80}]}
    [found] = derived(body)
    assert isinstance(found, Resource)
    assert source_pointer(found, path) == pointer


@pytest.mark.parametrize(
    ("driver", "options", "shown"),
    [
        ("local", {"type": "none", "o": "bind", "device": "/etc"}, ("bind", "/etc", "device")),
        ("", {"type": "proc", "device": "proc"}, ("bind", "/proc", "type")),
        ("rexray", {"type": "proc", "device": "proc"}, ("volume", "v", "")),
        ("local", {"type": "nfs", "device": ":/etc"}, ("volume", "v", "")),
    ],
)
def test_a_volume_that_is_made_of_the_host(
    driver: str, options: dict[str, str], shown: tuple[str, str, str]
) -> None:
    """As ``docker service create --mount type=volume,volume-opt=…`` says it."""
    made = {"DriverConfig": {"Name": driver, "Options": options}}
    body = service({"Mounts": [{"Type": "volume", "Source": "v", "VolumeOptions": made}]})
    [found] = derived(body)
    assert isinstance(found, Resource)
    [mount] = json.loads(found.body)["mounts"]
    assert (mount["type"], mount["source"]) == shown[:2]
    mounts = "/Spec/TaskTemplate/ContainerSpec/Mounts/0"
    said = f"/VolumeOptions/DriverConfig/Options/{shown[2]}" if shown[2] else "/Source"
    assert source_pointer(found, ("mounts", 0, "source")) == mounts + said


def test_what_is_no_service_of_containers() -> None:
    plugin = {"Spec": {"TaskTemplate": {"Runtime": "plugin", "PluginSpec": {"Name": "a"}}}}
    assert derived(plugin) == []
    assert derived(service({}), kind="docker/Container") == []


@pytest.mark.parametrize("body", [{}, {"Spec": {}}, service({"Env": "A=b"})])
def test_a_form_that_no_engine_writes(body: object) -> None:
    [gap] = derived(body)
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.cause.value) == ("docker/Service", "malformed")
    assert gap.detail.startswith("a: ")


def test_a_workload_rests_on_all_that_become_one() -> None:
    rests = ANALYSES.made({}).feeds["docker/Workload"][""]
    assert rests >= {"docker/Container", "docker/Service"}
