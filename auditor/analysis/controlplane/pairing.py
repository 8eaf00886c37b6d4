"""Whose cluster a component is of that was saved into a file, where a run has several.

::

    k8s://prod          nodes cp1, gpu-7        prod.flagz          of k8s://prod, by its name
    k8s://edge          nodes edge-1            cp1.node-probe      of k8s://prod, by its node
                                                other.flagz         of neither

Nobody signs such a file, and no flag says whose it is. It is called as the context is that the
cluster was read by (``prod``, or ``admin@prod``, or what is last in ``…:cluster/prod``), or as a
node of it; what a probe saw is of the cluster that has its node. What two clusters could claim is
of neither of them. Where one file alone tells of a component, and one cluster alone of the run does
not show it, they are taken together, whatever their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from auditor.late import late

_PARTS: Final = late(r"[/@]")
_ESCAPED: Final = late(rb"%([0-9A-Fa-f]{2})")


class Place(msgspec.Struct, frozen=True):
    """A cluster of a run: its target, its nodes, and those of them that have the control plane."""

    target: str
    nodes: frozenset[str] = frozenset()
    control: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """What a file that was saved of it is called."""
        typed = self.target.partition("://")[2].partition("?")[0].encode()
        context = _ESCAPED.sub(lambda each: bytes.fromhex(each[1].decode()), typed).decode(
            errors="replace"
        )
        return frozenset({context, _PARTS.split(context)[-1]} - {""})


class Saved(msgspec.Struct, frozen=True):
    """What a file tells of: a component, the file's name, and the node where that is known."""

    component: str
    name: str
    node: str = ""


def owner(saved: Saved, places: Sequence[Place]) -> int | None:
    """Say which of the clusters a file is of by its name or its node; None of several or none."""
    if saved.node:
        named = [at for at, place in enumerate(places) if saved.node in place.nodes]
    else:
        named = [at for at, place in enumerate(places) if saved.name in place.names] or [
            at for at, place in enumerate(places) if saved.name in place.nodes
        ]
    return named[0] if len(named) == 1 else None


def owners(
    saved: Sequence[Saved], places: Sequence[Place], lacking: Sequence[bool]
) -> list[int | None]:
    """Say of files about one component whose they are; ``lacking`` is who does not show it."""
    found = [owner(each, places) for each in saved]
    spare = [at for at, each in enumerate(found) if each is None]
    bare = [at for at, lacks in enumerate(lacking) if lacks and at not in found]
    if len(spare) == len(bare) == 1 and not saved[spare[0]].node:
        found[spare[0]] = bare[0]
    return found


def unshown(place: Place, own: Sequence[Saved]) -> frozenset[str] | None:
    """Say on which nodes a component is not shown by the files of its cluster; None: by no file.

    A file that is of no node stands for the component as a whole, as an answer of the cluster does.
    """
    if not own:
        return None
    nodes = {each.node or (each.name if each.name in place.nodes else "") for each in own}
    return frozenset() if "" in nodes else place.control - nodes
