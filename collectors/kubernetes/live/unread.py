"""Kinds that are not read from a cluster whatever rules say of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

UNREAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "k8s/Secret": "secrets are never read",
        "k8s/ConfigMap": "configuration is read only by name, where a rule needs one by name",
    }
)
"""Kind to the reason, in words for people."""
