"""What the parts of a host come to together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from auditor.analysis.docker.host import HostFacts
from auditor.model.fact import Fact, Spot
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import (
    HOST_AUDIT,
    HOST_AUDIT_RULES,
    HOST_DAEMON,
    HOST_DATA_ROOT,
    HOST_KEYS,
    HOST_MOUNTS,
    HOST_PROCESSES,
    HOST_SETTINGS,
    HOST_TLS,
    INFO,
)
from auditor.runner.rows import joined
from tests.unit.analysis.joining import rows_of

ROOT = {"user": 0, "group": 0}


def resource(kind: str, body: Mapping[str, Any]) -> Resource:
    name = kind.partition("/")[2]
    return Resource(kind, "", name, "", "", f"/host/{name}", 0, 0, msgspec.json.encode(body))


def host(
    lines: Sequence[str] = ("dockerd",),
    settings: Mapping[str, Any] | None = None,
    root: str = "/var/lib/docker",
    **more: Mapping[str, Any],
) -> list[Resource]:
    """A host with engines of some command lines."""
    engines = [{"arguments": line.split(" ")} for line in lines]
    parts = {
        INFO: {"DockerRootDir": root, "Name": "a"},
        HOST_PROCESSES: {"engines": engines, "proxies": 2, "shells": []},
        HOST_SETTINGS: {"settings": settings or {}},
        **{f"docker/{name}": body for name, body in more.items()},
    }
    return [resource(kind, body) for kind, body in parts.items()]


def facts(resources: Sequence[Resource]) -> dict[str, Fact | Gap]:
    analysis = HostFacts({})
    lines = sorted(rows_of(analysis, resources))
    found = [fact for each, groups in joined((analysis,), lines) for fact in each.derive(groups)]
    return {each.kind if isinstance(each, Fact) else each.scope: each for each in found}


def body(resources: Sequence[Resource], kind: str) -> dict[str, Any]:
    found = facts(resources)[kind]
    assert isinstance(found, Fact)
    decoded: dict[str, Any] = msgspec.json.decode(found.body)
    return decoded


def test_what_an_engine_does_by_itself() -> None:
    assert body(host(), HOST_DAEMON) == {
        "name": "dockerd",
        "proxies": 2,
        "logLevel": "info",
        "iptables": True,
        "userlandProxy": True,
        "cgroupParent": "",
        "ulimits": [],
    }


def test_settings_are_of_the_file_and_of_the_arguments() -> None:
    """A part of it may stand here and a part there; each says where it was read."""
    settings = {"iptables": False, "default-ulimits": {"nofile": {"Hard": 1}, "core": {}}}
    resources = host(["dockerd --userland-proxy=false -l warn"], settings)
    found = body(resources, HOST_DAEMON)
    assert (found["iptables"], found["userlandProxy"], found["logLevel"]) == (False, False, "warn")
    assert found["ulimits"] == ["core", "nofile"]
    fact = facts(resources)[HOST_DAEMON]
    assert isinstance(fact, Fact)
    assert fact.spot("/iptables") == Spot(1, "/settings/iptables")
    assert fact.spot("/logLevel") == Spot(0, "/engines/0/arguments")
    assert fact.spot("/cgroupParent") is None


@pytest.mark.parametrize(
    ("line", "settings"), [("dockerd -D", {}), ("dockerd", {"debug": True, "log-level": "warn"})]
)
def test_debug_is_a_level(line: str, settings: Mapping[str, Any]) -> None:
    assert body(host([line], settings), HOST_DAEMON)["logLevel"] == "debug"


def test_another_file_of_settings_is_not_known() -> None:
    """What only that file could say is absent; what the arguments say is known."""
    found = body(
        host(["dockerd --config-file /srv/d.json -l warn"], {"iptables": False}), HOST_DAEMON
    )
    assert found == {"name": "dockerd", "proxies": 2, "logLevel": "warn"}


ENGINES = {
    "two, and the data tells": (["dockerd", "dockerd -l warn --data-root /data"], "/data", "warn"),
    "one whose data is named by the file": (["dockerd -l warn"], "/srv/docker", "warn"),
    "users are mapped": (["dockerd -l warn --data-root /data"], "/data/100000.100000", "warn"),
}


@pytest.mark.parametrize(("lines", "root", "level"), ENGINES.values(), ids=ENGINES)
def test_which_engine(lines: list[str], root: str, level: str) -> None:
    settings = {"data-root": "/srv/docker"} if root.startswith("/srv") else {}
    assert body(host(lines, settings, root), HOST_DAEMON)["logLevel"] == level


NOBODY = {
    "another": (["dockerd --data-root /data"], "/var/lib/docker"),
    "two that look the same": (["dockerd", "dockerd"], "/var/lib/docker"),
    "a folder whose name begins so": (["dockerd --data-root /data"], "/data2"),
    "a folder below that maps nobody": (["dockerd --data-root /data"], "/data/docker"),
}


@pytest.mark.parametrize(("lines", "root"), NOBODY.values(), ids=NOBODY)
def test_which_engine_is_not_known(lines: list[str], root: str) -> None:
    keys = {"files": [], "folders": [], "account": ROOT}
    found = facts(host(lines, root=root, HostKeys=keys))
    for kind in (HOST_DAEMON, HOST_TLS):
        gap = found[kind]
        assert isinstance(gap, Gap)
        assert root in gap.detail


KEY = {"path": "/etc/docker/key.pem", "mode": 256, "owner": 0, "group": 0}
KEYS = {"files": [KEY], "folders": ["/etc/docker", "/root/.docker"], "account": ROOT}
TLS = {
    "no TLS": ({}, []),
    "a key": ({"tlsverify": True, "tlskey": "/etc/docker/key.pem"}, [KEY]),
    "a key, and TLS is off": ({"tlskey": "/etc/docker/key.pem"}, [KEY]),
    "one that is not there": ({"tlskey": "/etc/docker/none.pem"}, []),
    "one where nobody looked": ({"tlskey": "/srv/key.pem"}, [{"path": "/srv/key.pem"}]),
    "the usual one, which is not there": ({"tls": True}, []),
}


@pytest.mark.parametrize(("settings", "files"), TLS.values(), ids=TLS)
def test_files_of_tls(settings: Mapping[str, Any], files: list[Any]) -> None:
    found = body(host(settings=settings, HostKeys=KEYS), HOST_TLS)
    assert found["key"] == files
    assert found["account"] == ROOT


def test_the_usual_files_of_tls() -> None:
    usual = {"path": "/root/.docker/key.pem", "mode": 420}
    keys = {**KEYS, "files": [usual]}
    assert body(host(["dockerd --tlsverify"], HostKeys=keys), HOST_TLS)["key"] == [usual]
    closed = {**KEYS, "files": [], "folders": ["/etc/docker"]}
    found = body(host(["dockerd --tlsverify"], HostKeys=closed), HOST_TLS)
    assert found["key"] == [{"path": "/root/.docker/key.pem"}]


def test_files_of_tls_that_another_file_may_name() -> None:
    found = body(host(["dockerd --config-file=/a"], HostKeys=KEYS), HOST_TLS)
    assert found.keys() == {"name", "account"}


def mount(path: str, device: str) -> dict[str, str]:
    return {"path": path, "device": device, "type": "ext4"}


MOUNTS = {
    "on that of the host": ([mount("/", "8:1")], "/var/lib/docker", ["/"]),
    "a file system of its own": (
        [mount("/", "8:1"), mount("/var/lib/docker", "8:2")],
        "/var/lib/docker",
        ["/var/lib/docker"],
    ),
    "below one of its own, with users mapped": (
        [mount("/", "8:1"), mount("/var/lib/docker", "8:2")],
        "/var/lib/docker/100000.100000",
        ["/var/lib/docker"],
    ),
    "that of the host, mounted by the engine onto itself": (
        [mount("/", "8:1"), mount("/var/lib/docker", "8:1")],
        "/var/lib/docker",
        ["/", "/var/lib/docker"],
    ),
    "beside one whose name begins so": (
        [mount("/", "8:1"), mount("/var/lib/docker2", "8:2"), mount("/var/lib/dock", "8:3")],
        "/var/lib/docker",
        ["/"],
    ),
    "of an engine without root": (
        [mount("/", "8:1"), mount("/home", "8:2")],
        "/home/ada/.local/share/docker",
        ["/home"],
    ),
}


@pytest.mark.parametrize(("mounts", "root", "found"), MOUNTS.values(), ids=MOUNTS)
def test_the_file_system_of_the_data(
    mounts: list[dict[str, str]], root: str, found: list[str]
) -> None:
    """Not by a prefix of the text, and not by a mount point alone."""
    seen = body(host(root=root, HostMounts={"mounts": mounts}), HOST_DATA_ROOT)
    assert seen == {"path": root, "mountPoints": found}


RULES = {
    "installed": True,
    "enabled": 1,
    "rules": ["-w /usr/bin/dockerd -p x", "-w /lib/systemd -p wa", "-w /var/lib/docker -p wa"],
    "links": {"/lib": "/usr/lib"},
    "paths": {
        "dockerd": [{"path": "/usr/bin/dockerd"}],
        "runc": [{"path": "/usr/bin/runc"}],
        "serviceUnit": [{"path": "/usr/lib/systemd/system/docker.service"}],
        "settingsFile": [],
        "settingsFolder": [{"path": "/etc/docker", "unread": "permission denied"}],
    },
}


def test_what_audit_rules_watch() -> None:
    """A path that was not looked at has no answer, and folders are known by all their names."""
    found = body(host(HostAuditRules=RULES), HOST_AUDIT)
    watched = {
        role: [each.get("watched") for each in rows]
        for role, rows in found.items()
        if role != "installed"
    }
    assert watched == {
        "dockerd": [True],
        "runc": [False],
        "serviceUnit": [True],
        "settingsFile": [],
        "settingsFolder": [None],
        "dataRoot": [True],
    }
    assert found["installed"] is True


def test_rules_that_are_on_disk_alone() -> None:
    """They say what somebody meant, and nothing is recorded by them."""
    rules = {**RULES, "onDisk": ["-w /usr/bin -p x", "-D"]}
    found = body(host(HostAuditRules=rules), HOST_AUDIT)
    assert found["runc"] == [
        {"path": "/usr/bin/runc", "watched": False, "onDisk": "-w /usr/bin -p x"}
    ]
    assert "onDisk" not in found["dockerd"][0]


def test_rules_that_are_not_in_force() -> None:
    found = body(host(HostAuditRules={**RULES, "enabled": 0}), HOST_AUDIT)
    assert [each["watched"] for each in found["dockerd"]] == [False]


def test_a_part_that_was_not_read_costs_only_what_rests_on_it() -> None:
    everything = host(HostAuditRules=RULES, HostMounts={"mounts": []}, HostKeys=KEYS)
    assert facts(everything).keys() == {HOST_DAEMON, HOST_TLS, HOST_DATA_ROOT, HOST_AUDIT}
    for missing, lost in (
        (HOST_SETTINGS, {HOST_DAEMON, HOST_TLS}),
        (HOST_PROCESSES, {HOST_DAEMON, HOST_TLS}),
        (HOST_KEYS, {HOST_TLS}),
        (HOST_MOUNTS, {HOST_DATA_ROOT}),
        (HOST_AUDIT_RULES, {HOST_AUDIT}),
    ):
        left = [each for each in everything if each.kind != missing]
        assert facts(everything).keys() - facts(left).keys() == lost


def test_a_file_system_that_nobody_knows() -> None:
    found = body(host(HostMounts={"mounts": []}), HOST_DATA_ROOT)
    assert found == {"path": "/var/lib/docker"}
