"""The certificates of a kubeconfig: whom we trust, and what we show."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from auditor.errors import CollectionError
from collectors.http.endpoints import is_host
from collectors.http.transport import Tls

_AUTHORITY: Final = "certificate-authority"
_CERTIFICATE: Final = "client-certificate"
_KEY: Final = "client-key"
_SKIP: Final = "insecure-skip-tls-verify"
_NAME: Final = "tls-server-name"
_HINT: Final = "kubectl config view shows it"


def tls_of(uri: str, cluster: Mapping[str, Any], user: Mapping[str, Any], scratch: Path) -> Tls:
    """What a kubeconfig says of TLS; what it holds itself is put into files below ``scratch``.

    Raises:
        CollectionError: it is not what it has to be, or a file is not there.
    """
    name = _text(uri, cluster, _NAME)
    if name and not is_host(name):
        raise CollectionError(
            f"{uri}: {_NAME} of the kubeconfig is not a name of a host",
            hint="it is a name that the server's certificate has",
        )
    skip = cluster.get(_SKIP)
    # "false" in quotes would be true to whoever does not look, and switch the check off
    if skip not in (None, "") and not isinstance(skip, bool):
        raise CollectionError(
            f"{uri}: {_SKIP} of the kubeconfig is not a true or false", hint=_HINT
        )
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
        raise CollectionError(f"{uri}: {name} of the kubeconfig is not text", hint=_HINT)
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
        raise CollectionError(f"{uri}: {name}-data is not base64", hint=_HINT) from None
    except OSError as error:
        raise CollectionError(f"{uri}: {name}-data: {error.strerror}", hint="see there") from None
    return made
