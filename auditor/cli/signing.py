"""Signing a bundle from the command line: which key, which authority."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from auditor.cli.authority import Authority
from auditor.cli.signing_options import Wanted
from auditor.config import Config
from auditor.errors import UsageError
from auditor.evidence.envelope import encode, sign
from auditor.evidence.keys import Held, Passphrase, new_key, read_key, written_key
from auditor.evidence.layout import ATTESTATIONS, Manifest, results_in
from auditor.evidence.signers import signer_of
from auditor.evidence.statements import audit_report, result_of_tests
from auditor.evidence.streamed import read_head
from auditor.evidence.timestamps import needed
from auditor.evidence.verify import AUDIT_FILE, TEST_FILE


def authority_of(wanted: Wanted, config: Config) -> Authority | None:
    """Who is to attest the time of signing; None when nobody is asked.

    Raises:
        UsageError: its address is none.
    """
    url = wanted.tsa or config.authority
    return Authority.at(url) if url else None


def held_key(
    wanted: Wanted, config: Config, passphrase: Passphrase, tell: Callable[[str], None]
) -> Held | None:
    """The key to sign with, None for none; the user's own is made when there is none yet.

    Raises:
        UsageError: there is no such key, or no way to it.
    """
    if wanted.no_sign:
        return None
    if wanted.tsa or config.authority:
        needed()
    uri = wanted.key or config.key
    if uri:
        return signer_of(uri, passphrase)
    place = own_key(config)
    if not place.exists():
        make_home(place)
        # when another first run was faster, its key is the user's own
        if written_key(new_key("p256"), place, None):
            tell(
                f"created a signing key in {place}; whoever has its public key (auditor keys "
                "export) can verify your bundles"
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


def sign_bundle(root: Path, manifest_bytes: bytes, held: Held, authority: Authority | None) -> None:
    """Write the signed statements about a bundle into it.

    Raises:
        UsageError: the token, the service or the authority refuses.
    """
    manifest = msgspec.json.decode(manifest_bytes, type=Manifest)
    folder = root / ATTESTATIONS
    folder.mkdir()
    judged = manifest.evaluation is not None
    results = read_head(results_in(root)) if judged else None
    payloads = {AUDIT_FILE: audit_report(root, manifest, manifest_bytes, results)}
    if judged:
        payloads[TEST_FILE] = result_of_tests(root, manifest, results)
    for name, payload in payloads.items():
        signed = sign(payload, held)
        if authority is not None:
            signed = authority.stamped(signed)
        (folder / name).write_bytes(encode(signed))
