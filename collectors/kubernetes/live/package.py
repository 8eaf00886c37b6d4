"""What we let the ``kubernetes`` package do, and its errors in our words.

Certificates and OpenID Connect. Everything else of a kubeconfig it does not get to see.
"""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import OpenApiException
from kubernetes.config import kube_config
from kubernetes.config.config_exception import ConfigException

from auditor.errors import CollectionError
from auditor.redact import redact_text
from collectors.kubernetes.live.credentials import token_claims
from collectors.kubernetes.live.places import is_host

TLS: Final = (
    *("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"),
    "tls-server-name",
)
OWN: Final = (*("client-certificate", "client-certificate-data", "client-key", "client-key-data"),)
_ONE_AT_A_TIME: Final = threading.Lock()
"""The package remembers its files for the whole process; targets are opened in threads."""


def checked(uri: str, entry: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """What the package gets of an entry: text, and a switch that is one.

    To the package "false" in quotes is true, and would switch the check of certificates off.
    """
    found = {name: entry[name] for name in names if entry.get(name) not in (None, "")}
    for name, value in found.items():
        wanted = bool if name == "insecure-skip-tls-verify" else str
        if not isinstance(value, wanted):
            what = "true or false" if wanted is bool else "text"
            raise CollectionError(
                f"{uri}: {name} of the kubeconfig is no {what}", hint="kubectl config view shows it"
            )
    if not is_host(found.get("tls-server-name", "x")):
        raise CollectionError(
            f"{uri}: tls-server-name of the kubeconfig is no name of a host",
            hint="it is a name that the server's certificate has",
        )
    return found


def load(
    user: Mapping[str, Any], cluster: Mapping[str, Any], configuration: Any, scratch: Path
) -> None:
    """Let the package set up certificates."""
    with _ONE_AT_A_TIME, in_our_words("the kubeconfig"):
        _load(user, cluster, configuration, str(scratch))


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
                _load(user, {"server": "http://none.invalid"}, configuration, None)
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
    token = str(configuration.api_key.get("BearerToken") or "")
    ends = token_claims(token.partition(" ")[2]).exp
    if not token or 0 < ends <= time.time():
        what = "gave no token" if not token else "did not renew the token, which has ended"
        raise CollectionError(
            f"{uri}: the auth-provider {what}", hint="log in again, or use an exec plugin"
        )
    return token


def _load(
    user: Mapping[str, Any], cluster: Mapping[str, Any], configuration: Any, folder: str | None
) -> None:
    whole = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": dict(cluster)}],
        "users": [{"name": "x", "user": dict(user)}],
    }
    untyped(config.load_kube_config_from_dict)(
        config_dict=whole,
        context="x",
        client_configuration=configuration,
        persist_config=False,
        temp_file_path=folder,
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
