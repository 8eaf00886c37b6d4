"""How programs that are written in Go are started here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PATIENT: Final[Mapping[str, str]] = MappingProxyType({"GOGC": "off", "GOMEMLIMIT": "600MiB"})
"""Variables by which one collects its garbage when there is much of it, not at each doubling.

An API server does a third less until it is ready (3.1 s and 2.1 s), for half as much memory more.
"""
