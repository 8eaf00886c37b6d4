"""What the key of a field says of what stands below it, or beside it, in an object.

::

    password: hunter22            SECRET        tokens: [a, b]      SECRET
    name: DB_PASSWORD             PAIR_NAME     stringData: {..}    ENTRIES
    value: hunter22               PAIR_VALUE

Most keys say nothing. Those that do are known by their bits, so that a walk over all fields of all
objects asks once for each key that there is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from auditor.secrets.names import is_secret_name

SECRET: Final = 1
"""The name of a secret: see :mod:`auditor.secrets.names`."""
PAIR_NAME: Final = 2
PAIR_VALUE: Final = 4
"""One field names what another one holds: ``{name: DB_PASSWORD, value: hunter22}``."""
SELECTS: Final = 8
"""What stands beside it is a condition, no setting: ``{key: token, operator: In, values: [a]}``."""
ENTRIES: Final = 16
"""``stringData``: nothing but Secrets has it."""
APPLIED: Final = 32
"""The whole object once more, as a text, also of a Secret."""
PAIR: Final = PAIR_NAME | PAIR_VALUE

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation of ``kubectl apply``."""

_PAIR_NAMES: Final = frozenset({"name", "key", "variable", "parameter", "property", "header"})
PAIR_VALUES: Final = frozenset({"value", "values", "val", "default", "defaultvalue", "stringvalue"})
"""In small letters, as they are found in any."""
_ROLES: Final = {
    **dict.fromkeys(_PAIR_NAMES, PAIR_NAME),
    **dict.fromkeys(PAIR_VALUES, PAIR_VALUE),
    **dict.fromkeys(("operator", "effect"), SELECTS),
    "stringdata": ENTRIES,
}
DATA: Final = frozenset({"data", "stringdata", "binarydata"})
"""The fields of a Secret with its entries, in small letters."""

OF_THE_API: Final = frozenset({"secret", "serviceAccountToken"})
"""Volumes (VolumeSource and VolumeProjection, core/v1): they say where a secret or a token comes
from, and every pod has one. What is a text below them has a name of its own."""


@lru_cache(8192)
def role_of(key: str) -> int:
    """What a key says, as the sum of its bits; 0 for nearly all."""
    if key == LAST_APPLIED:
        return APPLIED
    role = _ROLES.get(key.lower(), 0)
    return role | SECRET if is_secret_name(key) else role


def is_entry(key: str) -> bool:
    """Whether what stands under a key is a secret when the object around it is a Secret."""
    return key.lower() in DATA


def decides(key: str) -> tuple[str, ...]:
    """The names of the fields beside one that decide whether it is a secret."""
    if key.lower() not in PAIR_VALUES:
        return ()
    names = sorted(_PAIR_NAMES)
    return (*names, *(name.capitalize() for name in names), "operator", "effect")
