"""What is between tenants, from the container to the machine: a part of the screen of a scan."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.model.finding import Report
from auditor.model.isolation import ChainFact
from reports.room import cut
from reports.style import Style
from reports.text import safe, wrap

KIND = "isolation/Chain"
SHOWN = 6
SHOWN_SHORT = 3
_ROLES = ("critical", "high", "medium", "medium", "low")
"""How a chain is coloured, by its level."""
_decode = msgspec.json.Decoder(ChainFact).decode


def chains(report: Report) -> list[ChainFact]:
    """Read the chains of a report, the weakest first."""
    found = [_decode(fact.body) for fact in report.facts.get(KIND, ())]
    return sorted(found, key=lambda each: (each.level, each.tenant, each.target, each.weakest))


def section(report: Report, style: Style, *, short: bool) -> Iterator[str]:
    """Yield a summary, and the chains that are weakest; a ``short`` one has a line for a few."""
    found = chains(report)
    if not found:
        return
    yield ""
    yield style.paint("Isolation", "bold")
    tenants = {(each.target, each.tenant) for each in found}
    shared = [each for each in found if each.others]
    text = f"{len(tenants):,} tenants in {len(found):,} kinds of chains"
    rest = f"{len(shared):,} of them on kernels of others" if shared else "none on another's kernel"
    yield from wrap(f"{text}, {rest}", style.width, "  ")
    for each in found[: SHOWN_SHORT if short else SHOWN]:
        line = safe(_chain(each))
        if short:
            yield cut(f"  {line}", style.width)
            continue
        for part in wrap(line, style.width, "  "):
            yield style.paint(part, _ROLES[min(each.level, len(_ROLES) - 1)])
        yield from wrap(safe(_steps(each)), style.width, "    ")
    more = len(found) - (SHOWN_SHORT if short else SHOWN)
    if more > 0:
        yield from wrap(f"{more:,} more: isolation/Chain in results.json", style.width, "  ")


def _chain(chain: ChainFact) -> str:
    who = f"{chain.tenant} of {chain.target}"
    many = f"{chain.workloads:,} workload{'s' if chain.workloads != 1 else ''}"
    beside = f"beside {', '.join(chain.others[:2])}" if chain.others else "alone"
    more = len(chain.others) - 2 + chain.more_others
    if more > 0:
        beside += f" and {more:,} more"
    known = "" if chain.sure else "perhaps "
    return f"{who}  {known}{chain.isolation} by its {chain.weakest}, {many}, {beside}"


def _steps(chain: ChainFact) -> str:
    steps = " > ".join(
        f"{each.layer} {each.what}{f' ({each.name})' if each.name else ''}" for each in chain.steps
    )
    return f"{chain.path[0].name}: {steps}"
