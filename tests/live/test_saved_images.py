"""Images that a real engine saved: what we read of them against what the engine and Trivy say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.model.images import Configuration
from auditor.platforms.images import CONFIGURATION
from collectors.http.clock import system_clock
from collectors.images.contents.target import ContentTarget
from tests.e2e.command import auditor
from tests.engines.dockerd import Docker, busybox
from tests.engines.trivy import Trivy
from tests.live.test_docker_history import BUILDKIT, CLASSIC, FAULTY, PROFILE, B, built, context
from tests.unit.collectors.images.scanners import Kept

NAMES = {"faulty:classic": CLASSIC, "faulty:buildkit": BUILDKIT}


@pytest.fixture(scope="module")
def saved(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Archives of a faulty image by both builders, and of one that was imported."""
    home = tmp_path_factory.mktemp("saved")
    files = {name: home / f"{name.replace(':', '-')}.tar" for name in (*NAMES, "imported:1")}
    try:
        docker.load(busybox(docker.binaries), "ENV MODE=b", "USER 1000", name="imported:1")
        below = context(home / "faulty", FAULTY)
        for name, builder in NAMES.items():
            built(docker, below, name, builder)
        for name, file in files.items():
            docker.run("save", "--output", str(file), name)
        yield files
    finally:
        docker.run("rmi", "--force", *files)


def configuration(file: Path) -> Configuration:
    """What we read of the only image of an archive."""
    kept = Kept(file.parent)
    target = ContentTarget(file, system_clock())
    entry = target.collect(frozenset({CONFIGURATION}), kept, lambda _done, _total: None)
    assert entry.gaps == ()
    ((_, body),) = kept.answers
    assert isinstance(body, bytes)
    return msgspec.json.decode(body, type=Configuration)


def test_we_read_what_the_engine_says_of_its_image(saved: dict[str, Path], docker: Docker) -> None:
    for name, file in saved.items():
        found, theirs = configuration(file), docker.get(f"/images/{name}/json")
        config: dict[str, Any] = theirs["Config"]
        assert theirs["Id"] in {found.image.id, *found.manifests}
        assert (found.system, found.image.names) == (theirs["Os"], (name,))
        assert found.user == config.get("User", "")
        assert found.environment == tuple(config.get("Env") or ())
        assert found.ports == tuple(sorted(config.get("ExposedPorts") or ()))
        assert found.health == tuple((config.get("Healthcheck") or {}).get("Test") or ())
        assert (found.labels or {}) == (config.get("Labels") or {})
        assert found.entrypoint == tuple(config.get("Entrypoint") or ())
        assert found.command == tuple(config.get("Cmd") or ())
        assert found.layers == len(theirs["RootFS"]["Layers"])
        lines = [each["CreatedBy"] for each in docker.get(f"/images/{name}/history")][::-1]
        assert [each.created_by for each in found.history] == lines


def told(*targets: str | Path, policies: Path) -> dict[str, set[tuple[str, str]]]:
    """What is said of the steps of images: by the kind of whose it is, rule and verdict."""
    options = ("--no-host", "--policies", policies, "--profile", "every", "--format", "json")
    results = auditor("scan", *targets, *options).results()
    assert results["gaps"] == []
    found: dict[str, set[tuple[str, str]]] = {}
    for each in results["findings"]:
        if not each["rule"].startswith(B):
            continue
        if "buildkit" in each["resource"]["name"]:
            line = (each["rule"], each["verdict"])
            kinds = [each["resource"]["kind"], *(o["kind"] for o in each.get("related", ()))]
            found.setdefault(" ".join(kinds), set()).add(line)
    return found


def test_steps_are_judged_once_whoever_tells_of_them(
    saved: dict[str, Path], docker: Docker, trivy: Trivy, tmp_path: Path
) -> None:
    policies, report = tmp_path / "policies", tmp_path / "faulty.trivy.json"
    (policies / "profiles").mkdir(parents=True)
    (policies / "profiles/every.yaml").write_text(PROFILE)
    file = saved["faulty:buildkit"]
    words = ["image", "--format", "json", "--scanners", "misconfig", "--skip-check-update"]
    trivy.told(tmp_path, report, *words, "--offline-scan", "--quiet", "--input", file)
    lies, engine, archive = "image/Configuration", "docker/ImageHistory", f"images://{file}"
    everywhere = [docker.target, archive, report]
    alone = {name: told(name, policies=policies) for name in everywhere}
    assert [set(each) for each in alone.values()] == [{engine}, {lies}, {"image/Report"}]
    said = [line for each in alone.values() for line in each.values()]
    assert said[0] == said[1] == said[2] != set(), "each alone says the same"
    together = told(*everywhere, policies=policies)
    assert together == {f"{engine} {lies} image/Report": said[0]}
    assert told(archive, report, policies=policies) == {f"{lies} image/Report": said[0]}


def test_a_report_of_other_steps_is_a_gap_of_both(saved: dict[str, Path], tmp_path: Path) -> None:
    file = saved["faulty:buildkit"]
    found = configuration(file)
    report = {
        "SchemaVersion": 2,
        "ArtifactName": "x:1",
        "ArtifactType": "container_image",
        "Metadata": {
            "ImageID": found.image.id,
            "ImageConfig": {"config": {"User": "1000"}, "history": [{"created_by": "USER 1"}]},
        },
    }
    (tmp_path / "x.json").write_text(json.dumps(report))
    options = ("--profile", "cis-docker", "--format", "json")
    results = auditor("scan", f"images://{file}", tmp_path / "x.json", *options).results()
    gaps = {(each["scope"], each["target"].partition("://")[0]) for each in results["gaps"]}
    assert ("docker/ImageBuild", "images") in gaps
    assert len(gaps) >= 2
    assert not [each for each in results["findings"] if each["rule"].startswith(B)]
