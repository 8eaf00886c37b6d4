"""A private SSH server, OpenSSH's own, on a port of the loopback.

It is started in a mount namespace of its own, in which its user exists and its folder is there:
nothing of that is on the machine. A login finds the private Docker Engine, as an administrator's
would find that of the host.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engines.cache import EngineUnavailableError
from tests.engines.debian import unpacked
from tests.engines.dockerd import Docker

PACKAGES = ("openssh-server", "libwrap0")
USER = "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
_START = 20.0


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server; ``programs`` is a folder with an ``ssh`` that may log in."""

    port: int
    programs: Path

    @property
    def target(self) -> str:
        """The engine behind it as a target."""
        return f"docker+ssh://root@127.0.0.1:{self.port}"


@contextlib.contextmanager
def running(docker: Docker, folder: Path, product: str = "") -> Iterator[Sshd]:
    """Start a server, and end it; ``product`` is the UUID that its firmware tells, "" for none.

    Raises:
        EngineUnavailableError: it does not start here.
    """
    ssh, unshare, keygen = (_there(name) for name in ("ssh", "unshare", "ssh-keygen"))
    root = unpacked("sshd", PACKAGES)
    for name in ("host", "user"):
        path = folder / f"{name}.key"
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    server = Sshd(_free_port(), folder / "programs")
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + USER)
    (folder / "sshd.conf").write_text(_settings(docker, folder, server.port))
    (folder / "user.conf").write_text(_client(folder, server.port))
    server.programs.mkdir()
    wrapper = server.programs / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {ssh} -F {folder / "user.conf"} "$@"\n')
    wrapper.chmod(0o700)
    script = (
        f"mount --bind {folder / 'passwd'} /etc/passwd && mount -t tmpfs none /run && "
        f"mkdir /run/sshd && {firmware(folder, product)}"
        f"exec {root / 'usr/sbin/sshd'} -D -e -f {folder / 'sshd.conf'}"
    )
    libraries = ":".join(str(root / each / "x86_64-linux-gnu") for each in ("lib", "usr/lib"))
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [unshare, "--mount", "sh", "-c", script],
            env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(process, server.port, folder / "sshd.log")
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def firmware(folder: Path, product: str) -> str:
    """Commands by which a mount namespace has the UUID of a machine, as its kernel shows it."""
    if not product:
        return ""
    (folder / "product_uuid").write_text(f"{product}\n")
    there = "/sys/class/dmi/id"
    return (
        f"mount -t tmpfs none /sys/class && mkdir -p {there} && "
        f"cp {folder / 'product_uuid'} {there} && chmod 0400 {there}/product_uuid && "
    )


def _settings(docker: Docker, folder: Path, port: int) -> str:
    host = docker.binaries.environment
    variables = [f"PATH={host['PATH']}", f"LD_LIBRARY_PATH={host['LD_LIBRARY_PATH']}"]
    variables += [f"DOCKER_HOST=unix://{docker.socket}"]
    return "\n".join(
        (
            *("ListenAddress 127.0.0.1", f"Port {port}", "PidFile none", "UsePAM no"),
            *(f"HostKey {folder / 'host.key'}", f"AuthorizedKeysFile {folder / 'user.key.pub'}"),
            *("PermitRootLogin yes", "PasswordAuthentication no", "StrictModes no"),
            f"SetEnv {' '.join(variables)}",
            "",
        )
    )


def _client(folder: Path, port: int) -> str:
    public = (folder / "host.key.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    return "\n".join(
        (
            *("IdentitiesOnly yes", f"IdentityFile {folder / 'user.key'}"),
            *(f"UserKnownHostsFile {folder / 'known'}", "GlobalKnownHostsFile /dev/null"),
            *("StrictHostKeyChecking yes", ""),
        )
    )


def _there(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise EngineUnavailableError(f"sshd: there is no {name} here")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError as error:
            if process.poll() is not None or time.monotonic() > end:
                text = log.read_text(errors="replace")[-2000:]
                raise EngineUnavailableError(f"sshd: it did not start:\n{text}") from error
            time.sleep(0.05)
        else:
            return
