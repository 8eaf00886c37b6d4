"""What signs, by a URI: a file, a hardware token, or a service that keeps the key.

All of it by securesystemslib. What is more than a file is an extra: ``pip install auditor[hsm]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from auditor.errors import UsageError
from auditor.evidence.keys import Held, Passphrase, PublicKey, read_key
from auditor.late import late
from auditor.secrets.uris import shown

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

_EXTRAS: Final = MappingProxyType(
    {"hsm": "hsm", "awskms": "aws", "gcpkms": "gcp", "azurekms": "azure", "hv": "vault"}
)
_SHOWN: Final = frozenset({"label"})
"""What a query names that is not a secret."""
_ID: Final = late("[0-9]{1,40}")
_Errors = tuple[type[Exception], ...]


def signer_of(uri: str, passphrase: Passphrase) -> Held:
    """What a URI names: ``file:PATH`` or a path, ``hsm:...``, ``awskms:...``, and so on.

    Raises:
        UsageError: there is no such key, or no way to it.
    """
    scheme, separator, rest = uri.partition(":")
    if rest.startswith("//") and scheme not in {*_EXTRAS, "file"}:
        raise UsageError(
            f"{shown(uri)}: no place of keys that we know",
            hint=f"a file, or one of {', '.join(f'{each}:' for each in _EXTRAS)}",
        )
    if not separator or scheme not in {*_EXTRAS, "file"}:
        return read_key(Path(uri), passphrase)
    if scheme == "file":
        return read_key(Path(rest.removeprefix("//")), passphrase)
    try:
        place = _PLACES[scheme]()
    except ImportError as error:
        raise UsageError(
            f"{scheme}: keys need an extra", hint=f"pip install 'auditor[{_EXTRAS[scheme]}]'"
        ) from error
    told = shown(uri, _SHOWN)
    with refusing(told, place.errors):
        return _elsewhere(told, rest.removeprefix("//"), place, passphrase)


@contextmanager
def refusing(where: str, errors: _Errors) -> Iterator[None]:
    """Tell what a token or a service says.

    Raises:
        UsageError: it raised one of its errors.
    """
    try:
        yield
    except errors as error:
        what = str(error) or type(error).__name__
        raise UsageError(f"{where}: {what}", hint="is it there, and the PIN right?") from error


def _elsewhere(uri: str, rest: str, place: _KeyStore, passphrase: Passphrase) -> Held:
    """A key that never leaves its place: its public half is asked for first."""

    def secret(what: str) -> str:
        found = passphrase(f"{what} of {uri}")
        if found is None:
            raise UsageError(
                f"{uri}: there is no {what}",
                hint="--passphrase-file FILE, AUDITOR_PASSPHRASE, or a terminal to ask on",
            )
        return found.decode()

    full, found = place.find(rest, secret)
    pem = str(found.keyval["public"])
    key: object
    if "BEGIN" in pem:
        key = serialization.load_pem_public_key(pem.encode())
    else:
        key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(pem))
    public = PublicKey.of(key, uri)
    from securesystemslib.signer import Signer

    return Held(
        public, Signer.from_priv_key_uri(full, public.of_signer(), secret), uri, place.errors
    )


_Secret = Callable[[str], str]


class _KeyStore(msgspec.Struct, frozen=True):
    """A store of keys: how to find one there, and what it raises."""

    find: Callable[[str, _Secret], tuple[str, SSlibKey]]
    errors: _Errors


def _hsm() -> _KeyStore:
    from pkcs11.exceptions import PKCS11Error
    from securesystemslib.signer import HSMSigner

    def find(rest: str, secret: _Secret) -> tuple[str, SSlibKey]:
        parts = urlsplit(f"hsm:{rest}")
        named = dict(parse_qsl(parts.query, keep_blank_values=True))
        if named.keys() - _SHOWN:
            raise UsageError(
                f"{shown(f'hsm:{rest}', _SHOWN)}: label is all that can be said of a token",
                hint="hsm:2?label=TOKEN; the PIN is asked for, or AUDITOR_PASSPHRASE",
            )
        if parts.path and not _ID.fullmatch(parts.path):
            raise UsageError(
                f"{shown(f'hsm:{rest}', _SHOWN)}: {parts.path!r} is not an id of a key",
                hint="a number, as in hsm:2?label=TOKEN; pkcs11-tool -O shows ids in hexadecimal",
            )
        label = named.get("label")
        return HSMSigner.import_(int(parts.path) if parts.path else None, label, secret)

    return _KeyStore(find, (PKCS11Error, ValueError, RuntimeError))


def _aws() -> _KeyStore:
    from botocore.exceptions import BotoCoreError, ClientError
    from securesystemslib.signer import AWSSigner

    def find(rest: str, secret: _Secret) -> tuple[str, SSlibKey]:
        del secret
        return AWSSigner.import_(rest, "ecdsa-sha2-nistp256")

    return _KeyStore(find, (BotoCoreError, ClientError, ValueError))


def _gcp() -> _KeyStore:
    from google.api_core.exceptions import GoogleAPIError
    from securesystemslib.signer import GCPSigner

    def find(rest: str, secret: _Secret) -> tuple[str, SSlibKey]:
        del secret
        return GCPSigner.import_(rest)

    return _KeyStore(find, (GoogleAPIError, ValueError))


def _azure() -> _KeyStore:
    from azure.core.exceptions import AzureError
    from securesystemslib.signer import AzureSigner

    def find(rest: str, secret: _Secret) -> tuple[str, SSlibKey]:
        del secret
        vault, _, name = rest.partition("/")
        return AzureSigner.import_(vault, name)

    return _KeyStore(find, (AzureError, ValueError))


def _vault() -> _KeyStore:
    from hvac.exceptions import VaultError
    from securesystemslib.signer import VaultSigner

    def find(rest: str, secret: _Secret) -> tuple[str, SSlibKey]:
        del secret
        return VaultSigner.import_(rest)

    return _KeyStore(find, (VaultError, ValueError))


_PLACES: Final[Mapping[str, Callable[[], _KeyStore]]] = MappingProxyType(
    {"hsm": _hsm, "awskms": _aws, "gcpkms": _gcp, "azurekms": _azure, "hv": _vault}
)
"""URI scheme to the place of the key; each is an extra of the package."""
