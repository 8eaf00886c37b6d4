"""What rules say of running containers, against what the kernel shows of their processes.

Containers are put together of options by chance, each of them several times, and started on real
engines. For each container and each rule that the kernel can answer, both must say the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker
from tests.live.kernel import Mount, Process, paths_on

C = "docker-container-"
EVERY = "id: every\ntitle: All\ndescription: All.\nselect: [{tags: [docker]}]\ngate: high\n"
CONTAINERS = 13
AT_ONCE = 4
Options = tuple[str, ...]

AXES: Mapping[str, Sequence[Options]] = {
    "user": (
        *((), ("--user=1000:1000",), ("--user=app:0",)),
        *(("--user=0:0",), ("--user=root:1000",), ("--user=00",)),
    ),
    "memory": ((), ("--memory=64m",)),
    "processor": (
        *((), ("--cpus=0.5",), ("--cpu-shares=512",), ("--cpuset-cpus=0",)),
        ("--cpu-quota=50000",),
    ),
    "processes": ((), ("--pids-limit=64",), ("--pids-limit=-1",)),
    "root": ((), ("--read-only",)),
    "drop": ((), ("--cap-drop=ALL",), ("--cap-drop=net_raw",)),
    "add": (
        *((), ("--cap-add=SYS_ADMIN",), ("--cap-add=cap_sys_ptrace",), ("--cap-add=IPC_LOCK",)),
        ("--cap-add=NET_BIND_SERVICE", "--cap-add=CAP_NET_ADMIN"),
    ),
    "gain": (
        *((), ("--security-opt=no-new-privileges",), ("--security-opt=no-new-privileges:true",)),
        *(("--security-opt=no-new-privileges=true",), ("--security-opt=no-new-privileges:false",)),
    ),
    "network": (
        *(("--network=none",), ("--network=host",)),
        *(("--network=container:in-host",), ("--network=container:chained",)),
        ("--network=container:apart",),
    ),
    "pid": ((), ("--pid=host",), ("--pid=container:in-host",), ("--pid=container:apart",)),
    "ipc": (
        *((), ("--ipc=host",), ("--ipc=private",), ("--ipc=none",)),
        *(("--ipc=container:in-host",), ("--ipc=container:apart",)),
    ),
    "uts": ((), ("--uts=host",)),
    "groups": (("--cgroupns=host",), ("--cgroupns=private",)),
    "calls": ((), ("--security-opt=seccomp=unconfined",)),
    "paths": ((), ("--security-opt=systempaths=unconfined",)),
    "mount": (
        *((), ("--volume=/etc/cron.d:/m",), ("--volume=/etc/cron.d:/m:ro",), ("--volume=/:/m:ro",)),
        *(("--volume=named:/m",), ("--volume=/etc/../etc/cron.d:/m",), ("--tmpfs=/m",)),
    ),
    "device": ((), ("--device=/dev/null:/dev/camera",), ("--device=/dev/full:/dev/camera",)),
    "rule": ((), ("--device-cgroup-rule=c 195:* rmw",), ("--device-cgroup-rule=b *:* r",)),
}
"""Options by what they are about; each container has one of each."""
OTHERS: Mapping[str, Options] = {
    "in-host": ("--network=host", "--pid=host", "--ipc=host"),
    "apart": ("--network=none", "--ipc=shareable"),
    "chained": ("--network=container:in-host",),
}
"""Containers whose namespaces others share, in the order in which they are started."""
USUAL = frozenset(
    {
        *("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID"),
        *("SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"),
    }
)
"""What Docker leaves to a container."""
DANGEROUS = frozenset({"SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN"})
TOLERATED = frozenset({(1, 3), (1, 5), (1, 8), (1, 9)})
"""null, zero, random and urandom (``devices.txt`` of the kernel)."""
NO_DISKS = frozenset({"proc", "sysfs", "mqueue", "devpts", "cgroup", "cgroup2", "overlay"})


@dataclass(frozen=True, slots=True)
class Started:
    """A container that runs: its process, beside the engine's own and that of a plain one."""

    process: Process
    host: Process
    plain: Process

    def shares(self, namespace: str) -> bool:
        """Whether it is in that namespace of the host."""
        return self.process.shares(namespace, self.host)

    @property
    def added(self) -> list[tuple[int, int]]:
        """The numbers of its device nodes, but for those that every container has."""
        known = self.plain.nodes
        return [numbers for path, numbers in self.process.nodes.items() if path not in known]

    @property
    def foreign(self) -> list[Mount]:
        """What it has mounted of the host's disks beside what every container has."""
        known = {each.target for each in self.plain.mounts}
        mounts = (each for each in self.process.mounts if each.kind not in NO_DISKS)
        return [each for each in mounts if each.target not in known]

    def reaches(self, *, read_only: bool) -> set[str]:
        """The paths of the host that it has mounted so."""
        found = (each for each in self.foreign if each.read_only == read_only)
        return {path for each in found for path in paths_on(self.host, each)}


def has_all_but(started: Started, dropped: frozenset[str]) -> bool:
    return started.process.bounds >= USUAL - dropped


KERNEL: Mapping[str, Callable[[Started], bool]] = {
    f"{C}root-user": lambda each: each.process.user == 0,
    f"{C}memory-unlimited": lambda each: not each.process.memory_limited,
    f"{C}cpu-unlimited": lambda each: not each.process.processor_limited,
    f"{C}pids-unlimited": lambda each: not each.process.processes_limited,
    f"{C}root-filesystem-writable": lambda each: not each.process.mounts[0].read_only,
    f"{C}capabilities-kept": lambda each: has_all_but(each, frozenset({"NET_RAW"})),
    f"{C}capabilities-added": lambda each: bool(each.process.bounds - USUAL),
    f"{C}capability-dangerous": lambda each: bool(each.process.bounds & DANGEROUS),
    f"{C}privilege-escalation": lambda each: each.process.status["NoNewPrivs"] == "0",
    f"{C}seccomp-off": lambda each: each.process.status["Seccomp"] == "0",
    f"{C}host-network": lambda each: each.shares("net"),
    f"{C}host-process-namespace": lambda each: each.shares("pid"),
    f"{C}host-ipc": lambda each: each.shares("ipc"),
    f"{C}host-uts": lambda each: each.shares("uts"),
    f"{C}cgroup-namespace-host": lambda each: each.shares("cgroup"),
    f"{C}system-paths-unconfined": lambda each: (
        not any(mount.target == "/proc/sys" and mount.read_only for mount in each.process.mounts)
    ),
    f"{C}host-path-sensitive": lambda each: (
        "/" in each.reaches(read_only=True) or bool(each.reaches(read_only=False) & {"/etc/cron.d"})
    ),
    f"{C}socket-mounted": lambda each: "/" in each.reaches(read_only=True),
    f"{C}device-mapped": lambda each: any(numbers not in TOLERATED for numbers in each.added),
}
"""Whether a container fails a rule, as its process shows."""
GROUPS: Mapping[str, Callable[[list[str]], bool]] = {
    f"{C}device-rule-wide": lambda rules: "b *:* rm" in rules,
    "docker-gpu-device-rule": lambda rules: "c 195:* rwm" in rules,
}
"""The same of rules on devices, which control groups of version 1 show."""


def combined(seed: str) -> dict[str, Options]:
    """Containers of options that chance puts together; each option comes about equally often."""
    chance = random.Random(seed)
    columns = []
    for values in AXES.values():
        column = [values[number % len(values)] for number in range(CONTAINERS)]
        chance.shuffle(column)
        columns.append(column)
    rows = zip(*columns, strict=True)
    return {f"mixed-{number}": sum(row, ()) for number, row in enumerate(rows)}


@dataclass(frozen=True, slots=True)
class Host:
    """Containers that run, and the results of a scan of them."""

    containers: Mapping[str, Started]
    results: Mapping[str, Any]

    def failing(self, rule: str) -> set[str]:
        """The containers that fail a rule."""
        found = (each for each in self.results["findings"] if each["rule"] == rule)
        return {each["resource"]["name"] for each in found if each["verdict"] == "fail"}


@pytest.fixture(scope="module")
def host(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    containers = {"plain": ("--network=none",), **OTHERS, **combined(docker.version)}

    def start(name: str) -> None:
        docker.run("run", "--detach", "--name", name, *containers[name], IMAGE, "sleep", "100000")

    try:
        for name in OTHERS:
            start(name)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(start, containers.keys() - OTHERS.keys()))
        numbers = docker.run("inspect", "--format", "{{.State.Pid}}", *containers).split()
        processes = {
            name: Process(int(number)) for name, number in zip(containers, numbers, strict=True)
        }
        policies = tmp_path_factory.mktemp("policies")
        (policies / "profiles").mkdir()
        (policies / "profiles/every.yaml").write_text(EVERY)
        ran = auditor(
            *("scan", docker.target, "--policies", policies, "--profile", "every"),
            *("--format", "json"),
        )
        assert ran.code == 1, ran.err
        engine, plain = Process(docker.process.pid), processes["plain"]
        started = {name: Started(each, engine, plain) for name, each in processes.items()}
        yield Host(started, ran.results())
    finally:
        docker.run("rm", "--force", *containers)


@pytest.mark.parametrize("rule", KERNEL)
def test_a_rule_says_of_each_container_what_the_kernel_shows(host: Host, rule: str) -> None:
    shown = {name for name, each in host.containers.items() if KERNEL[rule](each)}
    assert host.failing(rule) == shown
    assert shown, "nothing fails it: nothing is compared"
    assert shown != host.containers.keys(), "everything fails it: nothing is compared"


@pytest.mark.parametrize("rule", GROUPS)
def test_a_rule_on_devices_says_what_control_groups_show(host: Host, rule: str) -> None:
    found = {name: each.process.devices_allowed for name, each in host.containers.items()}
    rules = {name: each for name, each in found.items() if each is not None}
    if not rules:
        pytest.skip("control groups of version 2 show no rules on devices")
    shown = {name for name, each in rules.items() if GROUPS[rule](each)}
    assert host.failing(rule) == shown
    assert shown
