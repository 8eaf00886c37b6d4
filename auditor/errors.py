"""The whole exception tree.

::

    AuditorError                      everything this program raises on purpose; carries a hint
    ├── UsageError                    a wrong option, target or parameter            exit 2
    ├── PolicyError                   one malformed rule, control or profile file    exit 2
    ├── PolicyErrors                  all of them, collected before the program stops
    ├── CollectionError               a whole target could not be read                exit 3
    ├── RenderError                   a report could not be written                 exit 2
    ├── CacheError                    others could write to the cache: go on without it
    └── IntegrityError                a digest or a signature does not match        exit 4

Part of a target that could not be read is a :class:`auditor.model.Gap`, and a rule that could not
decide is a finding with verdict ``unknown``: errors are for what stops us, values for what we
report.
"""

from __future__ import annotations

import msgspec


class AuditorError(Exception):
    """Base of all errors raised on purpose; ``hint`` says what a person can do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AuditorError):
    """The command line, or a file it names, asks for something that does not exist."""


class Location(msgspec.Struct, frozen=True, order=True):
    """A place in a policy file: 1-based line and column, 0 when the place is the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class PolicyError(AuditorError):
    """One thing wrong with one policy file, with its place and perhaps a caret excerpt."""

    def __init__(
        self, message: str, *, location: Location, hint: str = "", excerpt: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.location = location
        self.excerpt = excerpt

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


class PolicyErrors(AuditorError):  # noqa: N818 - the plural says what it is
    """Every error of a policy load, in file order: nobody fixes them one run at a time.

    ``what`` is what they are in.
    """

    def __init__(self, errors: tuple[PolicyError, ...], what: str = "the policy files") -> None:
        count = len(errors)
        super().__init__(f"{count} error{'s' if count != 1 else ''} in {what}")
        self.errors = tuple(sorted(errors, key=lambda error: (error.location, error.message)))


class CollectionError(AuditorError):
    """A whole target could not be read.

    ``diagnostics`` is what another program said of it. It is shown to whoever asks, and kept in no
    result: its secrets are redacted as far as they can be known.
    """

    def __init__(self, message: str, *, hint: str = "", diagnostics: str = "") -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = diagnostics


class BrokenError(CollectionError):
    """A bug of ours kept a whole target from being read; it was diagnostics in full then."""


class RenderError(AuditorError):
    """A report could not be produced or written."""


class CacheError(AuditorError):
    """What was cached may be somebody else's doing: the run goes on without it, and says so."""


class IntegrityError(AuditorError):
    """A digest or a signature does not match what it covers, or what is read is none of ours."""

    def __init__(
        self, message: str, *, hint: str = "it was changed, or auditor did not write it"
    ) -> None:
        super().__init__(message, hint=hint)
