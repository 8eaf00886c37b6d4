"""What is started besides services: jobs, containers before one, commands in its container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.secrets.marks import MARK
from tests.unit.collectors.docker.compose.worlds import Scan, resolved, scan, write

WEB = "services:\n  web:\n    image: r.io/web:1\n    cap_drop: [ALL]\n"
BACKUP = (
    "jobs:\n  backup:\n    image: r.io/b:1\n    privileged: true\n    triggers: {manual: true}\n"
)


def bodies(found: Scan) -> dict[str, tuple[bool, Any]]:
    """What each resource is called, whether more of it is elsewhere, and what is in it."""
    return {each.name: (each.partial, msgspec.json.decode(each.body)) for each in found.resources}


def test_a_container_before_a_service_is_one_of_its_own(tmp_path: Path) -> None:
    """Of which nothing is said but what is written, in the forms that services have."""
    text = (
        f"{WEB}    pre_start:\n"
        "      - image: r.io/i:1\n        privileged: '${P:-yes}'\n        volumes: ['./d:/d']\n"
        "      - {command: chown x, user: root, gpus: all, environment: [A=1]}\n"
    )
    found = scan(write(tmp_path, {"compose.yaml": text}))
    assert found.gaps == []
    known = bodies(found)
    assert list(known) == ["web", "web pre_start 1", "web pre_start 2"]
    assert known["web"][0] is False
    volume = {"type": "bind", "source": "./d", "target": "/d"}
    assert known["web pre_start 1"] == (
        True,
        {"image": "r.io/i:1", "privileged": True, "volumes": [volume]},
    )
    assert known["web pre_start 2"] == (
        True,
        {
            "command": ["chown", "x"],
            "user": "root",
            "gpus": [{"count": -1}],
            "environment": {"A": "1"},
        },
    )
    assert found.at("web pre_start 1", "/privileged") == "compose.yaml:7"


def test_a_command_in_the_container_of_a_service(tmp_path: Path) -> None:
    """With its rights, and without who runs it: root is what these are for."""
    text = (
        f"{WEB}    post_start: [{{command: a b, user: root, privileged: true}}]\n"
        "    pre_stop:\n      - command: [c]\n        environment: {K: '1'}\n"
        "    develop: {watch: [{path: ., action: sync}, {path: ., exec: {command: d}}]}\n"
    )
    known = bodies(scan(write(tmp_path, {"compose.yaml": text})))
    assert known.pop("web")[0] is False
    assert known == {
        "web post_start 1": (True, {"command": ["a", "b"], "privileged": True}),
        "web pre_stop 1": (True, {"command": ["c"], "environment": {"K": "1"}}),
        "web watch 2": (True, {"command": ["d"]}),
    }


def test_jobs_are_containers(tmp_path: Path) -> None:
    """Whole ones, with an override laid over them, beside services or alone."""
    files = {
        "compose.yaml": WEB + BACKUP,
        "compose.override.yaml": "jobs: {backup: {volumes: ['/:/host']}}\n",
    }
    found = scan(write(tmp_path, files))
    partial, body = bodies(found)["backup"]
    assert not partial
    assert (body["privileged"], body["volumes"][0]["source"]) == (True, "/")
    assert found.at("backup", "/volumes/0") == "compose.override.yaml:1"
    alone = scan(write(tmp_path / "alone", {"compose.yaml": BACKUP}))
    assert [each.name for each in alone.resources] == ["backup"]
    assert alone.gaps == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("jobs: [a]\n", "jobs has to be a mapping"),
        ("jobs: {a: b}\n", "job a has to be a mapping"),
        (f"{WEB}jobs: 7\n", "jobs has to be a mapping"),
        (f"{WEB}    post_start: [{{command: a, privileged: 'x'}}]\n", "not a valid value: x"),
        (f"{WEB}    pre_start: [{{volumes: ['']}}]\n", "an empty volume"),
    ],
)
def test_what_compose_refuses_is_a_gap(tmp_path: Path, text: str, problem: str) -> None:
    """And nothing of it is judged."""
    found = resolved(tmp_path, {"compose.yaml": text})
    assert [each.detail for each in found.problems if problem in each.detail] != []
    assert (found.services, found.jobs) == ({}, {})


def test_odd_hooks_are_none(tmp_path: Path) -> None:
    """What is no list of mappings starts nothing."""
    text = f"{WEB}    pre_start: x\n    post_start: [a, 7, null]\n    pre_stop:\n    develop: 1\n"
    assert list(bodies(scan(write(tmp_path, {"compose.yaml": text})))) == ["web"]


def test_told_by_content_and_not_by_place(tmp_path: Path) -> None:
    """One put before it changes nothing about the other, and a secret in it is not told."""
    hook = "{command: a, environment: {DB_PASSWORD: canary-hunter2}}"
    one = scan(write(tmp_path / "a", {"compose.yaml": f"{WEB}    post_start: [{hook}]\n"}))
    two = scan(
        write(tmp_path / "b", {"compose.yaml": f"{WEB}    post_start: [{{command: z}}, {hook}]\n"})
    )
    before, after = one.resources[1], two.resources[2]
    assert (before.name, after.name) == ("web post_start 1", "web post_start 2")
    assert before.uid == after.uid
    assert MARK.encode() in before.body
    assert b"hunter2" not in before.body
