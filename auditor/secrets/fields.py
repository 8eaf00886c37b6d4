"""Where in a mapping or a list secrets stand that one name does not tell.

::

    {name: DB_PASSWORD, value: hunter22}     a pair
    passwords: {alice: hunter22}             below a name
    [--password, hunter22]                   after an argument

Every function finds places, as a container with the key or number in it: who owns the value puts
markers there, others do so in a copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

from auditor.late import late
from auditor.secrets.keys import OF_THE_API, PAIR, PAIR_NAME, PAIR_VALUE, SELECTS, role_of
from auditor.secrets.marks import has_marker, marker
from auditor.secrets.names import is_secret, is_secret_name, words_of

Findings: TypeAlias = Iterator[tuple[Any, Any]]
"""A mapping with a key of it, or a list with a number."""

_FLAG: Final = late(r"-{1,2}[A-Za-z][\w.-]+", re.ASCII)
_MANY: Final = late(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|KEY|CREDENTIAL|CRED)S$", re.IGNORECASE | re.ASCII
)
_ABOUT: Final = late(
    r"(?:^|_)(?:NAME|NAMESPACE|KEY|KIND|VERSION|GROUP|PATH|FILE|DIR|MODE|TYPE|FORMAT|TITLE|PATTERN"
    r"|DESCRIPTION|USER|USERNAME|ID|URL|URI|HOST|PORT|PROVIDER|STORE|REF|CLASS|SIZE|ALGORITHM"
    r"|ENCODING|POLICY|ROLE|REGION|AUDIENCE|ISSUER|LABEL|ANNOTATION|COMMENT|OWNER)S?$",
    re.IGNORECASE | re.ASCII,
)
"""The last word of a field that says something about a secret, or where it is."""


def is_told(name: str, value: Any) -> bool:
    """Whether a text or a number under a name is a secret that is still there."""
    kind = value.__class__
    if kind is str:
        return is_secret(name, value)
    return (kind is int or kind is float) and is_secret(name, str(value))


def in_pair(mapping: dict[str, Any]) -> Findings:
    """The value of a pair whose name says that it is secret."""
    names = [
        item
        for key, item in mapping.items()
        if item.__class__ is str and role_of(key) & PAIR_NAME and is_secret_name(item)
    ]
    if not names or any(role_of(key) & SELECTS for key in mapping):
        return
    values = [key for key in mapping if role_of(key) & PAIR_VALUE]
    for name in names:
        for key in values:
            if is_told(name, mapping[key]):
                yield mapping, key
            else:
                yield from _everywhere(name, mapping[key])


def _everywhere(name: str, value: Any) -> Findings:
    """All texts of a value; references in it stay."""
    items: Iterator[tuple[Any, Any]]
    if isinstance(value, dict):
        items = ((key, item) for key, item in value.items() if not _is_about(key))
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return
    for at, item in items:
        if is_told(name, item):
            yield value, at
        else:
            yield from _everywhere(name, item)


def below(name: str, value: Any) -> Findings:
    """The texts of a list, or of a mapping, that stands under the name of a secret.

    ``apiKeys: [a, b]``, ``passwords: {alice: a}``, ``password: {value: a}``.
    """
    if isinstance(value, list):
        for at, item in enumerate(value):
            if isinstance(item, list):
                yield from below(name, item)
            elif is_told(name, item):
                yield value, at
    elif isinstance(value, dict) and name not in OF_THE_API:
        many = _MANY.search(words_of(name).joined) is not None
        for key, item in value.items():
            if (role_of(key) & PAIR_VALUE or (many and not _is_about(key))) and is_told(name, item):
                yield value, key


@lru_cache(4096)
def _is_about(key: str) -> bool:
    return _ABOUT.search(words_of(key).parted) is not None


def is_announcing(text: str) -> bool:
    """Whether a text is an argument whose value is a secret, and the next one."""
    return text[:1] == "-" and _FLAG.fullmatch(text) is not None and is_secret_name(text)


def after_argument(values: list[Any]) -> Findings:
    """What follows an argument that announces a secret: ``[--password, hunter22]``."""
    for at in range(1, len(values)):
        flag, value = values[at - 1], values[at]
        if (
            flag.__class__ is str
            and is_announcing(flag)
            and not (value.__class__ is str and (value[:1] == "-" or has_marker(value)))
            and is_told(flag, value)
        ):
            yield values, at


def without(value: Any, find: Callable[[Any], Findings], shape: str) -> Any:
    """A copy of a value with markers at the places; the value itself when there are none."""
    if next(find(value), None) is None:
        return value
    copied = _copied(value)
    for container, at in list(find(copied)):
        container[at] = marker(shape)
    return copied


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def has_pair(roles: int) -> bool:
    """Whether a mapping has both the name and the value of a pair, by the roles of its keys."""
    return roles & PAIR == PAIR and not roles & SELECTS
