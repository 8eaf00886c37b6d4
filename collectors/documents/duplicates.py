"""Keys that a mapping of YAML has twice: the last one counts, and readers see the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from auditor.model.elements import digest_of, keyed, path_of, shown
from auditor.model.resource import Resource
from auditor.platforms.files import DUPLICATE_KEY
from collectors.documents.positions import value_at
from collectors.documents.recognise import Identities

if TYPE_CHECKING:
    from collectors.documents.yaml_reader import Duplicate


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
) -> Resource:
    """Make the resource that says a key is there twice.

    ``owners`` are the objects of the document by their pointers, ``number`` is that of the
    document. The resource is told by whose the key is and by the names of elements, so that it
    stays the same when others come or go.
    """
    told = _told(key, document, owners)
    owner = told.owner
    whose = f"~~{told.digest}" if owner is None else owner.uid.removeprefix(f"{source}#")
    said = {"path": shown(told.path), "same": key.same}
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
    )


def _told(key: Duplicate, document: object, owners: Mapping[str, Resource]) -> _Told:
    above = key.pointer
    while above and above not in owners:
        above = above.rpartition("/")[0]
    owner = owners.get(above)
    inside = document if owner is None else value_at(document, above)
    path = keyed(inside, path_of(key.pointer[len(above) :], inside))
    return _Told(path, owner, digest_of(document) if owner is None else "")
