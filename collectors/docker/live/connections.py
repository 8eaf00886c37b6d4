"""Connections to an engine on this machine's socket, or on that of another one over SSH.

Both are HTTP over a stream that is not TCP. The guard and the deadlines sit in the connection, so
they hold here as for any other (:func:`collectors.http.guard.guarded`).

SSH is the ``ssh`` of the user, with all that is set up for it; it never asks anything
(``BatchMode``), and on the other side runs what the command line of Docker runs there::

    ssh -T -o BatchMode=yes -- admin@host docker system dial-stdio
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import subprocess
import tempfile
from http.client import HTTPException
from typing import IO, Any, ClassVar, Final

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from auditor.late import late
from collectors.docker.live.allowlist import READ_ONLY
from collectors.http.deadline import Watch
from collectors.http.guard import guarded

SERVER: Final = "http://docker"
"""A host has to stand in a request; the engine looks at none."""
_PORT: Final = late(r":(?P<port>[0-9]{1,5})$")
_MOST_SAID: Final = 4096
_MOST_SHOWN: Final = 300
"""Of what ``ssh`` says its last line is shown, and no more of that."""
_FAREWELL: Final = 2.0
"""Seconds in which ``ssh`` ends by itself once its input does."""


class _UnixConnection(HTTPConnection):
    """Over a socket of this machine."""

    path: ClassVar[str]

    def _new_conn(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(_seconds(self.timeout))
            made.connect(self.path)
        except TimeoutError as error:
            made.close()
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            made.close()
            raise NewConnectionError(self, "no connection") from _no_socket(self.path, error)
        return made


def _no_socket(path: str, error: OSError) -> OSError:
    """Say which path it is; of what is no socket the system says that it refused us."""
    with contextlib.suppress(OSError):
        mode = os.stat(path).st_mode  # noqa: PTH116 - as the socket is named, byte by byte
        if not stat.S_ISSOCK(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "a file"
            return OSError(errno.ENOTSOCK, f"{path} is {what}, and no socket")
    return OSError(error.errno, f"{path}: {error.strerror or type(error).__name__}")


class _SshConnection(HTTPConnection):
    """Over the input and output of ``ssh``, which ends with the connection.

    What it complains of is told where it ends before there is an answer.
    """

    command: ClassVar[tuple[str, ...]]
    _process: subprocess.Popen[bytes] | None = None
    _said: IO[bytes] | None = None
    _answered: bool = False
    _complaint: str = ""

    def _new_conn(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - of the user's PATH, no shell
                    self.command,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=self._said,
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise NewConnectionError(self, "ssh") from error
        ours.settimeout(_seconds(self.timeout))
        return ours

    def getresponse(self) -> Any:
        """Return the answer.

        Raises:
            NewConnectionError: ``ssh`` ended before there was one, and says why.
        """
        try:
            found = super().getresponse()
        except (ConnectionError, HTTPException):
            self.close()
            if self._answered or not self._complaint:
                raise
            why = OSError(errno.ECONNREFUSED, self._complaint)
            raise NewConnectionError(self, "ssh") from why
        self._answered = True
        return found

    def close(self) -> None:
        """End the connection, and ``ssh`` with it."""
        super().close()
        process, self._process = self._process, None
        said, self._said = self._said, None
        if process is not None:
            if _ended(process) and said is not None:
                self._complaint = _last_line(said)
            elif process.returncode is None:
                process.kill()
                process.wait()
        if said is not None:
            said.close()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a program ended by itself within a moment, and failed."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(_FAREWELL) != 0
    return False


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read(_MOST_SAID).decode(errors="replace").splitlines()
    return next((each.strip() for each in reversed(lines) if each.strip()), "")[:_MOST_SHOWN]


def _seconds(timeout: Any) -> float | None:
    """What urllib3 has for a time-out, as a socket takes it."""
    return timeout if isinstance(timeout, int | float) else None


def unix_pools(path: str, watch: Watch) -> urllib3.PoolManager:
    """Make pools of connections to a socket."""
    return _pools(type("_Unix", (_UnixConnection,), {"path": path}), watch, most=4)


def ssh_command(ssh: str, host: str, *remote: str) -> tuple[str, ...]:
    """The command line that runs words at ``[USER@]HOST[:PORT]``, and never asks anything."""
    found = _PORT.search(host)
    port = ("-p", found["port"]) if found is not None else ()
    return (ssh, "-T", "-o", "BatchMode=yes", *port, "--", _PORT.sub("", host), *remote)


def ssh_pools(ssh: str, host: str, watch: Watch) -> urllib3.PoolManager:
    """Make a pool of one connection by a program ``ssh`` to ``[USER@]HOST[:PORT]``."""
    command = ssh_command(ssh, host, "docker", "system", "dial-stdio")
    return _pools(type("_Ssh", (_SshConnection,), {"command": command}), watch, most=1)


def _pools(connection: type[HTTPConnection], watch: Watch, most: int) -> urllib3.PoolManager:
    pools = urllib3.PoolManager(retries=False, maxsize=most)
    pool = guarded(HTTPConnectionPool, connection, READ_ONLY, "", watch)
    pools.pool_classes_by_scheme = {"http": pool}
    return pools
