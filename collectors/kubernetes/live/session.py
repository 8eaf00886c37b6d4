"""Who we are to a cluster: kubeconfig, service account, TLS, proxies.

The ``kubernetes`` package does what it is good at: OpenID Connect, the service account of a pod,
certificates, pools. Its models are never used: they cost a millisecond a pod. What it would do
without a limit of time, or say with a secret in it, is done here.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from kubernetes import client
from kubernetes.config.incluster_config import InClusterConfigLoader
from urllib3.exceptions import InsecureRequestWarning

from auditor.errors import CollectionError
from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.credentials import (
    basic,
    header_value,
    impersonation,
    kept_token,
)
from collectors.kubernetes.live.deadline import Watch
from collectors.kubernetes.live.guard import guarded_pools
from collectors.kubernetes.live.kubeconfig import Chosen, choose
from collectors.kubernetes.live.package import (
    OWN,
    TLS,
    checked,
    in_our_words,
    load,
    provider_token,
    untyped,
)
from collectors.kubernetes.live.places import server_of, use_proxy
from collectors.kubernetes.live.plugins import Credential, Times, run_plugin
from collectors.kubernetes.live.trust import UNVERIFIED, authority_of

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts a pod's service account: ``token`` and ``ca.crt``."""
_TOKEN: Final = "BearerToken"  # noqa: S105 - the package's name for it


@dataclass(frozen=True, slots=True)
class Session:
    """A configured connection; ``context`` is its name, "" for the cluster we run in.

    ``acting`` are the headers that say whom we act as, ``passwords`` what must be in no output.
    ``again`` opens it anew, with credentials as they are then.
    """

    context: str
    configuration: Any
    pools: Any
    authority: str
    watch: Watch
    again: Callable[[], Session]
    acting: tuple[tuple[str, str], ...] = ()
    passwords: tuple[str, ...] = ()

    def headers(self) -> urllib3.HTTPHeaderDict:
        """What identifies us, refreshed where a token has an end.

        Raises:
            CollectionError: the token can't be read any more, or is none.
        """
        found = urllib3.HTTPHeaderDict()
        with in_our_words("the token"):
            token = self.configuration.get_api_key_with_prefix(_TOKEN, "authorization")
        if token:
            found["authorization"] = header_value(token, "the token")
        for name, value in self.acting:
            found.add(name, value)
        return found

    def secrets(self) -> tuple[str, ...]:
        """What identifies us and must be in no output."""
        value = ""
        with contextlib.suppress(CollectionError):  # a token that is gone is in no output
            value = self.headers().get("authorization", "")
        return (value.partition(" ")[2] or value, *self.passwords)


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
        return _in_cluster(address.uri(""), account, again)
    chosen = choose(address, kubeconfig)
    uri = address.uri(chosen.context)
    try:
        return _of_kubeconfig(uri, chosen, scratch, times or Times(), again)
    except CollectionError as error:
        if error.message.startswith(uri):
            raise
        raise CollectionError(
            f"{uri}: {error.message}", hint=error.hint, told=error.told
        ) from error


def _in_cluster(uri: str, account: Path, again: Callable[[], Session]) -> Session:
    configuration = client.Configuration()
    with in_our_words(
        f"{uri}: no pod around us",
        "it is for a pod with its service account mounted; k8s:// reads a kubeconfig",
    ):
        loader = untyped(InClusterConfigLoader)(
            token_filename=str(account / "token"), cert_filename=str(account / "ca.crt")
        )
        loader.load_and_set(configuration)
    use_proxy(uri, None, configuration)
    return _connected("", configuration, again)


def _of_kubeconfig(
    uri: str, chosen: Chosen, scratch: Path, times: Times, again: Callable[[], Session]
) -> Session:
    server = server_of(uri, chosen.cluster.get("server"))
    authorization, given = _authorization(uri, chosen, times)
    authorization = authorization or server.authorization
    configuration = client.Configuration()
    user = checked(uri, chosen.user, OWN)
    if given.certificate:
        user["client-certificate-data"] = _encoded(given.certificate)
        user["client-key-data"] = _encoded(given.key)
    tls = checked(uri, chosen.cluster, TLS)
    load(user, {**tls, "server": server.url}, configuration, scratch)
    if authorization:
        configuration.api_key[_TOKEN] = authorization
    passed = use_proxy(uri, chosen.cluster.get("proxy-url"), configuration)
    password = chosen.user.get("password")
    hidden = (password if isinstance(password, str) else "", server.password, passed)
    session = _connected(chosen.context, configuration, again)
    session.headers()  # what can't be sent is said now
    acting = tuple(impersonation(chosen.user))
    return replace(session, acting=acting, passwords=tuple(filter(None, hidden)))


def _authorization(uri: str, chosen: Chosen, times: Times) -> tuple[str, Credential]:
    """What the user of a kubeconfig sends, in the package's order: the first that is there."""
    user, nothing = chosen.user, Credential()
    provider = user.get("auth-provider")
    if provider is not None:
        return provider_token(uri, provider, times.alone), nothing
    token = kept_token(user)
    if token:
        return f"Bearer {token}", nothing
    plugin = user.get("exec")
    if plugin is not None:
        if not isinstance(plugin, Mapping):
            raise CollectionError("exec of the kubeconfig's user is no mapping", hint="see there")
        given = run_plugin(plugin, chosen.cluster, chosen.folder, times)
        return (f"Bearer {given.token}" if given.token else ""), given
    name, password = user.get("username"), user.get("password")
    if isinstance(name, str) and name:
        return basic(name, password if isinstance(password, str) else ""), nothing
    return "", nothing


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _connected(context: str, configuration: Any, again: Callable[[], Session]) -> Session:
    configuration.retries = False
    pools = client.ApiClient(configuration).rest_client.pool_manager
    base = urlsplit(str(configuration.host)).path.rstrip("/")
    watch = Watch()
    pools.pool_classes_by_scheme = guarded_pools(base, watch)
    authority = authority_of(configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        authority = UNVERIFIED
        urllib3.disable_warnings(InsecureRequestWarning)  # the report says it, once
    return Session(context, configuration, pools, authority, watch, again)
