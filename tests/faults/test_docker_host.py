"""The host beneath an engine: when it is looked at, and what one part that is unknown costs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
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
    HOST_REGISTRY_FILES,
    HOST_SETTINGS_FILE,
    HOST_SETTINGS_FOLDER,
    INFO,
)
from collectors.docker.host import local
from collectors.docker.host.framing import Printed
from collectors.docker.live.address import parse_address
from collectors.docker.live.answers import AnswersCollector
from collectors.docker.live.beneath import Beneath
from collectors.docker.live.collector import DockerCollector
from collectors.docker.live.contexts import Surroundings
from tests.faults import engines
from tests.faults.clusters import QUICK, Waits
from tests.faults.engines import on
from tests.faults.server import json_reply, serving
from tests.unit.collectors.docker.host.trees import host

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
    host(tmp_path / "root", {"etc/docker/daemon.json": 0o644})
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
    options = {**HERE, "SecurityOptions": ["name=rootless"]}
    found = reading(root, Beneath(root=str(root / "root")), options)
    assert {item.kind for item in found.entry.excluded} == HOST


def test_what_is_not_known_is_a_gap_for_it_alone(root: Path) -> None:
    (root / "root/etc/docker/daemon.json").unlink()
    os.mkfifo(root / "root/etc/docker/daemon.json")
    found = reading(root, Beneath(root=str(root / "root")), HERE)
    assert [(gap.scope, gap.cause) for gap in found.entry.gaps] == [
        (HOST_SETTINGS_FILE, GapCause.MALFORMED)
    ]
    kinds = {each.kind for each in resources(found)}
    assert KINDS - kinds == {HOST_SETTINGS_FILE}
    assert {HOST_SETTINGS_FOLDER, HOST_REGISTRY_FILES} <= kinds
