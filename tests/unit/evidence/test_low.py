"""Of the two ECDSA signatures that say the same, one is written and one is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

from auditor.evidence.envelope import PAYLOAD_TYPE, Signed, decode, encode, sign
from auditor.evidence.keys import ALGORITHMS, Held, PublicKey, new_key
from tests.sweeps import examples
from tests.unit.evidence.bundles import REPORT, Made, failed, key, made

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


KEYID = "k"


def held_key(algorithm: str) -> Held:
    private = new_key(algorithm)
    public = PublicKey.of(private.public_key(), "test")
    return Held(public, CryptoSigner(private, public.of_signer()))


HELD = {algorithm: held_key(algorithm) for algorithm in ALGORITHMS}


def turned(signed: Signed) -> Signed:
    r, s = decode_dss_signature(signed.signature)
    return replace(signed, signature=encode_dss_signature(r, ORDER - s))


def test_every_signature_of_ours_is_low(tmp_path: Path) -> None:
    held = key(tmp_path / "key.pem")
    for number in range(40):
        signed = sign(b"%d" % number, held)
        assert decode_dss_signature(signed.signature)[1] <= ORDER // 2
        assert signed.verify(held.public)
        assert not signed.is_high(held.public)
        other = turned(signed)
        assert other.verify(held.public), "as ECDSA has it"
        assert other.is_high(held.public)


def test_ed25519_has_one(tmp_path: Path) -> None:
    held = key(tmp_path / "key.pem", "ed25519")
    signed = sign(b"x", held)
    assert signed.verify(held.public)
    assert not signed.is_high(held.public)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(payload=st.binary(max_size=40), change=st.integers(0, 600))
@examples(300)
def test_a_signature_holds_where_the_library_that_signs_says_so(
    algorithm: str, payload: bytes, change: int
) -> None:
    """Of DSSE we make the bytes that are signed ourselves when we verify."""
    held = HELD[algorithm]
    made = sign(payload, held)
    bits = bytearray(made.signature)
    if change < 8 * len(bits):
        bits[change // 8] ^= 1 << change % 8
    for signed in (made, replace(made, signature=bytes(bits)), replace(made, payload=b"x")):
        theirs = Envelope(
            signed.payload, PAYLOAD_TYPE, {KEYID: Signature(KEYID, signed.signature.hex())}
        )
        known = SSlibKey.from_crypto(held.public.key, keyid=KEYID)
        try:
            theirs.verify([known], 1)
        except VerificationError:
            assert not signed.verify(held.public)
        else:
            assert signed.verify(held.public)


@pytest.mark.parametrize("name", [REPORT, REPORT.replace("audit-report", "test-result")])
def test_a_signature_that_was_turned_fails(tmp_path: Path, name: str) -> None:
    bundle: Made = made(tmp_path)
    path = bundle.root / name
    assert bundle.verify().decision == "verified"
    path.write_bytes(encode(turned(decode(name, path.read_bytes()))))
    assert "high s" in failed(bundle.verify())["SIGNATURE"]
