"""A kubeconfig with one context and no path in it, for who asks from another machine.

As ``kubectl config view --minify --flatten``: the one context, its cluster and its user, the files
that they name in place of their paths. Whoever gets it can enter this cluster, and no other. A file
that can't be read stays a path, so that the error is the one that it would be here.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from auditor.bounded import read_named
from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.kubeconfig import Chosen, choose

_FILES: Final = ("certificate-authority", "client-certificate", "client-key")
_MOST_BYTES: Final = 1 << 20


def flattened(address: Address, kubeconfig: str) -> tuple[bytes, str]:
    """The kubeconfig for one target, and the address of its server.

    Raises:
        CollectionError: as of :func:`collectors.kubernetes.live.kubeconfig.choose`.
    """
    chosen = choose(address, kubeconfig)
    name = chosen.context
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": _inlined(chosen.cluster)}],
        "users": [{"name": name, "user": _user(chosen)}],
    }
    return msgspec.json.encode(value), str(chosen.cluster.get("server") or "")


def _inlined(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with the content of its files; its data come before its file, as they do here."""
    found = dict(entry)
    for key in _FILES:
        data = None if found.get(f"{key}-data") else _content(found.get(key))
        if data:
            found[f"{key}-data"] = base64.b64encode(data).decode()
            del found[key]
    return found


def _user(chosen: Chosen) -> dict[str, Any]:
    """A user with its token; a program of its own folder is named by its whole path."""
    user = _inlined(chosen.user)
    token = None if user.get("token") else _content(user.get("tokenFile"))
    if token:
        with contextlib.suppress(ValueError):
            user["token"] = token.decode().strip()
            del user["tokenFile"]
    plugin = user.get("exec")
    if isinstance(plugin, Mapping):
        command = plugin.get("command")
        if isinstance(command, str) and os.sep in command:
            user["exec"] = {**plugin, "command": os.path.normpath(chosen.folder / command)}
    return user


def _content(path: object) -> bytes | None:
    if not isinstance(path, str) or not path:
        return None
    try:
        return read_named(Path(path), _MOST_BYTES)
    except OSError:
        return None
