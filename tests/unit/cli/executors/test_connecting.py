"""What listens where a scheduler is looked for, and is none: said, and not waited for."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from auditor.cli.executors.addresses import parse_address
from auditor.cli.executors.of_dask import connected
from auditor.errors import UsageError


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """A port where whoever comes is let in, and told nothing."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in held:
                each.close()


def test_what_is_no_scheduler() -> None:
    with listening() as port:
        address = parse_address(f"dask://127.0.0.1:{port}")
        with pytest.raises(UsageError, match="the scheduler can't be reached: ") as found:
            connected(address, 0.2)
    assert found.value.message.startswith(f"--executor dask://127.0.0.1:{port}: ")
    assert found.value.hint == "is it there, and is it tcp://? dask scheduler starts one"


def test_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UsageError, match=r"can't be reached: .*Connection refused"):
        connected(parse_address(f"dask://127.0.0.1:{port}"), 0.2)
