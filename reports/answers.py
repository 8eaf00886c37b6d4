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


def summary(report: Report) -> str:
    """Say how many answers there are, and how many of them a control rests on."""
    found = report.answers or ()
    used = sum(1 for each in found if each.decides)
    noun = "answer" if len(found) == 1 else "answers"
    return f"{used} of {len(found)} {noun} decide a control, by a person's word"


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


def lines(report: Report) -> Iterator[str]:
    """Tell each answer, and what of it needs a look."""
    for each in report.answers or ():
        yield safe(f"{each.control} {each.state.value}: {words(each)}")
        yield from (safe(f"look at {notice}") for notice in notices(each))


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
