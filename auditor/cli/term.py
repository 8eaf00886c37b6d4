"""When something ends, in words, and how far ahead it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

import click

from auditor.model.terms import SOON

Command = TypeVar("Command", bound=Callable[..., object])


def within_option(function: Command) -> Command:
    """``--within``: the days, as ``days``, within which an end is told."""
    return click.option(
        "--within",
        "days",
        metavar="DAYS",
        type=click.IntRange(min=0, max=366),
        default=SOON,
        show_default=True,
        help="Name what ends within so many days.",
    )(function)


def when(expires: str, today: dt.date) -> str:
    """Say when something ends, or ended; its day as 2026-11-30."""
    days = (dt.date.fromisoformat(expires) - today).days
    if days <= 0:
        return f"expired on {expires}"
    return f"expires on {expires}, in {days} day{'s' if days != 1 else ''}"
