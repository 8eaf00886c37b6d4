"""Addresses of servers and proxies: checked before they are used, and shown without passwords."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import msgspec

from auditor.errors import CollectionError
from collectors.kubernetes.live.credentials import basic

_USER: Final = re.compile(r"^([A-Za-z0-9+.-]*://)?[^/?#]*@")
_PLAIN: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]*:[^/]*")
"""A name of the DNS, or an address; one that is none breaks in the middle of TLS."""


class Place(msgspec.Struct, frozen=True):
    """An address without its user, and the user: ``authorization`` is that of RFC 7617, or ""."""

    scheme: str
    url: str
    authorization: str = ""
    password: str = ""


def shown(url: str) -> str:
    """An address without user and password, however odd the rest of it is."""
    return _USER.sub(lambda found: found[1] or "", url)


def is_host(name: str) -> bool:
    """Whether a text is the name or the address of a host."""
    return _HOST.fullmatch(name) is not None


def place(url: object) -> Place | None:
    """An address of http or another scheme; None when it is none."""
    if not isinstance(url, str) or not _PLAIN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        good = bool(parts.scheme) and is_host(parts.hostname or "") and parts.port != 0
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return None
    if not good or parts.query or parts.fragment:
        return None
    address = parts.netloc.rpartition("@")[2]
    authorization = basic(user, password) if user or password else ""
    plain = f"{parts.scheme}://{address}{parts.path}".rstrip("/")
    return Place(parts.scheme, plain, authorization, password)


def server_of(uri: str, url: object) -> Place:
    """The address of a server.

    Raises:
        CollectionError: it is none.
    """
    found = place(url)
    if found is None or found.scheme not in {"http", "https"}:
        text = repr(shown(url)) if isinstance(url, str) and url else "not named"
        raise CollectionError(
            f"{uri}: the cluster's server is {text}", hint="server: https://HOST:PORT"
        )
    return found


def proxy_of(uri: str, named: object, server: str) -> Place | None:
    """The proxy of the kubeconfig (``named``) or of the environment; None for none.

    The kubeconfig's is used for every host, as kubectl does; NO_PROXY is about the environment's.

    Raises:
        CollectionError: it is no proxy that we can use.
    """
    if named not in (None, ""):
        url, where = named, "proxy-url of the kubeconfig"
    else:
        url, where = _of_the_environment(server), "the proxy of the environment"
        if not url:
            return None
    found = place(url)
    if found is None or found.scheme not in {"http", "https"}:
        text = repr(shown(url)) if isinstance(url, str) else "no text"
        raise CollectionError(
            f"{uri}: {where} is {text}, no http:// or https:// address",
            hint="http://HOST:PORT of a proxy that tunnels; SOCKS is not supported",
        )
    return found


def _of_the_environment(server: str) -> str:
    """The proxy for a server, "" for none: as most programs read ``HTTPS_PROXY`` and the like."""
    proxies = getproxies()
    found = proxies.get(urlsplit(server).scheme) or proxies.get("all") or ""
    if not found:
        return ""
    from kubernetes.client.rest import (  # noqa: PLC0415 - only here: it takes long to load
        should_bypass_proxies,
    )

    if should_bypass_proxies(server, proxies.get("no") or ""):
        return ""
    return found if "://" in found else f"http://{found}"
