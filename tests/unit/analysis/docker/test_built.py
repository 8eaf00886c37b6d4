"""Services that are built, completed by what the stages of their Dockerfile say."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.analysis.completing import WAITING, Completed, Waiting
from auditor.analysis.docker.compose import ComposeServices
from auditor.analysis.docker.joined import IMAGE, JoinedWorkloads
from auditor.analysis.protocol import Held, Row
from auditor.model.resource import Resource
from auditor.platforms.docker import COMPOSE_SERVICE, DOCKERFILE
from collectors.docker.dockerfile.content import body_of
from collectors.docker.dockerfile.stages import AROUND
from tests.unit.analysis.joining import SITE

ANALYSIS = JoinedWorkloads()
TWO = "FROM python:3.12 AS run\nUSER 10001\nHEALTHCHECK NONE\nFROM run AS Last\nUSER root\n"
ARGUED = "ARG BASE=a\nFROM x AS a\nUSER 1\nFROM $BASE\nARG UID=1000\nUSER $UID\n"


def service(body: dict[str, Any], source: str = "s/compose.yaml", **more: Any) -> Resource:
    made = Resource(
        COMPOSE_SERVICE, "", "web", "", f"{source}#web", source, 0, 2, json.dumps(body).encode()
    )
    return msgspec.structs.replace(made, **more)


def dockerfile(text: str, source: str = "s/web/Dockerfile") -> Resource:
    body = msgspec.json.encode(body_of(text, AROUND, {}))
    return Resource(DOCKERFILE, "", "Dockerfile", "", f"{source}#", source, 0, 1, body)


def workload(resource: Resource) -> Resource:
    [found] = ComposeServices({}).derive(resource)
    assert isinstance(found, Resource)
    return found


def completed(waits: Resource, *others: Resource) -> Completed:
    """What comes of a service among files."""
    fact = workload(waits)
    held = Waiting(fact.kind, ANALYSIS.awaits(fact), json.loads(fact.body), ())
    row = Row(("", WAITING), WAITING, SITE.origin(waits), msgspec.json.encode(held), Held((), b""))
    rows = [row for each in (waits, *others) for row in ANALYSIS.extract(each, SITE)]
    [found] = ANALYSIS.complete(iter([(("", ""), iter(rows)), (row.key, iter([row]))]))
    return found


def decided(found: Completed) -> dict[str, object]:
    """The fields that were completed, and where they were read."""
    body = found.body or {}
    return {
        at: (body[at[1:]], found.related[spot.of - 1].source, spot.pointer)
        for at, spot in found.spots
        if spot is not None
    }


def test_the_last_stage_decides() -> None:
    at = "s/web/Dockerfile"
    assert decided(completed(service({"build": {"context": "./web"}}), dockerfile(TWO))) == {
        "/user": ("root", at, "/stages/1/instructions/0/words/0"),
        "/healthcheck": ("disabled", at, "/stages/0/instructions/1"),
    }


@pytest.mark.parametrize("target", ["run", "RUN", "0"])
def test_the_target_decides(target: str) -> None:
    build = {"context": "./web", "target": target}
    found = completed(service({"build": build}), dockerfile(TWO))
    assert found.body is not None
    assert (found.body["user"], found.body["healthcheck"]) == ("10001", "disabled")


@pytest.mark.parametrize("name", ["last", "LAST"])
def test_names_of_stages_have_no_case(name: str) -> None:
    found = completed(service({"build": {"context": "web", "target": name}}), dockerfile(TWO))
    assert found.body is not None
    assert found.body["user"] == "root"


def test_the_base_image_is_named_where_it_decides() -> None:
    build = service({"build": {"context": "web"}})
    found = completed(build, dockerfile("FROM python:3.12 AS a\nHEALTHCHECK CMD x\nFROM a\n"))
    assert decided(found) == {
        "/healthcheck": ("set", "s/web/Dockerfile", "/stages/0/instructions/0"),
        "/base": ("python:3.12", "s/web/Dockerfile", "/stages/1/base"),
    }
    assert found.body is not None
    assert "user" not in found.body


def test_what_is_made_of_nothing_is_known() -> None:
    found = completed(service({"build": {"context": "web"}}), dockerfile("FROM scratch\nADD a /\n"))
    assert decided(found) == {
        "/user": ("", "s/web/Dockerfile", "/stages/0/base"),
        "/healthcheck": ("none", "s/web/Dockerfile", "/stages/0/base"),
    }


def test_what_the_service_writes_counts() -> None:
    body = {"build": {"context": "web"}, "user": "7", "healthcheck": {"test": ["CMD", "x"]}}
    assert ANALYSIS.awaits(workload(service(body))) == ()
    del body["healthcheck"]
    found = completed(service(body), dockerfile(TWO))
    assert list(decided(found)) == ["/healthcheck"]
    assert found.body is not None
    assert found.body["user"] == "7"


@pytest.mark.parametrize(
    ("arguments", "user"),
    [
        ({}, "1000"),
        ({"OTHER": "0"}, "1000"),
        ({"UID": "0"}, "{{ UID }}"),
        ({"BASE": "y"}, "{{ BASE }}"),
    ],
)
def test_what_arguments_may_change_is_not_known(arguments: dict[str, str], user: str) -> None:
    build = {"context": "web", "args": arguments}
    found = completed(service({"build": build}), dockerfile(ARGUED))
    assert found.body is not None
    assert found.body["user"] == user


def test_a_base_that_arguments_choose_is_not_named() -> None:
    text = "ARG V=1\nFROM python:$V\n"
    given = service({"build": {"context": "web", "args": {"V": "2"}}})
    assert completed(given, dockerfile(text)).body is None
    found = completed(service({"build": {"context": "web"}}), dockerfile(text))
    assert found.body is not None
    assert found.body["base"] == "python:1"


@pytest.mark.parametrize(
    ("build", "source"),
    [
        ({"context": "."}, "s/Dockerfile"),
        ({"context": "../web"}, "web/Dockerfile"),
        ({"context": "web", "dockerfile": "../other.Dockerfile"}, "s/other.Dockerfile"),
    ],
)
def test_where_the_file_is(build: dict[str, str], source: str) -> None:
    found = completed(service({"build": build}), dockerfile(TWO, source))
    assert [origin.source for origin in found.related] == [source]


def test_an_included_service_is_built_from_the_folder_of_the_project() -> None:
    included = service({"build": {"context": "./db/web"}}, "s/db/compose.yaml")
    included = msgspec.structs.replace(included, rendered="s/compose.yaml")
    found = completed(included, dockerfile(TWO, "s/db/web/Dockerfile"))
    assert found.body is not None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"build": {"context": "other"}}, id="another folder"),
        pytest.param({"build": {"context": "web", "target": "none"}}, id="no such stage"),
        pytest.param({"build": {"context": "web", "target": "7"}}, id="no such number"),
        pytest.param({"build": {"context": "{{ X }}"}}, id="a folder that is not known"),
        pytest.param(
            {"build": {"context": "web", "dockerfile_inline": "FROM a"}}, id="another file"
        ),
        pytest.param({"build": {"context": "/web"}}, id="a folder of the host"),
        pytest.param({"build": {"context": "https://x.example/web"}}, id="of elsewhere"),
        pytest.param(
            {"build": {"context": "web"}, "image": "x", "pull_policy": "always"}, id="pulled"
        ),
        pytest.param({"image": "x"}, id="not built"),
    ],
)
def test_what_is_not_built_of_the_file_is_as_it_is_written(body: dict[str, Any]) -> None:
    assert ANALYSIS.awaits(workload(service(body))) == (IMAGE,)
    assert completed(service(body), dockerfile(TWO)).body is None


def test_what_only_changes_another_service_waits_for_nothing() -> None:
    only = service({"build": {"context": "web"}}, partial=True)
    assert ANALYSIS.awaits(workload(only)) == ()
    assert list(ANALYSIS.extract(only, SITE)) == []
