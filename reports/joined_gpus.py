"""GPUs that several targets tell of: each at its host, with the way from every tenant to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from auditor.model.finding import Report
from auditor.model.gpus import (
    JOIN,
    JOINED,
    DeviceFact,
    Hop,
    JoinedDeviceFact,
    JoinedShare,
    JoinedTenant,
    JoinFact,
)
from reports.style import Style
from reports.text import safe, wrap

SHOWN_SHARES = 4
SHOWN_NODES = 5
_EXACT = "exact"

_decode = msgspec.json.Decoder(JoinedDeviceFact).decode
_decode_join = msgspec.json.Decoder(JoinFact).decode

Joined = tuple[str, JoinedDeviceFact]
Own = tuple[str, DeviceFact]


def joined(report: Report) -> list[Joined]:
    """Read the GPUs that are seen from several layers, each with the target that has it."""
    return [(fact.target, _decode(fact.body)) for fact in report.facts.get(JOINED, ())]


def joins(report: Report) -> list[tuple[str, JoinFact]]:
    """Read which nodes of each target are machines of another."""
    return [(fact.target, _decode_join(fact.body)) for fact in report.facts.get(JOIN, ())]


def not_covered(own: Iterable[Own], seen: Sequence[Joined]) -> list[Own]:
    """Leave out the GPUs that are seen again at their host."""
    covered = {
        (each.target, each.node, each.device) for _, device in seen for each in device.covers
    }
    return [
        (target, device)
        for target, device in own
        if covered.isdisjoint(((target, device.node, device.device), (target, device.node, "")))
    ]


def told(report: Report, style: Style) -> Iterator[str]:
    """Say of each target which of its nodes are joined, and why others are not."""
    for target, fact in joins(report):
        by = ", ".join(f"{number:,} by {name}" for name, number in fact.joined.items())
        number = sum(fact.joined.values())
        nodes = f"{fact.nodes:,} node{'s' if fact.nodes != 1 else ''} with GPUs"
        text = f"{target}: {number:,} of {nodes} found among the machines"
        yield from wrap(safe(f"{text}, {by}" if by else text), style.width, "")
        for each in fact.unjoined[:SHOWN_NODES]:
            yield from wrap(safe(f"not known: node {each.node}: {each.why}"), style.width, "  - ")
        more = max(len(fact.unjoined) - SHOWN_NODES, 0) + fact.more_unjoined
        if more:
            yield from wrap(f"and {more:,} more", style.width, "  ")


def device_lines(
    target: str, device: JoinedDeviceFact, style: Style, roles: Sequence[str]
) -> Iterator[str]:
    """Yield a GPU with its tenants, the way from each, and what they share."""
    head = "  ".join(filter(None, map(safe, (target, device.node, device.device, device.product))))
    first, *rest = wrap(head, style.width, "  ")
    yield style.paint(first, "bold")
    yield from rest
    for tenant in device.tenants:
        yield from wrap(safe(_tenant(tenant)), style.width, "    ")
        yield from wrap(safe(_path(tenant.path)), style.width, "      ")
    if not device.tenants:
        yield from wrap("no tenant has any of it", style.width, "    ")
    for share in device.shares[:SHOWN_SHARES]:
        for line in wrap(safe(share_text(device, share)), style.width, "    - "):
            yield style.paint(line, roles[min(share.level, len(roles) - 1)])
    more = max(len(device.shares) - SHOWN_SHARES, 0) + device.more_shares
    if more:
        yield from wrap(f"and {more:,} pair{'s' if more != 1 else ''} more", style.width, "    ")
    for text in device.unknown:
        yield from wrap(safe(f"not known: {text}"), style.width, "    - ")


def in_a_line(target: str, device: JoinedDeviceFact) -> str:
    """Tell the weakest of what is shared of a GPU."""
    where = f"{target} {device.node} {device.device}"
    return f"{where}  {share_text(device, device.shares[0])}"


def names_of(device: JoinedDeviceFact, share: JoinedShare) -> tuple[str, str]:
    """Name the two that share, each with its target."""
    one, other = (named(device.tenants[each]) for each in share.between)
    return one, other


def named(tenant: JoinedTenant) -> str:
    """Name a tenant of one of several targets."""
    return f"{tenant.tenant} of {tenant.target}"


def share_text(device: JoinedDeviceFact, share: JoinedShare) -> str:
    """Say what two tenants share."""
    names = " and ".join(names_of(device, share))
    return f"{share.certainty}: {names}, isolation {share.isolation} ({share.mechanism})"


def rows(target: str, device: JoinedDeviceFact) -> Iterator[Sequence[object]]:
    """Yield a row for each tenant, in the columns of the matrix."""
    head = (target, device.node, device.device, 1, True, device.product)
    if not device.tenants:
        yield (*head, *[""] * 10)
    for number, tenant in enumerate(device.tenants):
        others = [share for share in device.shares if number in share.between]
        level = min(others, key=lambda each: each.level).isolation if others else "exclusive"
        names = {name for each in others for name in names_of(device, each)} - {named(tenant)}
        yield (
            *head,
            *(named(tenant), 0, tenant.mechanism, "", tenant.certainty, False),
            *(_path(tenant.path), level, " ".join(sorted(names)), "; ".join(tenant.keys)),
        )


def as_listed(report: Report) -> Mapping[str, object]:
    """Put what is seen from several layers as it is listed; nothing where there is none."""
    found = {
        "joined": [{"target": name, **msgspec.to_builtins(each)} for name, each in joined(report)],
        "joins": [{"target": name, **msgspec.to_builtins(each)} for name, each in joins(report)],
    }
    return {name: each for name, each in found.items() if each}


def _tenant(tenant: JoinedTenant) -> str:
    inside = tenant.inside if tenant.inside != tenant.mechanism else ""
    parts = (
        f"{named(tenant)} ({', '.join(tenant.keys)})",
        f"{tenant.mechanism}, in it {inside}" if inside else tenant.mechanism,
        tenant.certainty,
        f"{tenant.pods:,} workloads" if tenant.pods > 1 else "",
    )
    return "  ".join(filter(None, parts))


def _path(path: Iterable[Hop]) -> str:
    """Write the way from a workload to the GPU; what is not exact says so."""
    return " > ".join(map(_hop, path))


def _hop(hop: Hop) -> str:
    name = hop.name if hop.layer in {"workload", "device"} else f"{hop.layer} {hop.name}"
    said = ", ".join(filter(None, (hop.by, "" if hop.certainty == _EXACT else hop.certainty)))
    return f"{name} ({said})" if said else name
