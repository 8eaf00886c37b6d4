"""What people answered of controls: how much rests on their word, and what needs a look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UnsetType

from auditor.model.answers import AnswerResult
from auditor.model.finding import Report
from auditor.model.terms import TermState
from reports.style import Style
from reports.text import safe, wrap

_SHOWN: Final = 6
MOST: Final = 100
"""Answers that are told by formats for which they are lines among others."""
_LONGEST: Final = 500
"""Characters of an answer there."""


def summary(report: Report) -> str:
    """Say how many answers there are, and how many of them a control rests on."""
    found = report.answers or ()
    used = sum(1 for each in found if each.decides)
    noun = "answer" if len(found) == 1 else "answers"
    verb = "decides" if used == 1 else "decide"
    return f"{used} of {len(found)} {noun} {verb} a control, by a person's word"


def notices(answer: AnswerResult) -> Iterator[str]:
    """Say what of an answer a person should look at."""
    start = f"{answer.control} of {answer.owner}"
    if not answer.targets:
        yield f"{start}: no control of this run that it is about"
        return
    match answer.state:
        case TermState.EXPIRED:
            yield f"{start}: ended on {answer.expires}, and counts no more"
        case TermState.EXPIRING:
            yield f"{start}: ends on {answer.expires}"
        case TermState.PENDING:
            yield f"{start}: begins on {answer.date}, and does not count yet"
        case TermState.ACTIVE:
            pass
    if answer.state in {TermState.ACTIVE, TermState.EXPIRING} and not answer.decides:
        yield f"{start}: {answer.answer.value}, but rules or an earlier answer decide"


def words(answer: AnswerResult) -> str:
    """Tell an answer in a line, with the digest of its evidence."""
    said = f"{answer.answer.value}: {answer.statement} ({answer.owner}, {answer.date})"
    if isinstance(answer.evidence, UnsetType):
        return said
    return f"{said}; evidence {answer.evidence.file} {answer.evidence.sha256}"


def told(answer: AnswerResult) -> str:
    """Tell in a line of which control somebody said what, and whether their word counts."""
    about = f" of {answer.target}" if answer.target else ""
    term = f"{answer.state.value}, until {answer.expires}"
    return safe(f"{answer.control}{about}: by a person's word, {term}: {words(answer)}")


def lines(report: Report) -> Iterator[str]:
    """Tell each answer, and what of it needs a look."""
    for each in report.answers or ():
        yield told(each)
        yield from (safe(f"look at {notice}") for notice in notices(each))


def brief(report: Report) -> Iterator[str]:
    """Tell how much rests on answers, and each of the first ones in a bounded line."""
    if report.answers is None:
        return
    yield f"answers: {summary(report)}"
    for each in report.answers[:MOST]:
        for line in (told(each), *(safe(f"look at {notice}") for notice in notices(each))):
            yield line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
    left = len(report.answers) - MOST
    if left > 0:
        yield f"{left} answers are left out here: all are in the report of format json"


def section(report: Report, style: Style, *, short: bool) -> Iterator[str]:
    """Tell on a screen how much rests on answers, and which need a person's look."""
    if report.answers is None:
        return
    yield ""
    yield style.paint("Answers", "bold")
    yield from wrap(summary(report), style.width, "  ")
    found = [line for each in report.answers for line in notices(each)]
    shown = found[:_SHOWN] if short else found
    for line in shown:
        yield from wrap(safe(line), style.width, "  ")
    if len(found) > len(shown):
        more = f"and {len(found) - len(shown)} more to look at: --all lists them"
        yield from wrap(more, style.width, "  ")
