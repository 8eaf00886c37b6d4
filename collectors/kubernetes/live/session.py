"""Who we are to a cluster: kubeconfig, service account, TLS, proxies.

All of it by the ``kubernetes`` package. Its models are never used: they cost a millisecond a pod.
What it is good at stays its own: kubeconfig and its lists, exec plugins, OIDC, client certificates,
proxies.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import urllib3
import yaml
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from urllib3.exceptions import InsecureRequestWarning

from auditor.errors import CollectionError
from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.guard import guarded_pools

_LIST: Final = "KUBECONFIG, or --kubeconfig FILE, names the file; auditor doctor k8s:// says more"
_PARTS: Final = 3
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts a pod's service account: ``token`` and ``ca.crt``."""


@dataclass(frozen=True, slots=True)
class Session:
    """A configured connection; ``context`` is its name, "" for the cluster we run in."""

    context: str
    configuration: Any
    pools: Any
    authority: str

    def headers(self) -> dict[str, str]:
        """What identifies us, refreshed where a token has an end."""
        found = {}
        token = self.configuration.get_api_key_with_prefix("BearerToken", "authorization")
        if token:
            found["authorization"] = token if " " in token else f"Bearer {token}"
        elif self.configuration.username:
            found["authorization"] = self.configuration.get_basic_auth_token()
        return found


def open_session(
    address: Address, kubeconfig: str, scratch: Path, account: Path = ACCOUNT
) -> Session:
    """Configure a connection; nothing is sent yet, but an exec plugin may run.

    ``kubeconfig`` is a file or a list of files, as in ``KUBECONFIG``. Keys that the package wants
    in files are put below ``scratch``. No kubeconfig is ever written. ``account`` is the folder of
    the service account, for the cluster that we run in.

    Raises:
        CollectionError: no such file or context, or a plugin gave nothing to identify us by.
    """
    configuration = client.Configuration()
    configuration.retries = False
    with _told(str(account) if address.in_cluster else kubeconfig) as told:
        if address.in_cluster:
            loader = _untyped(InClusterConfigLoader)(
                token_filename=str(account / "token"), cert_filename=str(account / "ca.crt")
            )
            loader.load_and_set(configuration)
            context = ""
        else:
            context = _context(address, kubeconfig)
            _untyped(config.load_kube_config)(
                config_file=kubeconfig,
                context=context,
                client_configuration=configuration,
                persist_config=False,
                temp_file_path=str(scratch),
            )
    if told and not (configuration.api_key or configuration.cert_file):
        raise CollectionError(
            f"{address.uri(context)}: no credentials: {told[-1]}",
            hint="run the command of the kubeconfig's exec plugin by itself",
        )
    if not str(configuration.host).startswith(("http://", "https://")):
        raise CollectionError(
            f"{address.uri(context)}: the cluster's server is {configuration.host!r}", hint=_LIST
        )
    pools = client.ApiClient(configuration).rest_client.pool_manager
    base = urlsplit(str(configuration.host)).path.rstrip("/")
    pools.pool_classes_by_scheme = guarded_pools(base)
    authority = _authority(configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        authority = UNVERIFIED
        urllib3.disable_warnings(InsecureRequestWarning)  # the report says it, once
    return Session(context, configuration, pools, authority)


def _context(address: Address, kubeconfig: str) -> str:
    """The context to use; of a list of files the first that names a current one decides."""
    users: dict[str, str] = {}
    providers: dict[str, Any] = {}
    current = ""
    found = [Path(name).expanduser() for name in kubeconfig.split(os.pathsep) if name]
    files = [path for path in found if path.exists()]
    if not files:
        raise CollectionError(f"{address.uri('')}: {kubeconfig}: no such file", hint=_LIST)
    for path in files:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ConfigException(f"{path} is no kubeconfig")
        for each in value.get("contexts") or ():
            users.setdefault(str(each["name"]), str((each.get("context") or {}).get("user")))
        for each in value.get("users") or ():
            found_user = each.get("user") or {}
            providers.setdefault(str(each["name"]), found_user.get("auth-provider"))
        current = current or str(value.get("current-context") or "")
    wanted = address.context or current
    if wanted not in users:
        what = f"no context {wanted!r}" if wanted else "no current context"
        raise CollectionError(
            f"{address.uri(wanted)}: {what} in {kubeconfig}",
            hint=f"contexts: {', '.join(sorted(users)) or 'none'}",
        )
    _refuse_blind_refresh(address.uri(wanted), providers.get(users[wanted]))
    return wanted


def _refuse_blind_refresh(uri: str, provider: object) -> None:
    """Refuse what the package would do: send a refresh token to a server that it does not check.

    It does so when an OpenID Connect provider is named without its CA and the token has ended.
    """
    options = provider.get("config") if isinstance(provider, dict) else None
    if not isinstance(options, dict) or provider["name"] != "oidc":  # type: ignore[index]  # a dict
        return
    named = {"idp-certificate-authority", "idp-certificate-authority-data"} & options.keys()
    ends = token_claims(str(options.get("id-token", ""))).exp
    if not named and ends and ends <= time.time():
        raise CollectionError(
            f"{uri}: the token has ended, and the kubeconfig names no CA of the identity provider",
            hint="set idp-certificate-authority, or use an exec plugin, for example kubelogin",
        )


class Claims(msgspec.Struct, frozen=True, gc=False):
    """What a JSON Web Token says of itself (RFC 7519, 4.1): subject, and end in seconds of 1970."""

    sub: str = ""
    exp: float = 0.0


def token_claims(token: str) -> Claims:
    """What a token claims, unverified; nothing when it is no JSON Web Token.

    The subject of a service account's token is its user name in Kubernetes.
    """
    parts = token.strip().split(".")
    if len(parts) != _PARTS:
        return Claims()
    with contextlib.suppress(ValueError, msgspec.DecodeError):
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(text, type=Claims)
    return Claims()


def _untyped(function: Any) -> Any:
    """A function of the package, which has no types there."""
    return function


@contextlib.contextmanager
def _told(kubeconfig: str) -> Iterator[list[str]]:
    """Turn the package's errors into ours; what it only logs is collected, and not printed."""
    told: list[str] = []

    class _Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage().strip().splitlines()[-1][:200])

    root, handler = logging.getLogger(), _Collect()
    before = list(root.handlers)
    root.handlers = [handler]
    try:
        yield told
    except (
        ConfigException,
        yaml.YAMLError,
        OSError,
        TypeError,
        KeyError,
        AttributeError,
        ValueError,
    ) as error:
        text = " ".join(str(error).split())
        raise CollectionError(f"{kubeconfig}: {text}", hint=_LIST) from error
    finally:
        root.handlers = before


UNVERIFIED: Final = "none: the server's certificate was not checked"
"""In place of a CA, where the kubeconfig says insecure-skip-tls-verify."""


def _authority(path: str | None) -> str:
    """The sha256 of the CA that we trust, by its certificate and not by how it is written."""
    if not path:
        return ""
    with contextlib.suppress(OSError, ValueError):
        pem = Path(path).read_text(encoding="ascii")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest()
    return ""
