"""Whether a policy, or what binds it, is about a request at all, as the API server decides.

A request is about one resource in one version, with one operation. Rules list all four, each with
``*`` for any::

    rule      groups [""]  versions [v1]  resources [pods]  operations [CREATE]
    asks      pods, v1, CREATE
    not       pods, v1, UPDATE                      another operation
    not       pods/ephemeralcontainers, v1, UPDATE  ``pods`` is no part of pods
    ``*``     is every resource and no part of any, ``pods/*`` and ``*/*`` are pods themselves too

What an exclusion says goes before what a rule says. A binding without rules is about all that its
policy is about. By default a rule for one version is about the others in which the server has the
same resource (``matchPolicy`` Equivalent).

Source: ``matching.go`` of k8s.io/apiserver ``pkg/admission/plugin/policy``, and ``rules.go`` of
``pkg/admission/plugin/webhook/predicates`` (v0.37.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from auditor.analysis.label_selectors import Requirements

ANY: Final = "*"
CREATE: Final = "CREATE"
UPDATE: Final = "UPDATE"
CONNECT: Final = "CONNECT"


class Request(msgspec.Struct, frozen=True):
    """What is asked of the server: ``resource`` with its part, ``pods/exec``.

    ``versions`` are those in which the server has it; the request is in the first.
    """

    resource: str
    group: str = ""
    versions: tuple[str, ...] = ("v1",)
    operation: str = CREATE
    namespaced: bool = True
    name: str = ""


class AskedOf(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule of a policy or a binding; with ``names`` it is about objects of these alone."""

    groups: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    scope: str = ANY
    names: tuple[str, ...] = ()

    def takes(self, request: Request, *, exact: bool) -> bool:
        """Say whether the rule is about a request."""
        versions = request.versions[:1] if exact else request.versions
        return (
            self.scope in {ANY, "Namespaced" if request.namespaced else "Cluster"}
            and _any(self.operations, request.operation)
            and _any(self.groups, request.group)
            and any(_any(self.versions, version) for version in versions)
            and any(_is(each, request.resource) for each in self.resources)
            and (not self.names or request.name in self.names)
        )


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a policy or a binding is about; a selector is None where no server takes it.

    Selectors are about the labels of the request's namespace and of its object.
    """

    rules: tuple[AskedOf, ...] = ()
    excluded: tuple[AskedOf, ...] = ()
    namespaces: Requirements | None = None
    objects: Requirements | None = None
    exact: bool = False

    def asks(self, request: Request) -> bool:
        """Say whether it is about a request, whatever the labels."""
        if any(each.takes(request, exact=self.exact) for each in self.excluded):
            return False
        return not self.rules or any(each.takes(request, exact=self.exact) for each in self.rules)


def _any(items: Sequence[str], wanted: str) -> bool:
    return ANY in items or wanted in items


def _is(written: str, resource: str) -> bool:
    """Whether a resource of a rule is one of a request; each may have a part after a slash."""
    of, _, part = written.partition("/")
    asked, _, asked_part = resource.partition("/")
    return of in {ANY, asked} and part in {ANY, asked_part}
