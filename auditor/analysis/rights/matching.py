"""Whether a rule of a role allows a request, exactly as the authorizer of the API server decides.

A request is about a resource, with a verb, a group, perhaps a part of it (a subresource) and a
name, or about an address. Where a rule and the request are compared, these are the traps::

    rule has             allows                              and not
    pods/*               a resource called "pods/*"          pods/exec: this is no wildcard
    */scale              scale of every resource             deployments
    *                    every resource and every part
    resourceNames: [a]   get a, delete a                     create, list: these have no name
    resourceNames: [""]  list, create                        get a
    nonResourceURLs /a*  /a, /ab, /a/b                       /b

Names of verbs, groups and resources are compared as they are written: ``Get`` is no verb.

Source: ``pkg/apis/rbac/v1/evaluation_helpers.go`` and ``plugin/pkg/auth/authorizer/rbac`` of
Kubernetes 1.37.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

EVERY: Final = "*"
Words = tuple[str, ...]


class PolicyRule(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A rule of a role, as the API has it."""

    verbs: Words = ()
    api_groups: Words = ()
    resources: Words = ()
    resource_names: Words = ()
    non_resource_urls: Words = msgspec.field(default=(), name="nonResourceURLs")

    @property
    def is_everything(self) -> bool:
        """Whether it allows every verb on every resource, whatever its name."""
        wide = EVERY in self.verbs and EVERY in self.api_groups and EVERY in self.resources
        return wide and not self.resource_names


class Request(msgspec.Struct, frozen=True, gc=False):
    """What somebody may want to do: with a resource, or at an address where ``path`` is not "".

    ``resource`` is without its subresource. ``name`` is "" for requests that have none.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    path: str = ""

    @property
    def combined(self) -> str:
        """The resource with its part, as rules write it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def allows(rule: PolicyRule, request: Request) -> bool:
    """Say whether a rule allows a request."""
    if request.path:
        return _has(rule.verbs, request.verb) and reaches(rule.non_resource_urls, request.path)
    return concerns(rule, request) and (
        not rule.resource_names or request.name in rule.resource_names
    )


def concerns(rule: PolicyRule, request: Request) -> bool:
    """Say whether a rule allows a request about a resource for some name, or for all."""
    return (
        _has(rule.verbs, request.verb)
        and _has(rule.api_groups, request.group)
        and _covers(rule.resources, request.combined, request.subresource)
    )


def reaches(urls: Iterable[str], path: str) -> bool:
    """Say whether one of the addresses of a rule is, or begins, ``path``."""
    return any(
        url in (EVERY, path) or (url.endswith(EVERY) and path.startswith(url.rstrip(EVERY)))
        for url in urls
    )


def _has(words: Words, word: str) -> bool:
    return word in words or EVERY in words


def _covers(resources: Words, combined: str, part: str) -> bool:
    if EVERY in resources or combined in resources:
        return True
    return bool(part) and f"*/{part}" in resources
