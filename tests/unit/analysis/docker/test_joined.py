"""Chains of containers that share namespaces, as rows of any order come to their end."""

from __future__ import annotations

import itertools
import json

import msgspec
import pytest

from auditor.analysis.completing import WAITING, Completed, Waiting
from auditor.analysis.docker.containers import Containers
from auditor.analysis.docker.joined import NAMESPACES, JoinedWorkloads
from auditor.analysis.protocol import Held, Row
from auditor.model.resource import Resource
from tests.unit.analysis.joining import SITE

ANALYSIS = JoinedWorkloads()


def container(name: str, **modes: str) -> Resource:
    """A container that says all itself but ``modes``; its id is its name with a digest's look."""
    return Resource(
        kind="docker/Container",
        api_version="",
        name=name,
        namespace="",
        uid=f"{name}0123",
        source=f"/containers/{name}",
        document=0,
        line=0,
        body=json.dumps({"HostConfig": {"SecurityOpt": ["no-new-privileges"], **modes}}).encode(),
    )


def workload(resource: Resource) -> Resource:
    [found] = Containers({}).derive(resource)
    assert isinstance(found, Resource)
    return found


def waiting(resource: Resource) -> Row:
    """The row of a workload that waits, with all of its fields."""
    fact = workload(resource)
    body = json.loads(fact.body)
    held = Waiting("docker/Workload", ANALYSIS.awaits(fact), body, ())
    key = ("", WAITING, resource.kind, resource.name, "", "0")
    body_of_row = msgspec.json.encode(held)
    return Row(key, WAITING, SITE.origin(resource), body_of_row, Held((), b""))


def completed(waits: Resource, *others: Resource) -> Completed:
    rows = [row for each in (waits, *others) for row in ANALYSIS.extract(each, SITE)]
    groups = [(("", ""), iter(rows)), (("", WAITING), iter([waiting(waits)]))]
    [found] = ANALYSIS.complete(iter(groups))
    return found


@pytest.mark.parametrize(
    ("field", "mode"),
    [("networkMode", "NetworkMode"), ("pidMode", "PidMode"), ("ipcMode", "IpcMode")],
)
def test_each_namespace_is_followed(field: str, mode: str) -> None:
    joined = container("b", **{mode: "container:a0123"})
    found = completed(joined, container("a", **{mode: "host"}))
    assert found.body is not None
    assert found.body[field] == "host"
    [(at, spot)] = found.spots
    assert spot is not None
    assert (at, spot.of, spot.pointer) == (f"/{field}", 1, f"/HostConfig/{mode}")
    assert [origin.name for origin in found.related] == ["a"]


def test_a_chain_is_followed_to_its_end() -> None:
    chain = [
        container("a", NetworkMode="host"),
        container("b", NetworkMode="container:a0123"),
        container("c", NetworkMode="container:b0123"),
    ]
    last = container("d", NetworkMode="container:c0123", PidMode="container:b0123")
    for order in itertools.permutations(chain):
        found = completed(last, *order)
        assert found.body is not None
        assert (found.body["networkMode"], found.body["pidMode"]) == ("host", "")
        assert [origin.name for origin in found.related] == ["a", "b"]


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="gone"),
        pytest.param([container("a", NetworkMode="container:b0123")], id="each other"),
        pytest.param([container("a", NetworkMode="container:a0123")], id="itself"),
        pytest.param([container("a", NetworkMode="container:z")], id="the second is gone"),
        pytest.param([container("a0123", NetworkMode="host")], id="only a name is the same"),
    ],
)
def test_whose_end_is_not_known_stays_as_it_is(others: list[Resource]) -> None:
    found = completed(container("b", NetworkMode="container:a0123"), *others)
    assert (found.body, found.spots, found.related) == (None, (), ())


def test_what_is_known_is_said_of_one_of_two() -> None:
    joined = container("b", NetworkMode="container:a0123", PidMode="container:gone")
    found = completed(joined, container("a", NetworkMode="bridge"))
    assert found.body is not None
    assert (found.body["networkMode"], found.body["pidMode"]) == ("bridge", "container:gone")


def test_most_wait_for_nothing() -> None:
    assert ANALYSIS.awaits(workload(container("a", NetworkMode="host"))) == ()
    named = Resource(
        kind="docker/Workload",
        api_version="",
        name="a",
        namespace="",
        uid="",
        source="",
        document=0,
        line=0,
        body=b'{"networkMode": "host", "command": ["container:a"]}',
    )
    assert ANALYSIS.awaits(named) == ()
    shared = workload(container("a", IpcMode="container:b0123"))
    assert ANALYSIS.awaits(shared) == (NAMESPACES,)


def test_what_is_no_container_gives_no_row() -> None:
    broken = msgspec.structs.replace(container("a"), body=b'{"HostConfig": 1}')
    assert list(ANALYSIS.extract(broken, SITE)) == []
