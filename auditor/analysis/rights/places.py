"""Where ways to more rights lead, and what a step of one is."""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.analysis.rights.parts import Part
from auditor.analysis.rights.resolving import BindingInEffect, RuleInEffect
from auditor.analysis.rights.subjects import GROUP, USER, Subject

SYSTEM: Final = "kube-system"
ANYWHERE: Final = ""
SIGNERS: Final = ("kubernetes.io/kube-apiserver-client", "kubernetes.io/*")
"""Whose certificates are users."""
MASTERS: Final = Subject(GROUP, "system:masters")
CONTROLLERS: Final = Subject(USER, "system:kube-controller-manager")


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a way leads to: a subject, all accounts of a namespace, those that run, everything.

    ``namespace`` is :data:`ANYWHERE` for those of all namespaces.
    """

    kind: str
    namespace: str = ""
    name: str = ""

    @classmethod
    def of(cls, subject: Subject) -> Place:
        """The place of a subject."""
        return cls(subject.kind, subject.namespace, subject.name)


ADMIN: Final = Place("every right")


def accounts(namespace: str) -> Place:
    """Every account of a namespace."""
    return Place("accounts", namespace)


def running(namespace: str) -> Place:
    """Every account whose token some pod of a namespace has."""
    return Place("running", namespace)


def admin_of(namespace: str) -> Place:
    """Every right in a namespace."""
    return Place("every right in", namespace)


class Held(msgspec.Struct, frozen=True):
    """A right that somebody has: the rule that gives it, and by which binding."""

    rule: RuleInEffect
    binding: BindingInEffect


class Edge(msgspec.Struct, frozen=True):
    """A step: what is done, and by which rights; none for what is so by itself.

    ``part`` is the right where it is all that somebody has, and nothing has to be done. ``free``:
    it is no action, since it is so by itself.
    """

    to: Place
    how: str
    by: tuple[Held, ...] = ()
    part: Part | None = None
    free: bool = False


class Step(msgspec.Struct, frozen=True):
    """A step of a way, from one place to the next."""

    start: Place
    edge: Edge


def called(name: str) -> Place:
    """The account of a name, in whichever namespace there is one."""
    return Place("accounts called", "", name)
