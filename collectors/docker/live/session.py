"""How an engine is reached: its socket, TLS with a client's certificate, or SSH."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, assert_never

import msgspec
import urllib3

from auditor.bounded import read_named
from auditor.errors import CollectionError
from collectors.docker.live.address import Address, Way
from collectors.docker.live.allowlist import READ_ONLY
from collectors.docker.live.connections import SERVER, ssh_pools, unix_pools
from collectors.docker.live.contexts import Found, Surroundings, resolve
from collectors.http.credentials import Credentials
from collectors.http.deadline import Watch
from collectors.http.transport import Tls, pools_of
from collectors.http.trust import MOST_BYTES, UNVERIFIED, authority_of

_NOTHING: Final = Credentials(urllib3.HTTPHeaderDict(), ())


class Session(msgspec.Struct, frozen=True):
    """A configured connection; implements :class:`collectors.http.client.Session`.

    ``reached`` says to people where it leads, ``address`` what that is without contexts,
    ``authority`` is the sha256 of the CA that is trusted, ``note`` what is to be said of how it is
    reached. The certificate of the client is all that identifies us, and nothing of it is in a
    request; ``passwords`` is its key.
    """

    server: str
    pools: urllib3.PoolManager
    watch: Watch
    reached: str
    again: Callable[[], Session]
    address: Address
    authority: str = ""
    note: str = ""
    passwords: tuple[str, ...] = ()

    def credentials(self) -> Credentials:
        """Return no header: an engine asks for none."""
        return _NOTHING

    def secrets(self) -> tuple[str, ...]:
        """Return the key of the client's certificate."""
        return self.passwords


def open_session(address: Address, around: Surroundings, path: str) -> Session:
    """Configure a connection; nothing is sent yet. ``path`` is where programs are.

    Raises:
        UsageError: there is no such context.
        CollectionError: a certificate or ``ssh`` is not there.
    """
    found = resolve(address, around)
    again = partial(open_session, address, around, path)
    watch = Watch()
    target = found.address
    match target.way:
        case Way.UNIX:
            pools = unix_pools(target.where, watch)
            return Session(SERVER, pools, watch, target.where, again, target)
        case Way.SSH:
            ssh = shutil.which("ssh", path=path)
            if ssh is None:
                raise CollectionError(f"{address.uri}: there is no ssh", hint="install OpenSSH")
            pools = ssh_pools(ssh, target.where, watch)
            return Session(SERVER, pools, watch, f"ssh {target.where}", again, target)
        case Way.TLS:
            return _tls(found, watch, again)
        case Way.TCP:
            server = f"http://{target.where}"
            pools = pools_of(server, Tls(), None, READ_ONLY, watch)
            note = "asked without TLS: whoever is in between reads and changes the answers"
            return Session(server, pools, watch, server, again, target, UNVERIFIED, note)
        case Way.CONTEXT:
            raise CollectionError(f"{address.uri}: not an address", hint="docker context ls")
        case _:
            assert_never(target.way)


def _tls(found: Found, watch: Watch, again: Callable[[], Session]) -> Session:
    """Use the three files that Docker's own command line uses, as far as they are there."""
    server = f"https://{found.address.where}"
    tls = Tls(
        authority=_file(found, "ca.pem"),
        certificate=_file(found, "cert.pem"),
        key=_file(found, "key.pem"),
        checked=found.checked,
    )
    if tls.certificate and not tls.key:
        raise CollectionError(
            f"{found.address.uri}: {tls.certificate} has no key.pem beside it",
            hint="DOCKER_CERT_PATH is a folder with ca.pem, cert.pem and key.pem",
        )
    pools = pools_of(server, tls, None, READ_ONLY, watch)
    authority = authority_of(tls.authority) if tls.checked else UNVERIFIED
    note = "" if tls.checked else "the server's certificate was not checked: skip-tls-verify"
    keys = _key(found.address.uri, tls.key)
    return Session(server, pools, watch, server, again, found.address, authority, note, keys)


def _file(found: Found, name: str) -> str:
    path = found.certificates / name if found.certificates is not None else None
    return str(path) if path is not None and path.exists() else ""


def _key(uri: str, path: str) -> tuple[str, ...]:
    """The key as it is in its file, to be kept out of everything."""
    if not path:
        return ()
    try:
        return (read_named(Path(path), MOST_BYTES).decode("ascii").strip(),)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "it is not PEM"
        raise CollectionError(f"{uri}: {path}: {what}", hint="is it ours to read?") from error
