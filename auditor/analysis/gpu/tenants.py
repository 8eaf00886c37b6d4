"""Whose a namespace is: who has to be kept apart from others.

The first that says something counts, in the order of the table ``gpu-tenancy``: labels and
annotations that a platform sets on the namespaces of a tenant, and in the end the namespace itself.
Who may write them decides how much they are worth: a label of a namespace takes a right on the
Namespace object, which tenants do not have where it is given out with care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

NAMESPACE: Final = "namespace"
"""The key of a tenant that is a namespace by itself."""


class TenantKey(msgspec.Struct, frozen=True):
    """A label or annotation that names the tenant; ``of`` is "label" or "annotation".

    ``only_with`` are labels that the namespace must have as well.
    """

    of: str
    name: str
    only_with: tuple[tuple[str, str], ...] = ()

    @property
    def word(self) -> str:
        """How it is written: ``label capsule.clastix.io/tenant``."""
        return f"{self.of} {self.name}"


class Tenant(msgspec.Struct, frozen=True, order=True):
    """A tenant, and the key that named it."""

    name: str
    key: str


class NamespaceMarks(msgspec.Struct, frozen=True, gc=False):
    """The labels and annotations of a namespace that may name its tenant."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


def keys_from_table(rows: Sequence[Mapping[str, object]]) -> tuple[TenantKey, ...]:
    """Read the table of tenancy keys; the first row counts most."""
    return tuple(
        TenantKey(str(row["of"]), str(row["name"]), _labels(row.get("with"))) for row in rows
    )


def _labels(value: object) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(value.items())) if isinstance(value, dict) else ()


def names_in(keys: Sequence[TenantKey], of: str) -> frozenset[str]:
    """Return the names of the labels, or of the annotations, that keys look at."""
    named = {key.name for key in keys if key.of == of}
    if of == "label":
        named |= {name for key in keys for name, _ in key.only_with}
    return frozenset(named)


def tenant_of(namespace: str, marks: NamespaceMarks | None, keys: Sequence[TenantKey]) -> Tenant:
    """Say whose a namespace is; ``marks`` is None where its object was not read."""
    if marks is None:
        return Tenant(namespace, NAMESPACE)
    for key in keys:
        found = (marks.labels if key.of == "label" else marks.annotations).get(key.name)
        if found and all(marks.labels.get(name) == value for name, value in key.only_with):
            return Tenant(found, key.word)
    return Tenant(namespace, NAMESPACE)
