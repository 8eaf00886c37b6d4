"""Addresses of servers and proxies: checked before they are used, and shown without passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import msgspec

from auditor.errors import CollectionError
from auditor.late import late
from collectors.http.credentials import basic

_USER: Final = late(r"^([A-Za-z0-9+.-]*://)?[^/?#]*@")
_PLAIN: Final = late(r"[!-~]+")
_HOST: Final = late(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]*:[^/]*")
"""A name of the DNS, or an address; one that is neither breaks in the middle of TLS."""
_WEB: Final = frozenset({"http", "https"})


class Endpoint(msgspec.Struct, frozen=True):
    """An address without its user, and the user: ``authorization`` is that of RFC 7617, or ""."""

    scheme: str
    url: str
    authorization: str = ""
    password: str = ""


def without_user(url: str) -> str:
    """Return an address without user and password, however odd the rest of it is."""
    return _USER.sub(lambda found: found[1] or "", url)


def is_host(name: str) -> bool:
    """Return whether a text is the name or the address of a host."""
    return _HOST.fullmatch(name) is not None


def web_endpoint(url: object) -> Endpoint | None:
    """Take an http or https address apart; None when it is not one."""
    if not isinstance(url, str) or not _PLAIN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        good = parts.scheme in _WEB and is_host(parts.hostname or "") and parts.port != 0
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return None
    if not good or parts.query or parts.fragment:
        return None
    address = parts.netloc.rpartition("@")[2]
    authorization = basic(user, password) if user or password else ""
    plain = f"{parts.scheme}://{address}{parts.path}".rstrip("/")
    return Endpoint(parts.scheme, plain, authorization, password)


def proxy_endpoint(uri: str, url: object, where: str) -> Endpoint:
    """Take the address of a proxy apart; ``where`` is the setting that names it, for the error.

    Raises:
        CollectionError: it is not a proxy that we can use.
    """
    found = web_endpoint(url)
    if found is None:
        text = repr(without_user(url)) if isinstance(url, str) else "no text"
        raise CollectionError(
            f"{uri}: {where} is {text}, no http:// or https:// address",
            hint="http://HOST:PORT of a proxy that tunnels; SOCKS is not supported",
        )
    return found


def environment_proxy(
    uri: str, server: str, is_bypassed: Callable[[str, str], bool]
) -> Endpoint | None:
    """Find the proxy for a server, as most programs read ``HTTPS_PROXY`` and the like; or None.

    ``is_bypassed`` gets the server and ``NO_PROXY``; it is asked only where there is a proxy.

    Raises:
        CollectionError: there is one that we can't use.
    """
    proxies = getproxies()
    found = proxies.get(urlsplit(server).scheme) or proxies.get("all") or ""
    if not found or is_bypassed(server, proxies.get("no") or ""):
        return None
    url = found if "://" in found else f"http://{found}"
    return proxy_endpoint(uri, url, "the proxy of the environment")
