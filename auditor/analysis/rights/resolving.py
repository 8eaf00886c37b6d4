"""Every role with the rules that are in effect, and every binding with its role.

A role that nothing declares is there too, as soon as a binding names it: ``declared`` false. Where
files were read, what every cluster has by itself (:mod:`auditor.analysis.rights.defaults`) is there
as well, ``known`` and with its rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.protocol import Row
from auditor.analysis.rights.aggregation import Labelled, Parts, parts_of
from auditor.analysis.rights.defaults import DEFAULTS, DefaultRole
from auditor.analysis.rights.matching import PolicyRule
from auditor.analysis.rights.reading import (
    BOOTSTRAPPING,
    OF_CLUSTER,
    OF_NAMESPACE,
    BindingRow,
    RoleRow,
    binding_of,
    role_of,
)
from auditor.model.fact import Origin

_TOO_MANY: Final = "too many roles aggregate one another to be followed"
RoleKey = tuple[str, str, str]
"""Kind, namespace ("" for a ClusterRole) and name."""


class RuleInEffect(msgspec.Struct, frozen=True, gc=False):
    """A rule of a role: of which role it was written, as the how manieth, and if it surely counts.

    ``origin`` is None for a role that every cluster has by itself.
    """

    rule: PolicyRule
    written_in: str
    number: int
    origin: Origin | None
    settled: bool = True


class RoleInEffect(msgspec.Struct, frozen=True):
    """A role: where it was read (several times in overlays), and the rules in effect.

    ``own``: Kubernetes makes it itself.
    """

    key: RoleKey
    origins: tuple[Origin, ...]
    rules: tuple[RuleInEffect, ...]
    known: bool
    trouble: tuple[str, ...] = ()
    aggregated_by: tuple[str, ...] = ()
    own: bool = False

    @property
    def declared(self) -> bool:
        """Whether it is among what was read."""
        return bool(self.origins)

    def __str__(self) -> str:
        """Write it as people do: ``Role ml/dev``, ``ClusterRole edit``."""
        kind, namespace, name = self.key
        return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


class BindingInEffect(msgspec.Struct, frozen=True, gc=False):
    """A binding, and the key of its role."""

    origin: Origin
    row: BindingRow
    role: RoleKey

    @property
    def namespace(self) -> str:
        """Where it grants, "" for everywhere."""
        return self.row.namespace


class Rights(msgspec.Struct, frozen=True):
    """All roles by their keys, and all bindings, in the order in which they were read.

    ``live``: a server was asked, so that what is not there is not there.
    """

    roles: Mapping[RoleKey, RoleInEffect]
    bindings: tuple[BindingInEffect, ...]
    live: bool


def resolve(roles: Iterable[Row], bindings: Iterable[Row]) -> Rights:
    """Put rows of roles and bindings together."""
    written: dict[RoleKey, list[tuple[Origin, RoleRow]]] = {}
    for row in roles:
        origin = row.read_at
        kind, namespace, name = row.key
        written.setdefault((kind, namespace, name), []).append((origin, role_of(row.body)))
    bound = tuple(_bound(row) for row in bindings)
    live = any(each.row.live for each in bound)
    live = live or any(row.live for rows in written.values() for _, row in rows)
    found = _resolved(written, {} if live else DEFAULTS)
    for each in bound:
        if each.role not in found:
            found[each.role] = RoleInEffect(each.role, (), (), known=False)
    return Rights(found, bound, live)


def _bound(row: Row) -> BindingInEffect:
    binding = binding_of(row.body)
    origin = row.read_at
    namespace = binding.namespace if binding.kind == OF_NAMESPACE else ""
    return BindingInEffect(origin, binding, (binding.kind, namespace, binding.name))


Written = Mapping[RoleKey, Sequence[tuple[Origin, RoleRow]]]


def _resolved(written: Written, defaults: Mapping[str, DefaultRole]) -> dict[RoleKey, RoleInEffect]:
    parts, by = _aggregated(written, defaults)
    found: dict[RoleKey, RoleInEffect] = {}
    for key in dict.fromkeys((*written, *((OF_CLUSTER, "", name) for name in defaults))):
        rows = written.get(key, ())
        kind, _, name = key
        each = Parts((name,)) if kind == OF_NAMESPACE else parts[name]
        found[key] = RoleInEffect(
            key,
            tuple(origin for origin, _ in rows),
            tuple(_rules(key, each, written, defaults)),
            known=True,
            trouble=(
                *(row.trouble for _, row in rows if row.trouble),
                *([] if each.followed else [_TOO_MANY]),
            ),
            aggregated_by=tuple(by.get(name, ())) if kind == OF_CLUSTER else (),
            own=not rows or all(BOOTSTRAPPING in row.labels for _, row in rows),
        )
    return found


def _aggregated(
    written: Written, defaults: Mapping[str, DefaultRole]
) -> tuple[Mapping[str, Parts], Mapping[str, list[str]]]:
    """Whose rules each ClusterRole comes to, and by which roles it is aggregated.

    A role that a server keeps has its own rules alone: they are filled in.
    """
    labelled = {name: Labelled(role.labels, role.selectors) for name, role in defaults.items()}
    filled = set()
    for (kind, _, name), rows in written.items():
        if kind == OF_CLUSTER:
            selectors = [each for _, row in rows for each in row.selectors or ()]
            labels = {key: value for _, row in rows for key, value in row.labels.items()}
            empty = not any(row.rules for _, row in rows)
            labelled[name] = Labelled(labels, tuple(selectors) or None, empty)
            if all(row.filled for _, row in rows):
                filled.add(name)
    parts = parts_of(labelled)
    by: dict[str, list[str]] = {}
    for name, each in parts.items():
        for part in (*each.settled, *each.unsettled):
            if part != name:
                by.setdefault(part, []).append(name)
    return {name: Parts((name,)) if name in filled else each for name, each in parts.items()}, by


def _rules(
    key: RoleKey, parts: Parts, written: Written, defaults: Mapping[str, DefaultRole]
) -> Iterable[RuleInEffect]:
    kind, namespace, _ = key
    for settled, names in ((True, parts.settled), (False, parts.unsettled)):
        for name in names:
            rows = written.get((kind, namespace, name))
            if rows is None:
                yield from _default_rules(name, defaults.get(name), settled=settled)
                continue
            for origin, row in rows:
                for number, rule in enumerate(row.rules):
                    yield RuleInEffect(rule, name, number, origin, settled)


def _default_rules(
    name: str, default: DefaultRole | None, *, settled: bool
) -> Iterable[RuleInEffect]:
    for number, rule in enumerate(default.rules if default is not None else ()):
        yield RuleInEffect(rule, name, number, None, settled)
