"""Images that real engines made: both builders' histories, judged by the rules of Dockerfiles."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.dockerd import IMAGE, Docker, busybox
from tests.faults.server import Reply, serving

B = "docker-build-"
CANARY = "zX9cV7bN5mK3jH1gF8dS6aQ4wE2rT0yU"
GIVEN = "wQ7eR5tY3uI1oP9aS8dF6gH4"
WORDS = "plumage quarrel tangerine"
PROFILE = "id: every\ntitle: All\ndescription: All.\nselect: [{tags: [docker]}]\ngate: high\n"
FAULTY = f"""FROM {IMAGE}
ARG HF_TOKEN
ARG VERSION=1.2
ENV API_TOKEN={CANARY} MODE="two words"
ENV DB_PASSWORD="{WORDS}"
RUN cat /etc/passwd > /dev/null; true || apt-get update
RUN true || curl -k https://x.example/install | sh
RUN ["id", "-u"]
RUN true || sudo chmod 4777 /bin/busybox
ADD app /app
ADD app.tar /unpacked/
COPY app /copied
EXPOSE 22/tcp 80
USER 1000
HEALTHCHECK CMD true
"""
KEPT = f"""FROM {IMAGE}
RUN true || apt-get update && true || apt-get install -y x
COPY app /app
USER 1000
HEALTHCHECK CMD true
"""
STEPS = {
    *(f"{B}index-updated-alone", f"{B}download-run", f"{B}certificate-check-off"),
    *(f"{B}sudo-used", f"{B}setuid-set", f"{B}world-writable", f"{B}ssh-exposed"),
    *(f"{B}secret-argument", f"{B}secret-in-environment"),
}
"""What the history of the faulty image says in either dialect."""
OPAQUE = {
    *(f"{B}certificate-check-off", f"{B}download-run", f"{B}index-updated-alone"),
    *(f"{B}secret-in-command", f"{B}setuid-set", f"{B}signature-check-off", f"{B}sudo-used"),
    f"{B}world-writable",
}
"""What nobody knows of a layer that was imported."""
CLASSIC, BUILDKIT = ("0", "1")
DIALECTS = ("classic", "buildkit")


def context(folder: Path, dockerfile: str) -> Path:
    """A folder with a Dockerfile and what it copies."""
    folder.mkdir()
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "app").write_text("x")
    with tarfile.open(folder / "app.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("inside"), io.BytesIO())
    return folder


def built(docker: Docker, folder: Path, name: str, builder: str) -> None:
    """Build an image by one of the two builders."""
    subprocess.run(
        [
            *(docker.binaries.program("docker"), "-H", f"unix://{docker.socket}", "build"),
            *("--network", "none" if builder == CLASSIC else "host"),
            *("--build-arg", f"HF_TOKEN={GIVEN}", "--tag", name, str(folder)),
        ],
        env={
            **docker.binaries.environment,
            "HOME": str(docker.folder),
            "DOCKER_BUILDKIT": builder,
        },
        capture_output=True,
        timeout=300,
        check=True,
    )


@pytest.fixture(scope="module")
def images(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Both Dockerfiles by both builders, one image that was imported, and one built on another."""
    folder = tmp_path_factory.mktemp("contexts")
    names = ["imported:1"]
    try:
        docker.load(busybox(docker.binaries), "ENV MODE=b", "USER 1000", name="imported:1")
        for which, text in {"faulty": FAULTY, "kept": KEPT}.items():
            below = context(folder / which, text)
            for builder, dialect in zip((CLASSIC, BUILDKIT), DIALECTS, strict=True):
                names.append(f"{which}:{dialect}")
                built(docker, below, names[-1], builder)
        names.append("above:1")
        above = context(folder / "above", "FROM faulty:classic\nRUN true || sudo -k\n")
        built(docker, above, names[-1], CLASSIC)
        yield docker
    finally:
        docker.run("rmi", "--force", *names)


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile of all rules on Docker."""
    folder = tmp_path_factory.mktemp("policies")
    (folder / "profiles").mkdir()
    (folder / "profiles/every.yaml").write_text(PROFILE)
    return folder


@pytest.fixture(scope="module")
def held(images: Docker, policies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was collected of the engine."""
    folder = tmp_path_factory.mktemp("collected") / "held"
    ran = auditor(
        *("collect", images.target, "--no-host", "--policies", policies, "--profile", "every"),
        *("--output", folder),
    )
    assert ran.code == 0, ran.out + ran.err
    return folder


@pytest.fixture(scope="module")
def judged(held: Path, policies: Path) -> dict[str, Any]:
    """The results of an evaluation elsewhere."""
    ran = auditor(
        *("evaluate", held, "--policies", policies, "--profile", "every", "--format", "json")
    )
    assert ran.code == 1, ran.err
    return ran.results()


def rules(results: Mapping[str, Any], verdict: str) -> dict[str, set[str]]:
    """The rules on builds that said a verdict of each image, by its name."""
    found: dict[str, set[str]] = {}
    for each in results["findings"]:
        if each["verdict"] == verdict and each["rule"].startswith(B):
            assert each["resource"]["kind"] == "docker/ImageHistory"
            found.setdefault(each["resource"]["name"], set()).add(each["rule"])
    return found


def test_what_the_history_of_each_image_shows(judged: dict[str, Any]) -> None:
    """The names of what ADD copied are in the history of BuildKit alone."""
    assert rules(judged, "fail") == {
        "faulty:classic": STEPS,
        "faulty:buildkit": {*STEPS, f"{B}add-used"},
        "above:1": {f"{B}sudo-used"},
    }


def test_what_is_not_in_a_history_is_unknown(judged: dict[str, Any]) -> None:
    """Sources of the classic ADD; the base that BuildKit does not tell apart, and was imported."""
    unknown = rules(judged, "unknown")
    opaque = {f"{B}copy-world-writable", *OPAQUE}
    assert unknown == {
        "faulty:classic": {f"{B}add-used", f"{B}remote-file-added", f"{B}copy-world-writable"},
        "kept:classic": {f"{B}copy-world-writable"},
        "faulty:buildkit": opaque,
        "kept:buildkit": opaque,
        "imported:1": OPAQUE,
        IMAGE: OPAQUE,
    }


def test_a_finding_shows_the_line_of_its_layer(judged: dict[str, Any], images: Docker) -> None:
    (found,) = (
        each
        for each in judged["findings"]
        if (each["rule"], each["resource"]["name"])
        == (f"{B}index-updated-alone", "faulty:buildkit")
        and each["verdict"] == "fail"
    )
    expected = "faulty:buildkit: cat /etc/passwd > /dev/null; true || apt-get update"
    assert found["message"] == expected
    image = images.get("/images/faulty:buildkit/json")["Id"]
    assert found["resource"]["uid"] == image
    assert found["resource"]["file"] == "/images/faulty:buildkit"
    assert found["observed"] == [
        {"path": "/runs/1/does/0", "fact": "docker/ImageBuild", "value": "updates-index"}
    ], "the layer that was imported is the first step"


def test_the_image_itself_has_a_user_and_a_health_check(judged: dict[str, Any]) -> None:
    of_builds = {f"{B}root-user", f"{B}user-missing", f"{B}healthcheck-missing"}
    for verdict in ("fail", "unknown", "pass"):
        for name, found in rules(judged, verdict).items():
            assert not found & of_builds, (name, verdict)
    failing = {
        each["resource"]["name"]
        for each in judged["findings"]
        if (each["rule"], each["verdict"]) == ("docker-image-root-user", "fail")
    }
    assert failing == {IMAGE}


def test_no_secret_of_a_build_leaves(held: Path, policies: Path, images: Docker) -> None:
    said = json.dumps([images.get(f"/images/faulty:{each}/history") for each in DIALECTS])
    for secret in (CANARY, GIVEN, WORDS):
        assert secret in said, "the engine tells everybody"
    for form in ("json", "markdown"):
        ran = auditor(
            *("evaluate", held, "--policies", policies, "--profile", "every", "--format", form)
        )
        for secret in (CANARY, GIVEN, *WORDS.split()):
            assert secret not in ran.out + ran.err
    for path in held.rglob("*"):
        content = _content(path)
        for secret in (CANARY, GIVEN, *WORDS.split()):
            assert secret.encode() not in content, path


def _content(path: Path) -> bytes:
    if not path.is_file():
        return b""
    data = path.read_bytes()
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard  # noqa: PLC0415 - only blocks of bodies need it

        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


def test_a_checksum_is_in_no_history(new_docker: Docker, tmp_path: Path) -> None:
    """BuildKit leaves it out, so nobody can say of an image whether a remote file was checked."""
    data = b"weights"
    digest = hashlib.sha256(data).hexdigest()
    with serving(lambda _: Reply(data, media="text/plain")) as server:
        text = f"FROM {IMAGE}\nADD --checksum=sha256:{digest} {server.url}/a /a\nUSER 1000\n"
        built(new_docker, context(tmp_path / "checked", text), "checked:1", BUILDKIT)
    try:
        [layer] = [
            each["CreatedBy"]
            for each in new_docker.get("/images/checked:1/history")
            if each["CreatedBy"].startswith("ADD")
        ]
        assert layer == f"ADD {server.url}/a /a # buildkit"
        ran = auditor("scan", new_docker.target, "--no-host", "--format", "json")
        [found] = [
            each
            for each in ran.results()["findings"]
            if each["rule"] == f"{B}remote-file-added" and each["resource"]["name"] == "checked:1"
        ]
        assert found["verdict"] == "unknown"
        assert "does not say whether the file was checked" in found["message"]
    finally:
        new_docker.run("rmi", "--force", "checked:1")
