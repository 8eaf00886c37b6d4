"""What the client has to know of one kind of server: its errors, and words that help its users.

A Docker host's would read ``{"message": ...}`` of an error, call a target "Docker host", and name
``DOCKER_HOST`` and ``--tlscacert`` in its hints where that of a cluster names the kubeconfig.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.model.enums import Answered

_USUAL: Final[Mapping[int, Answered]] = MappingProxyType(
    {401: Answered.DENIED, 403: Answered.DENIED, 404: Answered.NOT_FOUND}
)


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can do about each failure, in the words of the platform's configuration."""

    name: str
    """The server's name is not known to the DNS."""
    refused: str
    """Nobody listens at the server's address."""
    proxy: str
    """The proxy did not connect us."""
    address: str
    """The address can't be used at all."""
    not_tls: str
    """We spoke TLS, and the server does not."""
    not_plain: str
    """We spoke plain HTTP, and the server wants TLS."""
    untrusted: str
    """The server's certificate is not one that we trust."""
    unknown_user: str
    """The server does not take our credentials (401)."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of server speaks.

    ``noun`` is what a target is called ("cluster"), ``message_of`` takes the server's own words out
    of the body of an error, and ``statuses`` says what a status code means where that is more than
    :rfc:`9110` says of it. ``media`` are the types of its answers, called ``language`` to people.
    ``faults`` are status codes that other servers have for a failure of their own, and that this
    one has for what is wrong with the request: asked again, it would say the same.
    """

    noun: str
    message_of: Callable[[bytes], str]
    hints: Hints
    statuses: Mapping[int, Answered] = msgspec.field(default_factory=dict)
    media: frozenset[str] = frozenset({"application/json"})
    language: str = "JSON"
    faults: frozenset[int] = frozenset()

    def answered(self, status: int) -> Answered:
        """Return what an answer with an error of this status is to the evidence."""
        return self.statuses.get(status) or _USUAL.get(status, Answered.MALFORMED)
