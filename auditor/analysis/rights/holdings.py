"""What each subject has by bindings, part by part, where they hold; and what one identity has.

An identity has what bindings give its own name, and what they give the groups that it is in. Rights
of both are put together: who may create bindings by a group, and bind a role by name, does both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec

from auditor.analysis.rights.footholds import ANYWHERE, Held
from auditor.analysis.rights.impersonating import Mode, rights_as
from auditor.analysis.rights.parts import OF_CLUSTER, Part, Right, parts_of_role
from auditor.analysis.rights.resolving import BindingInEffect, Rights, RoleKey
from auditor.analysis.rights.subjects import ACCOUNTS, AUTHENTICATED, GROUP, Subject

HALVES: Final = frozenset({Part.MAKE_SECRET, Part.READ_SECRET, Part.BIND, Part.MAKE_BINDING})
"""Parts that are something only together with others of the same namespace."""
REWRITES: Final = frozenset({Part.ESCALATE, Part.CHANGE, Part.ESCALATE_ROLE, Part.CHANGE_ROLE})
"""Parts about roles, which are something where somebody holds the role."""


class Merged(msgspec.Struct):
    """A part that several bindings give: for everything by the first that does, and for names."""

    every: Held | None = None
    names: dict[str, Held] = msgspec.field(default_factory=dict)

    def add(self, right: Right, binding: BindingInEffect) -> None:
        """Add what one more binding gives."""
        if right.every is not None and self.every is None:
            self.every = Held(right.every, binding)
        for name, rule in right.names.items():
            self.names.setdefault(name, Held(rule, binding))


Parts = dict[Part, Merged]


class Holdings:
    """What each subject has by bindings, part by part, where they hold."""

    def __init__(self, rights: Rights) -> None:
        """Put all bindings together; a role is looked at once.

        ``given`` has the parts that come of bound roles which do not allow everything.
        """
        self._rights = rights
        self._acting: dict[Mode, Holdings] = {}
        self._roles: dict[RoleKey, dict[Part, Right]] = {}
        self._of: dict[Subject, dict[str, Parts]] = {}
        self._bound: dict[Subject, list[BindingInEffect]] = {}
        self.given: set[Part] = set()
        self._everything = {
            key[2]
            for key, role in rights.roles.items()
            if key[0] == "ClusterRole"
            and any(each.settled and each.rule.is_everything for each in role.rules)
        }
        for binding in rights.bindings:
            parts = self._parts(rights, binding.role)
            for subject in binding.row.subjects:
                self._bound.setdefault(subject, []).append(binding)
                here = self._of.setdefault(subject, {}).setdefault(binding.namespace, {})
                for part, right in parts.items():
                    if not binding.namespace or part not in OF_CLUSTER:
                        here.setdefault(part, Merged()).add(right, binding)

    def _parts(self, rights: Rights, key: RoleKey) -> dict[Part, Right]:
        found = self._roles.get(key)
        if found is None:
            role = rights.roles.get(key)
            found = self._roles[key] = parts_of_role(role.rules if role is not None else ())
            if Part.EVERYTHING not in found:
                self.given |= found.keys()
        return found

    @property
    def subjects(self) -> Iterable[Subject]:
        """Whoever a binding names."""
        return self._of

    def is_everything(self, name: str) -> bool:
        """Whether a ClusterRole of this name allows everything."""
        return name in self._everything

    def acting(self, mode: Mode) -> Holdings:
        """What each subject may do as somebody else for some requests, if that one may."""
        found = self._acting.get(mode)
        if found is None:
            found = self._acting[mode] = Holdings(rights_as(self._rights, mode))
        return found

    @cached_property
    def modes(self) -> frozenset[Mode]:
        """As whom roles let somebody act for some requests, in so many words."""
        verbs = {
            verb
            for role in self._rights.roles.values()
            for each in role.rules
            for verb in each.rule.verbs
        }
        return frozenset(
            mode for mode in Mode if any(verb.startswith(mode.to_do) for verb in verbs)
        )

    @cached_property
    def admins(self) -> Sequence[Subject]:
        """Whom bindings name that give every right everywhere, in order."""
        every = ((each, scopes.get(ANYWHERE, {})) for each, scopes in self._of.items())
        return sorted(each for each, parts in every if Part.EVERYTHING in parts)

    def groups(self, subject: Subject) -> Iterator[Subject]:
        """The groups of a subject that some binding names, other than itself."""
        for name in _groups(subject):
            group = Subject(GROUP, name)
            if group != subject and group in self._of:
                yield group

    def scopes(self, subject: Subject) -> Mapping[str, Parts]:
        """Its own parts, by where they hold."""
        return self._of.get(subject, {})

    def bound(self, subject: Subject) -> Sequence[BindingInEffect]:
        """The bindings that name it."""
        return self._bound.get(subject, ())


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
    """What one identity has: asked part by part, for a namespace and what holds everywhere.

    What its groups have is counted with its own. What comes of a group alone is the group's, so
    that only namespaces are looked at where it has something itself, or has half of something
    everywhere; there may be thousands in which a group of all has a little.
    """

    def __init__(self, holdings: Holdings, subject: Subject, *, wide: bool = False) -> None:
        """Put together what ``subject`` and its groups have.

        ``wide``: it has half of everything already, so that what a group has alone counts.
        """
        self.subject = subject
        self.holdings = holdings
        self._members = (subject, *holdings.groups(subject))
        own = holdings.scopes(subject)
        wide = wide or not HALVES.isdisjoint(own.get(ANYWHERE, ()))
        looked_at = self._members if wide else (subject,)
        spaces = {each for one in looked_at for each in holdings.scopes(one)}
        self.scopes = sorted({ANYWHERE, *spaces})
        rewrites = wide or any(not REWRITES.isdisjoint(parts) for parts in own.values())
        self._holders = self._members if rewrites else (subject,)

    def every(self, part: Part, scope: str) -> Held | None:
        """The right to do something to everything of its kind there."""
        return next((each.every for each in self._all(part, scope) if each.every), None)

    def of(self, part: Part, scope: str, name: str) -> Held | None:
        """The right to do something to one that is called so."""
        found = (each.every or each.names.get(name) for each in self._all(part, scope))
        return next((held for held in found if held is not None), None)

    def named(self, part: Part, scope: str) -> dict[str, Held]:
        """The names that it may do something to, by rights that hold just there."""
        found: dict[str, Held] = {}
        for each in self._members:
            merged = self.holdings.scopes(each).get(scope, {}).get(part)
            for name, held in merged.names.items() if merged is not None else ():
                found.setdefault(name, held)
        return found

    def account(self) -> Held | None:
        """The right to impersonate some account, wherever."""
        for one in self._members:
            for parts in self.holdings.scopes(one).values():
                found = parts.get(Part.AS_ACCOUNT)
                if found is not None:
                    return found.every or next(iter(found.names.values()))
        return None

    def binds(self, scope: str) -> Held | None:
        """The right to bind a role that allows everything."""
        held = self.every(Part.BIND, scope)
        for where in dict.fromkeys((scope, ANYWHERE)):
            for name, each in self.named(Part.BIND, where).items() if held is None else ():
                if self.holdings.is_everything(name):
                    return each
        return held

    def bindings(self) -> Iterator[BindingInEffect]:
        """The bindings by which it holds a role that rights of its own may be about."""
        for each in self._holders:
            yield from self.holdings.bound(each)

    def _all(self, part: Part, scope: str) -> Iterator[Merged]:
        for each in self._members:
            scopes = self.holdings.scopes(each)
            for where in dict.fromkeys((scope, ANYWHERE)):
                found = scopes.get(where, {}).get(part)
                if found is not None:
                    yield found
