"""By what an element of a list is told from the others: its name, else what it is.

The place of an element says nothing of it: put one before the others, and each is somewhere else.
So ``/spec/containers/0/env/1`` of a pod is told by names, ``/spec/containers/main/env/HOME``, and a
rule of a Role, which has no name, by a digest of what is in it, ``/rules/~~5d1f0c6a4be29c37``.

The fields that name an element of a list of Kubernetes are those of the API
(``x-kubernetes-list-map-keys``); other lists have the names that people gave their elements. A
digest does not depend on the order of lists or fields, nor on the version of an image, which
changes with each release.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.pointers import steps, token

LIST_KEYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "containers": ("name",),
        "initContainers": ("name",),
        "ephemeralContainers": ("name",),
        "allContainers": ("name",),
        "env": ("name",),
        "volumes": ("name",),
        "volumeMounts": ("mountPath",),
        "sysctls": ("name",),
        "ports": ("name", "containerPort", "port", "endPort", "protocol"),
        "subjects": ("kind", "namespace", "name"),
    }
)
"""The fields that name an element, by the field that holds its list; the rest are found out."""

_BY_NAME: Final = ("name",)
_NAMES: Final = tuple(
    (paths[-1], paths)
    for paths in (
        (("kind",), ("namespace",), ("name",)),
        (("groupName",),),
        (("manager",),),
        (("kind",), ("metadata", "namespace"), ("metadata", "name")),
        (
            ("template", "kind"),
            ("template", "metadata", "namespace"),
            ("template", "metadata", "name"),
        ),
    )
)
"""Where an element of any other list may have its name, and with it what qualifies the name."""

_VERSIONS: Final = MappingProxyType({"image": late(r"(?<=[^/:@])(:[^/@]*)?(@[^/]*)?$")})
"""The part of a field's text that is not what it is but which version of it."""

_LONGEST: Final = 200
_encode = msgspec.json.Encoder(order="sorted").encode


def digest_of(value: object, field: str = "") -> str:
    """16 hexadecimal digits that stand for a value of JSON, wherever its lists and maps have what.

    ``field`` is the name of the field that has it.
    """
    return hashlib.sha256(_encode(_normal(value, field))).hexdigest()[:16]


def _normal(value: object, field: str = "") -> object:
    if isinstance(value, str):
        pattern = _VERSIONS.get(field)
        value = value if pattern is None else pattern.sub("", value)
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {str(key): _normal(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        made = [_normal(item, field) for item in value]
        return sorted(made, key=_encode) if len(made) > 1 else made
    return value if value is None or isinstance(value, int | float) else str(value)


def key_of(element: object, field: str) -> str:
    """What tells an element of the list in ``field``: its name, else the digest of what it is.

    Two tildes begin a digest, which no name does: in a pointer a tilde is written ``~0``.
    """
    if isinstance(element, str) and 0 < len(element) <= _LONGEST:
        return token(element)
    if isinstance(element, dict):
        known = LIST_KEYS.get(field)
        if known == _BY_NAME:
            name = element.get("name")
            if isinstance(name, str) and name:
                return token(name)
        if known is not None:
            return _joined([element.get(name) for name in known]) or "~~"
        for last, paths in _NAMES:
            name = _at(element, last)
            if isinstance(name, str) and name:
                return _joined([_at(element, path) for path in paths])
    return f"~~{digest_of(element, field)}"


def _joined(parts: Iterable[object]) -> str:
    texts = [str(part) for part in parts if isinstance(part, str | int) and part != ""]
    return "~1".join(map(token, texts))


def _at(value: object, path: tuple[str, ...]) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def keyed(body: object, path: Sequence[str | int]) -> str:
    """A path into a body as a pointer (RFC 6901) with the keys of elements in place of numbers."""
    parts = [""]
    value, field = body, ""
    for step in path:
        if isinstance(value, list) and isinstance(step, int) and -1 < step < len(value):
            value = value[step]
            parts.append(key_of(value, field))
            continue
        field = str(step)
        value = value.get(step) if isinstance(value, dict) else None
        parts.append(token(field))
    return "/".join(parts)


def field_of(path: Sequence[str | int]) -> str:
    """The name of the field that a path ends in, or of that which holds its element."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def path_of(pointer: str, body: object) -> tuple[str | int, ...]:
    """A pointer (RFC 6901) into a body as a path."""
    path: list[str | int] = []
    value = body
    for name in steps(pointer):
        if isinstance(value, list) and name.isdecimal():
            index = int(name)
            path.append(index)
            value = value[index] if index < len(value) else None
        else:
            path.append(name)
            value = value.get(name) if isinstance(value, dict) else None
    return tuple(path)


def told_apart(keys: Sequence[str]) -> Sequence[str]:
    """The same keys, those of true twins numbered from the second on."""
    if len(set(keys)) == len(keys):
        return keys
    seen: Counter[str] = Counter()
    apart = []
    for key in keys:
        seen[key] += 1
        apart.append(key if seen[key] == 1 else f"{key}~#{seen[key]}")
    return apart


def shown(key: str) -> str:
    """A key for people: a digest is cut to what tells a few elements apart."""
    if "~" not in key:
        return key
    return re.sub(r"~~([0-9a-f]{8})[0-9a-f]{8}", r"#\1", key).replace("~#", " #")
