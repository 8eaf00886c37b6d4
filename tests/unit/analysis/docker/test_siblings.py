"""Services that have namespaces and mounts of others of their project."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest

from auditor.analysis.completing import WAITING, Completed, Waiting
from auditor.analysis.docker.compose import ComposeServices
from auditor.analysis.docker.joined import IMAGE, SIBLINGS, JoinedWorkloads
from auditor.analysis.protocol import Held, Row
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import COMPOSE_SERVICE
from tests.unit.analysis.joining import SITE

ANALYSIS = JoinedWorkloads()
READ = True


def service(name: str, source: str = "compose.yaml", **body: Any) -> Resource:
    uid = f"{source}#{name}"
    encoded = json.dumps({"image": "x", **body}).encode()
    return Resource(COMPOSE_SERVICE, "", name, "", uid, source, 0, 2, encoded)


def bound(source: str, target: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"type": "bind", "source": source, "target": target, "read_only": read_only}


def workload(resource: Resource) -> Resource:
    found = next(ComposeServices({}).derive(resource))
    assert isinstance(found, Resource)
    return found


def completed(waits: Resource, *others: Resource) -> Completed:
    """What comes of a service among others."""
    fact = workload(waits)
    held = Waiting(fact.kind, ANALYSIS.awaits(fact), json.loads(fact.body), ())
    row = Row(("", WAITING), WAITING, SITE.origin(waits), msgspec.json.encode(held), Held((), b""))
    rows = [row for each in (waits, *others) for row in ANALYSIS.extract(each, SITE)]
    [found] = ANALYSIS.complete(iter([(("", ""), iter(rows)), (row.key, iter([row]))]))
    return found


def mounts(found: Completed) -> list[tuple[str, str, object]]:
    assert found.body is not None
    each: Any = found.body["mounts"]
    return [(mount["source"], mount["target"], mount["readOnly"]) for mount in each]


@pytest.mark.parametrize(
    ("key", "field"), [("network_mode", "networkMode"), ("pid", "pidMode"), ("ipc", "ipcMode")]
)
def test_chains_are_followed_to_their_end(key: str, field: str) -> None:
    chain = [
        service("a", **{key: "host"}),
        service("b", **{key: "service:a"}),
        service("c", **{key: "service:b"}),
    ]
    for order in itertools.permutations(chain):
        found = completed(service("d", **{key: "service:c"}), *order)
        assert found.body is not None
        assert found.body[field] == "host"
        [(at, spot)] = found.spots
        assert spot is not None
        assert (at, spot.of, spot.pointer) == (f"/{field}", 1, f"/{key}")
        assert [origin.name for origin in found.related] == ["a"]


def test_the_end_may_be_what_compose_does_by_itself() -> None:
    other = service("a", networks={"default": {"name": "p_default"}})
    found = completed(service("b", network_mode="service:a", pid="service:a"), other)
    assert found.body is not None
    assert (found.body["networkMode"], found.body["pidMode"]) == ("p_default", "")


def test_what_follows_is_the_engines() -> None:
    found = completed(service("b", pid="service:a"), service("a", pid="container:x"))
    assert found.body is not None
    assert found.body["pidMode"] == "container:x"


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="not there"),
        pytest.param([service("a", pid="service:b")], id="each other"),
        pytest.param([service("a", pid="service:z")], id="the second is not there"),
        pytest.param([service("a", "other/compose.yaml", pid="host")], id="of another project"),
        pytest.param(
            [msgspec.structs.replace(service("a", pid="host"), partial=True)], id="only changed"
        ),
    ],
)
def test_whose_end_is_not_known_stays_as_it_is(others: list[Resource]) -> None:
    found = completed(service("b", pid="service:a"), *others)
    assert (found.body or {"pidMode": "service:a"})["pidMode"] == "service:a"
    assert not found.spots


def test_mounts_of_others_are_had() -> None:
    other = service("a", volumes=[bound("/etc", "/e"), bound("/usr", "/u", read_only=True)])
    found = completed(service("b", volumes_from=["a"], volumes=[bound("/x", "/x")]), other)
    assert mounts(found) == [("/x", "/x", False), ("/etc", "/e", False), ("/usr", "/u", READ)]
    spots = {at: spot.pointer for at, spot in found.spots if spot is not None and spot.of == 1}
    assert spots["/mounts/1/source"] == "/volumes/0/source"
    assert spots["/mounts/2"] == "/volumes/1"
    assert [origin.name for origin in found.related] == ["a"]


def test_mounts_that_are_read_only_stay_so_down_the_chain() -> None:
    first = service("a", volumes=[bound("/etc", "/e")])
    second = service("b", volumes_from=["a"], volumes=[bound("/usr", "/u")])
    found = completed(service("c", volumes_from=["b:ro"]), first, second)
    assert mounts(found) == [("/usr", "/u", READ), ("/etc", "/e", READ)]
    found = completed(service("c", volumes_from=["b:rw"]), first, second)
    assert mounts(found) == [("/usr", "/u", False), ("/etc", "/e", False)]


def test_what_a_service_mounts_itself_hides_the_others() -> None:
    other = service("a", volumes=[bound("/etc", "/e")])
    found = completed(service("b", volumes_from=["a"], volumes=[bound("/x", "/e")]), other)
    assert (found.body, found.spots) == (None, ())


def test_services_may_have_what_each_other_has() -> None:
    other = service("a", volumes_from=["b"], volumes=[bound("/etc", "/e")])
    found = completed(service("b", volumes_from=["a"], volumes=[bound("/x", "/x")]), other)
    assert mounts(found) == [("/x", "/x", False), ("/etc", "/e", False)]


def test_a_container_that_no_file_starts_is_not_known() -> None:
    """It is none of the services, whatever these are called, and a gap says so."""
    other = service("a", volumes=[bound("/etc", "/e")])
    b = service("b", volumes_from=["a:ro", "container:a:ro"])
    assert mounts(completed(b, other)) == [("/etc", "/e", True)]
    _, gap = ComposeServices({}).derive(b)
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.cause) == (COMPOSE_SERVICE, GapCause.UNSUPPORTED)
    assert gap.detail.endswith(
        ":2: b: volumes_from container:a:ro: no file says what that one mounts"
    )


def test_files_and_folders_behind_names_are_had_too() -> None:
    other = service(
        "a",
        volumes=[{"type": "volume", "source": "v", "target": "/v", "device": "/srv"}],
        secrets=[{"source": "k", "target": "/run/secrets/k", "file": "/etc/shadow"}],
    )
    found = completed(service("b", volumes_from=["a"]), other)
    assert mounts(found) == [("/srv", "/v", False), ("/etc/shadow", "/run/secrets/k", READ)]
    spots = {at: spot.pointer for at, spot in reversed(found.spots) if spot is not None}
    assert spots["/mounts/0/source"] == "/volumes/0/device"
    assert spots["/mounts/1/source"] == "/secrets/0/file"


def test_who_waits() -> None:
    assert ANALYSIS.awaits(workload(service("a", pid="host"))) == (IMAGE,)
    assert ANALYSIS.awaits(workload(service("a", pid="service:b"))) == (IMAGE, SIBLINGS)
    assert ANALYSIS.awaits(workload(service("a", volumes_from=["b"]))) == (IMAGE, SIBLINGS)


def test_what_compose_does_not_take_gives_no_row() -> None:
    assert list(ANALYSIS.extract(service("a", cap_add="x"), SITE)) == []
