"""The objects that complete one fact, numbered."""

from __future__ import annotations

from auditor.model.fact import Origin


class Related:
    """The objects that complete one fact, each once, numbered from 1."""

    def __init__(self) -> None:
        self.origins: list[Origin] = []

    def number(self, origin: Origin) -> int:
        """Return the number of an object."""
        if origin not in self.origins:
            self.origins.append(origin)
        return self.origins.index(origin) + 1
