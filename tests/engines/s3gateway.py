"""A private storage that speaks S3 over TLS on a port of the loopback: a gateway to a folder.

It checks what a fake would not: the signature of each request, the region in it, the digest of each
body, the conditions of a write.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.engines.cache import EngineUnavailableError
from tests.engines.golang import PATIENT
from tests.engines.tls import certified

KEYS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIAKANARIACCESSKEY1",
    "AWS_SECRET_ACCESS_KEY": "kanari/secret+access/key0123456789ABCDEFG",
}
_SECONDS: Final = 20


@dataclass(slots=True)
class S3Gateway:
    """A running gateway; ``authority`` is the CA of its certificate."""

    address: str
    authority: Path
    folder: Path
    _made: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a command finds it."""
        return {**KEYS, **self.place}

    @property
    def place(self) -> dict[str, str]:
        """Those that say where it is, and not who asks."""
        return {
            "AWS_ENDPOINT_URL": f"https://{self.address}",
            "AWS_CA_BUNDLE": str(self.authority),
            "AWS_REGION": "us-east-1",
        }

    def bucket(self) -> str:
        """Make a new bucket: its name."""
        name = f"bucket-{len(self._made)}"
        self._made.append(name)
        (self.folder / name).mkdir()
        return name

    def held(self, bucket: str) -> dict[str, bytes]:
        """What is in a bucket: objects, and parts of uploads that nobody ended."""
        root = self.folder / bucket
        files = (path for path in root.rglob("*") if path.is_file())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(files)}


@contextlib.contextmanager
def running(binary: Path, folder: Path) -> Iterator[S3Gateway]:
    """Start a gateway, and end it.

    Raises:
        EngineUnavailableError: it does not start here.
    """
    files = certified(folder)
    root, sidecar = folder / "buckets", folder / "sidecar"
    root.mkdir()
    sidecar.mkdir()
    address = f"127.0.0.1:{_free_port()}"
    secured = ["--cert", str(files["certificate"]), "--key", str(files["key"])]
    command = [str(binary), "--quiet", "--port", address, *secured]
    # what a file system may not have, its attributes, is kept in a folder beside
    command += ["posix", "--sidecar", str(sidecar), str(root)]
    environment = {
        **PATIENT,
        "PATH": os.environ["PATH"],
        "ROOT_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"],
        "ROOT_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"],
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        _wait(process, address, folder / "log")
        yield S3Gateway(address, files["ca"], root)
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    host, _, port = address.partition(":")
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.02)
    raise EngineUnavailableError(f"versitygw: {log.read_text(errors='replace')[-500:]}")
