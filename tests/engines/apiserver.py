"""A private Kubernetes API server with its etcd, on the loopback, in a folder of its own.

It is given a certificate: of those that it makes itself, with RSA, handshakes are a twentieth of
all that it does in tests.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines.cache import EngineUnavailableError
from tests.engines.client import Client
from tests.engines.golang import PATIENT
from tests.engines.tls import certified

LOOPBACK = "127.0.0.1"
_START_SECONDS = 180.0
_STOP_SECONDS = 10.0
_ATTEMPTS = 3
_LOG_TAIL = 4000
_EC_P256 = bytes.fromhex("2a8648ce3d030107")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The two programs that make a control plane."""

    etcd: Path
    apiserver: Path


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running server: where it listens, who may ask, and what it trusts."""

    port: int
    token: str
    authority: Path

    @property
    def url(self) -> str:
        """The address as kubectl's ``--server`` takes it."""
        return f"https://{LOOPBACK}:{self.port}"

    def client(self) -> Client:
        """A client that is a cluster administrator."""
        return Client(self.port, self.token, ssl.create_default_context(cafile=self.authority))


@contextmanager
def running(
    binaries: Binaries, folder: Path, *, options: Sequence[str] = ()
) -> Iterator[ApiServer]:
    """Start a control plane, wait until it is ready, and stop it whatever happens.

    ``options`` are further flags of kube-apiserver; they win over the ones given here.

    Raises:
        EngineUnavailableError: it did not get ready, with the end of its log.
    """
    with ExitStack() as stack:
        server = _start(stack, binaries, folder, options)
        yield server


def _start(stack: ExitStack, binaries: Binaries, folder: Path, options: Sequence[str]) -> ApiServer:
    """Start on free ports; another process may take one in between, so try a few times."""
    for attempt in range(1, _ATTEMPTS + 1):
        home = folder / f"start-{attempt}"
        home.mkdir(parents=True)
        with ExitStack() as trial:
            try:
                server = _start_once(trial, binaries, home, options)
            except EngineUnavailableError as error:
                if attempt == _ATTEMPTS or "address already in use" not in str(error):
                    raise
            else:
                stack.push(trial.pop_all())
                return server
    raise AssertionError("unreachable: the last attempt returns or raises")


def _start_once(
    stack: ExitStack, binaries: Binaries, home: Path, options: Sequence[str]
) -> ApiServer:
    etcd_port, peer_port, port = _free_ports(3)
    etcd_url = f"http://{LOOPBACK}:{etcd_port}"
    peer_url = f"http://{LOOPBACK}:{peer_port}"
    etcd = stack.enter_context(
        _process(
            [
                str(binaries.etcd),
                f"--data-dir={home / 'etcd'}",
                f"--listen-client-urls={etcd_url}",
                f"--advertise-client-urls={etcd_url}",
                f"--listen-peer-urls={peer_url}",
                f"--initial-advertise-peer-urls={peer_url}",
                f"--initial-cluster=default={peer_url}",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
            home / "etcd.log",
        )
    )
    token, files = secrets.token_hex(16), certified(home)
    apiserver = stack.enter_context(
        _process(
            [
                str(binaries.apiserver),
                f"--etcd-servers={etcd_url}",
                f"--bind-address={LOOPBACK}",
                f"--secure-port={port}",
                f"--tls-cert-file={files['certificate']}",
                f"--tls-private-key-file={files['key']}",
                f"--token-auth-file={_write_tokens(home, token)}",
                "--authorization-mode=RBAC",
                "--allow-privileged",
                *_admission_flags(options),
                "--service-account-issuer=https://issuer.invalid",
                *_service_account_flags(home),
                "--service-cluster-ip-range=10.0.0.0/24",
                "--endpoint-reconciler-type=none",
                "--profiling=false",
                *options,
            ],
            home / "kube-apiserver.log",
        )
    )
    server = ApiServer(port, token, files["ca"])
    _wait_ready(server, home, (etcd, apiserver))
    return server


def _admission_flags(options: Sequence[str]) -> list[str]:
    """No account controller runs here, so pods are made without accounts unless a test asks.

    Of this flag the server adds up all values that it is given.
    """
    flag = "--disable-admission-plugins="
    return [] if any(option.startswith(flag) for option in options) else [f"{flag}ServiceAccount"]


def _write_tokens(home: Path, token: str) -> Path:
    path = home / "tokens.csv"
    path.touch(mode=0o600)
    path.write_text(f'{token},admin,admin,"system:masters"\n')
    return path


def _service_account_flags(home: Path) -> list[str]:
    path = home / "service-account.pem"
    path.touch(mode=0o600)
    path.write_text(_new_ec_key())
    return [f"--service-account-key-file={path}", f"--service-account-signing-key-file={path}"]


def _new_ec_key() -> str:
    """A P-256 private key as PEM (RFC 5915); the optional public part is left to the reader."""
    scalar = (secrets.randbits(255) + 1).to_bytes(32, "big")
    curve = bytes([0xA0, len(_EC_P256) + 2, 0x06, len(_EC_P256)]) + _EC_P256
    content = b"\x02\x01\x01\x04\x20" + scalar + curve
    encoded = base64.b64encode(bytes([0x30, len(content)]) + content).decode()
    lines = "\n".join(encoded[at : at + 64] for at in range(0, len(encoded), 64))
    return f"-----BEGIN EC PRIVATE KEY-----\n{lines}\n-----END EC PRIVATE KEY-----\n"


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_dying_with_us(), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **PATIENT},
        )
        try:
            yield process
        finally:
            _stop(process)


def _dying_with_us() -> list[str]:
    """A prefix that has the kernel end the process when this one is killed, where there is one."""
    tool = shutil.which("setpriv")
    return [tool, "--pdeathsig", "KILL", "--"] if tool is not None else []


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_ready(
    server: ApiServer, home: Path, processes: Sequence[subprocess.Popen[bytes]]
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _ready(server):
        ended = [process for process in processes if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            what = "ended before it was ready" if ended else "was not ready in time"
            logs = "\n".join(
                f"{path.name}:\n{path.read_text(errors='replace')[-_LOG_TAIL:]}"
                for path in sorted(home.glob("*.log"))
            )
            raise EngineUnavailableError(f"the control plane {what}\n{logs}")
        time.sleep(0.2)


def _ready(server: ApiServer) -> bool:
    try:
        with server.client() as client:
            return client.get("/readyz").status == 200
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]
