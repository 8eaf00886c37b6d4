"""A private vCenter, simulated by govmomi, over TLS on a port of the loopback."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engines.build import EngineUnavailableError
from tests.engines.golang import PATIENT
from tests.engines.soap import Rest, Soap
from tests.engines.tls import certified

USER = "audit"
PASSWORD = "p4ss-word-of-audit-17"  # noqa: S105 - of a server of our own


@dataclass(frozen=True, slots=True)
class Vcsim:
    """A running simulator; ``authority`` is the CA of its certificate."""

    address: str
    authority: Path
    folder: Path

    @property
    def target(self) -> str:
        """It as a target."""
        return f"vsphere://{USER}@{self.address}/"

    @property
    def options(self) -> tuple[str, ...]:
        """How a command enters it."""
        password = self.folder / "password"
        password.write_text(PASSWORD + "\n")
        return ("--password-file", str(password), "--ca-file", str(self.authority))

    def saved(self, govc: Path, folder: Path, *options: str) -> Path:
        """Save the inventory with govc, as those who run it do."""
        environment = {
            "GOVC_URL": f"https://{self.address}/sdk",
            "GOVC_USERNAME": USER,
            "GOVC_PASSWORD": PASSWORD,
            "GOVC_TLS_CA_CERTS": str(self.authority),
            "GOVC_PERSIST_SESSION": "false",
        }
        command = [str(govc), "object.save", "-d", str(folder), *options]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
        return folder

    def administrator(self) -> Soap:
        """A client that changes things, as those who run it do."""
        return Soap(self.address, self.authority, USER, PASSWORD)

    def tagger(self) -> Rest:
        """A client that puts tags on things."""
        return Rest(self.address, self.authority, USER, PASSWORD)


Vcsims = Callable[..., Vcsim]
"""Starts a simulator with options, for as long as the test lasts."""


@contextlib.contextmanager
def running(binary: Path, folder: Path, *options: str) -> Iterator[Vcsim]:
    """Start a simulator, and end it.

    Raises:
        EngineUnavailableError: it does not start here.
    """
    files = certified(folder)
    command = [
        *(str(binary), "-user", USER, "-password", PASSWORD),
        *("-certificate", str(files["certificate"]), "-key", str(files["key"]), *options),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **PATIENT},
        )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        if not address:
            tail = (folder / "log").read_text(errors="replace")[-2000:]
            raise EngineUnavailableError(f"vcsim: it did not start:\n{tail}")
        yield Vcsim(address, files["ca"], folder)
    finally:
        process.kill()
        process.communicate()
