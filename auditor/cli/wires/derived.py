"""The analyses, with the reader of texts that stand inside of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.analysis.analyses import Table
from auditor.analysis.table import analyses

if TYPE_CHECKING:
    from auditor.analysis.network.questions import Question


def read_text(text: str) -> object:
    """Read a text as YAML, as kubectl does; a ReadFailure of the analyses says why not."""
    from auditor.analysis.texts import ReadFailure
    from collectors.documents.guards import Unreadable
    from collectors.documents.values import value_of

    try:
        return value_of(text)
    except Unreadable as error:
        return ReadFailure(error.detail)


def asking(asked: tuple[Question, ...]) -> Table:
    """The analyses, with questions about what can reach what."""
    return analyses(read_text, asked)
