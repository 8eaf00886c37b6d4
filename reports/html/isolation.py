"""What is between tenants and the hardware, step by step: the weakest chains first."""

from __future__ import annotations

from typing import Any, Final

from auditor.model.finding import Report
from auditor.model.isolation import LEVELS, ChainFact
from reports.html.findings import Groups
from reports.html.words import count
from reports.isolation import chains
from reports.text import safe

MOST: Final = 100


def made(report: Report, _: Groups) -> dict[str, Any] | None:
    """Draw the chains; None where there is none."""
    found = chains(report)
    if not found:
        return None
    several = len(report.targets) > 1
    shared = sum(1 for each in found if each.others)
    left = len(found) - MOST
    return {
        "summary": f"{count(len({(each.target, each.tenant) for each in found}), 'tenant')}, "
        f"{shared:,} of {count(len(found), 'chain')} on kernels of others. The step that separates "
        "least is marked.",
        "legend": "How well: "
        + ", ".join(f"{level} {word}" for level, word in enumerate(LEVELS))
        + ". Dashed: not all steps that decide are known.",
        "rows": [_row(each, several=several) for each in found[:MOST]],
        "more": f"and {left:,} more: isolation/Chain in results.json" if left > 0 else "",
    }


def _row(chain: ChainFact, *, several: bool) -> dict[str, Any]:
    more = f" and {chain.more_others} more" if chain.more_others else ""
    where = f" of {chain.target}" if several else ""
    many = f"{count(chain.workloads, 'workload')} on {count(chain.nodes, 'node')}"
    return {
        "tenant": safe(chain.tenant + where),
        "many": many,
        "steps": [
            {
                "layer": safe(each.layer),
                "what": safe(each.what),
                "name": safe(each.name),
                "weakest": each.layer == chain.weakest,
            }
            for each in chain.steps
        ],
        "level": chain.level,
        "sure": chain.sure,
        "verdict": safe(
            f"Isolation {'' if chain.sure else 'perhaps '}{chain.isolation}, by its "
            f"{chain.weakest}; shares a kernel with {', '.join(chain.others) or 'nobody'}{more}"
        ),
    }
