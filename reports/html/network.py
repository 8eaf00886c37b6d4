"""What can reach what, as a table: workloads of a namespace, and what policies let through."""

from __future__ import annotations

from typing import Any, Final

from auditor.model.finding import Report
from auditor.model.reach import DirectionReach, ReachFact
from reports.reach_facts import enforcements, reaches
from reports.text import safe

MOST: Final = 200
_ZONES: Final = {
    "namespace": "its namespace",
    "tenant": "its tenant's other namespaces",
    "tenants": "tenants",
    "platform": "the platform",
    "private": "private addresses",
    "world": "public addresses",
}
_DEFAULTS: Final = {"allowed": "open", "denied": "closed", "unknown": "not known"}


def table_of(report: Report) -> dict[str, Any] | None:
    """Make the rows, what is open to the world first; None where there is no workload."""
    found = reaches(report)
    if not found:
        return None
    ordered = sorted(found, key=lambda item: (item[1].ingress.default != "allowed", item[0]))
    several = len(report.targets) > 1
    plugins = [f"Policies: {each.state}." for _, each in enforcements(report)]
    opened = sum(1 for _, each in found if each.ingress.default == "allowed")
    return {
        "summary": safe(
            f"{len(found):,} groups of workloads that reach the same; {opened:,} are open to "
            "strangers. " + " ".join(dict.fromkeys(plugins))
        ).strip(),
        "rows": [_row(target if several else "", each) for target, each in ordered[:MOST]],
        "more": f"and {len(found) - MOST:,} more: auditor reach" if len(found) > MOST else "",
    }


def _row(target: str, fact: ReachFact) -> dict[str, str]:
    more = f" and {fact.more_workloads} more" if fact.more_workloads else ""
    who = ", ".join(fact.workloads[:3]) + (" and others" if fact.workloads[3:] else more)
    return {
        "who": safe(" ".join(filter(None, (target, f"{fact.namespace}:", who)))),
        "default": _DEFAULTS.get(fact.ingress.default, fact.ingress.default)
        + (", on the network of its node" if fact.host else ""),
        "reached": safe(_peers(fact.ingress)) or "nobody",
        "reaches": safe(_peers(fact.egress)) or "nobody",
        "exposed": safe("; ".join(f"{each.by} ({each.how})" for each in fact.exposed)) or "no",
    }


def _peers(side: DirectionReach) -> str:
    parts = [
        f"{_ZONES.get(each.zone, each.zone)}{' ' + ', '.join(each.names[:3]) if each.names else ''}"
        f"{' (perhaps)' if not each.ports else ''}"
        for each in side.peers
        if each.ports or each.perhaps
    ]
    parts += [
        f"{each.place}{' (perhaps)' if not each.ports else ''}"
        for each in side.places
        if each.ports or each.perhaps
    ]
    return ", ".join(parts)
