"""What may be sent to an engine: lists and single objects, by GET alone.

``GET`` is a read by its verb alone: a container's ``/attach/ws`` runs into it, ``/archive`` and
``/export`` give out its files, ``/logs`` what it says. So every path stands here by itself; the
same list is what ``auditor permissions docker`` prints for a socket proxy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.platforms.docker import (
    CONTAINER,
    IMAGE,
    IMAGE_HISTORY,
    INFO,
    NETWORK,
    PLUGIN,
    SERVICE,
    SWARM,
    VERSION,
    VOLUME,
)
from collectors.http.guard import Allowed, Guard


class Path(msgspec.Struct, frozen=True):
    """A path of the Engine API below its version; ``{id}`` is a name that the engine gave.

    ``kind`` is what is read there, or of what it tells what there is: then ``lists`` is true.
    ``query`` is all that is sent with it.
    """

    template: str
    kind: str
    lists: bool = False
    query: Mapping[str, str] = MappingProxyType({})

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path with or without a version, as engines take both."""
        below = re.escape(self.template).replace(r"\{id\}", r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
        return re.compile(rf"(?:/v1\.[0-9]{{1,3}})?{below}")


PATHS: Final = (
    Path("/version", VERSION),
    Path("/info", INFO),
    Path("/containers/json", CONTAINER, lists=True, query=MappingProxyType({"all": "1"})),
    Path("/containers/{id}/json", CONTAINER),
    Path("/images/json", IMAGE, lists=True),
    Path("/images/{id}/json", IMAGE),
    Path("/images/json", IMAGE_HISTORY, lists=True),
    Path("/images/{id}/history", IMAGE_HISTORY),
    Path("/networks", NETWORK, lists=True),
    Path("/networks/{id}", NETWORK),
    Path("/volumes", VOLUME),
    Path("/plugins", PLUGIN),
    Path("/swarm", SWARM),
    Path("/services", SERVICE),
)
LISTS: Final[Mapping[str, Path]] = MappingProxyType(
    {each.kind: each for each in PATHS if each.lists}
)
"""The lists of kinds of which each thing is asked for by itself."""
THINGS: Final[Mapping[str, Path]] = MappingProxyType(
    {each.kind: each for each in PATHS if not each.lists}
)
"""Where each kind is read: one thing of those that have a list, else all of the kind."""

READ_ONLY: Final = Guard(
    tuple(Allowed("GET", each.pattern, frozenset(each.query)) for each in PATHS)
)
"""The guard of every connection to an engine."""
