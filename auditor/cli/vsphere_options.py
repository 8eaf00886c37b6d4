"""How a vCenter is entered, as several commands ask it; a secret is never an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from auditor.cli.vsphere_secrets import from_file, from_program, from_terminal, refuse_several
from auditor.config import Config
from auditor.errors import UsageError
from auditor.late import late

Command = TypeVar("Command", bound=Callable[..., object])

NAMES: Final = (
    *("password_file", "password_command", "session_file", "session_command"),
    *("ca_file", "thumbprint", "insecure"),
)
_THUMBPRINT: Final = late(r"[0-9a-f]{64}")
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


def vsphere_options(function: Command) -> Command:
    """Whatever is in ``NAMES``, as options."""
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
                "--password-command",
                metavar="COMMAND",
                default="",
                help="Program that prints the password of vsphere:// targets; not run by a shell.",
            ),
            click.option(
                "--session-file",
                metavar="FILE",
                type=click.Path(path_type=Path),
                help="Session of a vsphere:// target in place of a password: the cookie "
                "vmware_soap_session, or a clone ticket.  [default: AUDITOR_VSPHERE_SESSION]",
            ),
            click.option(
                "--session-command",
                metavar="COMMAND",
                default="",
                help="Program that prints such a session.",
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


def entering(config: Config, chosen: dict[str, Any], targets: Sequence[str]) -> Config:
    """Take the options of vCenters out of what was chosen, and into the configuration.

    Raises:
        UsageError: there are two secrets or none where one is named, or the sum is not one.
    """
    given = {name: chosen.pop(name) for name in NAMES}
    authority, insecure = given["ca_file"], given["insecure"]
    thumbprint = given["thumbprint"].replace(":", "").lower()
    if thumbprint and not _THUMBPRINT.fullmatch(thumbprint):
        raise UsageError(
            f"--thumbprint {given['thumbprint']}: not the sha256 of a certificate",
            hint="openssl x509 -noout -fingerprint -sha256 -in FILE",
        )
    if insecure and (thumbprint or authority):
        raise UsageError(
            "--insecure takes any certificate, --thumbprint and --ca-file do not",
            hint="leave --insecure out",
        )
    made = msgspec.structs.replace(
        config.vsphere,
        authority=str(authority or ""),
        thumbprint=thumbprint,
        checked=not insecure,
        **_secret(config, given, targets),
    )
    return msgspec.structs.replace(config, vsphere=made)


def _secret(config: Config, given: dict[str, Any], targets: Sequence[str]) -> dict[str, str]:
    """Find the one secret to enter with: as an option says, else the environment, else a person."""
    named = [name for name in NAMES[:4] if given[name]]
    if len(named) > 1:
        both = " and ".join(f"--{name.replace('_', '-')}" for name in named)
        raise UsageError(f"{both}: a vCenter is entered with one secret", hint="leave one out")
    found = {"password": config.vsphere.password, "session": config.vsphere.session}
    for name in named:
        what, _, where = name.partition("_")
        option = f"--{what}-{where}"
        read = from_file if where == "file" else from_program
        found = {"password": "", "session": "", what: read(option, given[name])}
    if found["session"]:
        refuse_several(targets)
        return {**found, "password": ""}
    return found if found["password"] else {"password": from_terminal(config.vsphere, targets)}
