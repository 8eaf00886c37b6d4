"""Who we are to a cluster: kubeconfig, service account, TLS, proxies.

The ``kubernetes`` package does what it is good at: OpenID Connect, the service account of a pod,
certificates, pools. Its models are never used: they cost a millisecond a pod. What it would do
without a limit of time, or say with a secret in it, is done here.
"""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import OpenApiException
from kubernetes.config import kube_config
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from urllib3.exceptions import InsecureRequestWarning

from auditor.errors import CollectionError
from auditor.redact import redact_text
from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.credentials import (
    basic,
    header_value,
    impersonation,
    kept_token,
    token_claims,
)
from collectors.kubernetes.live.deadline import Watch
from collectors.kubernetes.live.guard import guarded_pools
from collectors.kubernetes.live.kubeconfig import Chosen, choose
from collectors.kubernetes.live.places import is_host, server_of, use_proxy
from collectors.kubernetes.live.plugins import Credential, Times, run_plugin
from collectors.kubernetes.live.trust import UNVERIFIED, authority_of

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts a pod's service account: ``token`` and ``ca.crt``."""
_TOKEN: Final = "BearerToken"  # noqa: S105 - the package's name for it
_TLS: Final = (
    *("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"),
    "tls-server-name",
)
_OWN: Final = (
    *("client-certificate", "client-certificate-data", "client-key", "client-key-data"),
    "auth-provider",
)
_ONE_AT_A_TIME: Final = threading.Lock()
"""The package remembers its files for the whole process; targets are opened in threads."""


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
        with _in_our_words("the token"):
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
    with _in_our_words(f"{uri}: no pod around us", "in a pod, with its service account mounted"):
        loader = _untyped(InClusterConfigLoader)(
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
    user = _checked(uri, chosen.user, _OWN)
    if given.certificate:
        user["client-certificate-data"] = _encoded(given.certificate)
        user["client-key-data"] = _encoded(given.key)
    tls = _checked(uri, chosen.cluster, _TLS)
    _load(user, {**tls, "server": server.url}, configuration, scratch)
    if authorization:
        configuration.api_key[_TOKEN] = authorization
    elif "auth-provider" in user and not configuration.api_key:
        raise CollectionError(
            f"{uri}: the auth-provider gave no token", hint="log in again, or use an exec plugin"
        )
    passed = use_proxy(uri, chosen.cluster.get("proxy-url"), configuration)
    password = chosen.user.get("password")
    hidden = (password if isinstance(password, str) else "", server.password, passed)
    session = _connected(chosen.context, configuration, again)
    session.headers()  # what can't be sent is said now
    acting = tuple(impersonation(chosen.user))
    return replace(session, acting=acting, passwords=tuple(filter(None, hidden)))


def _checked(uri: str, entry: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """What the package gets of an entry: text, and a switch that is one.

    To the package "false" in quotes is true, and would switch the check of certificates off.
    """
    found = {name: entry[name] for name in names if entry.get(name) not in (None, "")}
    for name, value in found.items():
        wanted = {"insecure-skip-tls-verify": bool, "auth-provider": dict}.get(name, str)
        if not isinstance(value, wanted):
            what = {bool: "true or false", dict: "mapping"}.get(wanted, "text")
            raise CollectionError(
                f"{uri}: {name} of the kubeconfig is no {what}", hint="kubectl config view shows it"
            )
    if not is_host(found.get("tls-server-name", "x")):
        raise CollectionError(
            f"{uri}: tls-server-name of the kubeconfig is no name of a host",
            hint="it is a name that the server's certificate has",
        )
    return found


def _authorization(uri: str, chosen: Chosen, times: Times) -> tuple[str, Credential]:
    """What the user of a kubeconfig sends, in the package's order: the first that is there."""
    user, nothing = chosen.user, Credential()
    provider = user.get("auth-provider")
    if provider is not None:
        _refuse_blind(uri, provider)
        return "", nothing
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


def _load(
    user: Mapping[str, Any], cluster: Mapping[str, Any], configuration: Any, scratch: Path
) -> None:
    """Let the package set up certificates, and the token of an OpenID Connect provider."""
    context = {"name": "x", "context": {"cluster": "x", "user": "x"}}
    whole = {
        "current-context": "x",
        "contexts": [context],
        "clusters": [{"name": "x", "cluster": dict(cluster)}],
        "users": [{"name": "x", "user": dict(user)}],
    }
    with _ONE_AT_A_TIME, _in_our_words("the kubeconfig"):
        _untyped(config.load_kube_config_from_dict)(
            config_dict=whole,
            context="x",
            client_configuration=configuration,
            persist_config=False,
            temp_file_path=str(scratch),
        )


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


def _refuse_blind(uri: str, provider: object) -> None:
    """Refuse what the package would do: send a refresh token to a server that it does not check.

    It does so when an OpenID Connect provider is named without its CA and the token has ended. A
    provider that it does not know it passes over, and goes on as nobody.
    """
    name = provider.get("name") if isinstance(provider, dict) else None
    if name not in ("oidc", "gcp"):
        raise CollectionError(
            f"{uri}: the auth-provider {str(name)[:50]!r} is none that we know",
            hint="use an exec plugin, as kubectl does since 1.26",
        )
    options = provider.get("config") if isinstance(provider, dict) else None
    if not isinstance(options, dict) or name != "oidc":
        return
    named = {"idp-certificate-authority", "idp-certificate-authority-data"} & options.keys()
    ends = token_claims(str(options.get("id-token", ""))).exp
    if not named and ends and ends <= time.time():
        raise CollectionError(
            f"{uri}: the token has ended, and the kubeconfig names no CA of the identity provider",
            hint="set idp-certificate-authority, or use an exec plugin, for example kubelogin",
        )


def _untyped(function: Any) -> Any:
    """A function of the package, which has no types there."""
    return function


@contextlib.contextmanager
def _in_our_words(what: str, hint: str = "see the user and the cluster there") -> Iterator[None]:
    """Turn the package's errors into ours."""
    try:
        yield
    except ConfigException as error:
        text = " ".join(str(error).split())
        raise CollectionError(f"{what}: {redact_text(text)[:300]}", hint=hint) from None
    except OSError as error:
        text = error.strerror or type(error).__name__
        raise CollectionError(f"{what}: {text}", hint=hint) from None
    except (
        urllib3.exceptions.HTTPError,
        OpenApiException,
        _untyped(kube_config).oauthlib.oauth2.OAuth2Error,
        TypeError,
        LookupError,
        AttributeError,
        ValueError,
    ) as error:
        text = f"it can't be understood ({type(error).__name__})"
        raise CollectionError(f"{what}: {text}", hint=hint) from None
