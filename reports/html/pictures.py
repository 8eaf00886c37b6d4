"""What the pictures of the page have in common: labels on the left, heads above, cells between."""

from __future__ import annotations

from typing import Any, Final

from reports.text import cells

LEFT: Final = 330
"""Where cells begin, in pixels, when labels are as long as they may be."""
_CHARACTER: Final = 7.2
"""How wide a character of 12 pixels is."""
_BEHIND: Final = 16


def narrowed(picture: dict[str, Any]) -> dict[str, Any]:
    """The same picture without the room that its labels do not need, so that more fits a screen."""
    longest = max((cells(row["text"]) for row in picture["rows"]), default=0)
    less = max(0, LEFT - _BEHIND - int(longest * _CHARACTER))

    def moved(each: dict[str, Any]) -> dict[str, Any]:
        return {**each, "x": each["x"] - less}

    return {
        **picture,
        "width": picture["width"] - less,
        "groups": [moved(each) for each in picture["groups"]],
        "heads": [moved(each) for each in picture["heads"]],
        "rows": [
            {**row, "cells": [moved(each) for each in row["cells"]]} for row in picture["rows"]
        ],
    }
