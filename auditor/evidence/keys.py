"""Keys: made, kept so that only their owner can read them, loaded, named by their digest.

A key's name is the sha256 of its public half (SubjectPublicKeyInfo, DER), in hexadecimal: the same
that the hint of a Sigstore bundle carries. Two kinds of keys are known: ECDSA on P-256 with
SHA-256, which everything verifies, and Ed25519, which cosign does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from auditor.errors import UsageError
from auditor.evidence.private import read_private, write_private

if TYPE_CHECKING:
    from securesystemslib.signer import Signer, SSlibKey

ALGORITHMS: Final = ("p256", "ed25519")
ROUNDS: Final = 600_000
"""Of PBKDF2 with SHA-256 (OWASP, 2023); PKCS#8 of the cryptography package would get 2,048."""
MOST_BYTES: Final = 1 << 16

_Public = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Passphrase = Callable[[str], bytes | None]
"""Asked for a passphrase, told what for; None when there is none to be had."""


class PublicKey(msgspec.Struct, frozen=True):
    """The public half; ``name`` is its digest, ``algorithm`` one of :data:`ALGORITHMS`."""

    name: str
    algorithm: str
    pem: str
    key: _Public

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether it is the signature of the private half over some bytes."""
        try:
            if isinstance(self.key, ec.EllipticCurvePublicKey):
                self.key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
            else:
                self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def of_signer(self) -> SSlibKey:
        """The key as what signs knows it."""
        # with it come signers of every kind, which who verifies does not need
        from securesystemslib.signer import SSlibKey  # noqa: PLC0415 - see above

        return SSlibKey.from_crypto(self.key, keyid=self.name)

    @classmethod
    def from_pem(cls, pem: bytes, where: str) -> PublicKey:
        """Read a public key in PEM.

        Raises:
            UsageError: it is none, or of a kind that is not used here.
        """
        try:
            return cls.of(serialization.load_pem_public_key(pem), where)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError(
                f"{where}: no public key in PEM",
                hint="auditor keys export prints one, `openssl pkey -pubout` as well",
            ) from error

    @classmethod
    def of(cls, key: object, where: str) -> PublicKey:
        """Name a public key.

        Raises:
            UsageError: it is of a kind that is not used here.
        """
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            algorithm = "p256"
        elif isinstance(key, ed25519.Ed25519PublicKey):
            algorithm = "ed25519"
        else:
            kind = type(key).__name__.strip("_")
            curve = f" on {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else ""
            raise UsageError(
                f"{where}: {kind}{curve} is not used here",
                hint="ECDSA on P-256 verifies everywhere; Ed25519 is known as well",
            )
        der = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        name = hashlib.sha256(der).hexdigest()
        pem = key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(name, algorithm, pem.decode(), key)


class Held(msgspec.Struct, frozen=True):
    """A key that we can sign with; ``errors`` are what its token or service raises."""

    public: PublicKey
    signer: Signer
    where: str = ""
    errors: tuple[type[Exception], ...] = ()


def new_key(algorithm: str) -> PrivateKey:
    """A new private key."""
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def write_key(key: PrivateKey, place: Path, passphrase: bytes | None) -> None:
    """Write a private key that only its owner can read: PKCS#12 with a passphrase, else PKCS#8.

    Raises:
        UsageError: there is something at that place already, or it can't be written.
    """
    if not written_key(key, place, passphrase):
        raise UsageError(f"{place}: it is there already", hint="name another file")


def written_key(key: PrivateKey, place: Path, passphrase: bytes | None) -> bool:
    """As :func:`write_key`; False when there is something at that place already.

    Raises:
        UsageError: it can't be written; nothing is left of it.
    """
    try:
        write_private(place, _encoded(key, passphrase))
    except FileExistsError:
        return False
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}", hint="name another file") from error
    return True


def _encoded(key: PrivateKey, passphrase: bytes | None) -> bytes:
    if passphrase is None:
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415 - see read_key

    hidden = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(passphrase)
    )
    return pkcs12.serialize_key_and_certificates(b"auditor", key, None, None, hidden)


def read_key(place: Path, passphrase: Passphrase) -> Held:
    """Read a private key: PKCS#8 in PEM, encrypted or not, or PKCS#12.

    Raises:
        UsageError: it can't be read, others can, it is not a key, or the passphrase is wrong.
    """
    data = read_private(place, MOST_BYTES, "auditor keys create makes a key")
    if not data.strip():
        raise UsageError(
            f"{place}: it is empty", hint="remove it; auditor keys create makes a new one"
        )
    is_pem = data.lstrip().startswith(b"-----BEGIN")
    hidden = not is_pem or b"ENCRYPTED" in data
    secret = passphrase(f"passphrase of {place}") if hidden else None
    if hidden and secret is None:
        raise UsageError(
            f"{place}: it is encrypted, and there is no passphrase",
            hint="--passphrase-file FILE, AUDITOR_PASSPHRASE, or a terminal to ask on",
        )
    try:
        if is_pem:
            key: object = serialization.load_pem_private_key(data, secret)
        else:
            # with it come certificates, which nothing else of keys needs
            from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415 - see above

            key = pkcs12.load_key_and_certificates(data, secret)[0]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        what = "wrong passphrase, or no key" if hidden else "no private key"
        raise UsageError(
            f"{place}: {what}", hint="PKCS#8 in PEM, or PKCS#12; auditor keys create makes one"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise UsageError(
            f"{place}: {type(key).__name__.strip('_')} is not used here",
            hint="ECDSA on P-256 verifies everywhere; Ed25519 is known as well",
        )
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415 - see PublicKey.of_signer

    public = PublicKey.of(key.public_key(), str(place))
    return Held(public, CryptoSigner(key, public.of_signer()))
