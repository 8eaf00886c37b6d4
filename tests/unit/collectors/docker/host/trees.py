"""Hosts as trees of real files, which are looked at as if they were the root."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from collectors.docker.host.local import look
from collectors.docker.host.shapes import body_of

UNIT = "lib/systemd/system/docker.service"
GROUPS = "root:x:0:\ndocker:x:999:alice,bob\n"
MOUNTS = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
CONTAINER = "0::/system.slice/docker-" + "0123456789abcdef" * 4 + ".scope\n"


def host(root: Path, files: Mapping[str, int]) -> Path:
    """Make files with a mode each; a path that ends in a slash is a folder."""
    for name, mode in {"etc/group": 0o644, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text(GROUPS if name == "etc/group" else "x")
        path.chmod(mode)
    return root


def running(
    root: Path, pid: int, name: str, *arguments: str, groups: str = "0::/\n", confined: str = ""
) -> None:
    """Make what ``/proc`` says of a process; ``confined`` is its ``NoNewPrivs``."""
    folder = root / "proc" / str(pid)
    folder.mkdir(parents=True)
    (folder / "comm").write_text(f"{name}\n")
    (folder / "cmdline").write_bytes(b"".join(each.encode() + b"\0" for each in arguments))
    (folder / "cgroup").write_text(groups)
    if confined:
        (folder / "status").write_text(f"Name:\t{name}\nNoNewPrivs:\t{confined}\nSeccomp:\t2\n")


def program(path: Path, code: str) -> None:
    """Make a program of a shell's code."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)


def whole(root: Path) -> Path:
    """A host of which every kind is known: an engine runs, and there is no audit system."""
    host(root, {"proc/self/mountinfo": 0o444})
    (root / "proc/self/mountinfo").write_text(MOUNTS)
    running(root, 7, "dockerd", "/usr/bin/dockerd", "-H", "fd://")
    return root


@contextmanager
def listening(path: Path) -> Iterator[Path]:
    """A socket at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as made:
        made.bind(str(path))
        yield path


def seen(kind: str, root: Path) -> dict[str, Any]:
    """The body of a kind of a host."""
    found: dict[str, Any] = msgspec.json.decode(body_of(kind, look(str(root))))
    return found


def paths(kind: str, root: Path) -> list[str]:
    """The files of a kind."""
    return [each["path"] for each in seen(kind, root)["files"]]
