"""Places that workloads should seldom reach: metadata servers, kubelets, the control plane.

The table ``network-places`` names them, by addresses or by the nodes that they are on::

    instance metadata   169.254.169.254, TCP 80
    kubelet             every node, TCP 10250
    API server          nodes of the control plane, TCP 6443
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.network.addresses import Block, block_of
from auditor.analysis.network.ports import LAST, PortRange, Protocol
from auditor.late import late

TABLE: Final = "network-places"
EVERY_NODE, CONTROL_PLANE = "nodes", "control-plane"
_PORT: Final = late(r"(TCP|UDP|SCTP) ([0-9]{1,5})(?:-([0-9]{1,5}))?")


class Place(msgspec.Struct, frozen=True):
    """A row of the table: at some addresses, or (``at``) on nodes; ``of`` is what kind it is."""

    name: str
    of: str
    ports: tuple[PortRange, ...]
    addresses: tuple[Block, ...] = ()
    at: str = ""


def places_from_table(rows: Sequence[Mapping[str, object]]) -> tuple[Place, ...]:
    """Read the table of places."""
    return tuple(
        Place(
            name=str(row["name"]),
            of=str(row["of"]),
            ports=tuple(_ports(row.get("ports"))),
            addresses=tuple(_blocks(row.get("addresses"))),
            at=str(row.get("at", "")),
        )
        for row in rows
    )


def port_in(text: str) -> PortRange | None:
    """Read ports of a protocol: ``TCP 80``, ``UDP 8000-8100``; None for what is none."""
    found = _PORT.fullmatch(text)
    if found is None:
        return None
    first = int(found[2])
    last = int(found[3] or first)
    if not 1 <= first <= last <= LAST:
        return None
    return PortRange(Protocol(found[1]), first, last)


def _ports(value: object) -> Iterator[PortRange]:
    for each in value if isinstance(value, list) else ():
        found = port_in(str(each))
        if found is not None:
            yield found


def _blocks(value: object) -> Iterator[Block]:
    for each in value if isinstance(value, list) else ():
        found = block_of(each)
        if found is not None:
            yield found
