"""The images of a place, each with its configuration and its files with the setuid or setgid bit.

An image is known by the digest of its configuration, which has the digests of its layers unpacked:
what was read is held against these, so that it is of that image and of no other.

Source: https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auditor.model.images import Configuration, Files, Identity
from collectors.images.configuration import configuration_of
from collectors.images.contents.headers import entries
from collectors.images.contents.limits import (
    ENTRIES,
    IMAGES,
    LAYERS,
    ContentError,
    MalformedError,
    TooLargeError,
    UnsupportedError,
)
from collectors.images.contents.places import Place
from collectors.images.contents.special import Overlaid
from collectors.images.contents.unpacking import Budget, Unpacked

_MANIFEST, _INDEX = "manifest.json", "index.json"
_SHA256: Final = "sha256:"
_MOST_DEPTH: Final = 4
_NAME: Final = "org.opencontainers.image.ref.name"
_FULL_NAME: Final = "io.containerd.image.name"
_REFERS: Final = "vnd.docker.reference.type"


class _Saved(msgspec.Struct, rename="pascal"):
    config: str
    layers: tuple[str, ...]
    repo_tags: tuple[str, ...] | None = None


class _Platform(msgspec.Struct):
    os: str = ""


class _Descriptor(msgspec.Struct, rename="camel"):
    digest: str
    media_type: str = ""
    annotations: dict[str, str] | None = None
    platform: _Platform | None = None


class _Document(msgspec.Struct):
    """An index or a manifest."""

    manifests: tuple[_Descriptor, ...] | None = None
    config: _Descriptor | None = None
    layers: tuple[_Descriptor, ...] = ()


class _Root(msgspec.Struct):
    diff_ids: tuple[str, ...]


class _Layers(msgspec.Struct):
    rootfs: _Root


class Found(msgspec.Struct, frozen=True):
    """An image of a place: where its configuration and its layers are, and what is known of it.

    ``fault`` is why it can't be read, if that is known before. ``manifests`` are the digests that
    lead to it here.
    """

    config: str
    layers: tuple[str, ...]
    identity: Identity
    fault: ContentError | None = None
    manifests: tuple[str, ...] = ()


_decode_saved: Final = msgspec.json.Decoder(tuple[_Saved, ...]).decode
_decode_document: Final = msgspec.json.Decoder(_Document).decode
_decode_layers: Final = msgspec.json.Decoder(_Layers).decode


def images_in(place: Place) -> list[Found]:
    """Find the images of a place; of what ``docker save`` wrote, by its own list.

    Raises:
        ContentError: it has none, or more than are read.
        msgspec.DecodeError: a document is none.
    """
    if is_saved(place):
        named = _named(place)
        found = [_saved(place, each, named) for each in _decode_saved(place.document(_MANIFEST))]
    elif place.has(_INDEX):
        found = list(_indexed(place, _decode_document(place.document(_INDEX)), (), "", 0))
    else:
        raise UnsupportedError("neither an archive of docker save nor an OCI layout")
    if len(found) > IMAGES:
        raise TooLargeError(f"more than {IMAGES} images")
    if not found:
        raise MalformedError("there is no image in it")
    if all(each.fault for each in found) and (fault := found[0].fault):
        raise fault
    return found


def files_of(place: Place, image: Found, budget: Budget) -> Files:
    """Read the headers of all layers of an image.

    Raises:
        ContentError: it can't be read, or is not what its configuration says.
        msgspec.DecodeError: its configuration is none.
    """
    if image.fault:
        raise image.fault
    said = _decode_layers(place.document(image.config)).rootfs.diff_ids
    if len(said) != len(image.layers):
        detail = f"{len(image.layers)} layers, and its configuration has {len(said)}"
        raise MalformedError(detail)
    if len(said) > LAYERS:
        raise TooLargeError(f"more than {LAYERS} layers")
    overlaid, count = Overlaid(), 0
    for number, (name, digest) in enumerate(zip(image.layers, said, strict=True)):
        layer = Unpacked(place.pieces(name), budget)
        count += overlaid.add(entries(layer, ENTRIES), number)
        if layer.finish() != digest:
            raise MalformedError(f"layer {number} is not the one that its configuration names")
    return Files(image.identity, len(said), count, overlaid.files)


def is_saved(place: Place) -> bool:
    """Whether a place has the list that ``docker save`` writes."""
    return place.has(_MANIFEST)


def configuration_in(place: Place, image: Found) -> Configuration:
    """Read the configuration of an image, whose digest is its id.

    Raises:
        ContentError: it can't be read, or not as engines do.
        msgspec.DecodeError, RecursionError, ValueError: it is none.
    """
    if image.fault:
        raise image.fault
    data = place.document(image.config)
    if _digest(data) != image.identity.id:
        raise MalformedError(f"{image.config} is something else")
    return configuration_of(data, image.identity, image.manifests)


def _named(place: Place) -> dict[str, tuple[str, ...]]:
    """By which digests a layout beside the list of ``docker save`` leads to a configuration.

    They are those of this archive, whose layers may be packed otherwise than those of a registry.
    """
    if not place.has(_INDEX):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for each in _indexed(place, _decode_document(place.document(_INDEX)), (), "", 0):
        if not each.fault:
            found[each.identity.id] = (*found.get(each.identity.id, ()), *each.manifests)
    return found


def _saved(place: Place, saved: _Saved, named: Mapping[str, tuple[str, ...]]) -> Found:
    try:
        found = _digest(place.document(saved.config))
    except ContentError as error:
        return Found(saved.config, (), Identity((), "", saved.repo_tags or ()), error)
    identity = Identity((), found, saved.repo_tags or ())
    return Found(saved.config, saved.layers, identity, None, named.get(found, ()))


def _indexed(
    place: Place, index: _Document, above: tuple[str, ...], name: str, depth: int
) -> Iterator[Found]:
    """Yield the images of an index, and of those in it; what is about an image is none."""
    if depth > _MOST_DEPTH:
        raise TooLargeError("an index of indexes of indexes")
    for each in index.manifests or ():
        notes = each.annotations or {}
        if _REFERS in notes or (each.platform is not None and each.platform.os == "unknown"):
            continue
        known = notes.get(_FULL_NAME) or notes.get(_NAME) or name
        digests = (*above, each.digest)
        try:
            document = _decode_document(_blob(place, each.digest))
        except (ContentError, msgspec.DecodeError, RecursionError) as error:
            yield _unread(digests, known, error)
            continue
        if document.manifests is not None:
            yield from _indexed(place, document, digests, known, depth + 1)
        else:
            yield _listed(place, document, digests, known)


def _listed(place: Place, manifest: _Document, digests: tuple[str, ...], known: str) -> Found:
    if manifest.config is None:
        return _unread(digests, known, MalformedError(f"{digests[-1]} is no manifest"))
    config = manifest.config.digest
    try:
        _blob(place, config)
        layers = tuple(_path(layer.digest) for layer in manifest.layers)
    except ContentError as error:
        return _unread(digests, known, error)
    identity = Identity(digests, config, _names(known))
    return Found(_path(config), layers, identity, None, digests)


def _unread(digests: tuple[str, ...], known: str, error: Exception) -> Found:
    """An image that is listed and not there: it costs no other."""
    fault = error if isinstance(error, ContentError) else MalformedError(str(error))
    return Found("", (), Identity(digests, "", _names(known)), fault)


def _names(known: str) -> tuple[str, ...]:
    return (known,) if "/" in known or ":" in known else ()


def _blob(place: Place, digest: str) -> bytes:
    """A document by its digest, which it has to have."""
    data = place.document(_path(digest))
    if _digest(data) != digest:
        raise MalformedError(f"{digest} is something else")
    return data


def _path(digest: str) -> str:
    name = digest.removeprefix(_SHA256)
    if not digest.startswith(_SHA256) or len(name) != 64 or name.strip("0123456789abcdef"):
        raise UnsupportedError(f"a part that is named by {digest[:80]!r}")
    return f"blobs/sha256/{name}"


def _digest(data: bytes) -> str:
    return f"{_SHA256}{hashlib.sha256(data).hexdigest()}"
