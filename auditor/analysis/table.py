"""The table of analyses: a new one is a module of its own, with a maker, and one line here."""

from __future__ import annotations

from typing import Final

from auditor.analysis import accounts, completions, grants, namespaces
from auditor.analysis.analyses import Table
from auditor.analysis.gpu import tenancy
from auditor.analysis.workloads import PodTemplates

ANALYSES: Final = Table(
    of_objects=(PodTemplates,),
    joining=(namespaces.make, accounts.make, grants.make, tenancy.make),
    completing=(completions.make,),
)
"""All that there are; which of them a run has is an argument."""
