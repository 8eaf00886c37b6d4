"""Connections to a server: the certificates of a kubeconfig, and urllib3's pools with them."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import urllib3

from auditor.errors import CollectionError
from collectors.kubernetes.live.places import Place, is_host

_AUTHORITY: Final = "certificate-authority"
_CERTIFICATE: Final = "client-certificate"
_KEY: Final = "client-key"
_SKIP: Final = "insecure-skip-tls-verify"
_NAME: Final = "tls-server-name"
_HINT: Final = "kubectl config view shows it"
_IDLE: Final = 4
"""Connections that are kept: a page is read while the next one is asked for."""


class Tls(msgspec.Struct, frozen=True):
    """How the server is checked, and the certificate that we show it: paths of PEM files.

    ``server_name`` is what its certificate has to be for, "" for the host of its address.
    """

    authority: str = ""
    certificate: str = ""
    key: str = ""
    checked: bool = True
    server_name: str = ""


def tls_of(uri: str, cluster: Mapping[str, Any], user: Mapping[str, Any], scratch: Path) -> Tls:
    """What a kubeconfig says of TLS; what it holds itself is put into files below ``scratch``.

    Raises:
        CollectionError: it is not what it has to be, or a file is not there.
    """
    name = _text(uri, cluster, _NAME)
    if name and not is_host(name):
        raise CollectionError(
            f"{uri}: {_NAME} of the kubeconfig is no name of a host",
            hint="it is a name that the server's certificate has",
        )
    skip = cluster.get(_SKIP)
    # "false" in quotes would be true to whoever does not look, and switch the check off
    if skip not in (None, "") and not isinstance(skip, bool):
        raise CollectionError(f"{uri}: {_SKIP} of the kubeconfig is no true or false", hint=_HINT)
    return Tls(
        _file(uri, cluster, _AUTHORITY, scratch),
        _file(uri, user, _CERTIFICATE, scratch),
        _file(uri, user, _KEY, scratch),
        checked=not skip,
        server_name=name,
    )


def _text(uri: str, entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CollectionError(f"{uri}: {name} of the kubeconfig is no text", hint=_HINT)
    return value


def _file(uri: str, entry: Mapping[str, Any], name: str, scratch: Path) -> str:
    """The path of a PEM file, "" for none; the data of an entry come before its file."""
    data, path = _text(uri, entry, f"{name}-data"), _text(uri, entry, name)
    if not data:
        if path and not Path(path).is_file():
            raise CollectionError(f"{uri}: {name} {path}: no such file", hint=_HINT)
        return path
    try:
        content = base64.standard_b64decode(data)
        descriptor, made = tempfile.mkstemp(dir=scratch)  # nobody else can read it
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except ValueError:
        raise CollectionError(f"{uri}: {name}-data is no base64", hint=_HINT) from None
    except OSError as error:
        raise CollectionError(f"{uri}: {name}-data: {error.strerror}", hint="see there") from None
    return made


def pools_of(tls: Tls, proxy: Place | None) -> urllib3.PoolManager:
    """Pools of connections, through a proxy or not; nothing is repeated and nothing followed."""
    options: dict[str, Any] = {
        "cert_reqs": ssl.CERT_REQUIRED if tls.checked else ssl.CERT_NONE,
        "ca_certs": tls.authority or None,
        "cert_file": tls.certificate or None,
        "key_file": tls.key or None,
        "retries": False,
        "maxsize": _IDLE,
    }
    if tls.server_name:
        options["server_hostname"] = tls.server_name
    if proxy is None:
        return urllib3.PoolManager(**options)
    headers = {"proxy-authorization": proxy.authorization} if proxy.authorization else None
    return urllib3.ProxyManager(proxy.url, proxy_headers=headers, **options)
