"""A signed statement as one file: DSSE in a Sigstore bundle, version 0.3.

``cosign``, ``sigstore-go`` and ``@sigstore/verify`` read it. It names the key that signed by a hint
and holds none: trust comes from whoever verifies. There is exactly one signature in it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from auditor.errors import IntegrityError
from auditor.evidence import strict
from auditor.evidence.keys import Held, PublicKey
from auditor.evidence.signers import refusing

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
SUFFIX: Final = ".sigstore.json"
MOST_BYTES: Final = 1 << 24
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (SEC 2, 2.4.2)."""


class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a ``keyid``: go-securesystemslib, and with it cosign, wants one of its own making."""

    sig: str


class _Dsse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: str
    payloadType: str  # noqa: N815 - the field's name
    signatures: tuple[_Signature, ...]


class _Stamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    signedTimestamp: str  # noqa: N815 - the field's name


class _Stamps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rfc3161Timestamps: tuple[_Stamp, ...] = ()  # noqa: N815 - the field's name


class _Hint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hint: str


class _Material(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    publicKey: _Hint  # noqa: N815 - the field's name
    tlogEntries: tuple[msgspec.Raw, ...] = ()  # noqa: N815 - the field's name
    timestampVerificationData: _Stamps | None = None  # noqa: N815 - the field's name


class _Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mediaType: str  # noqa: N815 - the field's name
    verificationMaterial: _Material  # noqa: N815 - the field's name
    dsseEnvelope: _Dsse  # noqa: N815 - the field's name


class Signed(msgspec.Struct, frozen=True):
    """A signed statement, taken apart; nothing of it is verified yet."""

    payload: bytes
    keyid: str
    signature: bytes
    timestamps: tuple[bytes, ...]

    def verify(self, key: PublicKey) -> bool:
        """Whether a key made the signature."""
        kind = PAYLOAD_TYPE.encode()
        # the pre-authentication encoding (DSSE 1.0, protocol.md)
        parts = len(kind), kind, len(self.payload), self.payload
        return key.verifies(self.signature, b"DSSEv1 %d %b %d %b" % parts)

    def is_high(self, key: PublicKey) -> bool:
        """Whether it is the other of the two signatures that say the same, which we write never.

        Of an ECDSA signature (r, s) anybody can make (r, n - s), which verifies as well.
        """
        return key.algorithm == "p256" and _low(self.signature) != self.signature


def _low(signature: bytes) -> bytes:
    """The one of two ECDSA signatures on P-256 with the lower s (SEC 1, 4.1.4); others stay."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return signature
    return encode_dss_signature(r, _ORDER - s) if s > _ORDER // 2 else signature


def sign(payload: bytes, held: Held) -> Signed:
    """Sign a statement.

    Raises:
        UsageError: the token or the service refuses.
    """
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 - see PublicKey.of_signer

    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    with refusing(held.where, held.errors):
        signature = envelope.sign(held.signer)
    found = bytes.fromhex(signature.signature)
    return Signed(
        payload, held.public.name, _low(found) if held.public.algorithm == "p256" else found, ()
    )


def encode(signed: Signed) -> bytes:
    """The file of a signed statement."""
    material: dict[str, object] = {"publicKey": {"hint": signed.keyid}, "tlogEntries": []}
    if signed.timestamps:
        stamps = [{"signedTimestamp": _b64(token)} for token in signed.timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    value = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": {
            "payload": _b64(signed.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _b64(signed.signature)}],
        },
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def decode(name: str, data: bytes) -> Signed:
    """Take a file apart; what the signature does not cover must be as it is always written.

    Raises:
        IntegrityError: it is not exactly of the form that is written.
    """
    bundle = strict.convert(name, strict.parse(name, data), _Bundle)
    envelope, material = bundle.dsseEnvelope, bundle.verificationMaterial
    if bundle.mediaType != MEDIA_TYPE:
        raise IntegrityError(f"{name}: its type is {bundle.mediaType[:80]!r}")
    if envelope.payloadType != PAYLOAD_TYPE:
        raise IntegrityError(f"{name}: the payload is {envelope.payloadType[:80]!r}")
    if len(envelope.signatures) != 1:
        raise IntegrityError(f"{name}: {len(envelope.signatures)} signatures, not one")
    (signature,) = envelope.signatures
    if material.tlogEntries:
        raise IntegrityError(f"{name}: log entries are not read here")
    stamps = material.timestampVerificationData
    tokens = stamps.rfc3161Timestamps if stamps is not None else ()
    if len(tokens) > 1:
        raise IntegrityError(f"{name}: {len(tokens)} time stamps, not one")
    signed = Signed(
        _bytes(name, envelope.payload),
        material.publicKey.hint,
        _bytes(name, signature.sig),
        tuple(_bytes(name, token.signedTimestamp) for token in tokens),
    )
    if encode(signed) != data:
        raise IntegrityError(f"{name}: written in another way than auditor does")
    return signed


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(name: str, text: str) -> bytes:
    """Base64 with padding (RFC 4648, 4), in the one form that its bytes have."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise IntegrityError(f"{name}: not base64") from error
    if _b64(data) != text:
        raise IntegrityError(f"{name}: not the base64 of its bytes")
    return data
