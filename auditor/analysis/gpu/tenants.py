"""Whose a namespace is: who has to be kept apart from others.

The first that says something counts: a map that the user gave, labels and annotations that a
platform sets on the namespaces of a tenant, and in the end the namespace itself::

    keys: file teams.yaml, label team
    Namespace chat   label team: web    in the map: llm    tenant llm, by file teams.yaml
    Namespace rank   label team: web                       tenant web, by label team
    Namespace web                                          tenant namespace web: nothing names it,
                                                           and it is not the web of the label

Who may write a key decides how much it is worth: a label of a namespace takes a right on the
Namespace object, which tenants do not have where it is given out with care. Labels of a pod are
written by whoever makes it, so they name a tenant only where that was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.model.gpus import NAMESPACE, KeyInUse, TenancyFact

FILE: Final = "file"
POD_LABEL: Final = "pod-label"
OF_NAMESPACES: Final = frozenset({FILE, "label", "annotation", POD_LABEL})
"""The keys that namespaces and pods have; machines have others."""
SHOWN: Final = 20
"""How many namespaces are listed by name."""
ADMIN_ACCESS: Final = ("resource.kubernetes.io/admin-access", "resource.k8s.io/admin-access")
"""Labels of a namespace whose claims may have admin access; the latter of alpha versions."""
_WRITERS: Final = MappingProxyType(
    {"label": "platform", "annotation": "platform", FILE: "user", POD_LABEL: "tenant"}
)
"""Who writes a key, as it is meant to be."""

_MOST_NAMED: Final = 20
"""Workloads that a key is said of by name."""


class TenantKey(msgspec.Struct, frozen=True):
    """What names the tenant; ``of`` is "label", "annotation", "pod-label" or "file".

    Of a machine it is "attribute", "tag", "place" or "file". ``only_with`` are labels that the
    namespace must have as well.
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
    """The labels and annotations of a namespace, or of a pod, that may name its tenant."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


def keys_from_table(
    rows: Sequence[Mapping[str, object]], of: Collection[str] = OF_NAMESPACES
) -> tuple[TenantKey, ...]:
    """Read the table of tenancy keys as far as they are ``of`` these; the first counts most."""
    return tuple(
        TenantKey(str(row["of"]), str(row["name"]), _labels(row.get("with")))
        for row in rows
        if row["of"] in of
    )


def map_from_table(
    rows: Sequence[Mapping[str, object]], what: str = "namespaces"
) -> dict[str, str]:
    """Read the table of tenants and their namespaces, or their paths, by what each tenant has."""
    found: dict[str, str] = {}
    for row in rows:
        named = row.get(what)
        for name in named if isinstance(named, list) else ():
            found[str(name)] = str(row["tenant"])
    return found


def _labels(value: object) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(value.items())) if isinstance(value, dict) else ()


def names_in(keys: Sequence[TenantKey], of: str) -> frozenset[str]:
    """Return the names of the labels, or of the annotations, that keys look at."""
    named = {key.name for key in keys if key.of == of}
    if of == "label":
        named |= {name for key in keys for name, _ in key.only_with}
    return frozenset(named)


def tenancy_of(tenants: Tenants, seen: frozenset[str]) -> TenancyFact:
    """Say by what tenants are told, in the order in which keys are asked."""
    found = tenants.by_key()
    words = [*(key.word for key in tenants.keys), NAMESPACE]
    writers = {key.word: _WRITERS[key.of] for key in tenants.keys}
    unseen = tenants.unseen(seen)
    return TenancyFact(
        keys=tuple(
            KeyInUse(
                key=word,
                written_by=writers.get(word, ""),
                tenants=len({name for name, _ in found.get(word, ())}),
                namespaces=tuple(dict.fromkeys(each for _, each in found.get(word, ())))[:SHOWN],
            )
            for word in words
        ),
        unseen=tuple(unseen[:SHOWN]),
        more_unseen=max(len(unseen) - SHOWN, 0),
    )


def tenancy_by_key(uses: Iterable[tuple[str, str, str]], written_by: str) -> TenancyFact:
    """Say by what tenants are told, of the key, tenant and name of each workload."""
    found: dict[str, list[tuple[str, str]]] = {}
    for key, tenant, name in uses:
        found.setdefault(key, []).append((tenant, name))
    return TenancyFact(
        keys=tuple(
            KeyInUse(
                key=key,
                written_by=written_by,
                tenants=len({tenant for tenant, _ in found[key]}),
                namespaces=tuple(sorted({name for _, name in found[key]}))[:_MOST_NAMED],
            )
            for key in sorted(found)
        )
    )


class Tenants:
    """Says whose each namespace and pod is, once their marks are known."""

    def __init__(self, keys: Sequence[TenantKey], mapped: Mapping[str, str]) -> None:
        """``keys`` are asked in turn; ``mapped`` is what a file says of namespaces."""
        self.keys = keys
        self.mapped = mapped if any(key.of == FILE for key in keys) else {}
        self._marks: dict[str, NamespaceMarks] = {}
        self._pods: dict[tuple[str, str], NamespaceMarks] = {}
        self._names: frozenset[str] | None = None
        self._found: dict[tuple[str, str], Tenant] = {}
        self._words: dict[str, set[str]] = {}

    def namespace(self, name: str, marks: NamespaceMarks) -> None:
        """Learn what a namespace says of its tenant."""
        self._marks[name] = marks

    def pod(self, namespace: str, name: str, marks: NamespaceMarks) -> None:
        """Learn what a pod says of its tenant."""
        self._pods[namespace, name] = marks

    def of(self, namespace: str, pod: str) -> Tenant:
        """Say whose a pod is; all marks are known by then."""
        key = namespace, pod if (namespace, pod) in self._pods else ""
        found = self._found.get(key)
        if found is None:
            found = self._named(*key)
            if found is None:
                found = Tenant(self._apart(namespace), NAMESPACE)
            self._found[key] = found
            self._words.setdefault(found.name, set()).add(found.key)
        return found

    def by_key(self) -> dict[str, list[tuple[str, str]]]:
        """Sort what was asked for by what named it: pairs of tenant and namespace."""
        found: dict[str, list[tuple[str, str]]] = {}
        for (namespace, _), tenant in sorted(self._found.items()):
            found.setdefault(tenant.key, []).append((tenant.name, namespace))
        return found

    def name(self, tenant: str, word: str) -> None:
        """Learn that a tenant is one by something that is no key of namespaces."""
        self._words.setdefault(tenant, set()).add(word)

    def words(self, tenant: str) -> tuple[str, ...]:
        """By what a tenant is one, of all that were asked for so far."""
        return tuple(sorted(self._words.get(tenant, ())))

    def unseen(self, seen: frozenset[str]) -> list[str]:
        """Name the namespaces of the file that nothing is of; ``seen`` are those of pods."""
        return sorted({*self.mapped} - {*self._marks} - seen)

    def _named(self, namespace: str, pod: str) -> Tenant | None:
        marks = self._marks.get(namespace, NamespaceMarks())
        own = self._pods.get((namespace, pod), NamespaceMarks())
        for key in self.keys:
            match key.of:
                case "file":
                    found = self.mapped.get(namespace)
                case "annotation":
                    found = marks.annotations.get(key.name)
                case "pod-label":
                    found = own.labels.get(key.name)
                case _:
                    found = marks.labels.get(key.name)
            if found and all(marks.labels.get(name) == value for name, value in key.only_with):
                return Tenant(found, key.word)
        return None

    def _apart(self, namespace: str) -> str:
        """Name a tenant that is a namespace as no key names another."""
        if self._names is None:
            every = [*((name, "") for name in self._marks), *self._pods]
            named = [self._named(*each) for each in every]
            self._names = frozenset(
                (*(each.name for each in named if each is not None), *self.mapped.values())
            )
        name = namespace
        while name in self._names:
            name = f"{NAMESPACE} {name}"
        return name
