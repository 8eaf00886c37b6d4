"""All functions that an expression may call, by name."""

from __future__ import annotations

from auditor.cel.functions import Library
from auditor.cel.stdlib import STDLIB


def standard_library() -> Library:
    """The standard functions and all extensions."""
    return STDLIB
