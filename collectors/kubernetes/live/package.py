"""What we let the ``kubernetes`` package do, and its errors in our words.

OpenID Connect and the service account of a pod. Who needs neither does not load it: that takes
longer than reading a small cluster.
"""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import OpenApiException
from kubernetes.config import kube_config
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader

from auditor.errors import CollectionError
from auditor.secrets.redact import redact_text
from collectors.kubernetes.live.credentials import token_claims

_TOKEN: Final = "BearerToken"  # noqa: S105 - the package's name for it


class Account(msgspec.Struct, frozen=True):
    """The service account of a pod: its server, the file of the CA, and its token of now."""

    server: str
    authority: str
    authorization: Callable[[], str]


def account_of(uri: str, folder: Path) -> Account:
    """What Kubernetes mounts into each pod that has one, in ``folder``.

    Raises:
        CollectionError: there is none.
    """
    configuration = client.Configuration()
    with in_our_words(
        f"{uri}: no pod around us",
        "it is for a pod with its service account mounted; k8s:// reads a kubeconfig",
    ):
        loader = untyped(InClusterConfigLoader)(
            token_filename=str(folder / "token"), cert_filename=str(folder / "ca.crt")
        )
        loader.load_and_set(configuration)

    def authorization() -> str:
        with in_our_words("the token"):
            return str(configuration.get_api_key_with_prefix(_TOKEN) or "")

    return Account(str(configuration.host), str(configuration.ssl_ca_cert), authorization)


def provider_token(uri: str, provider: object, seconds: float) -> str:
    """What the package gets from an identity provider; it would wait for one for ever.

    Raises:
        CollectionError: nothing, not in time, or it would not be safe.
    """
    refuse_blind(uri, provider)
    configuration = client.Configuration()
    user = {"auth-provider": copy.deepcopy(provider)}
    failed: list[CollectionError] = []

    def ask() -> None:
        try:
            with in_our_words("the auth-provider of the kubeconfig"):
                _load(user, configuration)
        except CollectionError as error:
            failed.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if asking.is_alive():
        raise CollectionError(
            f"{uri}: the identity provider did not answer within {seconds:g} s",
            hint="is idp-issuer-url of the kubeconfig reached from here?",
        )
    if failed:
        raise failed[0]
    token = str(configuration.api_key.get(_TOKEN) or "")
    ends = token_claims(token.partition(" ")[2]).exp
    if not token or 0 < ends <= time.time():
        what = "gave no token" if not token else "did not renew the token, which has ended"
        raise CollectionError(
            f"{uri}: the auth-provider {what}", hint="log in again, or use an exec plugin"
        )
    return token


def _load(user: Mapping[str, Any], configuration: Any) -> None:
    whole = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "http://none.invalid"}}],
        "users": [{"name": "x", "user": dict(user)}],
    }
    untyped(config.load_kube_config_from_dict)(
        config_dict=whole, context="x", client_configuration=configuration, persist_config=False
    )


def refuse_blind(uri: str, provider: object) -> None:
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


def untyped(function: Any) -> Any:
    """A function of the package, which has no types there."""
    return function


@contextlib.contextmanager
def in_our_words(what: str, hint: str = "see the user and the cluster there") -> Iterator[None]:
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
        untyped(kube_config).oauthlib.oauth2.OAuth2Error,
        TypeError,
        LookupError,
        AttributeError,
        ValueError,
    ) as error:
        text = f"it can't be understood ({type(error).__name__})"
        raise CollectionError(f"{what}: {text}", hint=hint) from None
