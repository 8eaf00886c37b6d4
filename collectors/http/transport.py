"""Connections to one server: pools of urllib3 with our certificates, proxy, guard and deadlines."""

from __future__ import annotations

import ssl
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import urllib3
from urllib3.exceptions import InsecureRequestWarning

from collectors.http.deadline import Watch
from collectors.http.endpoints import Endpoint
from collectors.http.guard import Guard, guarded_pools

_IDLE: Final = 4
"""Connections that stay open: a page is read while the next one is asked for."""


class Tls(msgspec.Struct, frozen=True):
    """How the server is checked, and the certificate that we show it: paths of PEM files.

    ``server_name`` is what its certificate has to be for, "" for the host of its address.
    ``thumbprint`` is the sha256 of the certificate that it must have, "" for any.
    """

    authority: str = ""
    certificate: str = ""
    key: str = ""
    checked: bool = True
    server_name: str = ""
    thumbprint: str = ""


def pools_of(
    server: str, tls: Tls, proxy: Endpoint | None, guard: Guard, watch: Watch
) -> urllib3.PoolManager:
    """Make pools of connections to a server; nothing is repeated and nothing followed.

    No request leaves them that the guard does not let pass, and none outlives the deadline that the
    watch has for it.
    """
    options: dict[str, Any] = {
        "cert_reqs": ssl.CERT_REQUIRED if tls.checked else ssl.CERT_NONE,
        "ca_certs": tls.authority or None,
        "cert_file": tls.certificate or None,
        "key_file": tls.key or None,
        "retries": False,
        "maxsize": _IDLE,
    }
    if tls.thumbprint:
        options["assert_fingerprint"] = tls.thumbprint
    if tls.server_name:
        options["server_hostname"] = tls.server_name
    if not tls.checked and not tls.thumbprint:
        urllib3.disable_warnings(InsecureRequestWarning)  # the report says it, once
    if proxy is None:
        pools = urllib3.PoolManager(**options)
    else:
        headers = {"proxy-authorization": proxy.authorization} if proxy.authorization else None
        pools = urllib3.ProxyManager(proxy.url, proxy_headers=headers, **options)
    base = urlsplit(server).path.rstrip("/")
    pools.pool_classes_by_scheme = guarded_pools(guard, base, watch)
    return pools
