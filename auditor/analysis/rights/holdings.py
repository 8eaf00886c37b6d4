"""What each subject has by bindings, part by part, where they hold; and what one identity has.

An identity has what bindings give its own name, and what they give the groups that it is in. Rights
of both are put together: who may create bindings by a group, and bind a role by name, does both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.analysis.rights.parts import OF_CLUSTER, Part, Right, parts_of_role
from auditor.analysis.rights.places import ANYWHERE, Held
from auditor.analysis.rights.resolving import BindingInEffect, Rights, RoleKey
from auditor.analysis.rights.subjects import ACCOUNTS, AUTHENTICATED, GROUP, Subject

Parts = dict[Part, list[tuple[Right, BindingInEffect]]]


class Holdings:
    """What each subject has by bindings, part by part, where they hold."""

    def __init__(self, rights: Rights) -> None:
        """Put all bindings together; a role is looked at once."""
        self._roles: dict[RoleKey, dict[Part, Right]] = {}
        self._of: dict[Subject, dict[str, Parts]] = {}
        self._bound: dict[Subject, list[BindingInEffect]] = {}
        self._everything = {
            key[2]
            for key, role in rights.roles.items()
            if key[0] == "ClusterRole"
            and any(r.settled and r.rule.is_everything for r in role.rules)
        }
        for binding in rights.bindings:
            parts = self._parts(rights, binding.role)
            for subject in binding.row.subjects:
                self._bound.setdefault(subject, []).append(binding)
                here = self._of.setdefault(subject, {}).setdefault(binding.namespace, {})
                for part, right in parts.items():
                    if not binding.namespace or part not in OF_CLUSTER:
                        here.setdefault(part, []).append((right, binding))

    def _parts(self, rights: Rights, key: RoleKey) -> dict[Part, Right]:
        found = self._roles.get(key)
        if found is None:
            role = rights.roles.get(key)
            found = self._roles[key] = parts_of_role(role.rules if role is not None else ())
        return found

    @property
    def subjects(self) -> Iterable[Subject]:
        """Whoever a binding names."""
        return self._of

    def is_everything(self, name: str) -> bool:
        """Whether a ClusterRole of this name allows everything."""
        return name in self._everything

    def together(self, subject: Subject) -> Own:
        """What a subject has, by itself and by the groups that it is in."""
        members = (subject, *(Subject(GROUP, each) for each in _groups(subject)))
        return Own(self, [each for each in dict.fromkeys(members) if each in self._of])

    def scopes(self, subject: Subject) -> Mapping[str, Parts]:
        """Its own parts, by where they hold."""
        return self._of[subject]

    def bound(self, subject: Subject) -> Sequence[BindingInEffect]:
        """The bindings that name it."""
        return self._bound[subject]


def _groups(subject: Subject) -> Iterator[str]:
    """The groups of a subject; who is in a group of accounts is in the wider ones, too."""
    yield from subject.groups
    if subject.kind != GROUP:
        return
    if subject.name.startswith(f"{ACCOUNTS}:"):
        yield ACCOUNTS
    if not subject.name.startswith("system:") or subject.name.startswith(ACCOUNTS):
        yield AUTHENTICATED


class Own:
    """What one identity has: asked part by part, for a namespace and what holds everywhere."""

    def __init__(self, holdings: Holdings, members: Sequence[Subject]) -> None:
        """``members`` are the subject and its groups that bindings name."""
        self._members = members
        self._holdings = holdings
        self.scopes = sorted({each for one in members for each in holdings.scopes(one)})

    def every(self, part: Part, scope: str) -> Held | None:
        """The right to do something to everything of its kind there."""
        return next((Held(r.every, b) for r, b in self._all(part, scope) if r.every), None)

    def of(self, part: Part, scope: str, name: str) -> Held | None:
        """The right to do something to one that is called so."""
        found = ((right.of(name), binding) for right, binding in self._all(part, scope))
        return next((Held(rule, binding) for rule, binding in found if rule is not None), None)

    def named(self, part: Part, scope: str) -> dict[str, Held]:
        """The names that it may do something to, where it may not do it to all."""
        found: dict[str, Held] = {}
        for right, binding in self._all(part, scope):
            for name, rule in right.names.items():
                found.setdefault(name, Held(rule, binding))
        return found

    def bindings(self) -> Iterator[BindingInEffect]:
        """All bindings by which it has something."""
        for each in self._members:
            yield from self._holdings.bound(each)

    def is_everything(self, role: str) -> bool:
        """Whether a ClusterRole of this name allows everything."""
        return self._holdings.is_everything(role)

    def _all(self, part: Part, scope: str) -> Iterator[tuple[Right, BindingInEffect]]:
        for each in self._members:
            scopes = self._holdings.scopes(each)
            for where in dict.fromkeys((scope, ANYWHERE)):
                yield from scopes.get(where, {}).get(part, ())
