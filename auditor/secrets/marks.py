"""The marker that stands where a secret was."""

from __future__ import annotations

from typing import Final

from auditor.late import late

MARK: Final = "«redacted:"
"""How every marker begins."""


def marker(shape: str) -> str:
    """Name the text that stands for a secret of some shape."""
    return f"{MARK}{shape}»"


_WHOLE = late(f"{MARK}[a-z-]{{1,40}}»")


def has_marker(text: str) -> bool:
    """Whether a marker stands in a text; its beginning alone is none."""
    return MARK in text and _WHOLE.search(text) is not None


def is_marker(text: str) -> bool:
    """Whether a text is a marker and nothing else."""
    return _WHOLE.fullmatch(text) is not None
