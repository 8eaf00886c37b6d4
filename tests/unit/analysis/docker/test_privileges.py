"""What an engine gives its containers unasked: by what it says, its host, and the kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from auditor.analysis.completing import WAITING, Completed, Waiting
from auditor.analysis.docker.containers import Containers
from auditor.analysis.docker.engine_defaults import EngineDefaults
from auditor.analysis.docker.joined import JoinedWorkloads
from auditor.analysis.protocol import Held, Row
from auditor.model.resource import Gap, Resource
from tests.unit.analysis.joining import SITE

ANALYSIS = JoinedWorkloads()
ON, OFF = ["name=seccomp,profile=builtin", "name=no-new-privileges"], ["name=cgroupns"]
NEW, OLD = "29.1.3", "20.10.24+dfsg1"
Body = Mapping[str, Any]


def resource(kind: str, body: object, name: str = "a", uid: str = "") -> Resource:
    return Resource(
        kind=f"docker/{kind}",
        api_version="",
        name=name,
        namespace="",
        uid=uid,
        source=f"/{name}",
        document=0,
        line=0,
        body=json.dumps(body).encode(),
    )


def info(version: str, options: Sequence[str] = ()) -> Resource:
    body = {
        "ServerVersion": version,
        "SecurityOptions": options,
        "DockerRootDir": "/var/lib/docker",
    }
    return resource("Info", body, "gpu-1", "AAAA")


def kernel(**states: bool) -> Resource:
    found = [{"id": name, "noNewPrivileges": state} for name, state in states.items()]
    return resource("HostContainers", {"containers": found}, "containers")


def beneath(settings: Body, *arguments: str) -> tuple[Resource, Resource]:
    file = {"path": "/etc/docker/daemon.json", "present": True, "settings": settings}
    engines = [{"arguments": ["/usr/bin/dockerd", *arguments]}]
    running = {"engines": engines, "proxies": 0, "shells": []}
    return resource("HostSettings", file, "daemon.json"), resource(
        "HostProcesses", running, "processes"
    )


def container(*options: str) -> Resource:
    return resource("Container", {"HostConfig": {"SecurityOpt": options}}, "web", "id0")


def fact(of: Resource) -> Resource:
    makers = (Containers({}), EngineDefaults({}))
    [found] = [each for maker in makers for each in maker.derive(of)]
    assert isinstance(found, Resource)
    return found


def completed(of: Resource, *others: Resource) -> Completed:
    made = fact(of)
    aspects = ANALYSIS.awaits(made)
    held = Waiting(made.kind, aspects, json.loads(made.body), ())
    key = ("", WAITING, of.kind, of.name, "", "0")
    waits = Row(key, WAITING, SITE.origin(of), msgspec.json.encode(held), Held((), b""))
    rows = [row for each in others for row in ANALYSIS.extract(each, SITE)]
    groups = [(("", ""), iter(rows)), (("", WAITING), iter([waits]))]
    [found] = ANALYSIS.complete(iter(groups))
    return found


FIELD, OF_ENGINE = "noNewPrivileges", "noNewPrivilegesOfEngine"
YES, NO = {FIELD: True}, {FIELD: False}
TURNED_ON = {"no-new-privileges": True}
CASES: dict[str, tuple[tuple[Resource, ...], Body, str]] = {
    "off": ((info(NEW, OFF),), NO, ""),
    "off, and the kernel shows that it was on": ((info(NEW, OFF), kernel(id0=True)), NO, ""),
    "on, and it does not run": ((info(NEW, ON), kernel(id1=True)), {OF_ENGINE: True}, ""),
    "on, and nobody looked": ((info(NEW, ON),), {OF_ENGINE: True}, ""),
    "on, and it has it": (
        *((info(NEW, ON), kernel(id1=False, id0=True)), YES, "/containers/1/noNewPrivileges"),
    ),
    "on, and it is older than that": (
        *((info(NEW, ON), kernel(id0=False)), NO, "/containers/0/noNewPrivileges"),
    ),
    "an engine that does not say it": ((info(OLD, ON),), {}, ""),
    "an engine that does not say it, and the kernel does": (
        *((info(OLD), kernel(id0=False)), NO, "/containers/0/noNewPrivileges"),
    ),
    "an engine that does not say it, and the kernel says half": (
        *((info(OLD), kernel(id0=True)), {}, ""),
    ),
    "its file has it on": (
        *((info(OLD), *beneath(TURNED_ON), kernel(id0=True)), YES, "/containers/0/noNewPrivileges"),
    ),
    "its file has it off": (
        *((info(OLD), *beneath({"no-new-privileges": False}), kernel(id0=True)), NO, ""),
    ),
    "its file says nothing": ((info(OLD), *beneath({}), kernel(id0=True)), NO, ""),
    "its arguments have it on": (
        *((info(OLD), *beneath({}, "--no-new-privileges")), {OF_ENGINE: True}, ""),
    ),
    "its arguments win": (
        *((info(OLD), *beneath(TURNED_ON, "--no-new-privileges=false")), NO, ""),
    ),
    "it has another file": (
        *((info(OLD), *beneath(TURNED_ON, "--config-file=/etc/d.json")), {}, ""),
    ),
    "it is another engine of that host": (
        *((info(OLD), *beneath(TURNED_ON, "--data-root=/srv")), {}, ""),
    ),
    "a text is no answer": ((info(OLD), *beneath({"no-new-privileges": "yes"})), {}, ""),
    "no engine": ((), {}, ""),
}


@pytest.mark.parametrize(("others", "known", "at"), CASES.values(), ids=CASES)
def test_a_container_that_does_not_say_it(
    others: tuple[Resource, ...], known: Body, at: str
) -> None:
    """In whatever order it was read."""
    for order in (others, others[::-1]):
        found = completed(container("label=disable"), *order)
        body = found.waiting.body if found.body is None else found.body
        assert {name: body[name] for name in (FIELD, OF_ENGINE) if name in body} == known
        assert (found.body is None) == (known == NO and not at)
        spots = {place: spot for place, spot in found.spots if spot is not None}
        assert {place: spot.pointer for place, spot in spots.items()} == (
            {f"/{FIELD}": at} if at else {}
        )
        assert [each.name for each in found.related] == (["containers"] if at else [])


@pytest.mark.parametrize(
    ("option", "on"),
    [("no-new-privileges", True), ("no-new-privileges:false", False)],
    ids=["on", "off"],
)
def test_a_container_that_says_it_waits_for_nothing(option: str, *, on: bool) -> None:
    made = fact(container(option))
    assert (json.loads(made.body)[FIELD], ANALYSIS.awaits(made)) == (on, ())


def test_a_label_of_that_name_says_nothing() -> None:
    made = fact(
        resource("Container", {"HostConfig": {}, "Config": {"Labels": {FIELD: "true"}}}, uid="a")
    )
    assert ANALYSIS.awaits(made) == ("privileges",)


SAYS: dict[str, tuple[Resource, tuple[Resource, ...], bool | None, str]] = {
    "it says on": (info(NEW, ON), (), True, ""),
    "it says off": (info(NEW, OFF), (), False, ""),
    "a version that is counted otherwise": (info("v2.0.0-beta.20.1", ON), (), True, ""),
    "a later one": (info("201.0", ON), (), True, ""),
    "it does not say": (info("19.03.1"), (), None, ""),
    "its file does": (
        *(info(OLD), (info(OLD), *beneath(TURNED_ON)), True, "/settings/no-new-privileges"),
    ),
    "its arguments do": (
        *(info(OLD), (info(OLD), *beneath({}, "--no-new-privileges"))),
        *(True, "/engines/0/arguments"),
    ),
    "neither does": (info(OLD), (info(OLD), *beneath({})), False, ""),
    "nobody knows": (info(OLD), (info(OLD), beneath(TURNED_ON)[0]), None, ""),
}


@pytest.mark.parametrize(("engine", "others", "on", "at"), SAYS.values(), ids=SAYS)
def test_the_default_of_an_engine(
    engine: Resource, others: tuple[Resource, ...], *, on: bool | None, at: str
) -> None:
    found = completed(engine, *others)
    body = json.loads(fact(engine).body) if found.body is None else found.body
    assert body.get(FIELD) is on
    assert [spot.pointer for _, spot in found.spots if spot is not None] == ([at] if at else [])


def test_what_an_engine_says_waits_for_nothing() -> None:
    made = fact(info(NEW, ON))
    assert ANALYSIS.awaits(made) == ()
    assert dict(made.elsewhere)[f"/{FIELD}"] == "/SecurityOptions"


@pytest.mark.parametrize("kind", ["Info", "HostContainers", "HostSettings", "HostProcesses"])
def test_what_is_not_as_it_is_written_tells_nothing(kind: str) -> None:
    odd = {"SecurityOptions": 1, "containers": 1, "settings": 1, "engines": 1}
    assert list(ANALYSIS.extract(resource(kind, odd), SITE)) == []


def test_an_engine_that_is_none_is_a_gap() -> None:
    [found] = EngineDefaults({}).derive(resource("Info", {"SecurityOptions": 1}))
    assert isinstance(found, Gap)
    assert found.scope == "docker/Info"
