"""Where the API server of a kubeconfig is, and the proxy on the way to it."""

from __future__ import annotations

from auditor.errors import CollectionError
from collectors.http.endpoints import (
    Endpoint,
    environment_proxy,
    proxy_endpoint,
    web_endpoint,
    without_user,
)


def server_of(uri: str, url: object) -> Endpoint:
    """Take the address of a server apart.

    Raises:
        CollectionError: it is not one.
    """
    found = web_endpoint(url)
    if found is None:
        text = repr(without_user(url)) if isinstance(url, str) and url else "not named"
        raise CollectionError(
            f"{uri}: the cluster's server is {text}", hint="server: https://HOST:PORT"
        )
    return found


def proxy_of(uri: str, named: object, server: str) -> Endpoint | None:
    """Find the proxy of the kubeconfig (``named``) or of the environment; None for none.

    The kubeconfig's is used for every host, as kubectl does; NO_PROXY is about the environment's.

    Raises:
        CollectionError: it is not a proxy that we can use.
    """
    if named not in (None, ""):
        return proxy_endpoint(uri, named, "proxy-url of the kubeconfig")
    return environment_proxy(uri, server, _is_bypassed)


def _is_bypassed(server: str, hosts: str) -> bool:
    """Return whether NO_PROXY names a server, as the ``kubernetes`` package reads it."""
    from kubernetes.client.rest import (  # noqa: PLC0415 - only here: it takes long to load
        should_bypass_proxies,
    )

    return bool(should_bypass_proxies(server, hosts))
