"""Lines put together to instructions: continuations, comments, heredocs, directives.

::

    # escape=`                         a directive: only before everything else
    RUN apt-get update && `
        # a comment, left out
        apt-get install -y curl        one instruction, of lines 2 to 4
    COPY <<EOF <<END /etc/             two texts, one below the other
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.enums import GapCause
from collectors.docker.dockerfile.faults import MOST_INSTRUCTIONS, MOST_LINE, Budget, NotBuiltError
from collectors.docker.dockerfile.instructions import (
    Heredoc,
    Instruction,
    checked,
    instruction_of,
)
from collectors.docker.dockerfile.words import NONE, SPACES, Lexer

_DIRECTIVE: Final = late(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})
_HEREDOC: Final = late(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)")
_WITH_HEREDOCS: Final = frozenset({"ADD", "COPY", "RUN"})
_TABS: Final = late(r"^\t+", re.MULTILINE)


class Parsed(msgspec.Struct, frozen=True):
    """The instructions of a file; ``syntax`` is the frontend that it asks for, "" where none."""

    instructions: tuple[Instruction, ...]
    escape: str
    syntax: str


class _Directives:
    """What stands in comments before everything else."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.continued = _continued("\\")
        self._done = False

    @property
    def escape(self) -> str:
        """The character that escapes, and that continues a line."""
        return self.found.get("escape", "\\")

    def look_at(self, line: str) -> None:
        """Take a line as a directive, where it is one.

        Raises:
            NotBuiltError: it stands twice, or the escape can't be this one.
        """
        if self._done:
            return
        text = line[1:].lstrip(SPACES) if line.startswith("#") else ""
        match = _DIRECTIVE.fullmatch(text)
        name = match[1].lower() if match is not None else ""
        if match is None or name not in _DIRECTIVES:
            self._done = True
            return
        if name in self.found:
            raise NotBuiltError(f"the directive {name} stands twice")
        self.found[name] = match[2]
        if name == "escape":
            if match[2] not in {"\\", "`"}:
                raise NotBuiltError("the escape is neither a backslash nor a backtick")
            self.continued = _continued(match[2])


def _continued(escape: str) -> re.Pattern[str]:
    one = re.escape(escape)
    return re.compile(rf"(?:(?<=[^{one}])|^){one}[ \t]*\Z")


def parsed(text: str, budget: Budget) -> Parsed:
    """Read the text of a file.

    Raises:
        NotBuiltError: BuildKit refuses it, with the line.
    """
    reader = _Reader(text, budget)
    found = tuple(islice(reader.instructions(), MOST_INSTRUCTIONS + 1))
    if len(found) > MOST_INSTRUCTIONS:
        detail = f"more than {MOST_INSTRUCTIONS:,} instructions"
        raise NotBuiltError(detail, found[-1].line, cause=GapCause.TRUNCATED)
    if not found:
        raise NotBuiltError("there is no instruction in it")
    directives = reader.directives
    return Parsed(found, directives.escape, directives.found.get("syntax", ""))


class _Reader:
    """Goes through the lines of one file."""

    def __init__(self, text: str, budget: Budget) -> None:
        self.directives = _Directives()
        self._lines = text.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self._at = 0
        self._budget = budget

    def instructions(self) -> Iterator[Instruction]:
        """Yield one instruction after the other."""
        while self._at < len(self._lines):
            start = self._at + 1
            try:
                line = self._logical()
                if line is None:
                    continue
                found = instruction_of(line, self.directives.escape)
                found.line = start
                if _may_have_heredocs(found) and "<<" in line:
                    found.heredocs = [self._below(each) for each in self._heredocs(line)]
                found.end = self._at
                yield checked(found)
            except NotBuiltError as error:
                raise error.at(start) from None

    def _take(self) -> str:
        line = self._lines[self._at]
        self._at += 1
        if (
            len(line) >= MOST_LINE // 4
            and len(line.encode("utf-8", "surrogateescape")) >= MOST_LINE
        ):
            detail = f"a line of more than {MOST_LINE:,} bytes"
            raise NotBuiltError(detail, self._at, cause=GapCause.TRUNCATED)
        return line

    def _logical(self) -> str | None:
        """Put a line and those that continue it together; None for what is no instruction."""
        line = self._take().rstrip("\r").lstrip(SPACES)
        self.directives.look_at(line)
        if not line or line.startswith("#"):
            return None
        parts: list[str] = []
        line, ended = self._cut(line)
        parts.append(line)
        while not ended and self._at < len(self._lines):
            line = self._take().rstrip("\r")
            start = line.lstrip(SPACES)
            if not start or start.startswith("#"):
                continue
            line, ended = self._cut(line)
            parts.append(line)
        return "".join(parts)

    def _cut(self, line: str) -> tuple[str, bool]:
        match = self.directives.continued.search(line)
        return (line, True) if match is None else (line[: match.start()], False)

    def _heredocs(self, line: str) -> list[Heredoc]:
        lexer = Lexer(self._budget, raw_quotes=True, raw_escapes=True, keep_unset=True)
        try:
            words = lexer.words(line, NONE)
        except NotBuiltError as error:
            if error.cause is GapCause.TRUNCATED:
                raise
            return []
        found = (heredoc_of(word, self._budget) for word in words)
        return [each for each in found if each is not None]

    def _below(self, heredoc: Heredoc) -> Heredoc:
        """Read the text of a heredoc to its end."""
        start, lines = self._at, list[str]()
        while self._at < len(self._lines):
            line = self._take()
            end = line.rstrip("\r")
            if (end.lstrip("\t") if heredoc.chomp else end) == heredoc.name:
                content = "".join(f"{each}\n" for each in lines)
                return msgspec.structs.replace(heredoc, content=content)
            lines.append(line)
        raise NotBuiltError(f"the heredoc {heredoc.name} has no end", start)


def heredoc_of(word: str, budget: Budget) -> Heredoc | None:
    """Read what begins a heredoc; None for any other word.

    Raises:
        NotBuiltError: its quotes have no end.
    """
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[3]:
        return None
    words = Lexer(budget, keep_unset=True).words(match[3], NONE)
    if len(words) != 1:
        return None
    raw = Lexer(budget, raw_quotes=True, keep_unset=True).words(match[3], NONE)
    if len(raw) != 1:
        raise NotBuiltError(f"the heredoc {match[3]} can't be read")
    return Heredoc(words[0], _quotes(words[0]) == _quotes(raw[0]), bool(match[2]))


def without_tabs(text: str) -> str:
    """Take the tabs away that lines of a heredoc begin with."""
    return _TABS.sub("", text)


def _quotes(word: str) -> int:
    return word.count("'") + word.count('"')


def _may_have_heredocs(found: Instruction) -> bool:
    if found.keyword != "ONBUILD":
        return found.keyword in _WITH_HEREDOCS and not found.is_json
    words = found.words[0].split(maxsplit=1) if found.words else []
    is_json = len(words) > 1 and words[1].startswith("[")
    return bool(words) and words[0].upper() in _WITH_HEREDOCS and not is_json
