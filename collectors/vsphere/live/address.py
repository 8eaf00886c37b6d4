"""Targets as they are typed: a vCenter or an ESXi host, who asks, and what of it.

::

    vsphere://audit@vcenter.example                    all of it
    vsphere://audit%40corp@vcenter.example:8443        a user with an @, another port
    vsphere://audit@vcenter.example/?datacenter=A      one datacenter
    vsphere://audit@vcenter.example/?cluster=gpu       one cluster

The user is not part of the target: whoever asks, it is the same.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from auditor.errors import UsageError
from auditor.late import late
from auditor.secrets.uris import shown

SCHEME: Final = "vsphere"
_OPTIONS: Final = frozenset({"datacenter", "cluster"})
_HOST: Final = late(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_HINT: Final = "vsphere://USER@HOST, or vsphere://USER@HOST/?datacenter=NAME or ?cluster=NAME"


class Address(msgspec.Struct, frozen=True):
    """One server; ``where`` is its host, with a port where that is not 443.

    ``datacenter`` and ``cluster`` are names that what is read has to be in, "" for all.
    """

    user: str
    where: str
    datacenter: str = ""
    cluster: str = ""

    @property
    def uri(self) -> str:
        """The canonical form, without the user; typed again it is the same target."""
        asked = (("datacenter", self.datacenter), ("cluster", self.cluster))
        chosen = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked if value)
        return f"{SCHEME}://{self.where}/" + (f"?{chosen}" if chosen else "")

    @property
    def server(self) -> str:
        """The address of HTTP."""
        return f"https://{self.where}"


def parse_address(text: str) -> Address:
    """Read a target.

    Raises:
        UsageError: it is not an address, has a password, or an unknown option.
    """
    rest = text.partition("://")[2]
    place, mark, query = rest.partition("?")
    safe = shown(text, _OPTIONS)
    user, _, host = place.rpartition("@")
    host = host.removesuffix("/")
    if ":" in user:
        raise UsageError(
            f"{safe}: a password has no place in an address",
            hint="put it into AUDITOR_VSPHERE_PASSWORD, or into a file: --password-file",
        )
    if not _HOST.fullmatch(host) or "#" in rest or not _has_port(host):
        raise UsageError(f"{safe}: {host!r} is not the name of a host", hint=_HINT)
    options = parse_qs(query, keep_blank_values=True) if mark else {}
    for name, values in options.items():
        if name not in _OPTIONS:
            raise UsageError(f"{safe}: {name} is not an option of a vCenter", hint=_HINT)
        if len(values) > 1 or not values[0]:
            raise UsageError(f"{safe}: {name} needs one name", hint=_HINT)
    chosen = {name: values[0] for name, values in options.items()}
    return Address(unquote(user), host.removesuffix(":443").lower(), **chosen)


def _has_port(host: str) -> bool:
    """Whether the port of a host, if it has one, is one."""
    try:
        return urlsplit(f"//{host}").port != 0
    except ValueError:
        return False
