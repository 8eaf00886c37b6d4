"""Kubeconfigs for tests, and the session of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.session import open_session


def config(folder: Path, name: str, *contexts: str, current: str = "", **user: Any) -> str:
    """A kubeconfig whose contexts each have a cluster of that name."""
    path = folder / name
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": each, "cluster": {"server": f"http://{each}.invalid"}} for each in contexts
        ],
        "contexts": [
            {"name": each, "context": {"cluster": each, "user": "u"}} for each in contexts
        ],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
        **({"current-context": current} if current else {}),
    }
    path.write_text(json.dumps(value))
    return str(path)


def changed(folder: Path, name: str, value: object = None) -> str:
    path = Path(config(folder, "changed", "a", current="a"))
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    return str(path)


def of_user(folder: Path, **user: object) -> str:
    return changed(folder, "users", [{"name": "u", "user": user}])


def opened(kubeconfig: str, scratch: Path, context: str = "") -> tuple[str, str]:
    session = open_session(Address(context, in_cluster=False, namespaces=()), kubeconfig, scratch)
    return session.context, session.server
