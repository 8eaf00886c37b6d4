"""Keys that a mapping of YAML has twice: the last one counts, and readers see the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from auditor.model.elements import digest_of, keyed, path_of, shown
from auditor.model.pointers import steps
from auditor.model.resource import Resource
from auditor.platforms.files import DUPLICATE_KEY
from auditor.secrets.redact import redact
from collectors.documents.positions import value_at
from collectors.documents.recognise import Identities

if TYPE_CHECKING:
    from collectors.documents.yaml_reader import Duplicate


MOST_TOLD: Final = 50
"""Keys of one document of which the values are told: for each it is looked through once more."""
_SHOWN_NAMES: Final = 4
_LONGEST: Final = 60


class _Told(msgspec.Struct, frozen=True):
    """A key by the names of elements, in the object that it is in, or in a document of a digest."""

    path: str
    owner: Resource | None
    digest: str


def duplicate_key(
    key: Duplicate,
    document: object,
    owners: Mapping[str, Resource],
    identities: Identities,
    source: str,
    number: int,
    place: int = 0,
) -> Resource:
    """Make the resource that says a key is there twice.

    ``owners`` are the objects of the document by their pointers, ``number`` is that of the
    document, ``place`` that of the key among all of them: the values of the first are told. The
    resource is told by whose the key is and by the names of elements, so that it stays the same
    when others come or go.
    """
    told = _told(key, document, owners)
    owner = told.owner
    whose = f"~~{told.digest}" if owner is None else owner.uid.removeprefix(f"{source}#")
    said = {"path": shown(told.path), "same": key.same}
    if place < MOST_TOLD:
        said["first"], said["last"] = _values(key, document)
    lines = {"line": key.line, "firstLine": key.first_line}
    return Resource(
        kind=DUPLICATE_KEY,
        api_version="",
        name=shown(told.path),
        namespace=owner.namespace if owner is not None else "",
        uid=identities.numbered(f"{source}#{DUPLICATE_KEY}/{whose}{told.path}"),
        source=source,
        document=number,
        line=key.line,
        body=msgspec.json.encode({**said, **lines}),
        pointer=key.pointer,
        elsewhere=(("/same", None),),
    )


def _values(key: Duplicate, document: object) -> tuple[str, str]:
    """Say what the first value was and what the last one is, without secrets.

    The first is looked through in the place of the last: what a secret is depends on what stands
    around it.
    """
    parts = list(steps(key.pointer))
    first = value_at(redact(_with(document, parts, key.first)), key.pointer)
    return _said(first), _said(value_at(document, key.pointer))


def _with(value: Any, parts: list[str], new: object) -> object:
    """Copy a value with another one at a path of it; None stands for what is not there."""
    if not parts:
        return new
    if isinstance(value, dict):
        return {**value, parts[0]: _with(value.get(parts[0]), parts[1:], new)}
    if isinstance(value, list) and parts[0].isdecimal() and int(parts[0]) < len(value):
        at = int(parts[0])
        return [*value[:at], _with(value[at], parts[1:], new), *value[at + 1 :]]
    return value


def _said(value: object) -> str:
    """Say what a value is in a few words."""
    if isinstance(value, dict):
        names = list(value)
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        return f"a map of {', '.join(names[:_SHOWN_NAMES])}{more}" if names else "an empty map"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _told(key: Duplicate, document: object, owners: Mapping[str, Resource]) -> _Told:
    above = key.pointer
    while above and above not in owners:
        above = above.rpartition("/")[0]
    owner = owners.get(above)
    inside = document if owner is None else value_at(document, above)
    path = keyed(inside, path_of(key.pointer[len(above) :], inside))
    return _Told(path, owner, digest_of(document) if owner is None else "")
