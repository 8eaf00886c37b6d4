"""An audit policy as values: what it says, and what of a request it is asked about.

Source: audit.k8s.io/v1 (k8s.io/apiserver v0.37.2, pkg/apis/audit/v1/types.go).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

STAGES: Final = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
"""The stages of a request at which an event may be written."""


class Level(IntEnum):
    """How much of a request is written down, least first."""

    NONE = 0
    METADATA = 1
    REQUEST = 2
    REQUEST_RESPONSE = 3

    @property
    def title(self) -> str:
        """How a policy writes it: ``RequestResponse``."""
        return TITLES[self]


TITLES: Final = ("None", "Metadata", "Request", "RequestResponse")
"""Levels as they are written, by their numbers."""


class Resources(msgspec.Struct, frozen=True):
    """Resources of an API group; no ``resources`` are all of it, no ``names`` all objects."""

    group: str = ""
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """A rule: what it says nothing of, it takes any of.

    ``pointer`` is where in its document it stands.
    """

    level: Level
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[Resources, ...] = ()
    namespaces: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    omit_stages: frozenset[str] = frozenset()
    omit_managed_fields: bool | None = None
    pointer: str = ""

    @property
    def of_resources(self) -> bool:
        """Whether it is about requests for resources, and no others."""
        return bool(self.resources or self.namespaces)


class Policy(msgspec.Struct, frozen=True):
    """A policy: the first rule that matches decides, and none is no event."""

    rules: tuple[Rule, ...]
    omit_stages: frozenset[str] = frozenset()
    omit_managed_fields: bool = False


class Request(msgspec.Struct, frozen=True):
    """What a policy is asked about: of a resource, or with ``url`` of none.

    ``user`` and ``groups`` are the caller's own: a policy does not see whom it impersonates.
    ``namespace`` is "" for what no namespace holds, ``name`` for what is not about one object.
    """

    user: str
    groups: tuple[str, ...]
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    url: str = ""


class Decision(msgspec.Struct, frozen=True):
    """What is written of a request: ``rule`` is the number of the rule from 0, -1 for none."""

    level: Level
    rule: int
    omit_stages: frozenset[str]
    omit_managed_fields: bool
