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


class Foothold(msgspec.Struct, frozen=True, order=True):
    """Where a way leads to: a subject, all accounts of a namespace, those that run, everything.

    ``namespace`` is :data:`ANYWHERE` for those of all namespaces.
    """

    kind: str
    namespace: str = ""
    name: str = ""

    @classmethod
    def of(cls, subject: Subject) -> Foothold:
        """The foothold of a subject."""
        return cls(subject.kind, subject.namespace, subject.name)


ADMIN: Final = Foothold("every right")


def accounts(namespace: str) -> Foothold:
    """Every account of a namespace."""
    return Foothold("accounts", namespace)


def running(namespace: str) -> Foothold:
    """Every account whose token some pod of a namespace has."""
    return Foothold("running", namespace)


def admin_of(namespace: str) -> Foothold:
    """Every right in a namespace."""
    return Foothold("every right in", namespace)


class Held(msgspec.Struct, frozen=True):
    """A right that somebody has: the rule that gives it, and by which binding."""

    rule: RuleInEffect
    binding: BindingInEffect


class Edge(msgspec.Struct, frozen=True):
    """A step: what is done, and by which rights; none for what is so by itself.

    ``part`` is the right where it is all that somebody has, and nothing has to be done. ``free``:
    it is no action, since it is so by itself.
    """

    to: Foothold
    how: str
    by: tuple[Held, ...] = ()
    part: Part | None = None
    free: bool = False


class Step(msgspec.Struct, frozen=True):
    """A step of a way, from one foothold to the next."""

    start: Foothold
    edge: Edge


def called(name: str) -> Foothold:
    """The account of a name, in whichever namespace there is one."""
    return Foothold("accounts called", "", name)
