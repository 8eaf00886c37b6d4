"""Which files are compose files, which of them are one project, and which only change another."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.secrets.marks import MARK
from tests.unit.collectors.docker.compose.worlds import scan, write

ONE = "services:\n  a:\n    image: x\n"


@pytest.mark.parametrize(
    ("name", "text", "taken"),
    [
        ("compose.yaml", ONE, True),
        ("docker-compose.yml", ONE, True),
        ("docker-compose.prod.yml", ONE, True),
        ("stack.yaml", ONE, True),
        ("stack.yaml", "version: '3'\n---\n" + ONE, True),
        ("stack.yaml", "'services':\n  a: {build: .}\n", True),
        ("stack.yaml", "services:\n  a: {url: x}\n", False),
        ("stack.yaml", "services: [a]\nimage: x\n", False),
        ("stack.yaml", "x:\n  services:\n    a: {image: x}\n", False),
        (
            "compose.yaml",
            "apiVersion: v1\nkind: A\nmetadata: {name: a}\nservices: {a: {image: x}}\n",
            False,
        ),
        ("compose.yaml", "a: 1\n", False),
    ],
)
def test_by_name_and_shape(tmp_path: Path, name: str, text: str, *, taken: bool) -> None:
    """By what it is called, or by services with an image; never what is of Kubernetes."""
    found = scan(write(tmp_path, {name: text}))
    assert [each.kind for each in found.resources if each.kind.startswith("docker/")] == (
        ["docker/ComposeService"] * taken
    )
    assert found.gaps == []


def test_malformed_files_of_others(tmp_path: Path) -> None:
    """What can't be parsed is a gap where it may be a compose file, and another's where not."""
    write(tmp_path, {"x.yaml": "services:\n  a: [\n", "y.yaml": "a: [\n"})
    found = scan(tmp_path)
    assert ([each.scope for each in found.gaps], found.skipped) == (["x.yaml"], 1)


def test_one_project(tmp_path: Path) -> None:
    """What belongs to a project is no project of its own, in whatever order it is listed."""
    write(
        tmp_path,
        {
            "a/compose.yaml": "include: [../z/compose.yaml]\n" + ONE,
            "a/compose.override.yaml": "services: {a: {tty: true}}\n",
            "a/docker-compose.yml": "services: {other: {image: x}}\n",
            "z/compose.yaml": "services:\n"
            "  z: {image: x, extends: {file: compose-base.yaml, service: b}}\n",
            "z/compose-base.yaml": "services: {b: {image: x}, unused: {image: x}}\n",
            "z/compose.override.yaml": "services: {alone: {image: x}}\n",
        },
    )
    found = scan(tmp_path)
    assert sorted(each.name for each in found.resources) == ["a", "other", "z"]
    assert [each.source for each in found.readings] == ["a/compose.yaml", "a/docker-compose.yml"]


def test_laid_over_by_hand(tmp_path: Path) -> None:
    """A file for one occasion only changes what the project has, and adds what it has not."""
    write(
        tmp_path,
        {
            "compose.yaml": ONE,
            "docker-compose.prod.yml": "services:\n  a: {image: y}\n  b: {image: x}\n"
            "  c: {read_only: true}\n",
        },
    )
    found = scan(tmp_path)
    partial = {
        each.name: each.partial for each in found.resources if each.source.startswith("docker")
    }
    assert partial == {"a": True, "b": False, "c": True}


def test_file_alone(tmp_path: Path) -> None:
    """A file that is named goes with what stands beside it, as it would be started."""
    write(
        tmp_path,
        {
            "compose.yaml": ONE + "    labels: {t: $TAG}\n",
            "compose.override.yaml": "services: {a: {privileged: true}}\n",
            ".env": "TAG=7\n",
        },
    )
    _, body = scan(tmp_path / "compose.yaml").named("a")
    assert (body["privileged"], body["labels"]) == (True, {"t": "7"})


def test_left_out(tmp_path: Path) -> None:
    """What a person leaves out is not laid over anything either."""
    write(
        tmp_path,
        {"s/compose.yaml": ONE, "s/compose.override.yaml": "services: {a: {privileged: true}}\n"},
    )
    _, body = scan(tmp_path, ("compose.override.yaml",)).named("a")
    assert "privileged" not in body


def test_secrets_stay_outside(tmp_path: Path) -> None:
    """Neither by name, nor by shape, nor by the variable that brings one into another text."""
    canary = "canary-hunter2-canary"
    write(
        tmp_path,
        {
            "compose.yaml": f"services:\n  a:\n    image: x\n    command: run {'${DB_PASSWORD}'}\n"
            "    env_file: v.env\n    environment:\n"
            f"      DB_PASSWORD: {canary}\n      URL: 'postgres://u:{canary}@h/d'\n"
            "      OTHER: ${DB_PASSWORD}\n    labels: ['x=${DB_PASSWORD:-none}']\n"
            f"    build: {{context: ., args: {{API_TOKEN: {canary}}}}}\n",
            ".env": f"DB_PASSWORD={canary}\n",
            "v.env": f"ADMIN_PASSWORD={canary}\nLINK=$ADMIN_PASSWORD\n",
        },
    )
    found = scan(tmp_path)
    resource, body = found.named("a")
    assert canary not in resource.body.decode()
    assert canary not in repr(resource)
    assert body["command"] == ["run", f"{MARK}by-name»"]
    assert set(body["environment"]) == {"DB_PASSWORD", "URL", "OTHER", "ADMIN_PASSWORD", "LINK"}
    original = found.readings[0].original(resource.document)
    assert isinstance(original, dict)
    assert original["environment"]["LINK"] == canary
