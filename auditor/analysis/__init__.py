"""Pure derivations: resources in, facts out. They derive, and never judge."""

from __future__ import annotations

from typing import Final

from auditor.analysis import accounts, namespaces, workloads

FACT_KINDS: Final = frozenset({workloads.KIND, workloads.PATCH, namespaces.KIND, accounts.KIND})
"""Kinds of the facts that the analyses make."""
