"""The matrix of GPUs: which tenants are on which, by which mechanism, how well apart, how sure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from auditor.model.enums import TargetState
from auditor.model.finding import Report
from auditor.model.gpus import (
    FLOOR,
    KIND,
    LEVELS,
    NAMESPACE,
    TENANCY,
    WRITER,
    DeviceFact,
    JoinedDeviceFact,
    KeyInUse,
    SharedDevice,
    TenancyFact,
    TenantOnDevice,
    WriterFact,
)
from reports import joined_gpus
from reports.room import cut
from reports.style import Style
from reports.text import safe, wrap

SHOWN_DEVICES = 6
"""How many GPUs the screen of a whole scan shows, the least isolated first."""
SHOWN_IN_A_LINE = 3
SHOWN_SHARES = 4
SHOWN_NAMES = 5
SHOWN_WRITERS = 5
_ROLES = ("critical", "high", "high", "medium", "medium", "low")
"""How a share is coloured, by its level."""

_decode = msgspec.json.Decoder(DeviceFact).decode
_decode_writer = msgspec.json.Decoder(WriterFact).decode
_decode_tenancy = msgspec.json.Decoder(TenancyFact).decode


def devices(report: Report) -> list[tuple[str, DeviceFact]]:
    """Read the GPUs of a report, each with its target, in the order of targets, nodes and names."""
    return [(fact.target, _decode(fact.body)) for fact in report.facts.get(KIND, ())]


def tenancies(report: Report) -> list[tuple[str, TenancyFact]]:
    """Read by what tenants are told, each with its target."""
    return [(fact.target, _decode_tenancy(fact.body)) for fact in report.facts.get(TENANCY, ())]


def writers(report: Report) -> list[tuple[str, WriterFact]]:
    """Read what tenants may write, each with its target."""
    return [(fact.target, _decode_writer(fact.body)) for fact in report.facts.get(WRITER, ())]


def section(report: Report, style: Style, *, short: bool) -> Iterator[str]:
    """Yield the part of the screen of a scan: a summary, and the GPUs that are least isolated.

    A ``short`` one has a line for each of a few.
    """
    seen = joined_gpus.joined(report)
    found = joined_gpus.not_covered(devices(report), seen)
    if not found and not seen:
        return
    yield ""
    yield style.paint("GPUs", "bold")
    yield from wrap(_summary(report, found, seen), style.width, "  ")
    most = SHOWN_IN_A_LINE if short else SHOWN_DEVICES
    first = sorted((each for each in seen if each[1].shares), key=_weakest_first)[:most]
    for target, joined in first:
        if short:
            yield cut(f"  {safe(joined_gpus.in_a_line(target, joined))}", style.width)
        else:
            yield from joined_gpus.device_lines(target, joined, style, _ROLES)
    shared = sorted(
        (each for each in found if each[1].shares or each[1].some_must_share), key=_weakest_first
    )
    shown = shared[: most - len(first)]
    mixed = _mixed(report)
    for target, device in shown:
        named = target if len(report.targets) > 1 else ""
        if short:
            yield cut(f"  {safe(_in_a_line(device, named))}", style.width)
        else:
            yield from _device(device, style, named, mixed=target in mixed)
    more = len(found) + len(seen) - len(shown) - len(first)
    if more:
        rest = f"{more:,} more, and the tenants of each: auditor gpus TARGET"
        yield from wrap(rest, style.width, "  ")


def _weakest_first(item: tuple[str, DeviceFact | JoinedDeviceFact]) -> tuple[object, ...]:
    target, device = item
    return device.level, target, device.node, device.device


def _in_a_line(device: DeviceFact, target: str) -> str:
    """Tell the weakest of what is shared of a GPU."""
    where = " ".join(filter(None, (target, device.node, device.device)))
    if not device.shares:
        return f"{where}  proven: some of {len(device.tenants)} tenants share"
    weakest = min(device.shares, key=lambda each: (each.level, each.tenants))
    return f"{where}  {_share(weakest)}"


def matrix(report: Report, style: Style) -> Iterator[str]:
    """Yield all GPUs."""
    seen = joined_gpus.joined(report)
    found = joined_gpus.not_covered(devices(report), seen)
    if not found and not seen:
        nothing = all(each.state is TargetState.UNREACHABLE for each in report.targets)
        none = "in what was read there is no GPU, and nothing that uses one"
        yield "nothing was read" if nothing else none
        return
    yield from wrap(_summary(report, found, seen), style.width, "")
    yield from joined_gpus.told(report, style)
    yield from _tenancies(report, style)
    yield from _writers(report, style)
    for target, joined in seen:
        yield from joined_gpus.device_lines(target, joined, style, _ROLES)
    mixed = _mixed(report)
    for target, device in found:
        named = target if len(report.targets) > 1 else ""
        yield from _device(device, style, named, mixed=target in mixed)


def _tenancies(report: Report, style: Style) -> Iterator[str]:
    """Say by what tenants are told, of each target."""
    for target, fact in tenancies(report):
        named = f"{target}: " if len(report.targets) > 1 else ""
        used = [text for each in fact.keys if (text := _key(each))]
        yield from wrap(safe(f"{named}tenants by {'; '.join(used) or 'nothing'}"), style.width, "")
        if fact.unseen:
            shown = [*fact.unseen[:SHOWN_NAMES]]
            more = len(fact.unseen) - len(shown) + fact.more_unseen
            listed = ", ".join(shown) + (f" and {more} more" if more else "")
            text = f"{named}the file names namespaces that nothing was read of: {listed}"
            yield from wrap(safe(text), style.width, "")


def _writers(report: Report, style: Style) -> Iterator[str]:
    """Say which tenants may write what the matrix rests on."""
    found = writers(report)
    for target, fact in found[:SHOWN_WRITERS]:
        named = f"{target}: " if len(report.targets) > 1 else ""
        more = len(fact.subjects) - 2
        who = ", ".join(fact.subjects[:2]) + (f" and {more} more" if more > 0 else "")
        what = ", ".join(source.name for source in fact.sources)
        text = f"{named}tenants may write {what}: {who} by {fact.binding}"
        yield from wrap(safe(text), style.width, "")
    if len(found) > SHOWN_WRITERS:
        rest = f"{_count(len(found) - SHOWN_WRITERS, 'binding')} more by which tenants may write"
        yield from wrap(rest, style.width, "")


def _key(key: KeyInUse) -> str:
    """Say whom a key named; one of a table that named nobody is left out."""
    if not key.tenants:
        return ""
    if not key.written_by:
        shown = ", ".join(key.namespaces[:SHOWN_NAMES])
        more = key.tenants - len(key.namespaces[:SHOWN_NAMES])
        rest = f" and {more} more" if more else ""
        return f"namespace, where no key names one: {shown}{rest}"
    own = ", which tenants write themselves" if key.written_by == "tenant" else ""
    return f"{key.key}: {key.tenants:,}{own}"


def _summary(
    report: Report,
    found: Sequence[tuple[str, DeviceFact]],
    seen: Sequence[tuple[str, JoinedDeviceFact]],
) -> str:
    nodes = {(target, device.node) for target, device in found}
    nodes |= {(target, device.node) for target, device in seen}
    tenants = {tenant.tenant for _, device in found for tenant in device.tenants}
    # who reaches a GPU that nobody gave it is only among those that share one
    tenants |= {name for _, device in found for share in device.shares for name in share.tenants}
    tenants |= {joined_gpus.named(tenant) for _, device in seen for tenant in device.tenants}
    pairs = _pairs(found, seen, len(LEVELS))
    number = _number(found) + len(seen)
    where = f"{_count(number, 'GPU')} or instances on {_count(len(nodes), 'node')}"
    text = f"{where}, {_count(len(tenants), 'tenant')}"
    if not pairs:
        return f"{text}; no two tenants were found on one GPU"
    text = f"{text}; {_count(len(pairs), 'pair')} of tenants share, or may share"
    floor = report.parameters.get(FLOOR)
    if floor not in LEVELS:
        return text
    below = _pairs(found, seen, LEVELS.index(str(floor)))
    return f"{text}, {len(below) or 'none'} of them below {floor}"


def _pairs(
    found: Iterable[tuple[str, DeviceFact]],
    seen: Iterable[tuple[str, JoinedDeviceFact]],
    below: int,
) -> set[tuple[str, tuple[str, ...]]]:
    """Name the pairs that share on a level below some; those of several targets sort by name."""
    own = {
        (target, share.tenants)
        for target, device in found
        for share in device.shares
        if share.level < below
    }
    return own | {
        ("", tuple(sorted(joined_gpus.names_of(device, share))))
        for _, device in seen
        for share in device.shares
        if share.level < below
    }


def _number(found: Sequence[tuple[str, DeviceFact]]) -> int:
    """Count GPUs and instances: those that are named are among those that a node offers."""
    counts: dict[tuple[str, str], list[int]] = {}
    for target, device in found:
        counts.setdefault((target, device.node), [0, 0])[device.known] += device.count
    return sum(max(each) for each in counts.values())


def _device(device: DeviceFact, style: Style, target: str, *, mixed: bool) -> Iterator[str]:
    count = "" if device.known else f" x {device.count}"
    names = (target, device.node, f"{device.device}{count}", device.product)
    head = "  ".join(filter(None, map(safe, names)))
    first, *rest = wrap(head, style.width, "  ")
    yield style.paint(first, "bold")
    yield from rest
    for tenant in device.tenants:
        yield from wrap(safe(_tenant(tenant, mixed=mixed)), style.width, "    ")
    if not device.tenants:
        yield from wrap("no pod has any of it", style.width, "    ")
    if device.some_must_share:
        text = "proven: some of these tenants share, there are too few for them to be apart"
        yield from wrap(text, style.width, "    - ")
    for share in sorted(device.shares, key=lambda each: (each.level, each.tenants))[:SHOWN_SHARES]:
        for line in wrap(safe(_share(share)), style.width, "    - "):
            yield style.paint(line, _ROLES[min(share.level, len(_ROLES) - 1)])
    more = max(len(device.shares) - SHOWN_SHARES, 0) + device.more_shares
    if more:
        yield from wrap(f"and {_count(more, 'pair')} more", style.width, "    ")
    for text in device.unknown:
        yield from wrap(safe(f"not known: {text}"), style.width, "    - ")


def _mixed(report: Report) -> frozenset[str]:
    """The targets of which some tenants are named by a key, so that others are worth a word."""
    return frozenset(
        target
        for target, fact in tenancies(report)
        if any(key.tenants and key.written_by for key in fact.keys)
    )


def _tenant(tenant: TenantOnDevice, *, mixed: bool) -> str:
    unnamed = mixed and all(key == NAMESPACE for key in tenant.keys)
    shown = ", ".join(tenant.pods[:2])
    if len(tenant.pods) > len(tenant.pods[:2]):
        shown += f" and {len(tenant.pods) - 2} more"
    parts = (
        f"{tenant.tenant} (no key)" if unnamed else tenant.tenant,
        f"{tenant.slots} x {tenant.mechanism}" if tenant.slots else tenant.mechanism,
        tenant.part,
        tenant.certainty,
        "looks on" if tenant.observer else "",
        shown,
    )
    return "  ".join(filter(None, parts))


def _share(share: SharedDevice) -> str:
    names = " and ".join(share.tenants)
    return f"{share.certainty}: {names}, isolation {share.isolation} ({share.mechanism})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


COLUMNS = (
    *("target", "node", "device", "count", "known", "product", "tenant", "slots", "mechanism"),
    *("part", "certainty", "observer", "pods", "isolation", "shares_with", "tenant_by"),
)
"""The columns of the table: a row for each tenant of each GPU, one for a GPU without tenants."""


def as_csv(report: Report) -> Iterator[str]:
    """Yield the matrix as a table (RFC 4180), its first line the names of the columns."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    seen = joined_gpus.joined(report)
    for target, joined in seen:
        writer.writerows(tuple(map(_cell, row)) for row in joined_gpus.rows(target, joined))
    for target, device in joined_gpus.not_covered(devices(report), seen):
        writer.writerows(_rows(target, device))
    yield buffer.getvalue()


def _rows(target: str, device: DeviceFact) -> Iterable[Sequence[object]]:
    head = (target, device.node, device.device, device.count, device.known, device.product)
    if not device.tenants:
        yield (*map(_cell, head), *[""] * (len(COLUMNS) - len(head)))
    for tenant in device.tenants:
        others = [share for share in device.shares if tenant.tenant in share.tenants]
        level = min(others, key=lambda each: each.level).isolation if others else "exclusive"
        tail = (
            *(tenant.tenant, tenant.slots, tenant.mechanism, tenant.part, tenant.certainty),
            *(tenant.observer, " ".join(tenant.pods), level),
            " ".join(sorted({name for each in others for name in each.tenants} - {tenant.tenant})),
            "; ".join(tenant.keys),
        )
        yield tuple(map(_cell, (*head, *tail)))


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def as_json(report: Report) -> Iterator[str]:
    """Yield the facts of ``results.json`` alone, in their order, and what was not read.

    ``devices`` are all that targets tell, each by itself; ``joined`` are those at their hosts.
    """
    listed = [
        {"target": target, **msgspec.to_builtins(device)} for target, device in devices(report)
    ]
    told = [
        {"target": target, **msgspec.to_builtins(tenancy)} for target, tenancy in tenancies(report)
    ]
    write = [{"target": target, **msgspec.to_builtins(each)} for target, each in writers(report)]
    gaps = [
        {
            "target": each.gap.target,
            "scope": each.gap.scope,
            "cause": each.gap.cause.value,
            "detail": each.gap.detail,
            "hint": each.gap.hint,
        }
        for each in report.gaps
    ]
    made = {
        "schema": "gpus/v1",
        "devices": listed,
        **joined_gpus.as_listed(report),
        "tenancy": told,
        "writers": write,
        "gaps": gaps,
    }
    yield json.dumps(made, indent=1, ensure_ascii=False) + "\n"
