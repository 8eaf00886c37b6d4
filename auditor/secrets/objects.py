"""Secrets are objects, too: whatever stands among the entries of one becomes a marker.

Whoever wrote it said ``kind: Secret``, or ``secret``, or nothing in a ``SecretList``; the entries
are in ``data``, ``Data`` or ``stringData``, and may be no mapping at all. An empty entry stays
empty. A certificate and a placeholder have markers of their own: neither is a secret, and rules
know it.
"""

from __future__ import annotations

import binascii
from typing import Any, Final

from auditor.late import late
from auditor.secrets.keys import DATA
from auditor.secrets.marks import MARK, marker
from auditor.secrets.values import is_placeholder

_KIND: Final = "secret"
_LIST: Final = "list"
_REFER: Final = ("external", "clusterexternal", "push", "clusterpush")
"""Kinds whose ``data`` says where secrets are: ExternalSecret, PushSecret (external-secrets.io)."""
_LONGEST_PLAIN: Final = 700
_MARKED: Final = late(rf"{MARK}(?:secret-data|placeholder|certificate)»")
_CERTIFICATE: Final = ("-----BEGIN CERTIFICATE", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS")
_PRIVATE: Final = ("PRIVATE KEY", "UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW")
"""As a text, and as base64 writes it at each of three offsets."""
_PUBLIC_ENTRIES: Final = frozenset({"ca.crt", "ca.pem", "ca-bundle.crt", "service-ca.crt"})


def has_secrets(kind: object) -> bool:
    """Whether something of a kind may have entries that :func:`of_its_kind` hides."""
    if not isinstance(kind, str):
        return True
    said = kind.lower()
    return _KIND in said or said.endswith(_LIST)


def of_its_kind(value: dict[str, Any]) -> dict[str, Any]:
    """A Secret, or a list of them, without its entries; anything else is itself."""
    kind = value.get("kind")
    if not isinstance(kind, str):
        return value
    said = kind.lower()
    if said.endswith(_LIST):
        return _list(value, said.removesuffix(_LIST))
    return _of(value, said.strip())


def _list(value: dict[str, Any], default: str) -> dict[str, Any]:
    """Items that don't say what they are, are what the list has; in doubt they are Secrets."""
    items = value.get("items")
    if not isinstance(items, list):
        return value
    made = _items(items, default or _KIND)
    return value if made is items else {**value, "items": made}


def _items(items: list[Any], kind: str) -> list[Any]:
    made = [_item(item, kind) for item in items]
    return items if all(map(_same, made, items)) else made


def _item(item: Any, kind: str) -> Any:
    if isinstance(item, list):
        return _items(item, kind)
    return _of(item, kind) if isinstance(item, dict) and not _says(item) else item


def _says(item: dict[str, Any]) -> bool:
    kind = item.get("kind")
    return isinstance(kind, str) and bool(kind.strip())


def _same(one: object, other: object) -> bool:
    return one is other


def _of(value: dict[str, Any], kind: str) -> dict[str, Any]:
    kind = kind.removesuffix("s")
    if kind == _KIND:
        return _without_entries(value)
    if kind.endswith(_KIND) and not kind.startswith(_REFER):
        found: dict[str, Any] = _anywhere(value)
        return found
    return value


def _without_entries(value: dict[str, Any]) -> dict[str, Any]:
    hidden = {key: entries(item) for key, item in value.items() if key.lower() in DATA}
    return {**value, **hidden} if any(hidden[key] is not value[key] for key in hidden) else value


def _anywhere(value: Any) -> Any:
    """A kind around Secrets, such as SealedSecret: templates of them are deeper in it."""
    if isinstance(value, list):
        made = [_anywhere(item) for item in value]
        return value if all(map(_same, made, value)) else made
    if not isinstance(value, dict):
        return value
    inner = {
        key: entries(item) if key.lower() in DATA and not _tells_more(item) else _anywhere(item)
        for key, item in value.items()
    }
    return value if all(map(_same, inner.values(), value.values())) else inner


def _tells_more(value: Any) -> bool:
    """Whether a list is of mappings, which tell what their entries come from."""
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def entries(value: Any) -> Any:
    """What stands in ``data`` of a Secret, without its values; itself when all of it is hidden."""
    if isinstance(value, dict):
        made = {key: _entry(key, item) for key, item in value.items()}
        return value if all(map(_same, made.values(), value.values())) else made
    if isinstance(value, list):
        items = [_entry("", item) for item in value]
        return value if all(map(_same, items, value)) else items
    return _entry("", value)


def _entry(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return marker("secret-data") if value or isinstance(value, int | float) else value
    if not value.strip() or _MARKED.fullmatch(value):
        return value
    if _is_public(key, value):
        return marker("certificate")
    return marker("placeholder" if _is_no_value(value) else "secret-data")


def _is_public(key: str, value: str) -> bool:
    if any(word in value for word in _PRIVATE):
        return False
    return key.lower() in _PUBLIC_ENTRIES or value.lstrip().startswith(_CERTIFICATE)


def _is_no_value(value: str) -> bool:
    """Whether an entry, as it is or encoded, stands for a value that is put there later."""
    if is_placeholder(value):
        return True
    if len(value) > _LONGEST_PLAIN:
        return False
    import base64  # noqa: PLC0415 - few objects are of secrets

    try:
        plain = base64.b64decode("".join(value.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return is_placeholder(plain)
