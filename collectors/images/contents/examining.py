"""What can be read of images that lie here, found out without reading a layer.

::

    form      an archive of docker save
    image     r.io/app:1 for linux/amd64, 3 layers
              sha256:4f1c…        its id, by which it is joined with what uses it
              without the digest of a manifest: what a cluster runs is told by its tag

Of each image its configuration is read, and whether its layers are there is looked up. What a layer
holds is not known before it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.images import Configuration
from auditor.platforms.images import CONFIGURATION, FILES
from auditor.ports import Read
from collectors.images.contents.fields import shown
from collectors.images.contents.limits import (
    ContentError,
    MalformedError,
    TooLargeError,
    UnsupportedError,
)
from collectors.images.contents.places import Archive, Place
from collectors.images.contents.reading import Found, configuration_in, is_saved

FAULTS: Final = (ContentError, msgspec.DecodeError, RecursionError, ValueError)
"""How reading an image ends that can't be read."""
_MOST: Final = 20
"""So many images are told one by one."""


def cause_of(error: Exception) -> GapCause:
    """The cause of the gap that an image is which can't be read."""
    if isinstance(error, TooLargeError):
        return GapCause.TRUNCATED
    return GapCause.UNSUPPORTED if isinstance(error, UnsupportedError) else GapCause.MALFORMED


def name_of(image: Found) -> str:
    """What an image is called: by a name with a tag, else by a digest, or where it should be."""
    identity = image.identity
    return next(iter((*identity.names, *identity.digests, identity.id or image.config)))


class Examined(msgspec.Struct, frozen=True):
    """What is told of a place, and what of it may be read."""

    told: tuple[tuple[str, str], ...]
    reads: tuple[Read, ...]


def examined(place: Place, images: Sequence[Found], kinds: frozenset[str], hint: str) -> Examined:
    """Look at all images: which they are, and whether what is of ``kinds`` can be read of them."""
    told: list[tuple[str, str]] = [("form", _form(place))]
    wrong: dict[str, list[tuple[GapCause, str]]] = {each: [] for each in sorted(kinds)}
    checks: dict[str, Callable[[Found], object]] = {
        CONFIGURATION: lambda image: configuration_in(place, image),
        FILES: lambda image: _layers_in(place, image),
    }
    for number, image in enumerate(images):
        name = name_of(image)
        if number < _MOST:
            told += _lines(place, image, name)
        for kind, found in wrong.items():
            try:
                checks[kind](image)
            except FAULTS as error:
                found.append((cause_of(error), f"{name}: {error}"))
    if len(images) > _MOST:
        told.append(("", f"and {len(images) - _MOST} more images"))
    return Examined(tuple(told), tuple(_read(kind, found, hint) for kind, found in wrong.items()))


def _form(place: Place) -> str:
    if is_saved(place):
        return "an archive of docker save"
    return "an OCI layout " + ("in an archive" if isinstance(place, Archive) else "in a folder")


def _read(kind: str, wrong: Sequence[tuple[GapCause, str]], hint: str) -> Read:
    if not wrong:
        return Read(kind, served=True, allowed=True)
    cause, detail = wrong[0]
    more = f", and {len(wrong) - 1} more like it" if wrong[1:] else ""
    return Read(kind, True, allowed=False, detail=f"{detail}{more}", cause=cause, hint=hint)


def _lines(place: Place, image: Found, name: str) -> Iterator[tuple[str, str]]:
    """Say which image it is: for what, how large, and by what it is joined with what uses it."""
    try:
        found = configuration_in(place, image)
    except FAULTS as error:
        yield "image", f"{shown(name)}: {error}"
    else:
        count = f"{found.layers} layer{'' if found.layers == 1 else 's'}"
        yield "image", f"{shown(name)} for {_system(found)}, {count}"
    identity = image.identity
    if digests := (*identity.digests, identity.id):
        yield "", next((each for each in digests[::-1] if each), "without a digest")
    if not identity.digests:
        yield "", "without the digest of a manifest: what a cluster runs is told by its tag"


def _system(found: Configuration) -> str:
    return f"{found.system or 'an unknown system'}/{found.architecture or 'unknown'}"


def _layers_in(place: Place, image: Found) -> None:
    """See that the layers are there.

    Raises:
        ContentError: one is not, or it is not known which there are.
    """
    if image.fault:
        raise image.fault
    for number, layer in enumerate(image.layers):
        if not place.has(layer):
            raise MalformedError(f"layer {number} is not in it: {shown(layer)}")
