"""What is looked at before any parser: a parser may crash on what it is not made for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from auditor.model.enums import GapCause

MAX_DEPTH: Final = 256
"""Levels of nesting; the API server refuses far less, and libyaml's C stack is finite."""

MAX_NODES: Final = 2_000_000
"""Nodes of one file after aliases are expanded."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file. ``size`` in bytes."""

    size: int = 256 << 20


class Unreadable(Exception):  # noqa: N818 - not an error of ours: it becomes a gap
    """Why a file or a document can't be read, as a gap will say it."""

    def __init__(self, cause: GapCause, detail: str, hint: str = "", line: int = 0) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.hint = hint
        self.line = line


_BRACKETS = re.compile(r"[\[\]{}]")
_RUN = re.compile(rf"(?:[-?:][ \t]+){{{MAX_DEPTH}}}")
_DEEP_INDENT = re.compile(rf"^ {{{MAX_DEPTH},}}[^ \n]", re.MULTILINE)
_INDENT = re.compile(r"^( *)(?=[^ \n#])", re.MULTILINE)


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, with or without a byte order mark.

    Raises:
        Unreadable: another encoding, or a NUL.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(GapCause.MALFORMED, "UTF-16 text", "save the file as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            GapCause.MALFORMED, f"not UTF-8: byte {error.start}", "save the file as UTF-8", line
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unreadable(GapCause.MALFORMED, "a NUL character", "is it a text file?", line)
    return text


def check_depth(text: str) -> None:
    """Refuse nesting that a parser might not survive.

    Counting brackets in the raw text also counts those in strings: a string with hundreds of
    unclosed brackets is refused too.

    Raises:
        Unreadable: nested too deeply.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH:
        depth = 0
        for match in _BRACKETS.finditer(text):
            depth += 1 if match[0] in "[{" else -1
            if depth > MAX_DEPTH:
                raise _too_deep(text.count("\n", 0, match.start()) + 1)
            depth = max(depth, 0)
    run = _RUN.search(text)
    if run is not None:
        raise _too_deep(text.count("\n", 0, run.start()) + 1)
    if _DEEP_INDENT.search(text):
        _check_indentation(text)


def _check_indentation(text: str) -> None:
    levels: list[int] = []
    for match in _INDENT.finditer(text):
        indent = match.end() - match.start()
        while levels and levels[-1] >= indent:
            levels.pop()
        levels.append(indent)
        if len(levels) > MAX_DEPTH:
            raise _too_deep(text.count("\n", 0, match.start()) + 1)


def _too_deep(line: int) -> Unreadable:
    return Unreadable(
        GapCause.MALFORMED, f"nested deeper than {MAX_DEPTH} levels", "no object is that deep", line
    )
