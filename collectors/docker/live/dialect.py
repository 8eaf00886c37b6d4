"""How engines speak: their errors, and our hints in the words of Docker's configuration."""

from __future__ import annotations

from typing import Final

import msgspec

from collectors.http.dialect import Dialect, Hints


class _Message(msgspec.Struct, frozen=True, gc=False):
    """``ErrorResponse`` of the Engine API."""

    message: str = ""


_decode = msgspec.json.Decoder(_Message).decode


def _message_of(body: bytes) -> str:
    return _decode(body).message


DOCKER: Final = Dialect(
    noun="Docker host",
    message_of=_message_of,
    hints=Hints(
        name="is the host of DOCKER_HOST or of the context a name of the DNS?",
        refused="is the engine running, and may we use its socket? (group docker, or sudo)",
        proxy="an engine is asked without a proxy",
        address="DOCKER_HOST, or the host of the context: is it an address?",
        not_tls="the engine does not speak TLS there: 2375 is its plain port, 2376 that of TLS",
        not_plain="the engine speaks TLS: docker+tls://HOST:2376",
        untrusted="ca.pem of DOCKER_CERT_PATH says whom we trust",
        unknown_user="a proxy in between wants a login: ask for the socket, or by SSH",
    ),
)
