"""Where a storage is: what a variable or a profile says of it, looked through before it is used.

The library gets nothing but what is an address of a host, and a name of a region.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from auditor.config import StorageConfig
from auditor.errors import UsageError
from auditor.storage.profiles import Profile

_HOST: Final = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])"
_ENDPOINT: Final = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~/-]*)?")
_REGION: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_AMAZON: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class Where(msgspec.Struct, frozen=True):
    """The endpoint and the region that are said; "" for what is not."""

    endpoint: str = ""
    region: str = ""

    @property
    def host(self) -> str:
        """The host and the port of what is not Amazon's; "" for what is."""
        parts = urlsplit(self.endpoint)
        amazon = (parts.hostname or "").endswith(_AMAZON)
        return "" if amazon else parts.netloc


def where_of(said: StorageConfig, profile: Profile) -> Where:
    """Where the environment, or else a profile, says that the storage is.

    Raises:
        UsageError: it is no address, or no region. It may be a secret in the wrong place, so it
            is not repeated.
    """
    endpoint, variable = said.endpoint, said.variable
    if not endpoint:
        endpoint, variable = profile.endpoint, "endpoint_url of the profile"
    if endpoint and not _is_address(endpoint):
        raise UsageError(
            f"{variable} is no http:// or https:// address of a host, without credentials",
            hint="for example https://minio.example:9000",
        )
    region = said.region or profile.region
    if region and not _REGION.fullmatch(region):
        which = "AWS_REGION" if said.region else "region of the profile"
        raise UsageError(f"{which} is no name of a region", hint="for example eu-central-1")
    return Where(endpoint, region)


def _is_address(text: str) -> bool:
    if not _ENDPOINT.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        if re.fullmatch(r"[0-9.]+", host):
            ipaddress.IPv4Address(host)
        port = parts.port
    except ValueError:
        return False
    return port != 0
