"""The controller of Kubernetes that fills aggregated ClusterRoles in, beside an API server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.apiserver import ApiServer
from tests.engines.golang import PATIENT

_STOP_SECONDS = 10.0


@contextmanager
def aggregating(binary: Path, server: ApiServer) -> Iterator[None]:
    """Run the controller for a server; it ends when its input does."""
    command = [str(binary), "-server", server.url, "-token", server.token]
    with subprocess.Popen(
        [*command, "-authority", str(server.authority)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"HOME": "/nonexistent", **PATIENT},
    ) as process:
        try:
            yield
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
