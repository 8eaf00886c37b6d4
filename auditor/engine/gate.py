"""The gate: one small language for ``--fail-on`` and for a profile's ``gate``.

A comma-separated list of conditions, any of which fails the run::

    high            a failing finding of severity high or above
    medium>10       more than ten of them
    unknown         a finding that could not be decided
    unknown>5
    coverage<95     less than 95 % of all decisions were possible
    excluded        a file was left out by --exclude
    excluded>10     more than ten of them
    never           alone: nothing fails the run
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from auditor.errors import UsageError
from auditor.late import late
from auditor.model.enums import Decision, Severity, Verdict
from auditor.model.results import GateResult

EXIT_PASS: Final = 0
EXIT_FAIL: Final = 1
EXIT_INCOMPLETE: Final = 3

Tallies = Mapping[tuple[str, str], int]
"""How many findings there are of a (verdict, severity)."""

_CONDITION = late(
    r"(?P<name>[a-z]+)\s*(?:(?P<operator>[<>])\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*%?)?"
)
_EXCLUDED: Final = "excluded"
_HINT = (
    "conditions are a severity, SEVERITY>N, unknown, unknown>N, coverage<PERCENT, excluded, "
    "excluded>N, or never"
)


class Condition(msgspec.Struct, frozen=True):
    """One condition; ``limit`` is a count, or a percentage for ``coverage``."""

    name: str
    limit: float


class Gate(msgspec.Struct, frozen=True):
    """A parsed gate; no conditions means ``never``."""

    expression: str
    conditions: tuple[Condition, ...]


def parse_gate(text: str) -> Gate:
    """Parse a gate expression.

    Raises:
        UsageError: the text is not in the language.
    """
    parts = [part.strip().lower() for part in text.split(",")]
    if parts == ["never"]:
        return Gate("never", ())
    return Gate(", ".join(parts), tuple(_condition(part, text) for part in parts))


def _condition(part: str, text: str) -> Condition:
    match = _CONDITION.fullmatch(part)
    if match is None:
        raise UsageError(f"gate {text!r}: {part!r} is not a condition", hint=_HINT)
    name, operator, number = match["name"], match["operator"], match["number"]
    if name == "coverage":
        if operator != "<":
            raise UsageError(f"gate {text!r}: coverage needs <PERCENT", hint="coverage<95")
        return Condition(name, float(number))
    counted = {Verdict.UNKNOWN.value, _EXCLUDED, *(severity.value for severity in Severity)}
    if name not in counted:
        raise UsageError(f"gate {text!r}: no condition is named {name!r}", hint=_HINT)
    if operator == "<":
        raise UsageError(f"gate {text!r}: {name} takes >N, not <N", hint=_HINT)
    return Condition(name, float(number) if number else 0.0)


def decide(
    gate: Gate,
    tallies: Tallies,
    *,
    coverage: float,
    causes: tuple[str, ...],
    which: str = "",
    excluded: int = 0,
) -> GateResult:
    """Apply a gate; ``which`` says in a word which findings the tallies are of, "" for all.

    ``coverage`` is a ratio, ``excluded`` how many files a person left out. ``causes`` says in words
    what makes the run incomplete; with any, a run that does not fail is incomplete, and never
    passes.
    """
    reasons = [
        reason
        for condition in gate.conditions
        if (reason := _reason(condition, tallies, coverage, which, excluded)) is not None
    ]
    if reasons:
        return GateResult(gate.expression, Decision.FAIL, tuple(reasons), EXIT_FAIL)
    if causes:
        return GateResult(gate.expression, Decision.INCOMPLETE, causes, EXIT_INCOMPLETE)
    return GateResult(gate.expression, Decision.PASS, (), EXIT_PASS)


def _reason(
    condition: Condition, tallies: Tallies, coverage: float, which: str, excluded: int
) -> str | None:
    if condition.name == "coverage":
        percent = coverage * 100
        if percent >= condition.limit:
            return None
        return f"coverage {percent:.1f} % is below {condition.limit:g} %"
    if condition.name == _EXCLUDED:
        what, where, which, count = "file", " left out by --exclude", "", excluded
    elif condition.name == Verdict.UNKNOWN.value:
        count = sum(n for (verdict, _), n in tallies.items() if verdict == condition.name)
        what = "undecided finding"
        where = ""
    else:
        floor = Severity(condition.name).rank
        count = sum(
            n
            for (verdict, severity), n in tallies.items()
            if verdict == Verdict.FAIL.value and Severity(severity).rank >= floor
        )
        what = "finding"
        where = f" at or above {condition.name}"
    if count <= condition.limit:
        return None
    plural = "" if count == 1 else "s"
    allowed = f", {condition.limit:g} allowed" if condition.limit else ""
    kind = f"{which} " if which else ""
    return f"{count} {kind}{what}{plural}{where}{allowed}"
