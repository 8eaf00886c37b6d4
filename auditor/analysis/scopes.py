"""Which custom kinds no namespace holds, by the tables."""

from __future__ import annotations

from auditor.analysis.namespaces import OTHER_POLICIES
from auditor.analysis.protocol import Tables
from auditor.analysis.workloads import TEMPLATES
from auditor.platforms.kubernetes import kind_name


def kinds_of_the_cluster(tables: Tables) -> frozenset[str]:
    """Name the custom kinds that no namespace holds: a role of the cluster is needed for them."""
    found = {
        kind_name(str(row["group"]), str(row["kind"]))
        for row in tables.get(TEMPLATES, ())
        if row.get("scope") == "cluster"
    }
    return frozenset(found | {kind for kind, of_all in OTHER_POLICIES.items() if of_all})
