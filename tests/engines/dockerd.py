"""A private Docker Engine (API 1.41) from Debian's packages, which are unpacked and not installed.

It has a socket, folders and a process of its own, and no bridge: nothing of the machine's own
engine, of its networks or its firewall is touched. Images come from an archive of busybox, since
no registry is asked. It needs root, as any engine that is not rootless does.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engines.build import EngineUnavailableError, cache_folder, locked

PACKAGES = ("docker.io", "containerd", "runc", "busybox-static", "libseccomp2")
IMAGE = "busybox:test"
_SECONDS = 600
_START = 60.0
_PROGRAMS = ("sh", "sleep", "cat", "id", "nc", "true")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The unpacked packages."""

    root: Path

    def program(self, name: str) -> Path:
        """The path of a program of theirs."""
        folders = (self.root / "usr/sbin", self.root / "usr/bin", self.root / "bin")
        return next(each / name for each in folders if (each / name).exists())

    @property
    def environment(self) -> Mapping[str, str]:
        """What their programs are started with: themselves first on the path, nobody's settings."""
        own = ":".join(str(self.root / each) for each in ("usr/sbin", "usr/bin", "bin"))
        libraries = str(self.root / "usr/lib/x86_64-linux-gnu")
        return {"PATH": f"{own}:{os.environ['PATH']}", "LD_LIBRARY_PATH": libraries, "HOME": "/"}


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
    """Unpack the packages of an engine.

    Raises:
        EngineUnavailableError: as :func:`unpacked`.
    """
    return Binaries(unpacked("docker", PACKAGES))


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """Unpack packages of Debian, once, into the cache of engines; nothing is installed.

    Raises:
        EngineUnavailableError: there is no apt here, no right, or no such package.
    """
    if os.geteuid() != 0:
        raise EngineUnavailableError(f"{name}: a server of its own needs root")
    dpkg = shutil.which("dpkg")
    if shutil.which("apt-get") is None or dpkg is None:
        raise EngineUnavailableError(f"{name}: taken from Debian's packages, and there is no apt")
    root = cache_folder(os.environ).parent / f"{name}-debian"
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with locked(root.with_suffix(".lock")):
            if not root.exists():
                _unpack(root, dpkg, packages)
    except OSError as error:
        raise EngineUnavailableError(f"{name}: {error}") from error
    return root


def _unpack(root: Path, dpkg: str, packages: Sequence[str]) -> None:
    partial = root.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        if not _apt(folder, "download", *packages):
            _apt(folder, "update")  # the lists of a fresh machine
            if not _apt(folder, "download", *packages):
                raise EngineUnavailableError(f"apt-get download gave no {', '.join(packages)}")
        for package in Path(folder).glob("*.deb"):
            subprocess.run([dpkg, "-x", package, partial], check=True)
    partial.replace(root)


def _apt(folder: str, *arguments: str) -> bool:
    command = ["apt-get", "-qq", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)
    return done.returncode == 0


def busybox(binaries: Binaries) -> bytes:
    """An archive of a root file system with a few programs."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(binaries.program("busybox"), "bin/busybox")
        for name in _PROGRAMS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    return made.getvalue()


@contextlib.contextmanager
def running(binaries: Binaries, *options: str) -> Iterator[Docker]:
    """Start an engine with an image, and stop it with all that it runs.

    Raises:
        EngineUnavailableError: it does not start here.
    """
    # a socket's path has 107 characters, and the engine makes longer ones below its own folder
    folder = Path(tempfile.mkdtemp(prefix="dk", dir="/tmp"))
    command = [
        *(binaries.program("dockerd"), "--host", f"unix://{folder / 'd.sock'}"),
        *("--data-root", folder / "data", "--exec-root", folder / "exec"),
        *("--pidfile", folder / "pid", "--bridge=none", "--iptables=false", *options),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=binaries.environment, stdout=log, stderr=log, start_new_session=True
        )
    engine = Docker(binaries, folder, process)
    try:
        _wait(engine)
        engine.load(busybox(binaries))
        yield engine
    finally:
        _stop(engine)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(engine: Docker) -> None:
    end = time.monotonic() + _START
    while True:
        try:
            engine.run("version")
        except RuntimeError as error:
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
