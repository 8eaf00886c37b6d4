"""A small server that speaks as S3 does, and goes wrong where a test says so.

It checks no signature: the gateway in ``tests/engines`` does. Here it is about what becomes of a
request that is refused, throttled or cut.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET: Final = "audits"
SECRETS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIAKANARIACCESSKEY1",
    "AWS_SECRET_ACCESS_KEY": "kanari/secret+access/key0123456789ABCDEFG",
    "AWS_SESSION_TOKEN": "kanari/session+token/0123456789abcdefghij==",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    bucket: str
    key: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    size: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``cut`` ends the connection after so many bytes of the body, without a word."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = -1


Fault = Callable[[Asked], Reply | None]


def error(status: int, code: str, more: str = "") -> Reply:
    """An error as S3 words it, with what it repeats of us."""
    repeated = " ".join(SECRETS.values())
    text = f"<Error><Code>{code}</Code><Message>{repeated}</Message>{more}</Error>"
    return Reply(status, text.encode(), {"Content-Type": "application/xml"})


@dataclass(slots=True)
class Storage:
    """A running server: what it has, what it was asked, what it does instead."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    fault: Fault | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        """The host and the port, as errors have them."""
        return self.url.removeprefix("http://")

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a command finds it."""
        return {**SECRETS, "AWS_ENDPOINT_URL": self.url, "AWS_REGION": "us-east-1"}

    def answer(self, asked: Asked, body: bytes) -> Reply:
        """Do what is asked."""
        with self.lock:
            self.asked.append(asked)
            wrong = self.fault(asked) if self.fault is not None else None
            if wrong is not None:
                return wrong
            if asked.bucket != BUCKET:
                return error(404, "NoSuchBucket")
            return self._upload(asked, body) or self._object(asked, body)

    def _upload(self, asked: Asked, body: bytes) -> Reply | None:
        number = asked.query.get("uploadId", [""])[0]
        if number and number not in self.uploads:
            return error(404, "NoSuchUpload")
        match asked.method:
            case "POST" if "uploads" in asked.query:
                made = f"upload-{len(self.asked)}"
                self.uploads[made] = {}
                return Reply(body=_xml("InitiateMultipartUploadResult", UploadId=made))
            case "PUT" if number:
                self.uploads[number][int(asked.query["partNumber"][0])] = body
                return Reply(headers={"ETag": _tag(body)})
            case "DELETE" if number:
                self.uploads.pop(number, None)
                return Reply(204)
            case "POST" if number:
                parts = self.uploads.pop(number)
                self.objects[asked.key] = b"".join(part for _, part in sorted(parts.items()))
                return Reply(body=_xml("CompleteMultipartUploadResult", ETag='"whole"'))
        return None

    def _object(self, asked: Asked, body: bytes) -> Reply:
        if asked.method == "PUT":
            if asked.headers.get("if-none-match") == "*" and asked.key in self.objects:
                return error(412, "PreconditionFailed")
            self.objects[asked.key] = body
            return Reply(headers={"ETag": _tag(body)})
        if not asked.key:
            return self._listing(asked)
        found = self.objects.get(asked.key)
        if found is None:
            return error(404, "NoSuchKey")
        if asked.headers.get("if-match", _tag(found)) != _tag(found):
            return error(412, "PreconditionFailed")
        headers = {"ETag": _tag(found), "Last-Modified": "Mon, 30 Nov 2026 12:00:00 GMT"}
        wanted = asked.headers.get("range", "")
        if not wanted:
            return Reply(200, found, headers)
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        part = found[int(start) : int(end) + 1]
        headers["Content-Range"] = f"bytes {start}-{int(start) + len(part) - 1}/{len(found)}"
        return Reply(206, part, headers)

    def _listing(self, asked: Asked) -> Reply:
        prefix = asked.query.get("prefix", [""])[0]
        names = sorted(name for name in self.objects if name.startswith(prefix))
        after = asked.query.get("continuation-token", asked.query.get("start-after", [""]))[0]
        page = [name for name in names if name > after][:2]  # small pages: all of them are asked
        more = bool(page) and page[-1] != names[-1]
        each = "".join(
            f"<Contents><Key>{name}</Key><Size>{len(self.objects[name])}</Size><ETag>x</ETag>"
            "<LastModified>2026-11-30T12:00:00.000Z</LastModified></Contents>"
            for name in page
        )
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        text = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{each}"
        return Reply(body=f"<ListBucketResult>{text}</ListBucketResult>".encode())


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Storage]:
    """A server on the loopback, by TLS with a context, and its end."""
    storage = Storage()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()

        def _any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            parts = urlsplit(self.path)
            bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
            query = parse_qs(parts.query, keep_blank_values=True)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = storage.answer(
                Asked(self.command, bucket, key, query, headers, len(body)), body
            )
            self._say(reply)

        def _say(self, reply: Reply) -> None:
            if not reply.cut:
                self._reset()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body if reply.cut < 0 else reply.body[: reply.cut])
            if reply.cut > 0:
                self._reset()

        def _reset(self) -> None:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815 - their names

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    storage.url = f"http{'s' if context is not None else ''}://127.0.0.1:{server.server_port}"
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refusing(method: str, reply: Reply, *, times: int = -1, query: str = "") -> Fault:
    """Answer some requests so: those of a method, and with a word in their query; so many times."""
    left = [times]

    def fault(asked: Asked) -> Reply | None:
        if asked.method != method or (query and query not in asked.query) or not left[0]:
            return None
        left[0] -= 1
        return reply

    return fault


def kept_in(folder: Path) -> list[str]:
    """What a run left in its folder for temporary files."""
    return sorted(path.name for path in folder.iterdir())


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _xml(name: str, **values: str) -> bytes:
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
    return f"<{name}><Bucket>b</Bucket><Key>k</Key>{inside}</{name}>".encode()
