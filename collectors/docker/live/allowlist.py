"""What may be sent to an engine: lists and single objects, by GET alone.

``GET`` is a read by its verb alone: a container's ``/attach/ws`` runs into it, ``/archive`` and
``/export`` give out its files, ``/logs`` what it says. So every path stands here by itself; the
same list is what ``auditor permissions docker`` prints for a socket proxy.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from auditor.platforms.docker import (
    CONTAINER,
    IMAGE,
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

    ``kind`` is what is read there, "" of a list that only tells what there is.
    """

    template: str
    kind: str
    parameters: frozenset[str] = frozenset()

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path with or without a version, as engines take both."""
        below = re.escape(self.template).replace(r"\{id\}", r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
        return re.compile(rf"(?:/v1\.[0-9]{{1,3}})?{below}")


PATHS: Final = (
    Path("/version", VERSION),
    Path("/info", INFO),
    Path("/containers/json", "", frozenset({"all"})),
    Path("/containers/{id}/json", CONTAINER),
    Path("/images/json", ""),
    Path("/images/{id}/json", IMAGE),
    Path("/networks", ""),
    Path("/networks/{id}", NETWORK),
    Path("/volumes", VOLUME),
    Path("/plugins", PLUGIN),
    Path("/swarm", SWARM),
    Path("/services", SERVICE),
)

READ_ONLY: Final = Guard(tuple(Allowed("GET", each.pattern, each.parameters) for each in PATHS))
"""The guard of every connection to an engine."""
