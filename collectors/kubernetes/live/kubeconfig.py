"""Kubeconfigs as kubectl reads them: which context, and the cluster and the user that it names.

Read by us and not by the ``kubernetes`` package: its errors print what they did not understand,
with the secrets in it, and where a user is missing it goes on as nobody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from auditor.bounded import read_named
from auditor.errors import CollectionError
from collectors.kubernetes.live.address import Address, quoted

HINT: Final = (
    "KUBECONFIG, or --kubeconfig FILE, names the file; k8s+incluster:// is the cluster we run in"
)
_LISTS: Final = {"contexts": "context", "clusters": "cluster", "users": "user"}
_MOST_BYTES: Final = 1 << 24
_PATHS: Final = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class Chosen(msgspec.Struct, frozen=True):
    """A context with its cluster and user; paths in them are absolute.

    ``folder`` is where the user's file stands: a plugin's relative path starts there.
    """

    context: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]
    folder: Path


class _Entry(msgspec.Struct, frozen=True):
    value: Mapping[str, Any]
    folder: Path


class _Merged(msgspec.Struct):
    """Of each name the first entry counts, and of the current contexts the first that is named."""

    contexts: dict[str, _Entry] = msgspec.field(default_factory=dict)
    clusters: dict[str, _Entry] = msgspec.field(default_factory=dict)
    users: dict[str, _Entry] = msgspec.field(default_factory=dict)
    current: str = ""


def choose(address: Address, kubeconfig: str) -> Chosen:
    """The context of a target; ``kubeconfig`` is a file or a list of files, as in ``KUBECONFIG``.

    Raises:
        CollectionError: no such file, context, cluster or user, or no kubeconfig at all.
    """
    uri = address.uri(address.context)
    merged = _merged(uri, kubeconfig)
    name = _context(address, merged, kubeconfig)
    uri = address.uri(name)
    found = merged.contexts[name].value
    cluster = _named(uri, found, "cluster", merged.clusters)
    user = _named(uri, found, "user", merged.users)
    if cluster is None:
        raise CollectionError(f"{uri}: the context names no cluster", hint=f"see {kubeconfig}")
    nobody = _Entry({}, cluster.folder)
    return Chosen(name, cluster.value, (user or nobody).value, (user or nobody).folder)


def _merged(uri: str, kubeconfig: str) -> _Merged:
    names = [os.path.expanduser(name) for name in kubeconfig.split(os.pathsep) if name]  # noqa: PTH111 - Path's own raises for an unknown user
    if not names:
        raise CollectionError(f"{uri}: KUBECONFIG names no file", hint=HINT)
    files = [path for path in map(Path, names) if path.exists()]
    if not files:
        raise CollectionError(f"{uri}: {kubeconfig}: no such file", hint=HINT)
    merged = _Merged()
    for path in files:
        value = _read(uri, path)
        for kind, field_name in _LISTS.items():
            known: dict[str, _Entry] = getattr(merged, kind)
            for name, entry in _entries(uri, path, value, kind, field_name):
                known.setdefault(name, entry)
        merged.current = merged.current or str(value.get("current-context") or "")
    return merged


def _read(uri: str, path: Path) -> Mapping[str, Any]:
    """A file's mapping; an error tells the place and never the text there."""
    try:
        value = yaml.safe_load(read_named(path, _MOST_BYTES).decode())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(path)
        raise CollectionError(f"{uri}: {where}: not valid YAML", hint=f"correct {where}") from None
    except OSError as error:
        raise CollectionError(f"{uri}: {path}: {error.strerror}", hint=HINT) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise CollectionError(f"{uri}: {path} can't be read as YAML", hint=HINT) from None
    if value is not None and not isinstance(value, dict):
        raise CollectionError(f"{uri}: {path} is not a kubeconfig", hint=HINT)
    return value or {}


def _entries(
    uri: str, path: Path, value: Mapping[str, Any], kind: str, field_name: str
) -> Iterator[tuple[str, _Entry]]:
    items = value.get(kind) or []
    if not isinstance(items, list):
        raise CollectionError(f"{uri}: {path}: {kind} is not a list", hint="kubectl config view")
    for number, item in enumerate(items):
        where = f"{path}: {kind}[{number}]"
        name = item.get("name") if isinstance(item, dict) else None
        if name is None or isinstance(name, dict | list) or not str(name):
            raise CollectionError(f"{uri}: {where} has no name", hint="give it one, or remove it")
        found = item.get(field_name) or {}
        if not isinstance(found, dict):
            raise CollectionError(
                f"{uri}: {where}.{field_name} is not a mapping", hint="kubectl config view"
            )
        folder = path.absolute().parent
        whole = {key: _absolute(key, each, folder) for key, each in found.items()}
        yield str(name), _Entry(whole, folder)


def _absolute(key: object, value: object, folder: Path) -> object:
    if key in _PATHS and isinstance(value, str) and value:
        return os.path.normpath(folder / value)
    return value


def _context(address: Address, merged: _Merged, kubeconfig: str) -> str:
    """The context as it was named: as it is, or with its odd characters quoted."""
    for wanted in (address.context, address.typed) if address.context else (merged.current,):
        if wanted in merged.contexts:
            return wanted
    named = address.context or merged.current
    what = f"no context {named!r}" if named else "no current context"
    known = ", ".join(sorted(map(quoted, merged.contexts))) or "none"
    raise CollectionError(
        f"{address.uri(named)}: {what} in {kubeconfig}", hint=f"contexts: {known}"
    )


def _named(
    uri: str, context: Mapping[str, Any], kind: str, known: Mapping[str, _Entry]
) -> _Entry | None:
    """The entry that a context names; None when it names none."""
    name = context.get(kind)
    if name is None or name == "":
        return None
    found = known.get(str(name))
    if found is None:
        names = ", ".join(sorted(known)) or "none"
        raise CollectionError(
            f"{uri}: the kubeconfig has no {kind} {str(name)!r}", hint=f"{kind}s: {names}"
        )
    return found
