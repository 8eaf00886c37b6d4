"""What is between tenants and the hardware, as a table: the weakest chains first."""

from __future__ import annotations

from typing import Any, Final

from auditor.model.finding import Report
from auditor.model.isolation import ChainFact
from reports.isolation import chains
from reports.text import safe

MOST: Final = 100


def chains_of(report: Report) -> list[dict[str, Any]]:
    """Make the rows; none where there is no chain."""
    return [_row(each) for each in chains(report)[:MOST]]


def _row(chain: ChainFact) -> dict[str, str]:
    steps = " → ".join(
        f"{each.layer} {each.what}{f' ({each.name})' if each.name else ''}" for each in chain.steps
    )
    doubt = "" if chain.sure else ", not certain"
    more = f" and {chain.more_others} more" if chain.more_others else ""
    return {
        "tenant": safe(f"{chain.tenant} ({chain.workloads} workloads on {chain.nodes} nodes)"),
        "steps": safe(steps),
        "weakest": safe(f"{chain.weakest}: {chain.isolation}{doubt}"),
        "others": safe(", ".join(chain.others) + more) or "nobody else",
    }
