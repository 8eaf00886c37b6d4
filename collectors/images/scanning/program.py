"""The scanner that is installed: where it is, which version, and its database.

What is found out by starting it is remembered by what the file is (place, size, time, inode), so
that a run that needs no scan starts it not once. The database is read where Trivy keeps it::

    CACHE/db/metadata.json    {"Version": 2, "UpdatedAt": "…", "NextUpdate": "…", …}
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from auditor.bounded import read_named
from auditor.errors import CollectionError
from collectors.images.scanning.versions import Refused, known_of, refusal
from collectors.programs.said import reason
from collectors.programs.sandbox import Limits, Sandbox

_LIMITS: Final = Limits(30.0, 1 << 16)
_MOST_METADATA: Final = 1 << 16
_PIECE: Final = 1 << 20
_INSTALL: Final = "install Trivy, or name it: --trivy PROGRAM or AUDITOR_TRIVY"


class Memory(Protocol):
    """Remembers texts by a name and what they were made for; a cache of the person who runs us."""

    def read(self, name: str, stamp: str) -> memoryview | None:
        """What was remembered; None for nothing."""
        ...

    def write(self, name: str, stamp: str, content: bytes) -> None:
        """Remember something."""
        ...


class Program(msgspec.Struct, frozen=True):
    """A scanner: its path, its version and the sha256 of its bytes."""

    path: str
    version: str
    digest: str


class _Said(msgspec.Struct, rename="pascal"):
    version: str


_decode_said = msgspec.json.Decoder(_Said).decode
_decode_program = msgspec.json.Decoder(Program).decode
_decode_metadata = msgspec.json.Decoder(dict[str, object]).decode


def find_program(
    asked: str,
    path: str,
    digest: str,
    refused: Sequence[Refused],
    sandbox: Sandbox,
    memory: Memory | None,
) -> Program:
    """Find the scanner, and refuse what is not to be run: what is ``refused`` is not started.

    Raises:
        CollectionError: there is none, it is no Trivy, or it is a version that is not run.
    """
    name = str(Path(asked).absolute()) if os.sep in asked else asked or "trivy"
    where = shutil.which(name, path=path)
    if where is None:
        raise CollectionError(_why_none(asked, name), hint=_INSTALL)
    real = os.path.realpath(where)
    found = _known(real, memory) or _asked(real, refused, sandbox)
    why = refusal(found.version, found.digest, digest, refused)
    if why:
        raise CollectionError(why, hint="install another version of Trivy")
    if memory is not None:
        memory.write("program", _stamp(real), msgspec.json.encode(found))
    return found


def _why_none(asked: str, name: str) -> str:
    if not asked:
        return "there is no trivy on the path"
    if os.sep not in asked or not Path(name).exists():
        return f"there is no program {asked}"
    what = "is a folder" if Path(name).is_dir() else "may not be run: it is not executable"
    return f"{asked} {what}"


def _known(path: str, memory: Memory | None) -> Program | None:
    data = memory.read("program", _stamp(path)) if memory is not None else None
    if data is None:
        return None
    try:
        return _decode_program(data)
    except msgspec.DecodeError:
        return None


def _stamp(path: str) -> str:
    status = Path(path).stat()
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}"


def _asked(path: str, refused: Sequence[Refused], sandbox: Sandbox) -> Program:
    """Ask a program for its version, once it is known that its bytes are not refused.

    Raises:
        CollectionError: it does not say one.
    """
    digest = f"sha256:{_digest_of(path)}"
    by_file = [each for each in refused if each.digest]
    if known := known_of(digest, "", by_file):
        raise CollectionError(f"{path} is refused: {known}", hint=_INSTALL)
    came = sandbox.run((path, "version", "--format", "json", "--config", ""), _LIMITS)
    if came.cause is not None or came.code:
        raise CollectionError(f"{path} does not say its version: {reason(came, {})}", hint=_INSTALL)
    try:
        return Program(path, _decode_said(came.out).version, digest)
    except msgspec.DecodeError as error:
        raise CollectionError(f"{path} is no Trivy: {error}", hint=_INSTALL) from error


def _digest_of(path: str) -> str:
    found = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def database_in(folder: Path) -> dict[str, object] | None:
    """What Trivy keeps of its database in a cache; None where there is none that can be read."""
    try:
        found = _decode_metadata(read_named(folder / "db" / "metadata.json", _MOST_METADATA))
        return found if (folder / "db" / "trivy.db").is_file() else None
    except (OSError, msgspec.DecodeError, RecursionError):
        return None
