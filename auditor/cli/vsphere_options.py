"""How a vCenter is entered, as several commands ask it; a password is never an argument."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from auditor.bounded import read_named
from auditor.config import Config
from auditor.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., object])

NAMES: Final = ("password_file", "ca_file", "thumbprint", "insecure")
_MOST: Final = 1 << 12
_THUMBPRINT: Final = re.compile(r"[0-9a-f]{64}")
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


def vsphere_options(function: Command) -> Command:
    """``--password-file``, ``--ca-file``, ``--thumbprint`` and ``--insecure``."""
    for option in reversed(
        (
            click.option(
                "--password-file",
                metavar="FILE",
                type=click.Path(path_type=Path),
                help="Password of vsphere:// targets, in the first line of FILE.  "
                "[default: AUDITOR_VSPHERE_PASSWORD]",
            ),
            click.option(
                "--ca-file",
                metavar="FILE",
                type=_FILE,
                help="CA of vsphere:// targets, in PEM.  [default: those of the system]",
            ),
            click.option(
                "--thumbprint",
                metavar="SHA256",
                default="",
                help="Take the certificate of vsphere:// targets that has this sha256, and no "
                "other.",
            ),
            click.option(
                "--insecure",
                is_flag=True,
                help="Take any certificate of vsphere:// targets. Every report says so.",
            ),
        )
    ):
        function = option(function)
    return function


def entering(config: Config, chosen: dict[str, Any]) -> Config:
    """Take the options of vCenters out of what was chosen, and into the configuration.

    Raises:
        UsageError: the file of the password can't be read, or the sum is not one.
    """
    file, authority, thumbprint, insecure = (chosen.pop(name) for name in NAMES)
    given = thumbprint.replace(":", "").lower()
    if given and not _THUMBPRINT.fullmatch(given):
        raise UsageError(
            f"--thumbprint {thumbprint}: not the sha256 of a certificate",
            hint="openssl x509 -noout -fingerprint -sha256 -in FILE",
        )
    if insecure and (given or authority):
        raise UsageError(
            "--insecure takes any certificate, --thumbprint and --ca-file do not",
            hint="leave --insecure out",
        )
    made = msgspec.structs.replace(
        config.vsphere,
        password=_password(file) if file is not None else config.vsphere.password,
        authority=str(authority or ""),
        thumbprint=given,
        checked=not insecure,
    )
    return msgspec.structs.replace(config, vsphere=made)


def _password(path: Path) -> str:
    try:
        text = read_named(path, _MOST).decode()
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(f"--password-file {path}: {what}", hint="one line with it") from error
    password = text.splitlines()[0] if text else ""
    if not password:
        raise UsageError(f"--password-file {path}: its first line is empty", hint="one line")
    return password
