"""What stands beside an API server: an OpenID Connect provider and a proxy, on the loopback."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tests.faults.server import Asked, Reply, json_reply, serving

CLIENT = "auditor"


@dataclass(slots=True)
class Provider:
    """Signs tokens, and gives a new one for the refresh token ``again``."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    _key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    def token(self, subject: str, seconds: float) -> str:
        """A token that ends in ``seconds``."""
        claims = {"iss": self.url, "aud": CLIENT, "sub": subject, "exp": int(time.time() + seconds)}
        head = {"alg": "RS256", "kid": "only", "typ": "JWT"}
        text = ".".join(_part(json.dumps(each).encode()) for each in (head, claims))
        return f"{text}.{_part(self._key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"

    def handle(self, asked: Asked) -> Reply:
        """Answer as RFC 8414 and OpenID Connect Discovery 1.0 have it."""
        self.asked.append(f"{asked.method} {asked.path}")
        if asked.path == "/token":
            token = self.token("refreshed", 3600)
            return json_reply(
                {"id_token": token, "access_token": "a", "token_type": "Bearer"}
                | {"refresh_token": "again"}
            )
        if asked.path == "/keys":
            numbers = self._key.public_key().public_numbers()
            n, e = (_part(each.to_bytes(256)).lstrip("A") for each in (numbers.n, numbers.e))
            key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "only"}
            return json_reply({"keys": [{**key, "n": n, "e": "AQAB" if e else e}]})
        return json_reply(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint": f"{self.url}/token",
                "authorization_endpoint": f"{self.url}/auth",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@contextmanager
def provider(tls: ssl.SSLContext) -> Iterator[Provider]:
    """An identity provider on the loopback."""
    made = Provider()
    with serving(made.handle, tls) as server:
        made.url = server.url
        yield made


class Tunnel:
    """A proxy that opens tunnels (RFC 9110, 9.3.6), and nothing else."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(4096)
            method, place, _ = head.split(b" ", 2)
            if method != b"CONNECT":
                near.sendall(b"HTTP/1.1 %d no\r\n\r\n" % HTTPStatus.METHOD_NOT_ALLOWED)
                return
            self.opened.append(place.decode())
            host, _, port = place.decode().rpartition(":")
            with socket.create_connection((host, int(port))) as far:
                near.sendall(b"HTTP/1.1 200 ok\r\n\r\n")
                back = threading.Thread(target=_copy, args=(far, near), daemon=True)
                back.start()
                _copy(near, far)
                back.join(5)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
