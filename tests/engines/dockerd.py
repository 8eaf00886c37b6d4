"""Private Docker Engines: API 1.41 from Debian's packages, and API 1.56 built from source.

The packages are unpacked and not installed; the new engine takes its client and its containerd of
them, and has a runc of its own, since Debian's is too old for it. Each has a socket, folders and a
process of its own, and no bridge: nothing of the machine's own engine, of its networks or its
firewall is touched. Images come from an archive of busybox, since no registry is asked. They need
root, as any engine that is not rootless does.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines import build
from tests.engines.cache import EngineUnavailableError
from tests.engines.debian import unpacked
from tests.engines.golang import PATIENT

PACKAGES = ("docker.io", "containerd", "runc", "busybox-static", "libseccomp2")
IMAGE = "busybox:test"
_START = 60.0
_USERS = b"root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"
_PROGRAMS = ("sh", "sleep", "cat", "id", "nc", "true")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The unpacked packages; ``built`` are folders of what stands in for programs of theirs."""

    root: Path
    built: tuple[Path, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where programs are, the first one counts."""
        return (*self.built, *(self.root / each for each in ("usr/sbin", "usr/bin", "bin")))

    def program(self, name: str) -> Path:
        """The path of a program of theirs."""
        return next(each / name for each in self.folders if (each / name).exists())

    @property
    def environment(self) -> Mapping[str, str]:
        """What their programs are started with: themselves first on the path, nobody's settings."""
        own = ":".join(map(str, self.folders))
        libraries = str(self.root / "usr/lib/x86_64-linux-gnu")
        path = f"{own}:{os.environ['PATH']}"
        return {"PATH": path, "LD_LIBRARY_PATH": libraries, "HOME": "/", **PATIENT}


@dataclass(frozen=True, slots=True)
class Docker:
    """A running engine."""

    binaries: Binaries
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "d.sock"

    @property
    def target(self) -> str:
        """The engine as a target."""
        return f"docker+unix://{self.socket}"

    @property
    def version(self) -> str:
        """The version of the API that it speaks."""
        return self.run("version", "--format", "{{.Server.APIVersion}}")

    def run(self, *arguments: str) -> str:
        """Run a command of Docker's own client, and return what it prints."""
        done = subprocess.run(
            [self.binaries.program("docker"), "-H", f"unix://{self.socket}", *arguments],
            env={**self.binaries.environment, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def start(self, name: str, settings: Mapping[str, object]) -> None:
        """Start a container by the API itself: the client is older than some of its fields."""
        self.create(name, settings)
        self._post(f"/containers/{name}/start", {})

    def create(self, name: str, settings: Mapping[str, object]) -> None:
        """Make a container by the API itself."""
        self._post(f"/containers/create?name={name}", settings)

    def get(self, path: str) -> Any:
        """What it answers to a path of its API."""
        return json.loads(self._ask("GET", path, None))

    def _post(self, path: str, body: Mapping[str, object]) -> None:
        self._ask("POST", path, json.dumps(body))

    def _ask(self, method: str, path: str, body: str | None) -> bytes:
        connection = http.client.HTTPConnection("docker", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        with contextlib.closing(connection):
            connection.sock.connect(str(self.socket))
            connection.request(method, path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            found = answer.read()
            if answer.status >= http.HTTPStatus.BAD_REQUEST:
                raise RuntimeError(f"{method} {path}: {found.decode()}")
            return found

    def load(self, archive: bytes, *changes: str, name: str = IMAGE) -> None:
        """Make an image of an archive; ``changes`` are instructions of a Dockerfile."""
        options = [text for each in changes for text in ("--change", each)]
        subprocess.run(
            [
                *(self.binaries.program("docker"), "-H", f"unix://{self.socket}"),
                *("import", *options, "-", name),
            ],
            env={**self.binaries.environment, "HOME": str(self.folder)},
            input=archive,
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=True,
        )


def find_docker() -> Binaries:
    """Unpack the packages of the engine of API 1.41.

    Raises:
        EngineUnavailableError: as :func:`unpacked`.
    """
    return Binaries(unpacked("docker", PACKAGES))


def find_new_docker() -> Binaries:
    """Build the engine of API 1.56 where the cache has none.

    Raises:
        EngineUnavailableError: as :func:`unpacked` and :func:`tests.engines.build.engine`.
    """
    packages = unpacked("docker", PACKAGES)
    built = tuple(build.engine(name).parent for name in ("dockerd", "runc"))
    return Binaries(packages, built, ("--ip6tables=false",))


def busybox(binaries: Binaries) -> bytes:
    """An archive of a root file system with a few programs and two users."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(binaries.program("busybox"), "bin/busybox")
        for name in _PROGRAMS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        users = tarfile.TarInfo("etc/passwd")
        users.size = len(_USERS)
        archive.addfile(users, io.BytesIO(_USERS))
    return made.getvalue()


@contextlib.contextmanager
def running(binaries: Binaries, *options: str) -> Iterator[Docker]:
    """Start an engine with an image, and stop it with all that it runs.

    Raises:
        EngineUnavailableError: it does not start here.
    """
    # a socket's path has 107 characters, and the engine makes longer ones below its own folder
    folder = Path(tempfile.mkdtemp(prefix="dk", dir="/tmp"))
    engine = _started(binaries, folder, options)
    try:
        _wait(engine)
        engine.load(busybox(binaries))
        yield engine
    finally:
        _stop(engine)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def restarted(engine: Docker, *options: str) -> Iterator[Docker]:
    """End an engine, and start another one on what it kept, with other options.

    Raises:
        EngineUnavailableError: it does not start.
    """
    engine.process.send_signal(signal.SIGTERM)
    engine.process.wait(30)
    again = _started(engine.binaries, engine.folder, options)
    try:
        _wait(again)
        yield again
    finally:
        _stop(again)


def _started(binaries: Binaries, folder: Path, options: Sequence[str]) -> Docker:
    command = [
        *(binaries.program("dockerd"), "--host", f"unix://{folder / 'd.sock'}"),
        *("--data-root", folder / "data", "--exec-root", folder / "exec"),
        *(
            "--pidfile",
            folder / "pid",
            "--bridge=none",
            "--iptables=false",
            *binaries.options,
            *options,
        ),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=binaries.environment, stdout=log, stderr=log, start_new_session=True
        )
    return Docker(binaries, folder, process)


def _wait(engine: Docker) -> None:
    end = time.monotonic() + _START
    while True:
        try:
            engine.get("/version")
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            if engine.process.poll() is not None or time.monotonic() > end:
                tail = (engine.folder / "log").read_text(errors="replace")[-2000:]
                raise EngineUnavailableError(f"docker: it did not start:\n{tail}") from error
            time.sleep(0.2)
        else:
            return


def _stop(engine: Docker) -> None:
    """End containers at once, then the engine, which ends its containerd."""
    with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
        left = engine.run("ps", "--all", "--quiet").split()
        if left:
            engine.run("rm", "--force", *left)
    engine.process.send_signal(signal.SIGTERM)
    try:
        engine.process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(engine.process.pid, signal.SIGKILL)
        engine.process.wait()
