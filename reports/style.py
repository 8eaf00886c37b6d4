"""How a report is to be written: for which kind of screen, or for a file."""

from __future__ import annotations

from typing import Final

import msgspec

_COLOURS = {
    "critical": "1;38;5;161",
    "high": "38;5;166",
    "medium": "38;5;178",
    "low": "38;5;74",
    "info": "2",
    "pass": "38;5;36",
    "fail": "1;38;5;161",
    "incomplete": "38;5;178",
    "unknown": "38;5;178",
    "dim": "2",
    "bold": "1",
}
_GLYPHS = {"fail": "✗ ", "pass": "✓ ", "incomplete": "? ", "unknown": "? "}


class Style(msgspec.Struct, frozen=True):
    """How a report is to be written.

    ``width`` in columns, None: never wrap, it is not a terminal; ``plain``: words only, no glyphs;
    ``everything``: all findings; ``passes``: also those that pass or do not apply, where the report
    lists them. ``by_object``: findings by whom they are about, not by rule. ``lines``: how many the
    first screen may have, None for any number.
    """

    width: int | None = None
    colour: bool = False
    plain: bool = False
    everything: bool = False
    passes: bool = False
    by_object: bool = False
    lines: int | None = None

    def paint(self, text: str, role: str) -> str:
        """Colour ``text`` for its role; colour never carries meaning alone."""
        if not self.colour or role not in _COLOURS:
            return text
        return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m"

    def glyph(self, role: str) -> str:
        """The sign of a role, nothing in plain mode."""
        return "" if self.plain else _GLYPHS.get(role, "")


FILE_STYLE: Final = Style(width=None, colour=False, plain=True, everything=True)
"""How what is in a bundle is written: for no screen, and all of it."""
