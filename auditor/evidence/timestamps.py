"""Tokens of a time-stamping authority (RFC 3161) over a signature: who signed, and by when.

Two traps of the library are kept shut. An intermediate certificate that it is given is an anchor of
trust to it, so none is ever taken from a token or a bundle. And it reads strict DER only, so a
token is read when it is made, not first when somebody needs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from auditor.errors import UsageError

if TYPE_CHECKING:
    from cryptography import x509


def needed() -> None:
    """Say early when tokens can't be read here.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        import rfc3161_client  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "time stamps need an extra", hint="pip install 'auditor[timestamp]'"
        ) from error


def request_for(signature: bytes) -> bytes:
    """What to post to an authority, as application/timestamp-query."""
    from rfc3161_client import TimestampRequestBuilder

    return TimestampRequestBuilder().data(signature).build().as_bytes()


def time_of(token: bytes, signature: bytes, authorities: Sequence[x509.Certificate]) -> datetime:
    """When a token says that a signature was there.

    Raises:
        ValueError: it is not a token, of another signature, or of an authority that is not trusted.
    """
    from rfc3161_client import VerifierBuilder, decode_timestamp_response
    from rfc3161_client.errors import VerificationError

    response = decode_timestamp_response(token)
    if response.status != 0:
        raise ValueError(f"the authority refused, with status {response.status}")
    if not authorities:
        raise ValueError("no authority for time stamps is trusted")
    problem: Exception | None = None
    for authority in authorities:
        verifier = VerifierBuilder().add_root_certificate(authority).build()
        try:
            if verifier.verify_message(response, signature):
                return response.tst_info.gen_time
        except VerificationError as error:
            problem = error
    raise ValueError(f"{problem or 'it does not verify'}")


def check_form(token: bytes, signature: bytes) -> datetime:
    """Read a fresh token, whoever it is of: one that can't be read is of no use in a year.

    Raises:
        ValueError: it can't be read, or is about something else.
    """
    from rfc3161_client import decode_timestamp_response

    response = decode_timestamp_response(token)
    if response.status != 0:
        raise ValueError(f"the authority refused, with status {response.status}")
    found = response.tst_info.message_imprint.message
    digests = {hashlib.new(name, signature).digest() for name in ("sha256", "sha384", "sha512")}
    if found not in digests:
        raise ValueError("it is about something else")
    return response.tst_info.gen_time
