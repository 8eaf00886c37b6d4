"""Profiles of AWS: the two files that its own programs read.

Only what stands in them is taken: keys, a region, an endpoint, a role that a token file opens. A
profile that has to be signed in to, or that names a program, is refused with what turns it into
variables: programs of a settings file are not run from here.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
"""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import Final

import msgspec

from auditor.bounded import read_named
from auditor.config import StorageConfig, check_sendable
from auditor.errors import UsageError

_MOST: Final = 1 << 20
_ELSEWHERE: Final = ("sso_session", "sso_start_url", "credential_process", "source_profile")


class Profile(msgspec.Struct, frozen=True):
    """What a profile says; "" for what it does not. No text of it is shown."""

    key: str = ""
    secret: str = ""
    token: str = ""
    region: str = ""
    endpoint: str = ""
    role: str = ""
    token_file: str = ""

    def __repr__(self) -> str:
        return "Profile(...)"


def profile_of(said: StorageConfig) -> Profile:
    """What the profile that is asked for says, or the default one.

    Raises:
        UsageError: it is asked for and not there, a file can't be read, a program or a person
            has to be asked for its keys, or what it has can't be sent.
    """
    name = said.profile or "default"
    keys = _section(said.credentials, name)
    settings = _section(said.settings, name if name == "default" else f"profile {name}")
    if said.profile and not keys and not settings:
        raise UsageError(
            f"AWS_PROFILE is {name}, which no file has",
            hint=f"{said.settings} and {said.credentials} have profiles",
        )
    both = {**settings, **keys}
    if not said.has_key and not both.get("aws_access_key_id"):
        other = next((each for each in _ELSEWHERE if both.get(each)), "")
        if other:
            raise UsageError(
                f"the profile {name} has {other}, which is not followed here",
                hint=f'eval "$(aws configure export-credentials --profile {name} --format env)"',
            )
    found = Profile(
        key=both.get("aws_access_key_id", ""),
        secret=both.get("aws_secret_access_key", ""),
        token=both.get("aws_session_token", ""),
        region=both.get("region", ""),
        endpoint=both.get("endpoint_url", ""),
        role=both.get("role_arn", ""),
        token_file=both.get("web_identity_token_file", ""),
    )
    for field in ("key", "secret", "token", "region", "endpoint", "role"):
        check_sendable(f"the {field} of the profile {name}", getattr(found, field))
    return found


def _section(path: str, name: str) -> dict[str, str]:
    if not path or not Path(path).exists():
        return {}
    try:
        text = read_named(Path(path), _MOST).decode()
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="AWS_CONFIG_FILE names it") from error
    except (UnicodeDecodeError, configparser.Error) as error:  # which would quote a line of keys
        raise UsageError(f"{path}: no settings of AWS", hint="aws configure list") from error
    return dict(parser.items(name)) if parser.has_section(name) else {}
