"""Whom to believe: keys with roles and times, as the person who verifies says it.

Nothing of this ever comes out of a bundle; :mod:`auditor.evidence.trust_file` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from auditor.bounded import read_named
from auditor.errors import UsageError
from auditor.evidence.keys import PublicKey

if TYPE_CHECKING:
    from cryptography import x509

_MOST: Final = 1 << 20


class TrustedKey(msgspec.Struct, frozen=True):
    """A key, what it may do, and when. Times are aware; the end is not part of the time."""

    public: PublicKey
    name: str
    roles: tuple[str, ...] = ("signer",)
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    revoked: datetime | None = None
    reason: str = ""

    def refusal(self, moment: datetime) -> str:
        """Why what was signed at a moment does not count; "" when it does."""
        if self.valid_from is not None and moment < self.valid_from:
            return f"the key is valid from {shown(self.valid_from)}"
        if self.valid_until is not None and moment >= self.valid_until:
            return f"the key was valid until {shown(self.valid_until)}"
        if self.revoked is not None and moment >= self.revoked:
            why = f": {self.reason}" if self.reason else ""
            return f"the key was revoked at {shown(self.revoked)}{why}"
        return ""


class Trust(msgspec.Struct, frozen=True):
    """All that is believed; ``source`` says where that comes from."""

    source: str
    keys: tuple[TrustedKey, ...]
    authorities: tuple[x509.Certificate, ...] = ()
    require_timestamp: bool = False
    max_age: timedelta | None = None

    @property
    def by_name(self) -> Mapping[str, TrustedKey]:
        """The keys by the digests of their public halves."""
        return {key.public.name: key for key in self.keys}


def trust_in(path: Path) -> Trust:
    """Believe one key, at any time, as a signer.

    Raises:
        UsageError: it is not a public key.
    """
    public = PublicKey.from_pem(read_file(path), str(path))
    return Trust(str(path), (TrustedKey(public, path.name),))


def shown(moment: datetime) -> str:
    """A moment for people."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def read_file(path: Path) -> bytes:
    """The content of a file that a person named.

    Raises:
        UsageError: it can't be read.
    """
    try:
        return read_named(path, _MOST)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name a file") from error
    except ValueError as error:
        raise UsageError(f"{str(path)!r}: {error}", hint="name a file") from error
