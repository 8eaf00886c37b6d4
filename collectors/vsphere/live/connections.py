"""Connections to a vCenter that send no call but those on the list, whoever asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from collectors.http.deadline import Watch
from collectors.http.guard import WriteRefusedError, guarded
from collectors.http.transport import Tls, pools_of
from collectors.vsphere.live.allowlist import READ_ONLY, check

ACTION: Final = "SOAPAction"


class _CallConnection(HTTPSConnection):
    """Looks at a call before a byte of it is sent; what is not sent as one whole is not sent."""

    _checked = False

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        check(body, str((headers or {}).get(ACTION, "")))
        self._checked = True
        try:
            super().request(method, url, body, headers, **options)
        finally:
            self._checked = False

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:
        if not self._checked:
            raise WriteRefusedError(f"refused before it was sent: {method} {url}")
        super().putrequest(method, url, *args, **options)


class _CallPool(HTTPSConnectionPool):
    """Looks at a call before a connection is even opened."""

    def urlopen(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        body = args[0] if args else options.get("body")
        check(body, str((options.get("headers") or {}).get(ACTION, "")))
        return super().urlopen(method, url, *args, **options)


def call_pools(server: str, tls: Tls, watch: Watch) -> urllib3.PoolManager:
    """Make pools of connections to a server; see :func:`collectors.http.transport.pools_of`."""
    pools = pools_of(server, tls, None, READ_ONLY, watch)
    only = guarded(_CallPool, _CallConnection, READ_ONLY, "", watch)
    pools.pool_classes_by_scheme = {"https": only}
    return pools
