"""Of the two ECDSA signatures that say the same, one is written and one is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from msgspec.structs import replace

from auditor.evidence.envelope import Signed, decode, encode, sign
from tests.unit.evidence.bundles import REPORT, Made, failed, key, made

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


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


@pytest.mark.parametrize("name", [REPORT, REPORT.replace("audit-report", "test-result")])
def test_a_signature_that_was_turned_fails(tmp_path: Path, name: str) -> None:
    bundle: Made = made(tmp_path)
    path = bundle.root / name
    assert bundle.verify().decision == "verified"
    path.write_bytes(encode(turned(decode(name, path.read_bytes()))))
    assert "high s" in failed(bundle.verify())["SIGNATURE"]
