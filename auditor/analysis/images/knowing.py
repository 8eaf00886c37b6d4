"""What documents say of an image that something uses: the ones that are surely about it.

An image is told by a digest or an id. Where a document or an owner has neither, a name with a tag
tells it, which is less: a tag may lead elsewhere by now. Of two digests that differ a tag in common
says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Generic, TypeVar

import msgspec

from auditor.analysis.images.references import parsed
from auditor.model.images import Identity

Item = TypeVar("Item")


class Joined(Enum):
    """By what a document was found to be about an image."""

    DIGEST = "digest"
    TAG = "tag"


class Wanted(msgspec.Struct, frozen=True):
    """An image that documents are looked for: all digests and ids that are known of it."""

    digests: frozenset[str]
    ids: frozenset[str]
    name: str

    @classmethod
    def of(
        cls,
        image: str,
        digests: Iterable[str],
        ids: Iterable[str],
        engines: Mapping[str, Identity],
    ) -> Wanted:
        """What is known of an image by what uses it; ``engines`` say more of their ids."""
        reference = parsed(image)
        found = {*digests, reference.digest}
        for each in ids:
            found.update(engines[each].digests if each in engines else ())
        return cls(frozenset(found - {""}), frozenset(ids), reference.name)


class Shelf(Generic[Item]):
    """Documents by what they are about."""

    def __init__(self) -> None:
        self._by_digest: dict[str, list[Item]] = {}
        self._by_name: dict[str, list[tuple[Identity, Item]]] = {}

    def add(self, identity: Identity, item: Item, also: Iterable[str] = ()) -> None:
        """Put a document where it is found; ``also`` are digests by which it is and no other."""
        for digest in {*identity.digests, identity.id, *also} - {""}:
            self._by_digest.setdefault(digest, []).append(item)
        for name in {parsed(each).name for each in identity.names}:
            self._by_name.setdefault(name, []).append((identity, item))

    def about(self, image: Wanted) -> tuple[Joined, Sequence[Item]]:
        """Find what is about an image, and by what that is known."""
        sure = [
            item
            for each in sorted(image.digests | image.ids)
            for item in self._by_digest.get(each, ())
        ]
        if sure:
            return Joined.DIGEST, sure
        return Joined.TAG, [
            item for identity, item in self._by_name.get(image.name, ()) if _may_be(image, identity)
        ]


def _may_be(image: Wanted, identity: Identity) -> bool:
    """Whether nothing says that an image of the same name is another one."""
    return not (image.digests and identity.digests) and not (image.ids and identity.id)
