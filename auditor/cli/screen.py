"""What kind of screen there is, and progress on it."""

from __future__ import annotations

import sys
from typing import TextIO

from auditor.config import Config
from reports.style import Style
from reports.text import cells, safe, wrap

NARROWEST = 20
FIRST_SCREEN = 60
"""Lines on a terminal; who pipes the screen somewhere else reads on."""


def style_of(stream: TextIO, config: Config, *, plain: bool, colour: str) -> Style:
    """Look at a stream once. ``colour`` is auto, always or never."""
    terminal = stream.isatty()
    width = _columns() if terminal else None
    if colour == "auto":
        painted = terminal if config.colour is None else config.colour
    else:
        painted = colour == "always"
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    words = plain or not encoding.startswith("utf")
    return Style(width, painted and not plain, words, lines=FIRST_SCREEN if terminal else None)


def _columns() -> int:
    import shutil

    return max(shutil.get_terminal_size().columns, NARROWEST)


class Progress:
    """Progress on standard error: numbers, so that a log shows them as well as a screen.

    ``mode`` is auto (only on a terminal), plain (a line each), json (an object each) or none.
    """

    def __init__(self, mode: str, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._mode = mode
        self._live = mode == "auto" and self._stream.isatty()
        self._drawn = 0

    def __call__(self, target: str, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` parts of a target are finished."""
        if self._mode == "json":
            import json

            record = {"target": target, "done": done, "total": total}
            self._stream.write(json.dumps(record) + "\n")
        elif self._mode == "plain":
            self._stream.write(f"{safe(target)}: {done}/{total} parts\n")
        elif self._live:
            room = _columns() - 1
            text = next(wrap(f"{done}/{total} parts of {safe(target)}", room, ""))
            self._stream.write("\r" + text + " " * (self._drawn - cells(text)))
            self._drawn = cells(text)
        self._stream.flush()

    def end(self) -> None:
        """Take the progress line away."""
        if self._live and self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._stream.flush()
            self._drawn = 0
