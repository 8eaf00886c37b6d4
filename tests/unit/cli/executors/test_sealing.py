"""An errand is opened by the one worker that it is for, unchanged; so is its answer."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from auditor.cli.executors.sealing import SIZE, NotOursError, seal, unseal

WORD = b"canary-word of a target"


@pytest.fixture
def own() -> X25519PrivateKey:
    return X25519PrivateKey.generate()


def test_there_and_back(own: X25519PrivateKey) -> None:
    sealed, answers = seal(WORD, own.public_key().public_bytes_raw())
    opened, theirs = unseal(sealed, own)
    assert opened == WORD
    assert WORD not in sealed
    answer = theirs.seal(b"canary-answer")
    assert answers.opened(answer) == b"canary-answer"
    assert b"canary" not in answer + repr(answers).encode() + repr(theirs).encode()


def test_no_two_are_alike(own: X25519PrivateKey) -> None:
    public = own.public_key().public_bytes_raw()
    (one, first), (two, second) = seal(WORD, public), seal(WORD, public)
    assert one[:SIZE] != two[:SIZE]
    assert one[SIZE:] != two[SIZE:]
    with pytest.raises(NotOursError):
        second.opened(first.seal(b"x"))


def test_another_worker_opens_nothing(own: X25519PrivateKey) -> None:
    sealed, _ = seal(WORD, own.public_key().public_bytes_raw())
    with pytest.raises(NotOursError):
        unseal(sealed, X25519PrivateKey.generate())


def test_one_bit_is_enough(own: X25519PrivateKey) -> None:
    sealed, _ = seal(WORD, own.public_key().public_bytes_raw())
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(NotOursError):
            unseal(bytes(changed), own)


@pytest.mark.parametrize("data", [b"", b"x", bytes(SIZE), bytes(SIZE) + WORD, bytes(100)])
def test_what_is_none(own: X25519PrivateKey, data: bytes) -> None:
    """A public key of zeros has no secret with anybody (RFC 7748, 6.1)."""
    with pytest.raises(NotOursError):
        unseal(data, own)


def test_an_errand_is_no_answer(own: X25519PrivateKey) -> None:
    """Each key seals one message: what was sent can't be sent back."""
    sealed, answers = seal(WORD, own.public_key().public_bytes_raw())
    with pytest.raises(NotOursError):
        answers.opened(sealed[SIZE:])
