"""What people answered of controls: their word, until when it counts, and what needs a look."""

from __future__ import annotations

from typing import Any, Final

from auditor.model.answers import AnswerResult
from auditor.model.finding import Report
from reports import answers
from reports.html.findings import Groups
from reports.html.words import cut, more
from reports.text import safe

MOST: Final = 200


def made(report: Report, _: Groups) -> dict[str, Any] | None:
    """List the answers of the run; None where it had no file of them."""
    if report.answers is None:
        return None
    return {
        "summary": answers.summary(report),
        "rows": [_row(each) for each in report.answers[:MOST]],
        "more": more(len(report.answers) - MOST, "answer"),
    }


def _row(answer: AnswerResult) -> dict[str, str]:
    return {
        "control": safe(answer.control),
        "state": answer.state.value,
        "target": safe(answer.target) or "all",
        "words": cut(answers.words(answer)),
        "expires": safe(answer.expires),
        "notice": cut("; ".join(answers.notices(answer))),
    }
