"""A warehouse that answers over HTTP: lists of boxes and shelves, and who it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Warehouse:
    """What a warehouse has; ``refused`` are the lists that it does not give."""

    uid: str
    boxes: list[dict[str, Any]]
    shelves: list[dict[str, Any]]
    refused: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def target(self) -> str:
        """The warehouse as a target."""
        return f"toy://127.0.0.1:{self.port}"


@contextmanager
def serving(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Answer for a warehouse on a port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            warehouse.asked.append(f"{self.command} {self.path}")
            lists = {"boxes": warehouse.boxes, "shelves": warehouse.shelves}
            if name in warehouse.refused:
                self._answer(403, {"message": "no key"})
            elif name == "identity":
                self._answer(200, {"uid": warehouse.uid, "version": "1"})
            elif name in lists:
                self._answer(200, {"items": lists[name]})
            else:
                self._answer(404, {"message": "no such list"})

        def _answer(self, code: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    warehouse.port = server.server_address[1]
    try:
        yield warehouse
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
