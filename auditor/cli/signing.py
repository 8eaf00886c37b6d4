"""Signing a bundle from the command line: which key, which passphrase, which authority."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from auditor.cli.signing_options import Wanted
from auditor.config import Config
from auditor.errors import UsageError
from auditor.evidence.envelope import Signed, encode, sign
from auditor.evidence.keys import Held, Passphrase, new_key, read_key, written_key
from auditor.evidence.layout import ATTESTATIONS, Manifest
from auditor.evidence.signers import signer_of
from auditor.evidence.statements import audit_report, result_of_tests
from auditor.evidence.timestamps import check_form, needed, request_for
from auditor.evidence.verify import AUDIT_FILE, TEST_FILE

_MOST_SECRET = 4096
_MOST_TOKEN = 1 << 20
_SECONDS = 20.0


def passphrase_of(config: Config, file: Path | None, descriptor: int | None) -> Passphrase:
    """Where a passphrase comes from: a file, a descriptor, the environment, or a terminal.

    It never comes from the arguments, which everybody on the machine can read.
    """

    def ask(what: str) -> bytes | None:
        if file is not None:
            return _first_line(file, str(file))
        if descriptor is not None:
            return _first_line(descriptor, f"descriptor {descriptor}")
        if config.passphrase:
            return config.passphrase.encode()
        if sys.stdin.isatty() and sys.stderr.isatty():
            return getpass.getpass(f"{what}: ", sys.stderr).encode()
        return None

    return ask


def _first_line(source: Path | int, name: str) -> bytes:
    try:
        with open(source, "rb", closefd=not isinstance(source, int)) as file:
            text = file.read(_MOST_SECRET).split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", hint="it holds the passphrase") from error
    if not text:
        raise UsageError(f"{name}: there is no passphrase in it", hint="its first line is read")
    return text


def held_key(wanted: Wanted, config: Config, tell: Callable[[str], None]) -> Held | None:
    """The key to sign with, None for none; the user's own is made when there is none yet.

    Raises:
        UsageError: there is no such key, or no way to it.
    """
    if wanted.no_sign:
        return None
    if wanted.tsa or config.authority:
        needed()
    passphrase = passphrase_of(config, wanted.passphrase_file, wanted.passphrase_fd)
    uri = wanted.key or config.key
    if uri:
        return signer_of(uri, passphrase)
    place = own_key(config)
    if not place.exists():
        make_home(place)
        # when another first run was faster, its key is the user's own
        if written_key(new_key("p256"), place, None):
            tell(
                f"made a signing key, {place}: it shows that a bundle was not changed since, to "
                "those whom you give its public half (auditor keys export)"
            )
    return read_key(place, passphrase)


def make_home(place: Path) -> None:
    """Make the folder that a user's own key is to stand in.

    Raises:
        UsageError: it can't be made.
    """
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{place.parent}: {error.strerror}", hint="--key FILE, or --no-sign"
        ) from error


def own_key(config: Config) -> Path:
    """Where the user's own key is.

    Raises:
        UsageError: there is no home for one.
    """
    if config.home is None or not config.home.parent.parent.is_dir():
        raise UsageError(
            "there is no folder for a signing key: there is no HOME",
            hint="--key FILE, or --no-sign for a bundle that nobody stands for",
        )
    return config.home / "signing-key.pem"


def sign_bundle(root: Path, manifest_bytes: bytes, held: Held, authority: str) -> None:
    """Write the signed statements about a bundle into it.

    Raises:
        UsageError: the token, the service or the authority refuses.
    """
    manifest = msgspec.json.decode(manifest_bytes, type=Manifest)
    folder = root / ATTESTATIONS
    folder.mkdir()
    payloads = {AUDIT_FILE: audit_report(root, manifest, manifest_bytes)}
    if manifest.evaluation is not None:
        payloads[TEST_FILE] = result_of_tests(root, manifest)
    for name, payload in payloads.items():
        signed = sign(payload, held)
        if authority:
            signed = _stamped(signed, authority)
        (folder / name).write_bytes(encode(signed))


def _stamped(signed: Signed, authority: str) -> Signed:
    """Have an authority say when the signature was there; it sees a digest of it, no more."""
    import urllib3

    headers = {"content-type": "application/timestamp-query", "user-agent": "auditor"}
    hint = "is it the address of an authority of RFC 3161? without --tsa no time is attested"
    try:
        answer = urllib3.request(
            "POST",
            authority,
            body=request_for(signed.signature),
            headers=headers,
            timeout=_SECONDS,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        token = answer.read(_MOST_TOKEN, decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise UsageError(f"{authority}: {error}", hint=hint) from error
    if answer.status != 200:
        raise UsageError(f"{authority}: HTTP {answer.status}", hint=hint)
    try:
        check_form(token, signed.signature)
    except ValueError as error:
        raise UsageError(f"{authority}: {error}", hint=hint) from error
    return Signed(signed.payload, signed.keyid, signed.signature, (token,))
