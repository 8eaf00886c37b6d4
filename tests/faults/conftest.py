"""What holds for every test of a misbehaving server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.server import Handler, Server, healthy, serving
from tests.faults.test_live_many import kubeconfig


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the person who runs this is none of our business."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Any]:
    """Starts servers, and makes the kubeconfig of each."""
    with ExitStack() as stack:

        def start(name: str, handler: Handler = healthy) -> Server:
            server = stack.enter_context(serving(handler))
            folder = tmp_path / name
            folder.mkdir()
            kubeconfig(folder, {name: server.url})
            return server

        yield start
