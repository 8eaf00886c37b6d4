"""Exit codes, documented in docs/usage.md; those of a gate's decision are in the engine."""

from __future__ import annotations

from typing import Final

from auditor.errors import AuditorError, CollectionError, IntegrityError

USAGE: Final = 2
INCOMPLETE: Final = 3
INTEGRITY: Final = 4
INTERNAL: Final = 70
INTERRUPTED: Final = 130


def exit_code_of(error: AuditorError) -> int:
    """The exit code of an error that ends the run."""
    if isinstance(error, CollectionError):
        return INCOMPLETE
    if isinstance(error, IntegrityError):
        return INTEGRITY
    return USAGE
