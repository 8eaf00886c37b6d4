"""A Docker Engine that only answers: as many containers as asked for, on a socket.

The bodies are those of a real engine: one container of each, with another id and name. It runs
until its input ends; what it takes itself counts for nobody.

    python -m benchmarks.docker_engine SOCKET CONTAINERS RECORDED

RECORDED is a file that :func:`record` wrote: the answers of a private engine, by their paths.
"""

from __future__ import annotations

import json
import re
import socketserver
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engines.dockerd import Docker

_ONE = re.compile(r"/v[0-9.]+/containers/([0-9a-f]{64})/json")
_MANY = re.compile(r"/v[0-9.]+/containers/json")
_VERSION = re.compile(r"^/v[0-9.]+(?=/)")


def record(engine: Docker, container: str) -> dict[str, Any]:
    """The answers of an engine, and that on one of its containers."""
    paths = ("/version", "/info", "/images/json", "/networks", "/volumes", "/plugins")
    found = {path: engine.get(path) for path in paths}
    return {**found, "container": engine.get(f"/containers/{container}/json")}


def _answers(recorded: Mapping[str, Any], count: int) -> tuple[dict[str, bytes], bytes]:
    """What is the same for all, and the body of a container with what has to be put in."""
    ids = [f"{number:064x}" for number in range(count)]
    fixed = {path: json.dumps(body).encode() for path, body in recorded.items() if path[0] == "/"}
    for path in ("/images/json", "/networks"):
        fixed[path] = b"[]"
    listed = [{"Id": each, "Names": [f"/worker-{each[-8:]}"]} for each in ids]
    fixed["/containers/json"] = json.dumps(listed).encode()
    container = recorded["container"]
    text = json.dumps({**container, "Name": "/worker-NAME"})
    return fixed, text.replace(container["Id"], "IDENTITY").encode()


def _handler(recorded: Mapping[str, Any], count: int) -> type[socketserver.StreamRequestHandler]:
    fixed, container = _answers(recorded, count)

    class Handler(socketserver.StreamRequestHandler):
        """Answers requests of one connection."""

        def handle(self) -> None:
            while words := self.rfile.readline().split():
                while self.rfile.readline().strip():
                    pass
                path = words[1].decode().partition("?")[0]
                self.wfile.write(_reply(path))

    def _reply(path: str) -> bytes:
        one = _ONE.fullmatch(path)
        if one is not None:
            name = one[1].encode()
            body = container.replace(b"IDENTITY", name).replace(b"NAME", name[-8:])
        else:
            body = fixed.get(_VERSION.sub("", path), b"")
        status = b"200 OK" if body else b"404 Not Found"
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        return head % (status, len(body)) + body

    return Handler


def main() -> int:
    """Serve until the input ends."""
    path, count, recorded = sys.argv[1:]
    handler = _handler(json.loads(Path(recorded).read_text()), int(count))
    with socketserver.ThreadingUnixStreamServer(path, handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
