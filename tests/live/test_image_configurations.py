"""How images were made: what our rules say of their configuration, and what Trivy's checks do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.images import image
from tests.engines.trivy import Trivy

DAY = {"SOURCE_DATE_EPOCH": "1796040000"}  # 2026-11-30
CHECKED = {
    "DS-0002": "image-user-root",
    "DS-0005": "docker-build-add-used",
    "DS-0017": "docker-build-index-updated-alone",
    "DS-0026": "image-healthcheck-missing",
}
"""Checks of Trivy on the configuration of an image, and our rules about the same."""
HEALTH = {"Test": ["CMD", "true"]}
HEALTH_STEP = {
    "created_by": 'HEALTHCHECK &{["CMD" "true"] "0s" "0s" "0s" "0s" \'\\x00\'}',
    "empty_layer": True,
}
"""Trivy looks for the line of the history, we at the configuration that it leads to."""
RUN = "RUN /bin/sh -c {} # buildkit"
CONFIGURATIONS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "good": (
        (
            RUN.format("apt-get update && apt-get install -y curl"),
            "ADD app.tar.gz /app # buildkit",
            HEALTH_STEP,
        ),
        {"User": "10001:0", "Healthcheck": HEALTH},
    ),
    "nobody": ((RUN.format("apt-get update"), HEALTH_STEP), {"Healthcheck": HEALTH}),
    "zero": (("ADD conf /etc/conf # buildkit",), {"User": "0:0"}),
    "root": (("/bin/sh -c apk update", HEALTH_STEP), {"User": "root", "Healthcheck": HEALTH}),
}


@pytest.fixture(scope="module")
def configured(trivy: Trivy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Trivy says of images by their configuration, with its own checks of it."""
    home = tmp_path_factory.mktemp("configured")
    for name, (steps, config) in CONFIGURATIONS.items():
        archive = image({"x": b""}, *steps, **config).archive(home / f"{name}.tar", f"{name}:1")
        words = ["image", "--format", "json", "--scanners", "misconfig", "--skip-check-update"]
        asked = [
            "--image-config-scanners",
            "misconfig",
            "--cache-dir",
            home / "cache",
            "--offline-scan",
        ]
        more = ["--quiet", "--input", archive]
        trivy.told(home, home / f"{name}.json", *words, *asked, *more)
    return home


def judged(home: Path, *targets: str | Path) -> set[tuple[str, str]]:
    """What we say of images: the name of the image or of its report, and the rule."""
    (home / "policies" / "profiles").mkdir(parents=True)
    profile = {
        "id": "made",
        "title": "t",
        "description": "d",
        "gate": "high",
        "select": [{"ids": sorted(CHECKED.values())}],
    }
    (home / "policies" / "profiles" / "made.yaml").write_text(json.dumps(profile))
    options = ("--policies", home / "policies", "--profile", "made", "--format", "json")
    found = auditor("scan", *targets, *options, env=DAY).results()
    assert found["gaps"] == []
    return {
        (Path(each["resource"]["file"] or each["resource"]["name"]).stem, each["rule"])
        for each in found["findings"]
        if each["verdict"] == "fail"
    }


def test_we_judge_how_an_image_was_made_as_trivy_does(configured: Path, tmp_path: Path) -> None:
    """By what Trivy says of its configuration, and by what lies in the archive itself."""
    theirs = {
        (path.stem, CHECKED[each["ID"]])
        for path in configured.glob("*.json")
        for found in json.loads(path.read_text()).get("Results") or []
        for each in found.get("Misconfigurations", ())
        if each["ID"] in CHECKED
    }
    assert {rule for _, rule in theirs} == set(CHECKED.values())
    for path in configured.glob("*.json"):
        shutil.copy(path, tmp_path)
    assert judged(tmp_path, *sorted(tmp_path.glob("*.json"))) == theirs
    archives = [f"images://{path}" for path in sorted(configured.glob("*.tar"))]
    ours = judged(tmp_path / "own", *archives)
    assert {(name.partition(":")[0], rule) for name, rule in ours} == theirs
