"""Whose an object is, as the facts of a report tell it: of networks, and of GPUs."""

from __future__ import annotations

from typing import Final

from auditor.model.finding import Report
from auditor.model.results_finding import ResourceRef
from reports.gpus import devices
from reports.reach_facts import reaches

_SEVERAL: Final = ""


class Tenants:
    """Names the tenant of an object; "" where nothing says it, or different things do."""

    def __init__(self, report: Report) -> None:
        self._of: dict[tuple[str, str], str] = {}
        for target, fact in reaches(report):
            self._put(target, fact.namespace, fact.tenant)
        for target, device in devices(report):
            for tenant in device.tenants:
                for pod in tenant.pods:
                    self._put(target, pod, tenant.tenant)
                    self._put(target, pod.partition("/")[0], tenant.tenant)

    def _put(self, target: str, place: str, tenant: str) -> None:
        if place and tenant:
            there = self._of.setdefault((target, place), tenant)
            if there != tenant:
                self._of[target, place] = _SEVERAL

    def of(self, resource: ResourceRef) -> str:
        """The tenant of an object, by itself or by its namespace."""
        whole = f"{resource.namespace}/{resource.name}"
        found = self._of.get((resource.target, whole), "")
        if found or not resource.namespace:
            return found
        return self._of.get((resource.target, resource.namespace), "")
