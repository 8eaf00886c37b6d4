"""What a request says of us: tokens, passwords, and whom we act as.

A token is never part of an error, nor is the text that held it.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from auditor.bounded import read_named
from auditor.errors import CollectionError
from collectors.http.credentials import header_value

_PARTS: Final = 3
_MOST_BYTES: Final = 1 << 20
"""Of a token: one that a server takes has some thousand."""
HINT: Final = "log in again, or correct the user of the kubeconfig"
_HEADER_NAME: Final = "!#$&'*+-.^_`|~"
"""Besides letters and digits, what a header's name may have (RFC 9110, 5.6.2); % is the escape."""


class Claims(msgspec.Struct, frozen=True, gc=False):
    """What a JSON Web Token says of itself (RFC 7519, 4.1): subject, and end in seconds of 1970."""

    sub: str = ""
    exp: float = 0.0


_decode_claims = msgspec.json.Decoder(Claims).decode


def token_claims(token: str) -> Claims:
    """What a token claims, unverified; nothing when it is not valid JSON Web Token.

    The subject of a service account's token is its user name in Kubernetes.
    """
    parts = token.strip().split(".")
    if len(parts) != _PARTS:
        return Claims()
    with contextlib.suppress(ValueError, msgspec.DecodeError, RecursionError):
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return _decode_claims(text)
    return Claims()


def kept_token(user: Mapping[str, Any]) -> str:
    """The token of a kubeconfig's user, "" when there is none; a file is read anew each time.

    Raises:
        CollectionError: it is none, or its file can't be read.
    """
    token = user.get("token")
    if token not in (None, ""):
        return header_value(token, "the token of the kubeconfig's user", HINT)
    path = user.get("tokenFile")
    if path in (None, ""):
        return ""
    try:
        text = read_named(Path(str(path)), _MOST_BYTES).decode()
    except OSError as error:
        raise CollectionError(f"tokenFile {path}: {error.strerror}", hint=HINT) from None
    except ValueError:
        text = "\0"
    value = header_value(text, f"the token in {path}", HINT)
    if not value:
        raise CollectionError(f"tokenFile {path} is empty", hint=HINT)
    return value


def impersonation(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The headers that say whom a user of a kubeconfig acts as; the server decides if they may.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation

    Raises:
        CollectionError: a value that no header may have.
    """
    for name, key in (("as", "Impersonate-User"), ("as-uid", "Impersonate-Uid")):
        if user.get(name) not in (None, ""):
            yield key, header_value(user[name], f"{name} of the kubeconfig's user", HINT)
    for value in _texts(user.get("as-groups"), "as-groups"):
        yield "Impersonate-Group", value
    extra = user.get("as-user-extra") or {}
    if not isinstance(extra, Mapping):
        raise CollectionError("as-user-extra of the kubeconfig's user is not a mapping", hint=HINT)
    for name, values in extra.items():
        key = "Impersonate-Extra-" + quote(str(name), safe=_HEADER_NAME)
        for value in _texts(values, "as-user-extra"):
            yield key, value


def _texts(values: object, name: str) -> Iterator[str]:
    if values is None:
        return
    if not isinstance(values, list):
        raise CollectionError(f"{name} of the kubeconfig's user is not a list", hint=HINT)
    for value in values:
        yield header_value(value, f"{name} of the kubeconfig's user", HINT)
