"""Whom we trust to be the server, in a form that evidence can hold."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from pathlib import Path
from typing import Final

from auditor.bounded import read_named

MOST_BYTES: Final = 1 << 22
"""Of a file of certificates."""
UNVERIFIED: Final = "none: the server's certificate was not checked"
"""In place of a CA, where a person switched the check off."""


def authority_of(path: str | None) -> str:
    """The sha256 of the CA that we trust, by its certificate and not by how it is written."""
    if not path:
        return ""
    with contextlib.suppress(OSError, ValueError):
        pem = read_named(Path(path), MOST_BYTES).decode("ascii")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest()
    return ""
