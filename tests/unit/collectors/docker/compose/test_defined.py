"""What a project defines of what its services mount: at its own line, in its own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.collectors.docker.compose.worlds import scan, write

USED = """services:
  a:
    image: x
    volumes: ["vol:/v"]
    secrets: [s]
    configs: [{source: c, target: /c}]
"""


def body(tmp_path: Path, more: str) -> dict[str, Any]:
    found: dict[str, Any]
    _, found = scan(write(tmp_path, {"p/compose.yaml": USED + more})).named("a")
    return found


def test_files_and_folders_stand_where_they_are_defined(tmp_path: Path) -> None:
    text = (
        "volumes:\n  vol:\n    driver_opts: {type: none, o: bind,\n      device: /srv}\n"
        "secrets:\n  s:\n    file: ./s.txt\nconfigs:\n  c: {file: ../c.txt}\n"
    )
    found = scan(write(tmp_path, {"p/compose.yaml": USED + text}))
    _, service = found.named("a")
    assert service["volumes"][0]["device"] == "/srv"
    assert service["secrets"][0]["file"] == "./s.txt"
    assert service["configs"][0]["file"] == "../c.txt"
    assert found.at("a", "/volumes/0/device") == "p/compose.yaml:10"
    assert found.at("a", "/secrets/0/file") == "p/compose.yaml:13"
    assert found.at("a", "/configs/0/file") == "p/compose.yaml:15"


def test_paths_of_included_files_are_from_their_folder(tmp_path: Path) -> None:
    files = {
        "p/compose.yaml": "include: [db/compose.yaml]\n",
        "p/db/compose.yaml": USED + "secrets: {s: {file: ./s.txt}}\n",
    }
    found = scan(write(tmp_path, files))
    assert found.named("a")[1]["secrets"][0]["file"] == "./db/s.txt"
    assert found.at("a", "/secrets/0/file") == "p/db/compose.yaml:7"


@pytest.mark.parametrize(
    "options",
    [
        "{driver_opts: {type: nfs, o: 'addr=10.0.0.1,rw', device: ':/x'}}",
        "{driver: nfs, driver_opts: {type: none, o: bind, device: /srv}}",
        "{driver_opts: {type: none, o: bind}}",
        "{driver_opts: {type: tmpfs, device: tmpfs}}",
        "{external: true}",
        "",
    ],
)
def test_other_volumes_are_no_folders(tmp_path: Path, options: str) -> None:
    assert "device" not in body(tmp_path, f"volumes: {{vol: {options or None}}}\n")["volumes"][0]


def test_the_words_of_options_count(tmp_path: Path) -> None:
    text = "volumes: {vol: {driver: local, driver_opts: {o: 'ro,rbind', device: /srv}}}\n"
    assert body(tmp_path, text)["volumes"][0]["device"] == "/srv"


def test_what_the_kernel_shows_of_the_host(tmp_path: Path) -> None:
    text = "volumes:\n  vol:\n    driver_opts:\n      type: sysfs\n      device: sysfs\n"
    found = scan(write(tmp_path, {"p/compose.yaml": USED + text}))
    assert found.named("a")[1]["volumes"][0]["device"] == "/sys"
    assert found.at("a", "/volumes/0/device") == "p/compose.yaml:10"
    text = "volumes: {vol: {driver_opts: {type: overlay, o: 'lowerdir=/etc:/x', device: none}}}\n"
    assert body(tmp_path, text)["volumes"][0]["device"] == "/x"


def test_what_is_no_file_has_none(tmp_path: Path) -> None:
    text = "secrets: {s: {environment: X}}\nconfigs: {c: {content: x}}\n"
    found = body(tmp_path, text)
    assert "file" not in found["secrets"][0]
    assert "file" not in found["configs"][0]


def test_a_folder_that_is_called_as_a_volume_is_another(tmp_path: Path) -> None:
    text = USED.replace('"vol:/v"', "{type: bind, source: vol, target: /v}")
    text += "volumes: {vol: {driver_opts: {type: none, o: bind, device: /srv}}}\n"
    _, found = scan(write(tmp_path, {"compose.yaml": text})).named("a")
    assert "device" not in found["volumes"][0]
