"""Addresses of executors as they are typed: what is said plainly, and what has to be sealed.

::

    dask://127.0.0.1:8786                       a scheduler on this machine, or through a tunnel
    dasks://scheduler.example:8786              TLS, with the certificates that Dask is set up with
    dasks://scheduler.example:8786?ca=ca.pem&cert=me.pem&key=me.key     or with these files
    dask://scheduler.example:8786?plain=accepted        in the clear: anybody between may take over

Whoever can write into the connection runs code on both sides (ADR 0054), so what leaves this
machine has to be TLS, unless a person says otherwise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from auditor.errors import UsageError
from auditor.secrets.uris import shown

PORT: Final = 8786
"""Of a scheduler of Dask, where an address has none."""
FILES: Final = ("ca", "cert", "key")
_PLAIN: Final = "plain"
_ACCEPTED: Final = "accepted"
_OPTIONS: Final = frozenset((*FILES, _PLAIN))


class Address(msgspec.Struct, frozen=True):
    """Where a scheduler is: ``files`` are those of TLS, by their option."""

    host: str
    port: int
    tls: bool
    files: Mapping[str, str]
    text: str

    @property
    def place(self) -> str:
        """The host and the port, as an address has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_exposed(self) -> bool:
        """Whether what is sent leaves this machine in the clear."""
        return not self.tls and not is_loopback(self.host)


def parse_address(text: str) -> Address:
    """Read the address of a scheduler.

    Raises:
        UsageError: it is none, a file is not there, or it would be reached in the clear.
    """
    safe = shown(text, _OPTIONS)
    if "@" in text.partition("?")[0]:
        scheme = text.partition("://")[0]
        raise UsageError(
            f"--executor {scheme}://...: credentials are not taken: a scheduler asks for none",
            hint="certificates say who asks: dasks://HOST:PORT?ca=FILE&cert=FILE&key=FILE",
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or parts.path.strip("/") or parts.fragment:
        raise UsageError(f"--executor {safe}: not HOST:PORT", hint="dask://127.0.0.1:8786")
    tls = parts.scheme == "dasks"
    options = _options(safe, parts.query, tls=tls)
    files = {name: value for name, value in options.items() if name in FILES}
    found = Address(host, port or PORT, tls, files, safe.partition("?")[0])
    if found.is_exposed and _PLAIN not in options:
        raise UsageError(
            f"--executor {safe}: {host} is another machine, and dask:// is not encrypted: whoever "
            "is in between runs code here and there",
            hint=f"dasks://{found.place} is TLS; a tunnel ends at 127.0.0.1; "
            f"?{_PLAIN}={_ACCEPTED} goes on nevertheless",
        )
    return found


def _options(safe: str, query: str, *, tls: bool) -> dict[str, str]:
    """The options of an address; files have to be there."""
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        known = FILES if tls else (_PLAIN,)
        wrong = not value or (name == _PLAIN and value != _ACCEPTED)
        if name not in known or name in options or wrong:
            hint = (
                " and ".join(f"{each}=FILE" for each in FILES) if tls else f"{_PLAIN}={_ACCEPTED}"
            )
            scheme = "dasks" if tls else "dask"
            raise UsageError(
                f"--executor {safe}: {name}={value if name in _OPTIONS else '…'} is not an option",
                hint=f"{scheme}:// has {hint}",
            )
        options[name] = value
    if tls and options and set(options) != set(FILES):
        raise UsageError(
            f"--executor {safe}: ca, cert and key go together", hint="dasks://HOST:PORT?ca=…&…"
        )
    for name in FILES:
        if name in options and not Path(options[name]).is_file():
            raise UsageError(
                f"--executor {safe}: {options[name]}: no such file",
                hint=f"{name}= is a file of PEM, from this folder on, or from that of the "
                "configuration that has it",
            )
    return options


def rebased(text: str, folder: Path) -> str:
    """An address of a file in a folder: paths in it are relative to that."""
    head, mark, query = text.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    moved = [(name, str(folder / value) if name in FILES else value) for name, value in pairs]
    return head + mark + urlencode(moved, safe="/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its loopback."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
