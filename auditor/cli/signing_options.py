"""What the command line may say about bundles and signatures; loads nothing that signs."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from auditor.cli.places import PLACE, Place

_DESCRIPTORS = range(1 << 20)

Command = TypeVar("Command", bound=Callable[..., object])


class Wanted(msgspec.Struct, frozen=True):
    """The options, as they were given; ``key`` is a URI, "" for the user's own."""

    place: Place | None
    key: str
    no_sign: bool
    passphrase_file: Path | None
    passphrase_fd: int | None
    tsa: str


def _descriptor(
    context: click.Context, parameter: click.Parameter, number: int | None
) -> int | None:
    if number is not None and number not in _DESCRIPTORS:
        raise click.BadParameter(f"{number} is not a descriptor", context, parameter)
    return number


passphrase_fd = click.option(
    "--passphrase-fd",
    metavar="N",
    type=int,
    callback=_descriptor,
    help="As above, from a descriptor.",
)

_OPTIONS = (
    click.option(
        "--output",
        "place",
        metavar="PLACE",
        type=PLACE,
        help="Also write a signed bundle of evidence, policy and results: a folder, NAME.zip, or "
        "s3://BUCKET/NAME.zip.",
    ),
    click.option(
        "--key",
        metavar="URI",
        default="",
        help="Key to sign with: a file, hsm:, awskms:, ...  [default: AUDITOR_KEY, or your own]",
    ),
    click.option("--no-sign", is_flag=True, help="Do not sign the bundle."),
    click.option(
        "--passphrase-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Its first line opens the key, or is the PIN. Or AUDITOR_PASSPHRASE.",
    ),
    passphrase_fd,
    click.option(
        "--tsa",
        metavar="URL",
        default="",
        help="Have an authority (RFC 3161) attest the time of signing.",
    ),
)
NAMES = ("place", "key", "no_sign", "passphrase_file", "passphrase_fd", "tsa")


def signing_options(function: Command) -> Command:
    """All options of :class:`Wanted`."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), function)
