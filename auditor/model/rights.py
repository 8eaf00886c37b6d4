"""The form of ``k8s/RoleGrants``: a role with the rules in effect, and who holds it.

Results list these facts, and bundles hold them, so a field may be added and none changes its
meaning.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from auditor.model.results_finding import says

KIND: Final = "k8s/RoleGrants"
Words = tuple[str, ...]
Number = Annotated[int, Meta(ge=1)]


class NamedSubject(msgspec.Struct, frozen=True, order=True, rename="camel"):
    """Whom a binding names."""

    kind: Annotated[str, says("User, Group or ServiceAccount.")]
    name: str
    namespace: Annotated[str, says("Of a service account.")] = ""

    def __str__(self) -> str:
        """Write it as people do: ``ServiceAccount ml/bot``, ``Group ml-platform``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else self.plain

    @property
    def plain(self) -> str:
        """The kind and the name alone."""
        return f"{self.kind} {self.name}"


class RuleOfRole(msgspec.Struct, frozen=True, rename="camel"):
    """A rule that is in effect for a role."""

    verbs: Words
    written_in: Annotated[str, says("The role that it was written in, other than by aggregation.")]
    number: Annotated[Number, says("The how manieth rule of that role it is.")]
    place: Annotated[str, says("The file and line of that, where it is of a file.")] = ""
    api_groups: Words = ()
    resources: Words = ()
    resource_names: Words = ()
    non_resource_urls: Words = msgspec.field(default=(), name="nonResourceURLs")
    settled: Annotated[
        bool, says("False: roles aggregate one another, and it may be overwritten.")
    ] = True


class BindingOfRole(msgspec.Struct, frozen=True, rename="camel"):
    """A binding of a role, and whom it names."""

    kind: Annotated[str, says("RoleBinding or ClusterRoleBinding.")]
    name: str
    namespace: Annotated[str, says("Where it grants; empty for everywhere.")]
    subjects: tuple[NamedSubject, ...]
    place: Annotated[str, says("Its file and line, where it is of a file.")] = ""
    nobody: Annotated[Words, says("What it names that is nobody, and why.")] = ()
    trouble: Annotated[str, says("Why it grants nothing, or may.")] = ""

    def __str__(self) -> str:
        """Write it as people do: ``RoleBinding ml/bot``."""
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


class RoleGrantsFact(msgspec.Struct, frozen=True, rename="camel"):
    """A role with the rules in effect, and the bindings that give it."""

    kind: Annotated[str, says("Role or ClusterRole; what a binding says where that is neither.")]
    name: str
    namespace: str
    declared: Annotated[bool, says("Whether it is among what was read.")]
    known: Annotated[bool, says("Whether it is declared, or every cluster has it by itself.")]
    live: Annotated[bool, says("Whether a server was asked: what is not there then is not there.")]
    rules: tuple[RuleOfRole, ...]
    bindings: tuple[BindingOfRole, ...]
    place: Annotated[str, says("Its file and line, where it is of a file.")] = ""
    trouble: Annotated[Words, says("What of it could not be understood.")] = ()
    own: Annotated[bool, says("Whether it is one of those that Kubernetes makes itself.")] = False
    aggregated_by: Annotated[Words, says("The roles that have its rules by aggregation.")] = ()

    def __str__(self) -> str:
        """Write it as people do: ``Role ml/dev``, ``ClusterRole edit``."""
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


class Grant(msgspec.Struct, frozen=True):
    """One subject that may do what was asked, and by what.

    ``namespace`` is where, "" for everywhere; ``names`` are those that it may do it with, () for
    all of them.
    """

    subject: NamedSubject
    namespace: str
    names: Words
    binding: BindingOfRole
    role: RoleGrantsFact
    rule: RuleOfRole


class Undecided(msgspec.Struct, frozen=True):
    """A binding of which nobody can tell whether it grants what was asked, and why."""

    binding: BindingOfRole
    role: RoleGrantsFact
    why: str


class Answer(msgspec.Struct, frozen=True):
    """What one target says of a question."""

    target: str
    grants: tuple[Grant, ...]
    undecided: tuple[Undecided, ...]
