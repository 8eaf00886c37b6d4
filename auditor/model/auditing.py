"""What an audit policy comes to, as it is shown: of one request, or of all that matter."""

from __future__ import annotations

import msgspec


class RuleAt(msgspec.Struct, frozen=True):
    """A rule of a policy by its number from 1, 0 for none; ``place`` is ``audit.yaml:12``."""

    number: int
    place: str = ""

    def __str__(self) -> str:
        if not self.number:
            return "no rule matches"
        return f"rule {self.number}{f' ({self.place})' if self.place else ''}"


class Answered(msgspec.Struct, frozen=True):
    """What becomes of one request: ``asked`` says it to people, ``later`` are rules it misses."""

    asked: str
    user: str
    groups: tuple[str, ...]
    level: str
    rule: RuleAt
    omitted: tuple[str, ...]
    omit_managed_fields: bool
    later: tuple[RuleAt, ...] = ()


class Column(msgspec.Struct, frozen=True):
    """How a request is written down for some callers."""

    level: str
    rule: RuleAt
    who: tuple[str, ...]


class Row(msgspec.Struct, frozen=True):
    """Requests that are written down alike, whoever asks."""

    what: tuple[str, ...]
    columns: tuple[Column, ...]


class PolicyShown(msgspec.Struct, frozen=True):
    """A policy: where it stands, why it is refused, and what it comes to.

    ``answer`` is of the request that was asked about, ``rows`` of all that matter where none was.
    """

    place: str
    rules: int
    omitted: tuple[str, ...]
    refused: tuple[str, ...]
    ignored: tuple[str, ...]
    answer: Answered | None = None
    rows: tuple[Row, ...] = ()
    unreached: tuple[str, ...] = ()
    left_out: int = 0
