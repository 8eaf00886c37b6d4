"""Credentials in the headers of a request. None is ever part of an error, nor is its text."""

from __future__ import annotations

import base64

import msgspec
import urllib3

from auditor.errors import CollectionError


class Credentials(msgspec.Struct, frozen=True):
    """What identifies us in one request: its headers, and what of them must be in no output."""

    headers: urllib3.HTTPHeaderDict
    secrets: tuple[str, ...]


def credential_of(authorization: str) -> str:
    """Return what of a header is secret: what stands behind the scheme (RFC 9110, 11.6.2)."""
    return authorization.partition(" ")[2].strip() or authorization


def header_value(text: object, what: str, hint: str) -> str:
    """Return a text that can be the value of a header, without the white space around it.

    Raises:
        CollectionError: it can't; the error has ``what`` it is and the ``hint``, never the text.
    """
    if not isinstance(text, str):
        raise CollectionError(f"{what} is not text", hint=hint)
    value = text.strip()
    if not (value.isascii() and value.isprintable()):
        raise CollectionError(
            f"{what} has a character that no header may have, such as a line break", hint=hint
        )
    return value


def basic(user: str, password: str) -> str:
    """Return the header of basic authentication (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
