"""Addresses as they may be shown: what signs in by them is left out."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from auditor.late import late

_USER: Final = late(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
_BETWEEN: Final = late(r"([&;])")


def shown(uri: str, keep: AbstractSet[str] = frozenset()) -> str:
    """Leave out the user of an address and the values of its query, but for those named ``keep``.

    A PIN or a token can stand in either (RFC 7512, 2.4: ``pin-value``).
    """
    head, mark, query = uri.partition("?")
    head = _USER.sub(r"\1", head)
    return head + mark + "".join(_part(each, keep) for each in _BETWEEN.split(query))


def _part(text: str, keep: AbstractSet[str]) -> str:
    name, equals, _ = text.partition("=")
    return text if not equals or name in keep else f"{name}=..."
