"""The host beneath an engine: when it is looked at, and what one part that is unknown costs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from auditor.evidence.blocks import BlockReader
from auditor.evidence.layout import BODIES
from auditor.evidence.writing import FolderSink
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import (
    HOST,
    HOST_AUDIT_RULES,
    HOST_ENGINE_SOCKET,
    HOST_GROUP,
    HOST_LISTENERS,
    HOST_MOUNTS,
    HOST_PROCESSES,
    HOST_SETTINGS,
    HOST_SETTINGS_FILE,
    HOST_TOOLKIT,
    INFO,
)
from collectors.docker.host import local
from collectors.docker.host.framing import Printed
from collectors.docker.live.address import parse_address
from collectors.docker.live.answers import AnswerReading, AnswersCollector
from collectors.docker.live.beneath import Beneath
from collectors.docker.live.collector import DockerCollector
from collectors.docker.live.contexts import Surroundings
from tests.faults import engines
from tests.faults.clusters import QUICK, Waits
from tests.faults.engines import on
from tests.faults.server import json_reply, serving
from tests.unit.collectors.docker.host.trees import CONTAINER, host, running, whole

HERE = {"Name": os.uname().nodename, "KernelVersion": os.uname().release}
KINDS = frozenset({INFO, *HOST})


def reading(root: Path, channel: Beneath, info: Mapping[str, object]) -> AnswersCollector:
    """Read a host whose engine says this of itself."""
    path = Path(tempfile.mkdtemp(dir=root)) / "engine.sock"
    clock = Waits().clock()
    found = json_reply({**engines.INFO, **info})
    with serving(on("/v1.41/info", found), path=path):
        address = parse_address(f"docker+unix://{path}")
        live = DockerCollector(address, Surroundings(), "", clock, QUICK, channel)
        sink = FolderSink(root / "kept", 0, root)
        entry = live.collect(KINDS, sink, lambda *_: None)
    return AnswersCollector(entry, BlockReader(root / "kept" / BODIES), sink.close())


def resources(found: AnswersCollector) -> list[Resource]:
    """What is judged of it."""
    read: list[Resource] = []
    for shard in found.plan(lambda _: 1).shards:
        for each in found.read(shard):
            assert not isinstance(each, Gap)
            read += each.resources()
            assert each.gaps() == []
    return read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    host(whole(tmp_path / "root"), {"etc/docker/daemon.json": 0o644})
    (tmp_path / "root/etc/docker/daemon.json").write_text("{}")
    return tmp_path


def test_this_machine_is_looked_at(root: Path) -> None:
    found = reading(root, Beneath(root=str(root / "root")), HERE)
    assert {each.kind for each in resources(found)} == KINDS
    assert found.entry.gaps == ()
    assert found.entry.excluded == ()
    requests = [record.request for record in found.records if record.kind == HOST_SETTINGS_FILE]
    assert requests == ["host: /etc/docker/daemon.json"]


ELSEWHERE = {
    "another name": {**HERE, "Name": "vm-1"},
    "another kernel": {**HERE, "KernelVersion": "6.1.0-vm"},
    "nothing said": {"Name": ""},
}


@pytest.mark.parametrize("info", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_socket_that_leads_elsewhere(root: Path, info: Mapping[str, object]) -> None:
    """Into a virtual machine, or out of a container: what stands here is of another host."""
    found = reading(root, Beneath(root=str(root / "root")), info)
    assert {each.kind for each in resources(found)} == {INFO}
    assert {item.kind for item in found.entry.excluded} == HOST
    assert all("the engine runs on" in item.reason for item in found.entry.excluded)
    assert found.entry.gaps == ()
    assert found.asked == KINDS


def test_what_a_script_printed_is_taken(root: Path) -> None:
    """Of the host that the engine is on, wherever the engine is asked from."""
    known = local.look(str(root / "root"))
    there = msgspec.structs.replace(known, host="gpu-7", kernel="6.1.0")
    other = msgspec.structs.replace(there, host="gpu-8", stats={})
    time = "2026-11-30T02:38:14Z"
    beneath = Beneath(printed=(Printed(other, time), Printed(there, time)))
    found = reading(root, beneath, {"Name": "gpu-7", "KernelVersion": "6.1.0"})
    assert {each.kind for each in resources(found)} == KINDS
    assert found.entry.notes == ("the host was looked at by a script, 2026-11-30T02:38:14Z",)
    assert reading(root, beneath, {"Name": "gpu-9"}).entry.excluded != ()


def test_it_is_not_looked_at_when_nobody_wants_it(root: Path) -> None:
    found = reading(root, Beneath(used=False, root=str(root / "root")), HERE)
    assert {item.reason for item in found.entry.excluded} == {"--no-host"}


def test_an_engine_without_root(root: Path) -> None:
    """Its files are those of a user; mounts and what listens are of the host all the same."""
    options = {**HERE, "SecurityOptions": ["name=rootless"]}
    found = reading(root, Beneath(root=str(root / "root")), options)
    kinds = {each.kind for each in resources(found)}
    assert {HOST_MOUNTS, HOST_LISTENERS} <= kinds
    assert {item.kind for item in found.entry.excluded} == KINDS - kinds
    assert HOST_SETTINGS_FILE in KINDS - kinds


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


Fault = Callable[[Path], object]
SETTINGS = "etc/docker/daemon.json"
TOOLKIT = "etc/nvidia-container-runtime/config.toml"
AUDIT = "usr/sbin/auditctl"


def text(content: str) -> Fault:
    return lambda path: path.write_text(content)


def sized(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(64 << 20)


BOTH = {HOST_SETTINGS_FILE, HOST_SETTINGS}
FAULTS: dict[str, tuple[str, Fault, set[str], GapCause]] = {
    "a pipe": (SETTINGS, pipe, BOTH, GapCause.MALFORMED),
    "a loop": (SETTINGS, link, BOTH, GapCause.MALFORMED),
    "64 MB": (SETTINGS, sized, {HOST_SETTINGS}, GapCause.TRUNCATED),
    "no JSON": (SETTINGS, text("{'a': 1}"), {HOST_SETTINGS}, GapCause.MALFORMED),
    "cut JSON": (SETTINGS, text('{"a": '), {HOST_SETTINGS}, GapCause.MALFORMED),
    "a list": (SETTINGS, text("[]"), {HOST_SETTINGS}, GapCause.MALFORMED),
    "deep JSON": (SETTINGS, text("[" * 200_000), {HOST_SETTINGS}, GapCause.MALFORMED),
    "no TOML": (TOOLKIT, text("[a\nb"), {HOST_TOOLKIT}, GapCause.MALFORMED),
    "deep TOML": (TOOLKIT, text("a = " + "[" * 20_000), {HOST_TOOLKIT}, GapCause.MALFORMED),
    "large TOML": (TOOLKIT, text("#" * (1 << 17)), {HOST_TOOLKIT}, GapCause.TRUNCATED),
    "a pipe of TOML": (TOOLKIT, pipe, {HOST_TOOLKIT}, GapCause.MALFORMED),
    "odd mounts": ("proc/self/mountinfo", text("a b\n"), {HOST_MOUNTS}, GapCause.MALFORMED),
    "no mounts": ("proc/self/mountinfo", Path.unlink, {HOST_MOUNTS}, GapCause.MALFORMED),
    "odd sockets": ("proc/net/tcp", text("a 0A b\n"), {HOST_LISTENERS}, GapCause.MALFORMED),
    "no engine": ("proc/7/comm", text("bash\n"), {HOST_PROCESSES}, GapCause.DENIED),
    "an engine in a container": (
        *("proc/7/cgroup", text(CONTAINER), {HOST_PROCESSES}, GapCause.DENIED),
    ),
    "groups that are odd": (
        "etc/group",
        pipe,
        {HOST_GROUP, HOST_ENGINE_SOCKET},
        GapCause.MALFORMED,
    ),
    "rules refused": (
        *(AUDIT, text("#!/bin/sh\necho You must be root to run this program.; exit 4\n")),
        *({HOST_AUDIT_RULES}, GapCause.DENIED),
    ),
    "rules of an odd program": (
        *(AUDIT, text("#!/bin/sh\necho oh; exit 9\n"), {HOST_AUDIT_RULES}, GapCause.MALFORMED),
    ),
    "rules, and nobody knows whether they are in force": (
        *(AUDIT, text("#!/bin/sh\necho -w /etc\n"), {HOST_AUDIT_RULES}, GapCause.MALFORMED),
    ),
    "rules of no program": (*(AUDIT, text("\x7fELF"), {HOST_AUDIT_RULES}, GapCause.MALFORMED),),
}


@pytest.mark.parametrize(("name", "fault", "lost", "cause"), FAULTS.values(), ids=FAULTS)
def test_what_is_not_known_is_a_gap_for_it_alone(
    root: Path, name: str, fault: Fault, lost: set[str], cause: GapCause
) -> None:
    host(root / "root", {TOOLKIT: 0o644, "proc/net/tcp": 0o444, AUDIT: 0o755})
    (root / "root" / TOOLKIT).write_text("")
    (root / "root/proc/net/tcp").write_text("")
    (root / "root" / AUDIT).write_text("#!/bin/sh\necho No rules\n")
    assert not reading(root, Beneath(root=str(root / "root")), HERE).entry.gaps
    fault(root / "root" / name)
    found = reading(root, Beneath(root=str(root / "root")), HERE)
    assert {(gap.scope, gap.cause) for gap in found.entry.gaps} == {(kind, cause) for kind in lost}
    assert KINDS - {each.kind for each in resources(found)} == lost


def test_what_root_could_have_read_is_said(root: Path) -> None:
    (root / "root/proc/7/comm").write_text("bash\n")
    found = reading(root, Beneath(root=str(root / "root")), HERE)
    assert [gap.hint for gap in found.entry.gaps] == ["look as root: sudo, or ssh as root"]


def test_no_secret_of_a_host_is_kept(root: Path) -> None:
    """Settings and arguments hold passwords of proxies and tokens of log drivers."""
    canary = "zX9cV7bN5mK3jH1gF8dS6aQ4wE2rT0yU"
    settings = {
        "log-opts": {"splunk-token": canary},
        "proxies": {"http-proxy": f"http://ada:{canary}@proxy:3128"},
    }
    (root / "root" / SETTINGS).write_text(json.dumps(settings))
    words = ("dockerd", "--log-opt", f"splunk-token={canary}", "--log-opt", f"password={canary}")
    running(root / "root", 8, "dockerd", *words, f"--http-proxy=http://a:{canary}@proxy")
    found = reading(root, Beneath(root=str(root / "root")), HERE)
    kept = [record for record in found.records if record.kind in {HOST_SETTINGS, HOST_PROCESSES}]
    bodies = [found.bodies.body(record) for record in kept]
    assert len(bodies) == 2
    assert not [body for body in bodies if body is None or canary.encode() in body]


ODD = {
    HOST_PROCESSES: {"engines": [{}]},
    HOST_SETTINGS: {"path": "a", "present": True, "settings": []},
    HOST_AUDIT_RULES: {"installed": True, "rules": [], "enabled": 1, "links": {}, "paths": []},
    HOST_SETTINGS_FILE: {"files": [{"path": "a", "mode": "rw"}]},
}


@pytest.mark.parametrize(("kind", "body"), ODD.items(), ids=ODD)
def test_what_somebody_else_recorded_is_checked(
    root: Path, kind: str, body: Mapping[str, object]
) -> None:
    """A bundle may be anyone's: what is not as we write it is a gap of its kind."""
    found = reading(root, Beneath(root=str(root / "root")), HERE)
    record = next(each for each in found.records if each.kind == kind)
    read = AnswerReading("docker://", record, json.dumps(body).encode())
    assert list(read.resources()) == []
    assert [gap.scope for gap in read.gaps()] == [kind]
