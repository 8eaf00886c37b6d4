"""Which container fails which rule, on a real Docker Engine: one container for each trap.

Each is made of the same options, which no rule finds fault with, and one that is changed. None of
them is started: what the engine keeps of it is judged, and nothing of this machine is mounted.
Where docker-bench-security 1.6.0 says PASS (or nothing) of a trap, the comment says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker

KEPT: Mapping[str, tuple[str, ...]] = {
    "user": ("--user", "1000:1000"),
    "memory": ("--memory", "64m"),
    "cpu": ("--cpus", "1"),
    "pids": ("--pids-limit", "64"),
    "root": ("--read-only",),
    "drop": ("--cap-drop", "ALL"),
    "gain": ("--security-opt", "no-new-privileges:true"),
    "restart": ("--restart", "on-failure:3"),
    "health": ("--health-cmd", "true"),
    "network": ("--network", "none"),
    "cgroupns": ("--cgroupns", "private"),
    "more": (),
}
"""Options that no rule finds fault with, by what they are about."""

Trap = tuple[dict[str, tuple[str, ...]], set[str]]
C = "docker-container-"
G = "docker-gpu-"
UNLABELLED = f"{C}selinux-disabled"  # the engine itself takes the label away then
UNGUARDED = {f"{C}privileged", f"{C}seccomp-off", UNLABELLED}
SOCKET = {f"{C}socket-mounted", f"{C}host-path-sensitive"}


def user(name: str) -> dict[str, tuple[str, ...]]:
    return {"user": ("--user", name)}


def more(*options: str) -> dict[str, tuple[str, ...]]:
    return {"more": options}


TRAPS: dict[str, Trap] = {
    "kept": ({}, set()),
    "no-user": ({"user": ()}, {f"{C}root-user"}),
    "zero-and-group": (user("0:0"), {f"{C}root-user"}),  # docker-bench: PASS
    "two-zeros": (user("00"), {f"{C}root-user"}),  # docker-bench: PASS
    "signed-zero": (user("+0"), {f"{C}root-user"}),  # docker-bench: PASS
    "root-and-group": (user("root:1000"), {f"{C}root-user"}),  # docker-bench: PASS
    "group-of-root": (user("1000:0"), set()),
    "named-user": (user("app"), set()),
    "privileged": (more("--privileged"), UNGUARDED),
    "no-filter": (more("--security-opt", "seccomp=unconfined"), {f"{C}seccomp-off"}),
    "may-gain": (  # docker-bench: PASS
        {"gain": ("--security-opt", "no-new-privileges:false")},
        {f"{C}privilege-escalation"},
    ),
    "may-gain-unsaid": ({"gain": ()}, {f"{C}privilege-escalation"}),
    "no-apparmor": (more("--security-opt", "apparmor=unconfined"), {f"{C}apparmor-unconfined"}),
    "no-label": (more("--security-opt", "label=disable"), {f"{C}selinux-disabled"}),
    "kernel-paths": (
        more("--security-opt", "systempaths=unconfined"),
        {f"{C}system-paths-unconfined"},
    ),
    "host-network": ({"network": ("--network", "host")}, {f"{C}host-network"}),
    "host-processes": (more("--pid", "host"), {f"{C}host-process-namespace", UNLABELLED}),
    "host-ipc": (more("--ipc", "host"), {f"{C}host-ipc", UNLABELLED}),
    "host-name": (more("--uts", "host"), {f"{C}host-uts"}),
    "host-users": (more("--userns", "host"), {f"{C}user-namespace-host"}),
    "host-cgroups": ({"cgroupns": ("--cgroupns", "host")}, {f"{C}cgroup-namespace-host"}),
    "cgroup-parent": (more("--cgroup-parent", "/other"), {f"{C}cgroup-parent"}),
    "big-right": (
        more("--cap-add", "SYS_ADMIN"),
        {f"{C}capability-dangerous", f"{C}capabilities-added"},
    ),
    "big-right-prefixed": (
        more("--cap-add", "cap_sys_admin"),
        {f"{C}capability-dangerous", f"{C}capabilities-added"},
    ),
    "all-rights": (
        more("--cap-add", "all"),
        {f"{C}capability-dangerous", f"{C}capabilities-added"},
    ),
    "small-right": (more("--cap-add", "IPC_LOCK"), {f"{C}capabilities-added"}),
    "usual-right": (more("--cap-add", "NET_BIND_SERVICE"), set()),
    "rights-kept": ({"drop": ()}, {f"{C}capabilities-kept"}),
    "root-written": ({"root": ()}, {f"{C}root-filesystem-writable"}),
    "socket-read-only": (  # docker-bench 5.31 finds this one, but not its folders
        more("--volume", "/var/run/docker.sock:/s:ro"),
        {f"{C}socket-mounted"},
    ),
    "socket-folder": (more("--volume", "/run:/s"), SOCKET),  # docker-bench: PASS
    "socket-of-another": (  # docker-bench: PASS
        more("--volume", "/run/podman:/s"),
        {f"{C}socket-mounted"},
    ),
    "host-root-read-only": (more("--volume", "/:/h:ro"), SOCKET),  # docker-bench: PASS
    "below-etc": (more("--volume", "/etc/cron.d:/e"), {f"{C}host-path-sensitive"}),
    "harmless-file": (more("--volume", "/etc/localtime:/etc/localtime:ro"), set()),
    "shared": (more("--volume", "/srv:/s:rshared"), {f"{C}mount-shared"}),
    "own-mount": (more("--volume", "/srv:/s:rslave"), set()),
    "memory-of-host": (
        more("--device", "/dev/mem"),
        {f"{C}device-dangerous", f"{C}device-mapped"},
    ),
    "camera": (more("--device", "/dev/video0"), {f"{C}device-mapped"}),
    "gpu-node": (more("--device", "/dev/nvidia0"), {f"{G}device-node", f"{C}device-mapped"}),
    "disks-by-rule": (  # docker-bench: nothing
        more("--device-cgroup-rule", "b *:* rwm"),
        {f"{C}device-rule-wide"},
    ),
    "gpus-by-rule": (  # docker-bench: nothing
        more("--device-cgroup-rule", "c 195:* rmw"),
        {f"{G}device-rule"},
    ),
    "tty-by-rule": (more("--device-cgroup-rule", "c 188:* rw"), set()),
    "gpus-all": (more("--gpus", "all"), {f"{G}all-requested"}),  # docker-bench: nothing
    "gpu-one": (more("--gpus", "device=0"), set()),
    "gpu-with-rights": (
        more("--gpus", "device=0", "--cap-add", "SYS_ADMIN"),
        {f"{G}container-privileged", f"{C}capability-dangerous", f"{C}capabilities-added"},
    ),
    "gpu-all-of-driver": (
        more("--env", "NVIDIA_DRIVER_CAPABILITIES=all"),
        {f"{G}driver-capabilities-all"},
    ),
    "mps-and-host": (
        more("--ipc", "host", "--volume", "/run/nvidia/mps:/run/mps"),
        {f"{G}mps-shared-with-host", f"{C}host-ipc", UNLABELLED},
    ),
    "locked-and-host": (
        more("--ipc", "host", "--ulimit", "memlock=-1:-1"),
        {f"{G}memory-locked", f"{C}host-ipc", UNLABELLED},
    ),
    "memory-unbounded": ({"memory": ()}, {f"{C}memory-unlimited"}),
    "cpu-unbounded": ({"cpu": ()}, {f"{C}cpu-unlimited"}),
    "cpu-by-quota": ({"cpu": ("--cpu-quota", "50000")}, set()),  # docker-bench: WARN
    "cpu-by-set": ({"cpu": ("--cpuset-cpus", "0")}, set()),  # docker-bench: WARN
    "cpu-by-share": ({"cpu": ("--cpu-shares", "512")}, set()),
    "pids-unbounded": ({"pids": ("--pids-limit", "-1")}, {f"{C}pids-unlimited"}),
    "pids-unsaid": ({"pids": ()}, {f"{C}pids-unlimited"}),
    "files-unbounded": (more("--ulimit", "nofile=-1:-1"), {f"{C}ulimit-unlimited"}),
    "restarts": ({"restart": ("--restart", "always")}, {f"{C}restart-unbounded"}),  # PASS there
    "restarts-until-stopped": (  # docker-bench: PASS
        {"restart": ("--restart", "unless-stopped")},
        {f"{C}restart-unbounded"},
    ),
    "restarts-six-times": ({"restart": ("--restart", "on-failure:6")}, {f"{C}restart-unbounded"}),
    "restarts-never": ({"restart": ()}, set()),
    "unhealthy": ({"health": ("--no-healthcheck",)}, {f"{C}healthcheck-missing"}),
    "health-unsaid": ({"health": ()}, {f"{C}healthcheck-missing"}),
    "log-none": (more("--log-driver", "none"), {f"{C}log-none"}),  # docker-bench: PASS
    "port": (more("--publish", "8080:80"), {f"{C}port-all-addresses"}),
    "port-of-six": (  # docker-bench: PASS
        more("--publish", "[::]:8080:80"),
        {f"{C}port-all-addresses"},
    ),
    "port-of-host": (more("--publish", "127.0.0.1:8080:80"), set()),
    "port-low": (more("--publish", "127.0.0.1:389:389"), {f"{C}port-privileged"}),
    "ports-all": (more("--publish-all"), {f"{C}ports-published-all"}),
    "ollama": (
        more("--publish", "11434:11434"),
        {"docker-ai-server-published", f"{C}port-all-addresses"},
    ),
    "bridge": ({"network": ("--network", "bridge")}, {f"{C}default-bridge"}),
    "bridge-unsaid": ({"network": ()}, {f"{C}default-bridge"}),
    "secret-by-name": (
        more("--env", "DB_PASSWORD=correct-horse-battery"),
        {"docker-secret-in-environment-name"},
    ),
    "secret-by-value": (
        more("--env", "URI=postgres://u:hunter2hunter2@db/x"),
        {"docker-secret-in-environment-value"},
    ),
}
JOINED: dict[str, Trap] = {  # docker-bench: PASS for all of them
    "joined-kept": ({"network": ("--network", "container:kept"), "more": ()}, set()),
    "joined-network": (
        {"network": ("--network", "container:host-network")},
        {f"{C}host-network"},
    ),
    "joined-twice": (
        {"network": ("--network", "container:joined-network")},
        {f"{C}host-network"},
    ),
    "joined-processes": (
        more("--pid", "container:host-processes"),
        {f"{C}host-process-namespace"},
    ),
    "joined-memory": (more("--ipc", "container:host-ipc"), {f"{C}host-ipc"}),
    "joined-gone": ({"network": ("--network", "container:gone")}, set()),
}
"""Containers in a namespace of another, which is made before."""
AT_ONCE = 4
EVERY = "id: every\ntitle: All\ndescription: All.\nselect: [{tags: [docker]}]\ngate: high\n"


def options(changed: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [text for part in {**KEPT, **changed}.values() for text in part]


@pytest.fixture(scope="module")
def judged(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The results of a scan of all traps by all rules on Docker."""

    def create(name: str) -> None:
        changed, _ = {**TRAPS, **JOINED}[name]
        docker.run("create", "--name", name, *options(changed), IMAGE, "true")

    try:
        docker.run("create", "--name", "gone", IMAGE, "true")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(create, TRAPS))
        for name in JOINED:
            create(name)
        docker.run("rm", "gone")
        policies = tmp_path_factory.mktemp("policies")
        (policies / "profiles").mkdir()
        (policies / "profiles/every.yaml").write_text(EVERY)
        ran = auditor(
            *("scan", docker.target, "--policies", policies, "--profile", "every"),
            *("--format", "json"),
        )
        assert ran.code == 1, ran.err
        yield ran.results()
    finally:
        docker.run("rm", "--force", *TRAPS, *JOINED)


def told(results: Mapping[str, Any], verdict: str) -> dict[str, set[str]]:
    """The rules that said a verdict of each resource, by its name."""
    found: dict[str, set[str]] = {}
    for each in results["findings"]:
        if each["verdict"] == verdict:
            found.setdefault(each["resource"]["name"], set()).add(each["rule"])
    return found


@pytest.mark.parametrize("name", [*TRAPS, *JOINED])
def test_each_trap_fails_its_own_rules_and_no_other(judged: dict[str, Any], name: str) -> None:
    assert told(judged, "fail").get(name, set()) == {**TRAPS, **JOINED}[name][1]


@pytest.mark.parametrize("name", TRAPS)
def test_everything_is_known_of_a_container(judged: dict[str, Any], name: str) -> None:
    assert told(judged, "unknown").get(name, set()) == set()


def test_a_namespace_of_another_container_is_that_of_the_other(judged: dict[str, Any]) -> None:
    """A finding shows the field that decides, of the container that has it."""
    (found,) = (
        each
        for each in judged["findings"]
        if each["verdict"] == "fail" and each["resource"]["name"] == "joined-twice"
    )
    seen = {"path": "/HostConfig/NetworkMode", "of": 0, "value": "host"}
    assert found["observed"] == [seen]
    assert [each["name"] for each in found["related"]] == ["host-network"]


def test_whose_other_container_is_gone_is_not_decided(judged: dict[str, Any]) -> None:
    unknown = {name: rules for name, rules in told(judged, "unknown").items() if name in JOINED}
    assert unknown == {"joined-gone": {f"{C}host-network"}}


def test_the_engine_itself(judged: dict[str, Any], docker: Docker) -> None:
    """As it is started here: nothing set, in a version that does not say all."""
    name = docker.run("info", "--format", "{{.Name}}")
    failed = told(judged, "fail")[name]
    assert failed >= {
        "docker-host-root-daemon",
        "docker-host-user-namespace-missing",
        "docker-host-authorization-missing",
        "docker-host-logs-local",
        "docker-host-live-restore-off",
    }
    assert not failed & {
        "docker-host-api-unauthenticated",
        "docker-host-insecure-registry",
        "docker-host-storage-driver-deprecated",
        "docker-host-seccomp-off",  # docker-bench looks for profile=default, of this version alone
        "docker-host-experimental",
        "docker-host-swarm-active",
    }
    assert "docker-host-privilege-escalation" in failed, "the host of the older one says so"
    assert name not in told(judged, "unknown")


def test_the_parts_of_the_engine(judged: dict[str, Any], docker: Docker) -> None:
    """Builds of Debian, and one of our own, are no release of a project; our runc is."""
    rule = "docker-component-unsupported"
    of_it = [each for each in judged["findings"] if each["rule"] == rule]
    found = {each["element"]: each["verdict"] for each in of_it}
    own = set() if docker.version == "1.41" else {"runc"}
    assert found == dict.fromkeys({"Engine", "containerd", "runc"} - own, "unknown")
    assert judged["counts"][rule].get("pass", 0) == len(own)


def test_the_image(judged: dict[str, Any]) -> None:
    assert told(judged, "fail")[IMAGE] == {
        "docker-image-root-user",
        "docker-image-healthcheck-missing",
    }
