"""Dockerfiles among other files: which are taken, at which lines, without secrets, and bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.model.enums import GapCause
from collectors.docker.dockerfile.recogniser import NAMED
from tests.unit.collectors.docker.dockerfile.read import scan

TOKEN = "hf_" + "aBcDeFgHiJ" * 3 + "kLmN"


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("Dockerfile", True),
        ("dockerfile", True),
        ("Dockerfile.gpu", True),
        ("Dockerfile-cuda12.8", True),
        ("Dockerfile.ubuntu-24.04", True),
        ("serve.Dockerfile", True),
        ("Containerfile", True),
        ("x.containerfile", True),
        ("Dockerfile.dockerignore", False),
        ("gpu.Dockerfile.dockerignore", False),
        ("Dockerfile.md", False),
        ("Dockerfile.j2", False),
        ("Dockerfile.gpu.tmpl", False),
        ("Dockerfile.yaml", False),
        ("Dockerfiles", False),
        ("myDockerfile", False),
    ],
)
def test_names(name: str, taken: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (NAMED.fullmatch(name) is not None) == taken


def test_lines(tmp_path: Path) -> None:
    text = b"# c\n\nARG T=1\nFROM a:$T\nRUN x \\\n  y\nUSER app\nFROM b\nENV A=1\n"
    found = scan(tmp_path, {"d/Dockerfile": text})
    (resource,) = found.resources
    assert (resource.kind, resource.name, resource.source) == (
        *("docker/Dockerfile", "Dockerfile", "d/Dockerfile"),
    )
    (reading,) = found.readings
    wanted = {
        "/arguments/0": 3,
        "/stages/0/base": 4,
        "/stages/0/instructions/0/words/0": 5,
        "/stages/0/instructions/1": 7,
        "/stages/1": 8,
        "/stages/1/instructions/0/pairs/0/value": 9,
        "/nothing": 1,
    }
    assert {pointer: reading.line(0, pointer) for pointer in wanted} == wanted
    assert reading.lines(0, "/stages/1/base", "b") == [8]


def test_secrets_stay_out(tmp_path: Path) -> None:
    text = (
        f"FROM a\nARG HF_TOKEN={TOKEN}\nENV X=$HF_TOKEN DB_PASSWORD=hunter2hunter2\n"
        f"RUN hf download --token {TOKEN} x\nRUN <<E\nexport TOKEN={TOKEN}\nE\n"
        "LABEL a=b-$HF_TOKEN\n"
    )
    found = scan(tmp_path, {"Dockerfile": text.encode()})
    (resource,) = found.resources
    assert TOKEN.encode() not in resource.body
    assert b"hunter2" not in resource.body
    body: Any = msgspec.json.decode(resource.body)
    steps = body["stages"][0]["instructions"]
    assert "redacted" in steps[1]["pairs"][0]["value"]
    assert "redacted" in steps[2]["words"][0]
    original: Any = found.readings[0].original(0)
    assert original["stages"][0]["instructions"][1]["pairs"][0]["value"] == TOKEN


@pytest.mark.parametrize(
    ("data", "cause", "says"),
    [
        (b"\x7fELF\x02\x01\x01\0\0", GapCause.MALFORMED, "a NUL character"),
        (b"FROM a\nRUN \xff\n", GapCause.MALFORMED, "not UTF-8"),
        (b"FROM a\nRUN <<E\nx\n", GapCause.MALFORMED, "the heredoc E has no end"),
        (b"", GapCause.MALFORMED, "there is no instruction in it"),
        (b"FROM a\n" + b"x" * (64 << 20), GapCause.TRUNCATED, "more than 4,194,304"),
        (b"FROM a\nRUN " + b"x" * 70_000, GapCause.TRUNCATED, "a line of more than 65,536 bytes"),
        (
            b"ARG A0=xxxxxxxx\n"
            + b"".join(b"ARG A%d=$A%d$A%d$A%d$A%d\n" % (n, *[n - 1] * 4) for n in range(1, 30))
            + b"FROM a:$A29\n",
            GapCause.TRUNCATED,
            "variables make more than",
        ),
        (b"FROM ${A:-" * 20_000, GapCause.TRUNCATED, "a line of more than"),
        (b"ARG A=" + b"${B:-" * 9_000 + b"\nFROM a", GapCause.MALFORMED, "nested deeper than 32"),
        (b"FROM a\n" + b"RUN x\n" * 20_000, GapCause.TRUNCATED, "more than 10,000 instructions"),
        (b"FROM a AS a\n" * 600, GapCause.TRUNCATED, "more than 500 stages"),
        (b"# syntax=r.io/own:1\nFROM a", GapCause.UNSUPPORTED, "another program reads it"),
    ],
    ids=[
        "binary",
        "latin",
        "heredoc",
        "empty",
        "64 MB",
        "line",
        "bomb",
        "long",
        "deep",
        "steps",
        "stages",
        "syntax",
    ],
)
def test_what_can_not_be_read_is_a_gap(
    tmp_path: Path, data: bytes, cause: GapCause, says: str
) -> None:
    found = scan(tmp_path, {"Dockerfile": data})
    assert found.resources == []
    (gap,) = found.gaps
    assert (gap.scope, gap.cause) == ("Dockerfile", cause)
    assert says in gap.detail
    assert gap.hint


def test_many_continued_lines(tmp_path: Path) -> None:
    lines = b"FROM a\nRUN x" + b" \\\n  y" * 100_000 + b"\nUSER b\n"
    found = scan(tmp_path, {"Dockerfile": lines})
    assert found.gaps == []
    (reading,) = found.readings
    assert reading.line(0, "/stages/0/instructions/1") == 100_003


def test_windows_lines(tmp_path: Path) -> None:
    found = scan(tmp_path, {"Dockerfile": b"\xef\xbb\xbfFROM a\r\nRUN x \\\r\n y\r\n"})
    (resource,) = found.resources
    body: Any = msgspec.json.decode(resource.body)
    assert body["stages"][0]["instructions"] == [{"keyword": "RUN", "words": ["x  y"]}]
