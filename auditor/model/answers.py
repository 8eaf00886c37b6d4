"""What people answered of controls: the entries of a file of answers, and what of them."""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from auditor.model.results_finding import Digest, says
from auditor.model.terms import TermState, state_on


class Answer(StrEnum):
    """What somebody says of a control."""

    MET = "met"
    NOT_MET = "not-met"
    NOT_APPLICABLE = "not-applicable"


class EvidenceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that somebody rests an answer on, as it was when the answers were read."""

    file: Annotated[str, says("Its path, as the answer names it.")]
    sha256: Digest
    size: Annotated[int, Meta(ge=0)]


class AnswerEntry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One answer; days are as 2026-11-30, and on the day of its end it counts no more.

    ``control`` is ``framework:id``; ``target`` is a glob of targets' URIs, "" for all of them.
    """

    control: str
    answer: Answer
    statement: str
    owner: str
    date: str
    expires: str
    target: str = ""
    evidence: EvidenceFile | None = None

    def state(self, day: str, soon: str) -> TermState:
        """Whether it counts on a day; ``soon`` is the day from whose eve on it is expiring."""
        return state_on(self.date, self.expires, day, soon)

    def fits(self, uri: str) -> bool:
        """Say whether it is about a target."""
        return not self.target or fnmatchcase(uri, self.target)

    def words(self) -> str:
        """Tell it in a line, as somebody's word."""
        shown = f" (evidence {self.evidence.file})" if self.evidence is not None else ""
        said = f"{self.answer.value}, says {self.owner} on {self.date}, until {self.expires}"
        return f"{said}: {self.statement}{shown}"


class AnswerResult(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the run, and what it came to."""

    control: str
    answer: Answer
    statement: str
    owner: str
    date: str
    expires: Annotated[str, says("The first day, in UTC, on which it does not count any more.")]
    target: Annotated[str, says("Which targets it is about, a glob; empty: all of them.")]
    state: Annotated[
        TermState, says("active; expiring, within 30 days; expired; pending, as it begins later.")
    ]
    targets: Annotated[int, says("Targets of the run that it is about.", ge=0)]
    decides: Annotated[
        int,
        says(
            "Targets whose state rests on it: rules or an earlier answer decide the others.",
            ge=0,
        ),
    ]
    evidence: EvidenceFile | UnsetType = UNSET
