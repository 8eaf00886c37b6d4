"""Messages that one worker alone can open, whoever carries them.

A scheduler keeps what it hands out: in its state, its dumps, the memory of its process. An errand
holds the secrets of its target, so it is sealed to the worker that gets it: a key is agreed on by
X25519 (RFC 7748) between one made for the message and the worker's own, two keys are derived of it
by HKDF (RFC 5869), one for the errand and one for its answer, each used once, with
ChaCha20-Poly1305 (RFC 8439)::

    lead    makes a key pair, seals the errand, sends:  public key | sealed errand
    worker  opens it, seals the answer by the other key
    lead    opens the answer: only who could open the errand could have sealed it

Whoever runs code in the scheduler can hand out a key of its own for a worker's: it runs code in the
workers anyway. See ADR 0054.
"""

from __future__ import annotations

from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SIZE: Final = 32
"""Bytes of a public key."""
_INFO: Final = b"auditor errand v1"
_ONCE: Final = bytes(12)
"""The nonce: a key is used for one message."""


class NotOursError(Exception):
    """A message was sealed for somebody else, or changed on its way."""


class Answers(msgspec.Struct, frozen=True):
    """Opens, or seals, the one answer to an errand."""

    key: bytes

    def __repr__(self) -> str:
        return "Answers()"

    def seal(self, answer: bytes) -> bytes:
        """Seal the answer."""
        return ChaCha20Poly1305(self.key).encrypt(_ONCE, answer, None)

    def opened(self, sealed: bytes) -> bytes:
        """Open the answer.

        Raises:
            NotOursError: it is not that of the worker that the errand was sealed for.
        """
        return _opened(self.key, sealed)


def seal(errand: bytes, public: bytes) -> tuple[bytes, Answers]:
    """Seal an errand for the owner of a public key; what opens the answer."""
    own = X25519PrivateKey.generate()
    ours = own.public_key().public_bytes_raw()
    key, answers = _keys(own.exchange(X25519PublicKey.from_public_bytes(public)), ours, public)
    return ours + ChaCha20Poly1305(key).encrypt(_ONCE, errand, None), answers


def unseal(sealed: bytes, own: X25519PrivateKey) -> tuple[bytes, Answers]:
    """Open an errand that was sealed for us; what seals the answer.

    Raises:
        NotOursError: it was not.
    """
    theirs, rest = sealed[:SIZE], sealed[SIZE:]
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError as error:
        raise NotOursError from error
    key, answers = _keys(shared, theirs, own.public_key().public_bytes_raw())
    return _opened(key, rest), answers


def _keys(shared: bytes, sender: bytes, owner: bytes) -> tuple[bytes, Answers]:
    made = HKDF(SHA256(), 2 * SIZE, None, _INFO + sender + owner).derive(shared)
    return made[:SIZE], Answers(made[SIZE:])


def _opened(key: bytes, sealed: bytes) -> bytes:
    try:
        return ChaCha20Poly1305(key).decrypt(_ONCE, sealed, None)
    except InvalidTag:
        raise NotOursError from None
