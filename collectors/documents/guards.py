"""What is looked at before any parser: a parser may crash on what it is not made for."""

from __future__ import annotations

import enum
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Final

import msgspec

from auditor.model.enums import GapCause

MAX_DEPTH: Final = 256
"""Levels of nesting; the API server refuses far less, and libyaml's C stack is finite."""

MAX_NODES: Final = 250_000
"""Nodes of one file that aliases may add to those that are written in it."""


MAX_PARSED: Final = 8 << 20
"""Characters of one document that a YAML parser gets: it needs some fifty times that in memory."""

MAX_PLAIN: Final = 64 << 20
"""Characters of one document that is read line by line."""


class Limits(msgspec.Struct, frozen=True):
    """Bounds on one file. ``size`` in bytes."""

    size: int = 256 << 20


class Hints(msgspec.Struct, frozen=True):
    """What a person can do about a file that is too much, which depends on the tools of a platform.

    ``deep`` is said of nesting, ``long`` of a document, ``large`` of a whole file.
    """

    deep: str = "no configuration is that deep"
    long: str = "write it as JSON, or one object a document"
    large: str = "split it into several files"


class Excess(enum.Enum):
    """What a document has too much of: stands for one of :class:`Hints`."""

    DEPTH = "depth"
    LENGTH = "length"

    def hint(self, hints: Hints) -> str:
        """Return the hint that is about it."""
        match self:
            case Excess.DEPTH:
                return hints.deep
            case Excess.LENGTH:
                return hints.long


class Unreadable(Exception):  # noqa: N818 - not an error of ours: it becomes a gap
    """Why a file or a document can't be read, as a gap will say it.

    ``hint`` is a text, or an excess that a text is found for where the platform is known.
    ``kind`` is that of the resources that are missing, "" where they may be of any. ``pointer`` is
    where in its object the field stands that is wrong, "" where it is none in particular.
    """

    def __init__(
        self,
        cause: GapCause,
        detail: str,
        hint: str | Excess = "",
        line: int = 0,
        kind: str = "",
        pointer: str = "",
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.pointer = pointer
        self.cause = cause
        self.detail = detail
        self.hint = hint
        self.line = line

    def at(self, line: int) -> Unreadable:
        """The same, with its place."""
        self.line = line
        return self


class NotParsed(Unreadable):
    """That a text breaks the rules of YAML or of JSON: nobody knows what it was meant to say."""


_BRACKETS = re.compile(r"[\[\]{}]")
_RUN = re.compile(rf"(?:[-?:][ \t]+){{{MAX_DEPTH}}}")
_DEEP_INDENT = re.compile(rf"^ {{{MAX_DEPTH},}}[^ \n]", re.MULTILINE)
_INDENT = re.compile(r"^( *)(?=[^ \n#])", re.MULTILINE)


_NAMES = {"utf-8": "UTF-8", "utf-16": "UTF-16"}


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 that says so at its start, as kubectl reads it.

    Line ends of Windows become those of everybody else, as in every YAML scalar.

    Raises:
        Unreadable: another encoding, or a NUL.
    """
    encoding = "utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8"
    data = data.removeprefix(BOM_UTF8)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        detail = f"not {_NAMES[encoding]}: byte {error.start}"
        raise Unreadable(GapCause.MALFORMED, detail, "save the file as UTF-8", line) from error
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unreadable(GapCause.MALFORMED, "a NUL character", "is it a text file?", line)
    return text


def check_size(text: str, limit: int, line: int) -> None:
    """Refuse a document that would take too much memory.

    Raises:
        Unreadable: longer than ``limit`` characters.
    """
    if len(text) > limit:
        raise Unreadable(
            GapCause.TRUNCATED,
            f"a document of {len(text):,} characters, more than {limit:,}",
            Excess.LENGTH,
            line,
        )


def too_deep(line: int = 0) -> Unreadable:
    """What is said of nesting that no configuration has."""
    return Unreadable(
        GapCause.MALFORMED,
        f"nested deeper than {MAX_DEPTH} levels",
        Excess.DEPTH,
        line,
    )


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
                raise too_deep(text.count("\n", 0, match.start()) + 1)
            depth = max(depth, 0)
    run = _RUN.search(text)
    if run is not None:
        raise too_deep(text.count("\n", 0, run.start()) + 1)
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
            raise too_deep(text.count("\n", 0, match.start()) + 1)
