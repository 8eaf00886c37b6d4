"""Dockerfiles from the command line: told by their lines, kept, judged again."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.command import auditor
from tests.unit.collectors.docker.compose.worlds import write

CANARY = "canary-hunter2-canary"
FILES = {
    "serve/Dockerfile": "ARG TAG\nFROM r.io/base:$TAG AS deps\n"
    "RUN curl -s https://x.example/i | sh\n"
    f"ENV DB_PASSWORD={CANARY}\nFROM deps\nRUN apt-get update && \\\n  apt-get install -y x\n",
    "serve/gpu.Dockerfile": "FROM r.io/base:1@sha256:0123\nUSER 10001\n",
    "serve/Dockerfile.bad": "FROM a\nRUM x\n",
}
WANTED = {
    ("docker-build-base-tag-mutable", "unknown", "serve/Dockerfile", 2),
    ("docker-build-download-run", "fail", "serve/Dockerfile", 3),
    ("docker-build-secret-in-environment", "fail", "serve/Dockerfile", 4),
    ("docker-build-user-missing", "fail", "serve/Dockerfile", 5),
}


def test_scanned(tmp_path: Path) -> None:
    """Each finding is at the line of its instruction; what BuildKit refuses is a gap."""
    ran = auditor("scan", ".", "--format", "json", cwd=write(tmp_path, FILES))
    assert ran.code == 1, ran.err
    results = ran.results()
    found = {
        (each["rule"], each["verdict"], each["resource"]["file"], each["resource"].get("line"))
        for each in results["findings"]
    }
    assert found == WANTED
    assert [(gap["scope"], gap["detail"], gap["line"]) for gap in results["gaps"]] == [
        ("serve/Dockerfile.bad", "unknown instruction: RUM", 2)
    ]
    assert CANARY not in ran.out


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Each folder has its Dockerfile: what is wrong with one is not what is wrong with another."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Dockerfile").write_text("FROM python:latest\n")
    findings = auditor("scan", tmp_path, "--format", "json").results()["findings"]
    of_tags = [each for each in findings if each["rule"] == "docker-build-base-tag-mutable"]
    assert [each["resource"]["file"] for each in of_tags] == ["a/Dockerfile", "b/Dockerfile"]
    assert len({each["fingerprint"] for each in of_tags}) == 2


def test_judged_again(tmp_path: Path) -> None:
    """What was kept is judged to the same bytes later, and holds no secret."""
    target, bundle = write(tmp_path / "t", FILES), tmp_path / "bundle"
    ran = auditor("scan", target, "--output", bundle)
    assert ran.code == 1, ran.err
    write(target, {"serve/Dockerfile": "FROM a:1\n"})
    replayed = auditor("replay", bundle)
    assert replayed.code == 0, replayed.out + replayed.err
    for path in bundle.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()
