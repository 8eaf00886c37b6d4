"""Who we are to a cluster: kubeconfig, service account, TLS, proxies.

The ``kubernetes`` package does what it is good at, OpenID Connect and the service account of a pod,
and is loaded only for that: see ADR 0014. Its models are never used.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import urllib3
from msgspec.structs import replace

from auditor.errors import CollectionError
from collectors.http.credentials import Credentials, basic, credential_of, header_value
from collectors.http.deadline import Watch
from collectors.http.endpoints import Endpoint
from collectors.http.transport import Tls, pools_of
from collectors.http.trust import UNVERIFIED, authority_of
from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.allowlist import READ_ONLY
from collectors.kubernetes.live.certificates import tls_of
from collectors.kubernetes.live.credentials import HINT, impersonation, kept_token
from collectors.kubernetes.live.endpoints import proxy_of, server_of
from collectors.kubernetes.live.kubeconfig import Chosen, choose
from collectors.kubernetes.live.plugins import Credential, Times, run_plugin

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts a pod's service account: ``token`` and ``ca.crt``."""


class Session(msgspec.Struct, frozen=True):
    """A configured connection; ``context`` is its name, "" for the cluster we run in.

    Implements :class:`collectors.http.client.Session`.

    ``authorization`` is the header that identifies us as it is now, "" for none, ``acting`` are
    those that say whom we act as, ``passwords`` what must be in no output. ``again`` opens it anew,
    with credentials as they are then.
    """

    context: str
    server: str
    tls: Tls
    pools: urllib3.PoolManager
    authorization: Callable[[], str]
    authority: str
    watch: Watch
    again: Callable[[], Session]
    acting: tuple[tuple[str, str], ...] = ()
    passwords: tuple[str, ...] = ()

    def credentials(self) -> Credentials:
        """Return what identifies us, refreshed where a token has an end.

        Raises:
            CollectionError: the token can't be read any more, or is none.
        """
        found = urllib3.HTTPHeaderDict()
        token = self.authorization()
        value = header_value(token, "the token", HINT) if token else ""
        if value:
            found["authorization"] = value
        for name, each in self.acting:
            found.add(name, each)
        return Credentials(found, (credential_of(value),) if value else ())

    def secrets(self) -> tuple[str, ...]:
        """Return what identifies us and must be in no output."""
        found: tuple[str, ...] = ()
        with contextlib.suppress(CollectionError):  # a token that is gone is in no output
            found = self.credentials().secrets
        return tuple(filter(None, (*found, *self.passwords)))


def open_session(
    address: Address,
    kubeconfig: str,
    scratch: Path,
    account: Path = ACCOUNT,
    times: Times | None = None,
) -> Session:
    """Configure a connection; nothing is sent yet, but an exec plugin may run.

    ``kubeconfig`` is a file or a list of files, as in ``KUBECONFIG``. Keys that the package wants
    in files are put below ``scratch``. No kubeconfig is ever written. ``account`` is the folder of
    the service account, for the cluster that we run in.

    Raises:
        CollectionError: no such file or context, or a plugin gave nothing to identify us by.
    """
    again = partial(open_session, address, kubeconfig, scratch, account, times)
    if address.in_cluster:
        return _in_cluster(address, account, again)
    chosen = choose(address, kubeconfig)
    uri = address.uri(chosen.context)
    try:
        return _of_kubeconfig(uri, chosen, scratch, times or Times(), again)
    except CollectionError as error:
        if error.message.startswith(uri):
            raise
        raise CollectionError(
            f"{uri}: {error.message}", hint=error.hint, diagnostics=error.diagnostics
        ) from error


def _in_cluster(address: Address, account: Path, again: Callable[[], Session]) -> Session:
    from collectors.kubernetes.live.kubernetes_client import (  # noqa: PLC0415 - it takes long to load
        account_of,
    )

    uri = address.uri(address.context)
    found = account_of(uri, account)
    proxy = proxy_of(uri, None, found.server)
    return _connected(
        address.context, found.server, Tls(found.authority), proxy, found.authorization, again
    )


def _of_kubeconfig(
    uri: str, chosen: Chosen, scratch: Path, times: Times, again: Callable[[], Session]
) -> Session:
    server = server_of(uri, chosen.cluster.get("server"))
    authorization, given = _authorization(uri, chosen, times)
    authorization = authorization or server.authorization
    user = dict(chosen.user)
    if given.certificate:
        user["client-certificate-data"] = _encoded(given.certificate)
        user["client-key-data"] = _encoded(given.key)
    tls = tls_of(uri, chosen.cluster, user, scratch) if server.scheme == "https" else Tls()
    proxy = proxy_of(uri, chosen.cluster.get("proxy-url"), server.url)
    password = chosen.user.get("password")
    passed = proxy.password if proxy is not None else ""
    own = password if isinstance(password, str) else ""
    hidden = (own, server.password, passed, *given.hidden, *_keys(user))
    session = _connected(chosen.context, server.url, tls, proxy, lambda: authorization, again)
    session.credentials()  # what can't be sent is said now
    acting = tuple(impersonation(chosen.user))
    return replace(session, acting=acting, passwords=tuple(filter(None, hidden)))


def _keys(user: Mapping[str, Any]) -> Iterator[str]:
    """The private key of a client's certificate, as it is in its file."""
    data, file = user.get("client-key-data"), user.get("client-key")
    if isinstance(data, str):
        with contextlib.suppress(ValueError):
            yield base64.b64decode(data).decode("ascii").strip()
    elif isinstance(file, str):
        with contextlib.suppress(OSError, ValueError):
            yield Path(file).read_text("ascii").strip()


def _authorization(uri: str, chosen: Chosen, times: Times) -> tuple[str, Credential]:
    """What the user of a kubeconfig sends, in the package's order: the first that is there."""
    user, nothing = chosen.user, Credential()
    provider = user.get("auth-provider")
    if provider is not None:
        from collectors.kubernetes.live.kubernetes_client import (  # noqa: PLC0415 - it takes long to load
            provider_token,
        )

        provided = provider_token(uri, provider, times.alone)
        return provided.authorization, Credential(hidden=provided.secrets)
    token = kept_token(user)
    if token:
        return f"Bearer {token}", nothing
    plugin = user.get("exec")
    if plugin is not None:
        if not isinstance(plugin, Mapping):
            raise CollectionError(
                "exec of the kubeconfig's user is not a mapping", hint="see there"
            )
        given = run_plugin(plugin, chosen.cluster, chosen.folder, times)
        return (f"Bearer {given.token}" if given.token else ""), given
    name, password = user.get("username"), user.get("password")
    if isinstance(name, str) and name:
        return basic(name, password if isinstance(password, str) else ""), nothing
    return "", nothing


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _connected(
    context: str,
    server: str,
    tls: Tls,
    proxy: Endpoint | None,
    authorization: Callable[[], str],
    again: Callable[[], Session],
) -> Session:
    watch = Watch()
    pools = pools_of(server, tls, proxy, READ_ONLY, watch)
    authority = authority_of(tls.authority) if tls.checked else UNVERIFIED
    return Session(context, server, tls, pools, authorization, authority, watch, again)
