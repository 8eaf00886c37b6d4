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
