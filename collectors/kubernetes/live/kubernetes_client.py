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
from auditor.secrets.names import is_secret_name
from auditor.secrets.own import Own
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


class Provided(msgspec.Struct, frozen=True):
    """What identifies us to a cluster, and what to its identity provider, before and now."""

    authorization: str
    secrets: tuple[str, ...]


def provider_token(uri: str, provider: object, seconds: float) -> Provided:
    """What the package gets from an identity provider; it would wait for one for ever.

    Raises:
        CollectionError: nothing, not in time, or it would not be safe.
    """
    refuse_blind(uri, provider)
    configuration = client.Configuration()
    renewed = copy.deepcopy(provider)
    user = {"auth-provider": renewed}
    own = Own(_secrets_of(provider))
    failed: list[CollectionError] = []

    def ask() -> None:
        try:
            with in_our_words("the auth-provider of the kubeconfig", own=own):
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
    return Provided(token, tuple(dict.fromkeys((*own.secrets, *_secrets_of(renewed)))))


def _secrets_of(provider: object) -> Iterator[str]:
    """The credentials that an auth-provider has: by the names of its options."""
    options = provider.get("config") if isinstance(provider, dict) else None
    if isinstance(options, dict):
        for name, value in options.items():
            if isinstance(name, str) and isinstance(value, str) and is_secret_name(name):
                yield value


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
def in_our_words(
    what: str, hint: str = "see the user and the cluster there", own: Own | None = None
) -> Iterator[None]:
    """Turn the package's errors into ours, without what is ``own``: a provider may repeat it."""
    try:
        yield
    except ConfigException as error:
        said = own.without_in(str(error)) if own is not None else str(error)
        text = " ".join(redact_text(said).split())
        raise CollectionError(f"{what}: {text[:300]}", hint=hint) from None
    except OSError as error:
        text = error.strerror or type(error).__name__
        text = own.without_in(text) if own is not None else text
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
