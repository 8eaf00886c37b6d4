"""What the rights to be somebody else for some requests alone come to: rights to those requests.

Since Kubernetes 1.36 there are two ways to impersonate. The old one is a right to be somebody, for
whatever that one may do. The new one takes a right for each request as well::

    to be jane               impersonate:user-info             users jane, of authentication.k8s.io
    and to list pods then    impersonate-on:user-info:list     pods

Neither is the verb ``impersonate``, so that a review which asks for that says no. The API server
asks, besides, whether jane may list pods. As somebody who may do everything, one may do what the
second right is about; so here it is made a right to just that, which counts for nobody by itself::

    impersonate-on:user-info:create clusterrolebindings   →   create clusterrolebindings
    *                               clusterrolebindings   →   each verb of a request

Source: ``apiserver/pkg/endpoints/filters/impersonation`` of Kubernetes 1.37 (KEP-5284).
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from auditor.analysis.rights.matching import EVERY, PolicyRule
from auditor.analysis.rights.resolving import Rights

VERBS: Final = (
    *("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
)
"""Verbs of requests; others are only ever asked about."""


class Mode(Enum):
    """As whom somebody acts for some requests, as verbs call it."""

    USER = "user-info"
    ACCOUNT = "serviceaccount"

    @property
    def to_be(self) -> str:
        """The verb of the right to be one of them."""
        return f"impersonate:{self.value}"

    @property
    def to_do(self) -> str:
        """What verbs of the rights to do something as one of them begin with."""
        return f"impersonate-on:{self.value}:"


def requests_as(rule: PolicyRule, mode: Mode) -> PolicyRule | None:
    """Say what a rule lets somebody do as another; None for nothing."""
    prefix = mode.to_do
    named = {verb.removeprefix(prefix) for verb in rule.verbs if verb.startswith(prefix)}
    verbs = VERBS if EVERY in rule.verbs else tuple(each for each in VERBS if each in named)
    return msgspec.structs.replace(rule, verbs=verbs) if verbs else None


def rights_as(rights: Rights, mode: Mode) -> Rights:
    """Make the rights that bindings would give if whom somebody acts as might do everything."""
    roles = {}
    for key, role in rights.roles.items():
        found = ((each, requests_as(each.rule, mode)) for each in role.rules)
        rules = tuple(msgspec.structs.replace(each, rule=rule) for each, rule in found if rule)
        roles[key] = msgspec.structs.replace(role, rules=rules)
    return Rights(roles, rights.bindings, rights.live)
