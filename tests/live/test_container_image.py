"""The container file as a real engine builds it, and what its image does in a container."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.version import VERSION
from tests.e2e.command import auditor
from tests.engines.base_image import SETTINGS, base
from tests.engines.dockerd import Docker
from tests.packaging.test_container import DEPLOY, FILE, copied
from tests.packaging.wheel import ROOT

pytestmark = pytest.mark.long
MINOR = 12
ESTATE = ROOT / "examples" / "estate"
BASE, IMAGE = "base:test", "auditor:test"
CONFINED = (
    *("run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL"),
    *("--security-opt=no-new-privileges", "--tmpfs=/tmp"),
)


def context(folder: Path) -> Path:
    """What the container file copies, and itself upon the base that there is."""
    for name in copied():
        source, to = ROOT / name, folder / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__", "*.bin"))
        else:
            shutil.copy(source, to)
    text = re.sub(r"^FROM \S+", f"FROM {BASE}", FILE.read_text(), flags=re.MULTILINE)
    (folder / "Containerfile").write_text(text)
    return folder


@pytest.fixture(scope="module")
def built(old_docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Docker:
    """An engine that has built the image."""
    pinned = (DEPLOY / "requirements.txt", DEPLOY / "requirements-build.txt")
    archive = base(old_docker.binaries, MINOR, pinned, tmp_path_factory.mktemp("wheels"))
    old_docker.load(archive, *SETTINGS, name=BASE)
    build(old_docker, context(tmp_path_factory.mktemp("context")), IMAGE)
    return old_docker


def build(docker: Docker, folder: Path, name: str) -> None:
    """Build as the first line of the container file says."""
    line = [docker.binaries.program("docker"), "-H", f"unix://{docker.socket}", "build"]
    options = ["--network=none", "--build-arg=SOURCE_DATE_EPOCH=1700000000", f"-t{name}"]
    done = subprocess.run(
        [*line, *options, "-f", folder / "Containerfile", folder],
        env={**docker.binaries.environment, "HOME": str(docker.folder), "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_it_runs_as_nobody_and_writes_nowhere(built: Docker) -> None:
    assert built.run(*CONFINED, IMAGE, "--version") == f"auditor {VERSION}"
    (about,) = json.loads(built.run("image", "inspect", IMAGE))
    assert about["Config"]["User"] == "65532:65532"
    assert about["Config"]["Entrypoint"] == ["auditor"]
    shell = (*CONFINED, "--entrypoint=/bin/sh", IMAGE, "-c")
    assert built.run(*shell, "id -u") == "65532"
    assert built.run(*shell, "touch /opt/auditor/x 2>&1 || true").startswith("touch: ")


def test_it_says_what_is_said_outside(built: Docker) -> None:
    """The estate, without network, upon a root that can't be written: the same report."""
    mounted = (*CONFINED, f"--volume={ESTATE}:/work/estate:ro", "--entrypoint=/bin/sh", IMAGE, "-c")
    inside = built.run(*mounted, "auditor scan estate --no-cache || true")
    outside = auditor("scan", "estate", "--no-cache", cwd=ESTATE.parent)
    assert inside.splitlines()[-1] == outside.last_line()


def test_nothing_of_a_builder_is_left(built: Docker) -> None:
    shell = (*CONFINED, "--entrypoint=/bin/sh", IMAGE, "-c")
    wanted = "-name pip -o -name 'pip-*' -o -name 'hatchling*' -o -perm /6000"
    assert built.run(*shell, f"find /opt/auditor {wanted}") == ""


def test_its_files_are_the_same_when_it_is_built_again(
    built: Docker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = "auditor:again"
    folder = context(tmp_path_factory.mktemp("again"))
    build(built, folder, again)
    assert files(built, IMAGE) == files(built, again)


def files(docker: Docker, image: str) -> str:
    """Digests of all files that the container file puts into an image."""
    shell = (*CONFINED, "--entrypoint=/usr/local/bin/python3", image, "-c")
    said = docker.run(*shell, _DIGESTS)
    assert len(said.splitlines()) > 1000
    return said


_DIGESTS = """
import hashlib, pathlib
for each in sorted(pathlib.Path("/opt/auditor").rglob("*")):
    if each.is_file():
        print(oct(each.stat().st_mode), hashlib.sha256(each.read_bytes()).hexdigest(), each)
"""
