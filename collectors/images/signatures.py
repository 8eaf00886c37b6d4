"""Signatures of images: what ``cosign verify`` prints, and attestations in a bundle or an envelope.

::

    cosign verify app@sha256:… > app.cosign.json     cosign has verified it, and says whose it is
    cosign verify-attestation …, a Sigstore bundle   there is one; here nobody verifies it

No key is asked for and nothing is fetched: a signature is evidence that somebody else looks after.

Sources: https://github.com/sigstore/cosign (specs/SIGNATURE_SPEC.md), in-toto Statement v1, DSSE.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.model.images import Identity, Sbom, Signature
from collectors.images.boms import CYCLONEDX, SPDX

_DIGEST: Final = "sha256:"
_BOMS: Final = {
    "https://cyclonedx.org/bom": CYCLONEDX,
    "https://spdx.dev/Document": SPDX,
}
"""What types of predicates that are SBOMs begin with."""


class _Named(msgspec.Struct, gc=False):
    reference: str = msgspec.field(default="", name="docker-reference")


class _Image(msgspec.Struct, gc=False):
    digest: str = msgspec.field(name="docker-manifest-digest")


class _Critical(msgspec.Struct, gc=False):
    image: _Image
    identity: _Named | None = None
    type: str = ""


class _Verified(msgspec.Struct, gc=False):
    critical: _Critical
    optional: dict[str, object] | None = None


class _Envelope(msgspec.Struct, gc=False, rename="camel"):
    payload: str
    payload_type: str = ""


class _Bundle(msgspec.Struct, gc=False, rename="camel"):
    dsse_envelope: _Envelope


class _Subject(msgspec.Struct, gc=False):
    name: str = ""
    digest: dict[str, str] | None = None


class _Statement(msgspec.Struct, gc=False, rename="camel"):
    type: str = msgspec.field(name="_type")
    subject: list[_Subject] | None = None
    predicate_type: str = ""


_decode_verified = msgspec.json.Decoder(list[_Verified]).decode
_decode_either = msgspec.json.Decoder(_Bundle).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_statement = msgspec.json.Decoder(_Statement).decode


def verified_of(data: bytes) -> Iterator[Signature]:
    """Read what ``cosign verify`` prints.

    Raises:
        msgspec.DecodeError, RecursionError: it is something else.
    """
    for each in _decode_verified(data):
        said = each.optional or {}
        by = next((str(said[name]) for name in ("Subject", "Issuer") if said.get(name)), "")
        yield Signature(Identity((each.critical.image.digest,)), "cosign", verified=True, by=by)


def attestations_of(data: bytes) -> Iterator[Signature | Sbom]:
    """Read a Sigstore bundle or an envelope, or one a line, and the SBOM that one may hold.

    Raises:
        msgspec.DecodeError, RecursionError: it is something else.
    """
    try:
        envelopes = [_envelope(data)]
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        envelopes = [_envelope(line) for line in data.splitlines() if line.strip()]
    for envelope in envelopes:
        yield from _of_envelope(envelope)


def _envelope(data: bytes) -> _Envelope:
    try:
        return _decode_either(data).dsse_envelope
    except msgspec.ValidationError:
        return _decode_envelope(data)


def _of_envelope(envelope: _Envelope) -> Iterator[Signature | Sbom]:
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise msgspec.ValidationError(f"the payload is not base64: {error}") from error
    found = _decode_statement(payload)
    holds = found.predicate_type
    form = next((name for start, name in _BOMS.items() if holds.startswith(start)), "")
    for each in found.subject or ():
        digest = (each.digest or {}).get("sha256", "")
        if digest:
            image = Identity((f"{_DIGEST}{digest}",))
            yield Signature(image, "in-toto", holds=holds)
            if form:
                yield Sbom(image, form)
