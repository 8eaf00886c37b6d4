"""A time-stamping authority of our own (RFC 3161), by openssl, on the loopback."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

OPENSSL = shutil.which("openssl") or "openssl"
SETTINGS = """
[tsa]
default_tsa = it
[it]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[ext]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
"""


@dataclass(slots=True)
class Authority:
    """Where it listens, the root to trust, and what it answers instead of a token, if anything."""

    folder: Path
    url: str = ""
    instead: bytes = b""
    status: int = 200
    asked: list[bytes] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The certificate to trust."""
        return self.folder / "root.pem"

    def prepare(self) -> None:
        """Make a root and, below it, the certificate that stamps."""
        self.folder.mkdir(parents=True)
        (self.folder / "conf").write_text(SETTINGS.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "root.key")
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "tsa.key")
        self._openssl(
            "req", "-x509", "-new", "-key", "root.key", "-subj", "/CN=Test Root", "-days", "3650",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign", "-out", "root.pem",
        )  # fmt: skip
        self._openssl("req", "-new", "-key", "tsa.key", "-subj", "/CN=Test TSA", "-out", "tsa.csr")
        self._openssl(
            "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key",
            "-set_serial", "7", "-days", "3650", "-extfile", "conf", "-extensions", "ext",
            "-out", "tsa.pem",
        )  # fmt: skip

    def reply(self, query: bytes) -> bytes:
        """A token for a query."""
        (self.folder / "query").write_bytes(query)
        self._openssl(
            "ts", "-reply", "-config", "conf", "-queryfile", "query", "-signer", "tsa.pem",
            "-inkey", "tsa.key", "-out", "reply",
        )  # fmt: skip
        return (self.folder / "reply").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        command = [OPENSSL, *arguments]
        done = subprocess.run(command, check=False, cwd=self.folder, capture_output=True)
        assert done.returncode == 0, done.stderr


@contextmanager
def stamping(folder: Path) -> Iterator[Authority]:
    """An authority for as long as the context lasts."""
    authority = Authority(folder)
    authority.prepare()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            authority.asked.append(query)
            answer = authority.instead or authority.reply(query)
            self.send_response(authority.status)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
