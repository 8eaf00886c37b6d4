"""Containers that mount a volume which is a folder of its host, by the options of the volume.

::

    docker volume create --opt type=none --opt o=bind --opt device=/var/run sockets
    docker run --volume sockets:/x            inspect: a volume, in /var/lib/docker/volumes

What the container has at ``/x`` is ``/var/run``, as with ``--volume /var/run:/x``, and rules see
that. A compose file says it in one place, and :mod:`collectors.docker.compose.defined` reads it.
Which options lead to what is said in :mod:`auditor.model.volumes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.completing import Aspect, Otherwise, Spots
from auditor.analysis.protocol import Row, Site
from auditor.analysis.related import Related
from auditor.model.fact import Origin, Spot
from auditor.model.resource import Resource
from auditor.model.volumes import LOCAL, of_host
from auditor.platforms.docker import VOLUME

VOLUMES: Final = "volumes"
ASPECT: Final = Aspect((("mounts",),), frozenset({VOLUME}))
_MOUNTED: Final = b'"type":"volume"'
_CONTAINER: Final = b'"form":"container"'
_ROOT: Final = "/"


class _Volume(msgspec.Struct, frozen=True, rename="pascal"):
    name: str
    driver: str = ""
    options: dict[str, str] | None = None


class _Known(msgspec.Struct, frozen=True):
    """A volume by its name; ``said`` and ``by`` are where its path and its kind were read."""

    name: str
    path: str
    said: str
    by: str


_decode: Final = msgspec.json.Decoder(_Known).decode


def is_open(fact: Resource) -> bool:
    """Whether a container mounts a volume."""
    return _MOUNTED in fact.body and _CONTAINER in fact.body


def rows(resource: Resource, site: Site) -> Iterator[Row]:
    """Take a volume that is a folder of its host: the local driver does what mount(8) is told."""
    try:
        found = msgspec.convert(decoded(resource), _Volume)
    except msgspec.ValidationError:
        return
    of = of_host(found.options or {}) if found.driver == LOCAL else None
    if of is not None:
        known = _Known(found.name, of.path, f"/Options/{of.said}", f"/Options/{of.by}")
        origin = site.origin(resource, "", tuple(dict.fromkeys((known.said, known.by))))
        yield Row(("", ""), VOLUME, origin, msgspec.json.encode(known))


class Volumes:
    """The volumes of a host that are folders of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Known, Origin]] = {}

    def add(self, row: Row) -> None:
        """Take in a volume."""
        found = _decode(row.body)
        self._known.setdefault(found.name, (found, row.read_at))

    def complete(self, body: dict[str, object], related: Related) -> Spots:
        """Put the folders in place of their volumes, and say where that was read."""
        spots: list[tuple[str, Spot | None]] = []
        mounts = body.get("mounts")
        found = list(mounts) if isinstance(mounts, list) else []
        for index, mount in enumerate(found):
            known = self._known.get(str(mount.get("source"))) if _is_volume(mount) else None
            if known is not None:
                volume, origin = known
                found[index] = {**mount, "type": "bind", "source": volume.path}
                of = related.number(origin)
                spots.append((f"/mounts/{index}/source", Spot(of, volume.said)))
                spots.append((f"/mounts/{index}/type", Spot(of, volume.by)))
        if spots:
            body["mounts"] = found
        return tuple(spots)

    @staticmethod
    def unread(body: dict[str, object]) -> Otherwise:
        """What the body could be where volumes were not read: each could be all of the host."""
        mounts = body.get("mounts")
        found = [
            {**mount, "type": "bind", "source": _ROOT} if _is_volume(mount) else mount
            for mount in (mounts if isinstance(mounts, list) else ())
        ]
        return Otherwise(ASPECT.kinds, partial(dict, body, mounts=found))


def _is_volume(mount: object) -> bool:
    return isinstance(mount, dict) and mount.get("type") == "volume"
