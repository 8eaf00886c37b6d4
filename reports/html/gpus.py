"""The matrix of GPUs as a picture: rows are GPUs, columns tenants, a cell how well apart they are.

The colour of a cell is the isolation between its tenant and whoever else is on that GPU, the glyph
says the same (0 to 8, or a dot for a tenant alone), and hatching says that it is not certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from auditor.model.finding import Report
from auditor.model.gpus import LEVELS, DeviceFact
from reports.gpus import devices
from reports.html.findings import Groups
from reports.html.pictures import LEFT, narrowed
from reports.html.words import count, drawn_targets, room_for, short
from reports.text import safe

MOST_ROWS: Final = 60
MOST_COLUMNS: Final = 24
_SURE: Final = frozenset({"exact", "proven"})
_CELL, _LINE = 34, 26
_LONGEST: Final = 42
_LONGEST_HEAD: Final = 22


def made(report: Report, _: Groups) -> dict[str, Any] | None:
    """Draw the GPUs that are shared first; None where there is none."""
    found = sorted(devices(report), key=_weakest_first)
    if not found:
        return None
    shown = found[:MOST_ROWS]
    names: dict[str, None] = {}
    for each in shown:
        device = each[1]
        names.update(dict.fromkeys(tenant.tenant for tenant in device.tenants))
        names.update(dict.fromkeys(name for share in device.shares for name in share.tenants))
    columns = [*names][:MOST_COLUMNS]
    several = len(report.targets) > 1
    drawn = drawn_targets(report)
    heads = [short(safe(name), _LONGEST_HEAD) for name in columns]
    top = room_for(heads)
    rows = [
        _row(top + _LINE * number, drawn.get(target, target), device, columns)
        for number, (target, device) in enumerate(shown)
    ]
    picture = {
        "id": "gpu-matrix",
        "title": "GPUs by tenant; the words below say the same",
        "summary": _summary(found, len(shown), len(names) - len(columns)),
        "groups": [],
        "width": LEFT + _CELL * len(columns) + 120,
        "height": top + _LINE * len(rows) + 10,
        "heads": [
            {"x": LEFT + _CELL * place + 14, "y": top - 8, "text": name}
            for place, name in enumerate(heads)
        ],
        "rows": rows,
        "legend": "Isolation from the others on that GPU: "
        + ", ".join(f"{level} {word}" for level, word in enumerate(LEVELS))
        + "; a dot: alone on it. Hatched: possible or declared, and not certain.",
        "words": [*_words(shown, several=several)],
        "shares": [*_shares(shown, several=several)],
        "unknown": [
            safe(each)
            for each in dict.fromkeys(word for _, device in found for word in device.unknown)
        ][:20],
    }
    return narrowed(picture)


def _words(shown: Iterable[tuple[str, DeviceFact]], *, several: bool) -> Iterator[dict[str, str]]:
    for target, device in shown:
        for each in device.tenants:
            yield {
                "device": safe(_named(target if several else "", device)),
                "tenant": safe(each.tenant),
                "mechanism": safe(f"{each.part} {each.mechanism}".strip()),
                "certainty": each.certainty,
                "pods": safe(", ".join(each.pods[:5])),
            }


def _shares(
    shown: Iterable[tuple[str, DeviceFact]], *, several: bool
) -> Iterator[dict[str, object]]:
    for target, device in shown:
        for each in device.shares:
            yield {
                "device": safe(_named(target if several else "", device)),
                "tenants": safe(" and ".join(each.tenants)),
                "isolation": each.isolation,
                "mechanism": safe(each.mechanism),
                "certainty": each.certainty,
            }


def _weakest_first(item: tuple[str, DeviceFact]) -> tuple[object, ...]:
    target, device = item
    return not device.shares, device.level, target, device.node, device.device


def _named(target: str, device: DeviceFact) -> str:
    return " ".join(filter(None, (target, device.node, device.device)))


def _row(top: int, target: str, device: DeviceFact, columns: list[str]) -> dict[str, Any]:
    return {
        "y": top + 16,
        "text": short(safe(_named(target, device)), _LONGEST),
        "cells": [
            _cell(LEFT + _CELL * place, top, name, device) for place, name in enumerate(columns)
        ],
    }


def _cell(left: int, top: int, tenant: str, device: DeviceFact) -> dict[str, Any]:
    cell = {"x": left, "y": top, "kind": "none", "glyph": "", "hatched": False}
    here = [each for each in device.tenants if each.tenant == tenant]
    shares = [each for each in device.shares if tenant in each.tenants]
    if not here and not shares:
        return {**cell, "told": safe(f"{tenant} has nothing of {device.device}")}
    sure = any(each.certainty in _SURE for each in here)
    if not shares:
        told = f"{tenant} has {device.device} by {here[0].mechanism}, {here[0].certainty}"
        return {**cell, "kind": "alone", "glyph": "·", "hatched": not sure, "told": safe(told)}
    weakest = min(shares, key=lambda each: each.level)
    others = next((each for each in weakest.tenants if each != tenant), tenant)
    told = (
        f"{tenant} and {others} on {device.device}: {weakest.isolation} by {weakest.mechanism}, "
        f"{weakest.certainty}"
    )
    return {
        **cell,
        "kind": f"l{weakest.level}",
        "glyph": str(weakest.level),
        "hatched": weakest.certainty not in _SURE,
        "told": safe(told),
    }


def _summary(found: list[tuple[str, DeviceFact]], rows: int, columns: int) -> str:
    shared = sum(1 for _, device in found if device.shares or device.some_must_share)
    text = f"{count(len(found), 'GPU')} (or groups of equal ones), {shared:,} with several tenants."
    if len(found) > rows:
        text += f" The first {rows} are drawn, those with shares first."
    if columns > 0:
        text += f" {columns} more tenants are in the words below."
    return text
