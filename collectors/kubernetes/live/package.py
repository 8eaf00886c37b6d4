"""What we let the ``kubernetes`` package do, and its errors in our words.

Certificates and OpenID Connect. Everything else of a kubeconfig it does not get to see.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import urllib3
from kubernetes import config
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
OWN: Final = (
    *("client-certificate", "client-certificate-data", "client-key", "client-key-data"),
    "auth-provider",
)
_ONE_AT_A_TIME: Final = threading.Lock()
"""The package remembers its files for the whole process; targets are opened in threads."""


def checked(uri: str, entry: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
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


def load(
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
    with _ONE_AT_A_TIME, in_our_words("the kubeconfig"):
        untyped(config.load_kube_config_from_dict)(
            config_dict=whole,
            context="x",
            client_configuration=configuration,
            persist_config=False,
            temp_file_path=str(scratch),
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
