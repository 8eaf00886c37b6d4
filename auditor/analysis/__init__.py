"""Pure derivations: resources in, facts out. They derive, and never judge."""

from __future__ import annotations

from typing import Final

from auditor.analysis import accounts, facts, namespaces

FACT_KINDS: Final = frozenset({facts.KIND, facts.PATCH, namespaces.KIND, accounts.KIND})
"""Kinds of the facts that the analyses make."""
