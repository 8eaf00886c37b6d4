"""Servers that give away more than a page: models, notebooks, consoles, databases, by their images.

The table ``network-servers`` names them: how a repository ends, and where such a server listens::

    ghcr.io/acme/mirror/vllm/vllm-openai:v0.11.0    vLLM, TCP 8000
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.loose import elements
from auditor.analysis.network.places import port_in
from auditor.analysis.network.ports import PortRange

TABLE: Final = "network-servers"
_REMEMBERED: Final = 4_096


class Server(msgspec.Struct, frozen=True):
    """A row of the table; ``of`` is what kind it is."""

    name: str
    of: str
    images: tuple[str, ...]
    ports: tuple[PortRange, ...]

    def is_image(self, image: str) -> bool:
        """Whether an image, as it is written, is one of this server."""
        name = image.partition("@")[0]
        head, _, last = name.rpartition("/")
        name = f"/{head}/{last.partition(':')[0]}"
        return any(name.endswith(f"/{each}") for each in self.images)


def servers_from_table(rows: Sequence[Mapping[str, object]]) -> tuple[Server, ...]:
    """Read the table of servers."""
    found = []
    for row in rows:
        ports = (port_in(str(each)) for each in elements(row.get("ports")))
        images = tuple(map(str, elements(row["images"])))
        known = tuple(each for each in ports if each is not None)
        found.append(Server(str(row["name"]), str(row["of"]), images, known))
    return tuple(found)


class Servers:
    """Says what pods serve by their images; of an image that was asked for it is remembered."""

    def __init__(self, known: Sequence[Server]) -> None:
        """``known`` are the rows of the table."""
        self.known = tuple(known)
        self._of: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, images: tuple[str, ...]) -> tuple[str, ...]:
        """Name the servers that some images are, once each."""
        found = self._of.get(images)
        if found is None:
            if len(self._of) > _REMEMBERED:
                self._of.clear()
            named = (each.name for each in self.known if any(map(each.is_image, images)))
            found = self._of[images] = tuple(named)
        return found
