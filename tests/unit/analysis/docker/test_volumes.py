"""Volumes that are folders of their host by their options, in place of what containers show."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.analysis.completing import WAITING, Completed, Waiting
from auditor.analysis.docker.containers import Containers
from auditor.analysis.docker.joined import JoinedWorkloads
from auditor.analysis.docker.volumes import VOLUMES
from auditor.analysis.protocol import Held, Row
from auditor.model.resource import Resource
from tests.unit.analysis.joining import SITE

ANALYSIS = JoinedWorkloads()


def resource(kind: str, name: str, body: object) -> Resource:
    data = json.dumps(body).encode()
    return Resource(f"docker/{kind}", "", name, "", f"{name}-id", f"/{name}", 0, 0, data)


def volume(name: str, driver: str = "local", **options: str) -> Resource:
    return resource("Volume", name, {"Name": name, "Driver": driver, "Options": options or None})


def container(*mounts: dict[str, Any]) -> Resource:
    host = {"SecurityOpt": ["no-new-privileges"]}
    return resource("Container", "web", {"HostConfig": host, "Mounts": mounts})


def mounted(name: str, target: str = "/x", kind: str = "volume") -> dict[str, Any]:
    place = f"/var/lib/docker/volumes/{name}/_data"
    found = {"Type": kind, "Destination": target, "RW": True, "Propagation": ""}
    return found | ({"Name": name, "Source": place} if kind == "volume" else {"Source": name})


def fact(of: Resource) -> Resource:
    [found] = Containers({}).derive(of)
    assert isinstance(found, Resource)
    return found


def completed(of: Resource, *others: Resource) -> Completed:
    made = fact(of)
    held = Waiting(made.kind, ANALYSIS.awaits(made), json.loads(made.body), ())
    key = ("", WAITING, of.kind, of.name, "", "0")
    waits = Row(key, WAITING, SITE.origin(of), msgspec.json.encode(held), Held((), b""))
    rows = [row for each in others for row in ANALYSIS.extract(each, SITE)]
    [found] = ANALYSIS.complete(iter([(("", ""), iter(rows)), (key, iter([waits]))]))
    return found


def shown(body: Any) -> list[tuple[str, str, str]]:
    return [(each["type"], each["source"], each["target"]) for each in body["mounts"]]


def test_the_folder_is_seen_in_place_of_the_volume() -> None:
    """And where that was read: of the volume, and of no other."""
    found = completed(
        container(mounted("/srv", "/a", "bind"), mounted("sockets"), mounted("data", "/d")),
        volume("data"),
        volume("sockets", type="none", o="ro,bind", device="/var/run"),
    )
    assert found.body is not None
    assert shown(found.body) == [
        ("bind", "/srv", "/a"),
        ("bind", "/var/run", "/x"),
        ("volume", "data", "/d"),
    ]
    spots = {at: spot.pointer for at, spot in found.spots if spot is not None}
    assert spots == {"/mounts/1/source": "/Options/device", "/mounts/1/type": "/Options/o"}
    assert [each.name for each in found.related] == ["sockets"]


KERNEL = {
    "proc": ({"type": "proc", "device": "proc"}, "/proc", "/Options/type"),
    "sysfs": ({"type": "sysfs", "device": "none", "o": "ro"}, "/sys", "/Options/type"),
    "devtmpfs": ({"type": "devtmpfs", "device": "x"}, "/dev", "/Options/type"),
    "folders over each other": (
        {"type": "overlay", "device": "overlay", "o": "lowerdir=/srv/a:/etc,workdir=/w"},
        "/etc",
        "/Options/o",
    ),
    "the uppermost one": (
        {"type": "overlay", "device": "overlay", "o": "upperdir=/,lowerdir=/srv"},
        "/",
        "/Options/o",
    ),
    "a folder, whatever type is said": (
        {"type": "proc", "device": "/srv/data", "o": "rbind"},
        "/srv/data",
        "/Options/device",
    ),
}


@pytest.mark.parametrize(("options", "path", "said"), KERNEL.values(), ids=KERNEL)
def test_what_is_the_hosts_wherever_it_is_mounted(
    options: dict[str, str], path: str, said: str
) -> None:
    found = completed(container(mounted("v")), volume("v", **options))
    assert found.body is not None
    assert shown(found.body) == [("bind", path, "/x")]
    assert {at: spot.pointer for at, spot in found.spots if spot is not None} == {
        "/mounts/0/source": said,
        "/mounts/0/type": "/Options/o" if said == "/Options/device" else "/Options/type",
    }


OTHERS = {
    "of a disk": volume("v", type="ext4", device="/dev/sdb1"),
    "of the kernel, by another driver": volume("v", "rexray", type="proc", device="proc"),
    "of no folders": volume("v", type="overlay", o="lowerdir", device="overlay"),
    "without options": volume("v"),
    "of memory": volume("v", type="tmpfs", o="size=1g", device="tmpfs"),
    "of another host": volume("v", type="nfs", o="addr=10.0.0.1,rw", device=":/etc"),
    "of another driver": volume("v", "rexray", o="bind", device="/etc"),
    "another one": volume("w", type="none", o="bind", device="/etc"),
    "odd options": resource("Volume", "v", {"Name": "v", "Driver": "local", "Options": {"o": 1}}),
    "no volume": resource("Volume", "v", {"Driver": "local"}),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_any_other_volume_is_one(other: Resource) -> None:
    found = completed(container(mounted("v")), other)
    assert (found.body, found.spots) == (None, ())


def test_a_volume_that_was_not_read_may_be_any_folder() -> None:
    """So a rule that would fail for the whole host has no verdict where volumes were refused."""
    found = completed(container(mounted("v"), mounted("/srv", "/a", "bind")))
    [other] = found.otherwise
    assert other.kinds == {"docker/Volume"}
    assert shown(other.body()) == [("bind", "/", "/x"), ("bind", "/srv", "/a")]


def test_a_container_without_volumes_waits_for_none() -> None:
    assert VOLUMES not in ANALYSIS.awaits(fact(container(mounted("/srv", "/a", "bind"))))
    assert ANALYSIS.awaits(fact(container(mounted("v")))) == (VOLUMES,)
