"""How engines speak: their errors, and our hints in the words of Docker's configuration.

What to try where nobody answers hangs on the way that leads there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from collectors.docker.live.address import Way
from collectors.http.dialect import Dialect, Hints


class _Message(msgspec.Struct, frozen=True, gc=False):
    """``ErrorResponse`` of the Engine API."""

    message: str = ""


_decode = msgspec.json.Decoder(_Message).decode


def _message_of(body: bytes) -> str:
    return _decode(body).message


_HINTS: Final = Hints(
    name="is the host of DOCKER_HOST or of the context a name of the DNS?",
    refused="is the engine running, and may we use its socket? (group docker, or sudo)",
    proxy="an engine is asked without a proxy",
    address="DOCKER_HOST, or the host of the context: is it an address?",
    not_tls="the engine does not speak TLS there: 2375 is its plain port, 2376 that of TLS",
    not_plain="the engine speaks TLS: docker+tls://HOST:2376",
    untrusted="ca.pem of DOCKER_CERT_PATH says whom we trust",
    unknown_user="a proxy in between wants a login: ask for the socket, or by SSH",
)
_OVER_TCP: Final = "does the engine listen there? 2376 is its usual port with TLS"
_REFUSED: Final[Mapping[Way, str]] = MappingProxyType(
    {
        Way.TLS: _OVER_TCP,
        Way.TCP: _OVER_TCP,
        Way.SSH: "does this work, without a question? ssh -o BatchMode=yes HOST docker version",
    }
)


def dialect_of(way: Way) -> Dialect:
    """How an engine speaks that is reached in a way."""
    refused = _REFUSED.get(way, _HINTS.refused)
    hints = msgspec.structs.replace(_HINTS, refused=refused)
    return Dialect(noun="Docker host", message_of=_message_of, hints=hints)
