"""What Go's reader of tar, by which engines unpack layers, makes of archives."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path

import msgspec


class Listed(msgspec.Struct, frozen=True):
    """A file of an archive; ``kind`` is the letter of its type."""

    name: bytes
    kind: str
    mode: int
    owner: int
    target: bytes


class Answer(msgspec.Struct, frozen=True):
    """What an archive has, and why it was not read to its end."""

    error: str
    entries: tuple[Listed, ...]


class GoTar(msgspec.Struct, frozen=True):
    """The built program."""

    path: Path

    def asked(self, archives: Iterable[bytes]) -> list[Answer]:
        """Ask about some archives."""
        lines = b"\n".join(b64encode(each) for each in archives)
        ran = subprocess.run(
            [str(self.path)], input=lines, capture_output=True, timeout=300, check=True
        )
        return [msgspec.json.decode(line, type=Answer) for line in ran.stdout.splitlines()]
