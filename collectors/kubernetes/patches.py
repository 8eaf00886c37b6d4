"""Objects that only change another one: told by the directives of strategic merge patches in them.

kustomize and kubectl read ``$patch: delete``, ``replace`` or ``merge`` in a map as what to do with
that map. No API server knows such a field, so an object that has one is a patch.
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec
import stringzilla

from auditor.late import late

_find: Final[Callable[..., int]] = stringzilla.find
_DIRECTIVE: Final = "$patch"
_ORDERS: Final = frozenset(("delete", "merge", "replace"))
_OF_ANOTHER: Final = late(r"patch|mutat|overrid|overlay", re.IGNORECASE)
"""Keys below which an object holds patches, as a policy that mutates does, and is none itself."""


def is_patch(body: bytes) -> bool:
    """Whether the JSON of an object has a directive in it."""
    if _find(body, b'"$patch"') < 0:
        return False
    waiting: list[object] = [msgspec.json.decode(body)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            order = value.get(_DIRECTIVE)
            if isinstance(order, str) and order in _ORDERS:
                return True
            waiting += [item for key, item in value.items() if not _OF_ANOTHER.search(key)]
        elif isinstance(value, list):
            waiting += value
    return False
