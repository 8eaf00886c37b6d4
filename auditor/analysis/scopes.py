"""Which custom kinds no namespace holds, by the tables and by what rules look at."""

from __future__ import annotations

from typing import Final

from auditor.analysis.namespaces import OTHER_POLICIES
from auditor.analysis.protocol import Tables
from auditor.analysis.workloads import TEMPLATES
from auditor.platforms.kubernetes import kind_name

JUDGED: Final = frozenset(
    {
        "k8s/GpuDevicePlugin.deviceplugin.intel.com",
        "k8s/Profile.kubeflow.org",
        "k8s/SecurityContextConstraints.security.openshift.io",
    }
)
"""Kinds that rules judge as they are."""


def kinds_of_the_cluster(tables: Tables) -> frozenset[str]:
    """Name the custom kinds that no namespace holds: a role of the cluster is needed for them."""
    found = {
        kind_name(str(row["group"]), str(row["kind"]))
        for row in tables.get(TEMPLATES, ())
        if row.get("scope") == "cluster"
    }
    return frozenset(found | JUDGED | {kind for kind, of_all in OTHER_POLICIES.items() if of_all})
