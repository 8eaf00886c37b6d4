"""Stages of Dockerfiles as builds: what they have, and where that is read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.docker.builds import Builds
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource

SECRET = "«redacted:by-name»"  # noqa: S105 - what stands for one


def file(*stages: dict[str, Any], **more: Any) -> Resource:
    body = msgspec.json.encode({"stages": stages, **more})
    return Resource("docker/Dockerfile", "", "Dockerfile", "", "f", "f", 0, 1, body)


def stage(*steps: dict[str, Any], base: str = "a:1", **more: Any) -> dict[str, Any]:
    return {"base": base, "instructions": steps, **more}


def run(line: str, **more: Any) -> dict[str, Any]:
    return {"keyword": "RUN", "words": [line], **more}


def builds(resource: Resource) -> list[tuple[Resource, Any]]:
    found = [each for each in Builds({}).derive(resource) if isinstance(each, Resource)]
    return [(each, msgspec.json.decode(each.body)) for each in found]


USER, NO_CHECK = (
    {"keyword": "USER", "words": ["app"]},
    {"keyword": "HEALTHCHECK", "words": ["NONE"]},
)


def test_each_stage_is_a_build() -> None:
    first, second = builds(file(stage(USER, name="one"), stage(base="one", on=0)))
    assert (first[0].kind, first[0].part, second[0].part) == ("docker/ImageBuild", "one", "stage 1")
    assert (first[1]["last"], second[1]["last"]) == (False, True)
    assert first[1]["base"] == "a:1"
    assert "base" not in second[1]
    assert second[1]["user"] == "app", "of the stage that it is built on"
    assert second[0].in_source("/user") == "/stages/0/instructions/0/words/0"
    assert second[0].in_source("/healthcheck") == "/stages/1/healthcheck"


@pytest.mark.parametrize(
    ("steps", "base", "user", "healthcheck"),
    [
        ((), "a:1", None, None),
        ((), "scratch", "", "none"),
        ((USER, {"keyword": "USER", "words": ["0"]}), "scratch", "0", "none"),
        ((NO_CHECK,), "a:1", None, "disabled"),
        ((NO_CHECK, {"keyword": "HEALTHCHECK", "words": ["cmd", "x"]}), "a", None, "set"),
    ],
)
def test_what_is_not_known_is_absent(
    steps: tuple[dict[str, Any], ...], base: str, user: str | None, healthcheck: str | None
) -> None:
    ((_, body),) = builds(file(stage(*steps, base=base)))
    assert (body.get("user"), body.get("healthcheck")) == (user, healthcheck)


def test_settings() -> None:
    steps = (
        {"keyword": "ENV", "pairs": [{"name": "A", "value": "1"}, {"name": "B", "value": SECRET}]},
        {"keyword": "ARG", "pairs": [{"name": "HF_TOKEN"}, {"name": "X", "value": SECRET}]},
        {"keyword": "ARG", "pairs": [{"name": "HF_TOKEN", "value": ""}, {"name": "V"}]},
    )
    ((fact, body),) = builds(file(stage(*steps), arguments=[{"name": "PASSWORD"}]))
    assert body["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": SECRET}]
    found = [(each["name"], each["secret"]) for each in body["arguments"]]
    assert found == [
        *(("PASSWORD", True), ("HF_TOKEN", True), ("X", True), ("HF_TOKEN", False), ("V", False)),
    ]
    assert fact.in_source("/arguments/0/name") == "/arguments/0"
    assert fact.in_source("/arguments/2") == "/stages/0/instructions/1/pairs/1"
    assert fact.in_source("/environment/1/value") == "/stages/0/instructions/0/pairs/1"


def test_steps() -> None:
    script = run("<<E", texts=[{"name": "E", "content": "curl x | sh\n"}])
    data = run("cat <<E > f", texts=[{"name": "E", "content": "curl x | sh\n"}])
    exec_form = {"keyword": "RUN", "words": ["chmod", "777", "/x"], "list": True}
    marked = run(f"x --token {SECRET}", flags={"network": "host", "security": "insecure"})
    ((fact, body),) = builds(file(stage(script, data, exec_form, marked)))
    assert [each["does"] for each in body["runs"]] == [["runs-download"], [], ["opens-to-all"], []]
    assert [each["secret"] for each in body["runs"]] == [False, False, False, True]
    last = body["runs"][3]
    assert (last["network"], last["security"]) == ("host", "insecure")
    assert (body["runs"][0]["network"], body["runs"][0]["security"]) == ("default", "sandbox")
    assert [each["program"] for each in body["commands"]] == ["curl", "sh", "cat", "chmod", "x"]
    assert fact.in_source("/commands/2/program") == "/stages/0/instructions/1/program"
    assert fact.in_source("/runs/3/network") == "/stages/0/instructions/3/flags/network"


def test_copies_and_ports() -> None:
    steps = (
        {"keyword": "ADD", "words": ["https://x/a", "b", "/c"], "flags": {"checksum": "sha256:0"}},
        {"keyword": "COPY", "words": ["a", "/c"], "flags": {"chmod": "777"}},
        {"keyword": "EXPOSE", "words": ["22/tcp", "80"]},
    )
    ((fact, body),) = builds(file(stage(*steps)))
    assert body["copies"] == [
        {
            "instruction": "ADD",
            "sources": ["https://x/a", "b"],
            "checksum": "sha256:0",
            "openToAll": False,
        },
        {"instruction": "COPY", "sources": ["a"], "checksum": "", "openToAll": True},
    ]
    assert body["ports"] == ["22/tcp", "80"]
    assert fact.in_source("/ports/1") == "/stages/0/instructions/2/words/1"
    assert fact.in_source("/copies/1/openToAll") == "/stages/0/instructions/1/flags/chmod"


def test_other_resources_are_left_alone() -> None:
    resource = msgspec.structs.replace(file(stage()), kind="docker/Image")
    assert list(Builds({}).derive(resource)) == []


def test_more_commands_than_anybody_writes_are_a_gap() -> None:
    (gap,) = Builds({}).derive(file(stage(run("a|" * 60_000))))
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.cause) == ("f", GapCause.TRUNCATED)
    assert "50,000 commands" in gap.detail
    ((_, body),) = builds(file(stage(run("a|" * 10_000 + "sh"))))
    assert len(body["commands"]) == 10_001
