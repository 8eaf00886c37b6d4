"""Files of a host: what is there, what is not, and what nobody knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.model.enums import Answered
from auditor.platforms.docker import (
    HOST_ENGINE_SOCKET,
    HOST_REGISTRY_FILES,
    HOST_SERVICE_UNIT,
    HOST_SETTINGS_FILE,
    HOST_SETTINGS_FOLDER,
)
from collectors.docker.host.local import look
from collectors.docker.host.parts import UnreadError
from collectors.docker.host.probes import MOST_ENTRIES
from collectors.docker.host.shapes import body_of
from collectors.hosts.seen import Unread
from tests.e2e.forks import ROOT
from tests.unit.collectors.docker.host.trees import UNIT, host, listening, paths, seen

DROP_IN = "etc/systemd/system/docker.service.d/proxy.conf"
AUTHORITY = "etc/docker/certs.d/registry.example:5000/ca.crt"


def test_a_file_is_told_by_its_bits_and_numbers(tmp_path: Path) -> None:
    host(tmp_path, {UNIT: 0o4642})
    os.chown(tmp_path / UNIT, 7, 8)
    (tmp_path / UNIT).chmod(0o4642)
    assert seen(HOST_SERVICE_UNIT, tmp_path) == {
        "account": {"user": 0, "group": 0},
        "files": [
            {
                "path": f"/{UNIT}",
                "type": "file",
                "mode": 0o4642,
                "permissions": "4642",
                "owner": 7,
                "group": 8,
            }
        ],
    }


def test_drop_ins_belong_to_a_unit(tmp_path: Path) -> None:
    host(tmp_path, {UNIT: 0o644, DROP_IN: 0o666})
    assert paths(HOST_SERVICE_UNIT, tmp_path) == [f"/{UNIT}", f"/{DROP_IN}"]


def test_one_file_by_two_paths_counts_once(tmp_path: Path) -> None:
    """``/lib`` is a link to ``/usr/lib`` on most hosts."""
    host(tmp_path, {f"usr/{UNIT}": 0o644})
    (tmp_path / "lib").symlink_to("usr/lib")
    assert paths(HOST_SERVICE_UNIT, tmp_path) == [f"/usr/{UNIT}"]


def test_a_unit_that_is_masked_is_no_file(tmp_path: Path) -> None:
    host(tmp_path, {"etc/systemd/system/": 0o755})
    (tmp_path / "etc/systemd/system/docker.service").symlink_to("/dev/null")
    assert paths(HOST_SERVICE_UNIT, tmp_path) == []


def test_what_is_not_there_was_seen_not_to_be(tmp_path: Path) -> None:
    host(tmp_path, {})
    for kind in (HOST_SERVICE_UNIT, HOST_REGISTRY_FILES, HOST_SETTINGS_FILE, HOST_SETTINGS_FOLDER):
        assert paths(kind, tmp_path) == []


def test_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    host(tmp_path, {"etc/docker/": 0o755, "srv/daemon.json": 0o666})
    (tmp_path / "etc/docker/daemon.json").symlink_to("../../srv/daemon.json")
    (found,) = seen(HOST_SETTINGS_FILE, tmp_path)["files"]
    assert (found["mode"], found["link"]) == (0o666, "../../srv/daemon.json")


def test_a_link_that_leads_nowhere_is_not_there(tmp_path: Path) -> None:
    host(tmp_path, {"etc/docker/": 0o755})
    (tmp_path / "etc/docker/daemon.json").symlink_to("gone")
    assert paths(HOST_SETTINGS_FILE, tmp_path) == []


def test_certificates_of_registries(tmp_path: Path) -> None:
    host(tmp_path, {AUTHORITY: 0o444, "etc/docker/certs.d/ca.crt": 0o444})
    assert paths(HOST_REGISTRY_FILES, tmp_path) == ["/etc/docker/certs.d/ca.crt", f"/{AUTHORITY}"]


def test_the_socket_and_its_group(tmp_path: Path) -> None:
    host(tmp_path, {})
    with listening(tmp_path / "var/run/docker.sock") as path:
        path.chmod(0o660)
        found = seen(HOST_ENGINE_SOCKET, tmp_path)
    assert found["dockerGroup"] == 999
    assert [(each["type"], each["mode"]) for each in found["files"]] == [("socket", 0o660)]


def test_a_socket_that_was_named(tmp_path: Path) -> None:
    host(tmp_path, {})
    with listening(tmp_path / "run/proxy.sock"):
        body = body_of(HOST_ENGINE_SOCKET, look(str(tmp_path), ("/run/proxy.sock",)))
    assert [each["path"] for each in json.loads(body)["files"]] == ["/run/proxy.sock"]


def test_a_name_that_is_not_text(tmp_path: Path) -> None:
    host(tmp_path, {"etc/docker/certs.d/": 0o755})
    Path(os.fsdecode(os.fsencode(tmp_path / "etc/docker/certs.d/") + b"/a\xff\n")).touch()
    assert paths(HOST_REGISTRY_FILES, tmp_path) == ["/etc/docker/certs.d/a\ufffd\n"]


def refusal(kind: str, root: Path) -> UnreadError:
    with pytest.raises(UnreadError) as told:
        seen(kind, root)
    return told.value


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    host(tmp_path, {"etc/docker/": 0o755})
    os.mkfifo(tmp_path / "etc/docker/daemon.json")
    error = refusal(HOST_SETTINGS_FILE, tmp_path)
    assert error.answered is Answered.MALFORMED
    assert error.detail == "/etc/docker/daemon.json: it is a pipe, where a file should be"
    assert paths(HOST_SETTINGS_FOLDER, tmp_path) == ["/etc/docker"]


def test_more_files_than_are_looked_at(tmp_path: Path) -> None:
    host(tmp_path, {"etc/docker/certs.d/": 0o755})
    for number in range(MOST_ENTRIES + 1):
        (tmp_path / "etc/docker/certs.d" / str(number)).touch()
    assert refusal(HOST_REGISTRY_FILES, tmp_path).answered is Answered.TRUNCATED


def test_folders_deeper_than_are_looked_at(tmp_path: Path) -> None:
    host(tmp_path, {"etc/docker/certs.d/1/2/3/ca.crt": 0o666})
    error = refusal(HOST_REGISTRY_FILES, tmp_path)
    assert error.detail.startswith("/etc/docker/certs.d/1/2: ")


def test_a_loop_of_links(tmp_path: Path) -> None:
    host(tmp_path, {"etc/docker/certs.d/": 0o755})
    (tmp_path / "etc/docker/certs.d/again").symlink_to(".")
    assert paths(HOST_REGISTRY_FILES, tmp_path) == []
    (tmp_path / "etc/docker/daemon.json").symlink_to("daemon.json")
    assert refusal(HOST_SETTINGS_FILE, tmp_path).answered is Answered.MALFORMED


def test_groups_that_are_larger_than_is_read(tmp_path: Path) -> None:
    host(tmp_path, {})
    (tmp_path / "etc/group").write_text("x" * (1 << 21))
    assert refusal(HOST_ENGINE_SOCKET, tmp_path).answered is Answered.TRUNCATED
    assert paths(HOST_SETTINGS_FOLDER, tmp_path) == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter, which those of a test run are not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


ASKED = """
import os, sys
from collectors.docker.host.local import look
from collectors.docker.host.parts import UnreadError
from collectors.docker.host.shapes import body_of
look(sys.argv[1])
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for kind in sys.argv[2:]:
    try:
        print(kind, body_of(kind, look(sys.argv[1])).decode())
    except UnreadError as error:
        print(kind, error.answered.value, error.detail)
"""


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_what_is_refused_is_not_absent(open_folder: Path) -> None:
    """A folder that only root may enter: nobody knows what is in it, and the rest is known.

    The program becomes nobody once it runs: nobody might not be let to where its interpreter is.
    """
    host(open_folder, {AUTHORITY: 0o444, UNIT: 0o644})
    (open_folder / "etc/docker/certs.d").chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(open_folder), HOST_REGISTRY_FILES, HOST_SERVICE_UNIT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    first, second = done.stdout.splitlines() or [done.stderr, ""]
    assert first == f"{HOST_REGISTRY_FILES} denied /etc/docker/certs.d: permission denied"
    assert f'"path":"/{UNIT}"' in second


def test_what_was_not_looked_at_is_not_known() -> None:
    nothing = look("/nonexistent")
    short = type(nothing)("a", "6.1", 0, {}, {}, {})
    with pytest.raises(UnreadError, match="the host says nothing of it"):
        body_of(HOST_SETTINGS_FILE, short)
    assert isinstance(short.at("/etc/docker"), Unread)
