"""Why there is no answer, each reason for itself and in our words.

Those of the libraries hold addresses of memory, and parts of what they read.
"""

from __future__ import annotations

import re
import socket
import ssl
from http.client import BadStatusLine, RemoteDisconnected
from typing import Final

from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    IncompleteRead,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from auditor.model.enums import Answered
from collectors.http.dialect import Hints

_NO_TLS: Final = ("EOF occurred", "WRONG_VERSION_NUMBER", "wrong version number", "record layer")


class Unanswered(Exception):  # noqa: N818 - not an error of ours: it becomes a gap
    """No answer, or one that can't be used."""

    def __init__(
        self, answered: Answered, detail: str, hint: str = "", code: int = 0, body: bytes = b""
    ) -> None:
        super().__init__(detail)
        self.body = body
        self.answered = answered
        self.detail = detail
        self.hint = hint
        self.code = code


def is_dropped(error: Exception) -> bool:
    """Return whether a connection ended before a byte of an answer (RFC 9112, 9.3.1: ask again)."""
    if not isinstance(error, ProtocolError | SSLError):
        return False
    return isinstance(error.__context__, ConnectionError | ssl.SSLEOFError)


def unanswered(error: Exception, hints: Hints) -> Unanswered:
    """Say what happened, by the error of a library."""
    reason = getattr(error, "reason", None)
    telling = [item for item in error.args if isinstance(item, IncompleteRead | BadStatusLine)]
    inner = reason if isinstance(reason, Exception) else next(iter(telling), error)
    match inner:
        case NameResolutionError():
            return Unanswered(Answered.UNREACHABLE, "the server's name is not known", hints.name)
        case NewConnectionError():
            return Unanswered(
                Answered.UNREACHABLE,
                f"no connection: {_cause(inner)}",
                hints.refused,
            )
        case ConnectTimeoutError():
            return Unanswered(
                Answered.TIMEOUT, "no connection in time", "a firewall, or a network that is down?"
            )
        case ReadTimeoutError() | TimeoutError():
            return Unanswered(Answered.TIMEOUT, "the server stopped answering", "scan again later")
        case IncompleteRead():
            return Unanswered(Answered.TRUNCATED, "the answer ended before its announced length")
        case DecodeError():
            return Unanswered(Answered.MALFORMED, "the answer can't be decompressed")
        case SSLError() | ssl.SSLError():
            return _untrusted(inner, hints)
        case ProxyError():
            return Unanswered(Answered.UNREACHABLE, "the proxy did not connect us", hints.proxy)
        case BadStatusLine() if not isinstance(inner, RemoteDisconnected):
            return Unanswered(
                Answered.MALFORMED, "the answer is not HTTP", "does the server speak it there?"
            )
        case ProtocolError() | BadStatusLine() | ConnectionError() | socket.error():
            return Unanswered(
                Answered.TRUNCATED, "the connection ended in the middle", "scan again"
            )
        case ValueError():
            return Unanswered(
                Answered.UNREACHABLE,
                f"it can't be asked ({type(inner).__name__})",
                hints.address,
            )
        case _:
            return Unanswered(Answered.UNREACHABLE, f"{type(inner).__name__}")


def _untrusted(error: Exception, hints: Hints) -> Unanswered:
    text = str(error)
    if any(sign in text for sign in _NO_TLS):
        return Unanswered(
            Answered.UNREACHABLE,
            "TLS: the server does not speak it",
            hints.not_tls,
        )
    found = re.search(r"certificate verify failed: ([^(\]]+)", text)
    detail = found[1].strip() if found else text.partition("] ")[2] or text
    return Unanswered(
        Answered.UNREACHABLE,
        f"TLS: {detail[:200]}",
        hints.untrusted,
    )


def _cause(error: Exception) -> str:
    below = error.__cause__ or error.__context__
    return getattr(below, "strerror", None) or "refused"
