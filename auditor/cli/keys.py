"""``auditor keys``: make a signing key, and show its public half."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.passphrases import Passphrases, typed_twice
from auditor.cli.prose import prose
from auditor.cli.signing import make_home, own_key
from auditor.cli.signing_options import passphrase_fd as descriptor
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.evidence.keys import ALGORITHMS, Held, new_key, write_key
from auditor.evidence.keys import PublicKey as Public
from auditor.evidence.signers import signer_of

_FILE = click.Path(path_type=Path)
_LIMITS = "ed25519: openssl and npm verify it, cosign 3 does not."


@click.group(short_help="Make a signing key, and show its public half.")
@prose
def keys() -> None:
    r"""Keys that bundles are signed with.

    \b
    Examples:
      auditor keys create release.p12
      auditor keys export release.p12 > release.pub
    """


@keys.command(epilog=_LIMITS)
@click.argument("place", metavar="[FILE]", required=False, type=_FILE)
@click.option(
    "--algorithm",
    type=click.Choice(ALGORITHMS),
    default="p256",
    show_default=True,
    help="Which kind of key.",
)
@click.option("--no-passphrase", is_flag=True, help="Let the file's mode alone protect it.")
@click.option(
    "--passphrase-file", metavar="FILE", type=_FILE, help="Its first line is the passphrase."
)
@descriptor
@prose
def create(
    place: Path | None,
    algorithm: str,
    passphrase_file: Path | None,
    passphrase_fd: int | None,
    *,
    no_passphrase: bool,
) -> None:
    r"""Make a key in FILE, encrypted (PKCS#12, PBKDF2 with 600,000 rounds), mode 0600.

    Without FILE it is your own key, which auditor scan --output signs with.

    \b
    Examples:
      auditor keys create release.p12
      auditor keys create ci.pem --no-passphrase
    """
    config = read_config()
    target = place or own_key(config)
    if target.exists():
        raise UsageError(f"{target}: it is there already", hint="name another file")
    secret = None
    if not no_passphrase:
        if passphrase_file is None and passphrase_fd is None and not config.passphrase:
            secret = typed_twice(target)
        else:
            ask = Passphrases(config, passphrase_file, passphrase_fd)
            secret = ask(f"passphrase of {target}")
    if place is None:
        make_home(target)
    key = new_key(algorithm)
    write_key(key, target, secret)
    public = Public.of(key.public_key(), str(target))
    click.echo(f"{public.algorithm} key {public.name}\nin {target}")


def _held(uri: str, passphrase_file: Path | None, passphrase_fd: int | None) -> Held:
    config = read_config()
    place = uri or config.key or str(own_key(config))
    return signer_of(place, Passphrases(config, passphrase_file, passphrase_fd))


@keys.command()
@click.argument("uri", metavar="[URI]", default="")
@click.option("--passphrase-file", metavar="FILE", type=_FILE, help="Opens the key.")
@descriptor
@prose
def show(uri: str, passphrase_file: Path | None, passphrase_fd: int | None) -> None:
    r"""Show what a key is called; without URI the one that would be signed with.

    \b
    Example:
      auditor keys show release.p12
    """
    public = _held(uri, passphrase_file, passphrase_fd).public
    click.echo(f"{public.algorithm} key {public.name}")


@keys.command()
@click.argument("uri", metavar="[URI]", default="")
@click.option("--passphrase-file", metavar="FILE", type=_FILE, help="Opens the key.")
@descriptor
@prose
def export(uri: str, passphrase_file: Path | None, passphrase_fd: int | None) -> None:
    r"""Print the public half in PEM: give it to those who verify, on a way they trust.

    \b
    Example:
      auditor keys export > me.pub && auditor verify evidence/ --key me.pub
    """
    click.echo(_held(uri, passphrase_file, passphrase_fd).public.pem, nl=False)
