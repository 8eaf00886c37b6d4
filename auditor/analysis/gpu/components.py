"""The parts of a GPU platform itself: device plugins, exporters, node feature discovery.

They reach every GPU of their node because that is what they are for, and they are no tenant. A pod
is one of them when three things agree: its namespace, what owns it, and its service account or all
of its images. A name alone, or an image alone, anybody can give to a pod; a namespace takes rights
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from auditor.analysis.gpu.pods import PodUse


class Component(msgspec.Struct, frozen=True):
    """A part of a platform: where it runs, and by which account or images it is known."""

    namespaces: frozenset[str]
    owners: frozenset[str]
    accounts: frozenset[str]
    images: tuple[str, ...]

    def has(self, namespace: str, use: PodUse) -> bool:
        """Say whether a pod is this part."""
        if namespace not in self.namespaces or use.owner not in self.owners:
            return False
        if use.account in self.accounts:
            return True
        return bool(use.images) and all(self._has_image(each) for each in use.images)

    def _has_image(self, image: str) -> bool:
        name = image.partition("@")[0]
        return any(
            name == each or name.startswith((f"{each}:", f"{each}/")) for each in self.images
        )


def components_from_table(rows: Sequence[Mapping[str, object]]) -> tuple[Component, ...]:
    """Read the table of components."""
    return tuple(
        Component(
            _names(row["namespaces"]),
            _names(row["owners"]),
            _names(row.get("accounts")),
            tuple(sorted(_names(row.get("images")))),
        )
        for row in rows
    )


def _names(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, Iterable) else frozenset()


def is_component(namespace: str, use: PodUse, components: Sequence[Component]) -> bool:
    """Say whether a pod is a part of the platform."""
    return any(each.has(namespace, use) for each in components)
