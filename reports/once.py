"""What several formats make of a finding, made once: it is kept beside the finding.

Formats that are written at the same time are given the same findings (``auditor/cli/together.py``),
and most of what they say of one is the same text: what it is about, where it stands, what was read.
A function that makes such a text is called once for all of them::

    @once
    def subject(finding: Finding) -> str: ...

What it returns is kept beside a finding that is :class:`Kept`, under the name of the function, and
is gone with it. Of any other finding it is made whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import msgspec

from auditor.model.finding import Report
from auditor.model.results_finding import Finding

T = TypeVar("T")


class Kept(Finding, frozen=True, gc=True, dict=True, kw_only=True):
    """A finding with room beside it for what is made of it: neither compared nor encoded."""

    @classmethod
    def of(cls, finding: Finding) -> Kept:
        """Make room beside a finding."""
        return cls(**msgspec.structs.asdict(finding))


def once(make: Callable[[Finding], T]) -> Callable[[Finding], T]:
    """Call a function once for each finding: what it returns must follow from that alone."""
    name = f"{make.__module__}.{make.__qualname__}"

    @wraps(make)
    def told(finding: Finding) -> T:
        if not isinstance(finding, Kept):
            return make(finding)
        held: dict[str, Any] = finding.__dict__
        if name in held:
            found: T = held[name]
            return found
        made = held[name] = make(finding)
        return made

    return told


def once_in(report: Report, finding: Finding, name: str, make: Callable[[Finding], T]) -> T:
    """Call a function once for a finding of a report, where that takes part as well.

    ``name`` is what those call it who share the result; of another report it is made again.
    """
    if not isinstance(finding, Kept):
        return make(finding)
    owner, found = finding.__dict__.get(name, (None, None))
    if owner is report:
        known: T = found
        return known
    made = make(finding)
    finding.__dict__[name] = (report, made)
    return made
