"""A base for container files, where no registry is: a Python of this machine and what it links to.

It stands for ``python:3.12-slim``: a shell of busybox, an interpreter with pip, the libraries that
both load, and wheels in a folder that pip takes in place of an index.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.engines.cache import EngineUnavailableError
from tests.engines.dockerd import Binaries
from tests.engines.pythons import interpreters

SETTINGS: Final = (
    "ENV PATH=/usr/local/bin:/usr/bin:/bin PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels",
    'CMD ["python3"]',
)
"""What the base sets, as instructions."""
_LIBRARY: Final = re.compile(r"(?:=> )?(/\S+) \(0x")
_ANYWHERE: Final = (
    *("libgcc_s.so.1", "libstdc++.so.6"),
    *("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1"),
)
_LEFT: Final = frozenset({"test", "idlelib", "tkinter", "turtledemo", "__pycache__"})


def base(binaries: Binaries, minor: int, requirements: tuple[Path, ...], scratch: Path) -> bytes:
    """An archive of a root file system, with the wheels that files of requirements pin.

    Raises:
        EngineUnavailableError: there is no such Python here, or the registry has no wheel of it.
    """
    python = next(interpreters(minor), None)
    if python is None:
        raise EngineUnavailableError(f"Python 3.{minor}, for an image of containers")
    said = [python, "-c", "import sys; print(sys.base_prefix)"]
    prefix = Path(subprocess.run(said, check=True, capture_output=True, text=True).stdout.strip())
    _download(python, requirements, scratch)
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(binaries.program("busybox"), "bin/busybox")
        for name in ("sh", "ls", "id", "find", "touch"):
            _link(archive, f"bin/{name}", "busybox")
        for name in ("python", "python3"):
            _link(archive, f"usr/local/bin/{name}", str(prefix / f"bin/python3.{minor}"))
        _link(archive, "usr/local/bin/pip", str(prefix / "bin/pip"))
        archive.add(prefix / "bin", _below(prefix / "bin"))
        archive.add(prefix / "lib", _below(prefix / "lib"), filter=_wanted)
        for library in _libraries(prefix, minor):
            archive.add(library.resolve(), _below(library))
        archive.add(scratch, "wheels")
    return made.getvalue()


def _download(python: Path, requirements: tuple[Path, ...], folder: Path) -> None:
    line = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    named = [text for each in requirements for text in ("-r", str(each))]
    command = [*line, "--only-binary", ":all:", "-d", str(folder), *named]
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ)
    if done.returncode:
        raise EngineUnavailableError(f"wheels of an image: {done.stderr.decode()[-500:]}")


def _libraries(prefix: Path, minor: int) -> Iterator[Path]:
    """What the interpreter and its modules are linked to, and is not of its own folder."""
    ldd = shutil.which("ldd")
    if ldd is None:
        raise EngineUnavailableError("ldd, for an image of containers")
    modules = sorted((prefix / f"lib/python3.{minor}/lib-dynload").glob("*.so"))
    linked = [each for each in modules if "tkinter" not in each.name]
    said = subprocess.run(
        [ldd, prefix / f"bin/python3.{minor}", *linked], check=True, capture_output=True, text=True
    ).stdout
    for found in sorted({*_LIBRARY.findall(said), *_of_wheels()}):
        if not Path(found).is_relative_to(prefix):
            yield Path(found)


def _of_wheels() -> Iterator[str]:
    """What wheels may be linked to beside: https://peps.python.org/pep-0513/#the-manylinux1-policy."""
    cache = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True)
    for name in _ANYWHERE:
        found = re.search(rf"{re.escape(name)} \(libc6,.*=> (\S+)", cache.stdout)
        if found is None:
            raise EngineUnavailableError(f"{name}, for an image of containers")
        yield found[1]


def _below(path: Path) -> str:
    return str(path).lstrip("/")


def _link(archive: tarfile.TarFile, name: str, to: str) -> None:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, to
    archive.addfile(link)


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without tests, screens and caches of the interpreter."""
    parts = Path(member.name).parts
    if _LEFT.intersection(parts) or any(each.startswith("config-") for each in parts):
        return None
    return member
