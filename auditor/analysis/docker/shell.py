"""What a shell line runs: programs with their arguments, and which feeds which.

::

    set -e; curl -s https://x.example/i.sh | sudo bash -s -- -y

    set   [-e]
    curl  [-s, https://x.example/i.sh]
    bash  [-s, --, -y]                      by sudo, and runs what curl gives

Not a shell: no variable is put in, and loops and conditions are only words that are passed over.
What stands in ``$( )``, in backticks and behind ``sh -c`` is a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.late import late

MOST_DEPTH: Final = 8
"""Lines within lines."""
MOST_COMMANDS: Final = 20_000
MOST_FEEDING: Final = 16
"""Programs of one pipe that are looked back at."""
_ENDS: Final = frozenset("\n;&()")
_BLANK: Final = frozenset(" \t\r")
_ASSIGNED: Final = late(r"[A-Za-z_][A-Za-z0-9_]*\+?=.*", re.DOTALL)
_KEYWORDS: Final = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "fi", "done", "esac"}
)
_BEFORE: Final = frozenset({"sudo", "env", "exec", "time", "nice", "nohup", "command", "doas"})
_TAKES_VALUE: Final = frozenset({"-u", "-g", "-n", "--user", "--group", "--unset"})
SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})


class Command(msgspec.Struct):
    """One program with its arguments, by whom it is run, and whose output it takes."""

    program: str
    arguments: list[str]
    by: list[str] = []
    takes: list[str] = []
    inner: list[str] = []


class _Line:
    """A line as it is cut into commands."""

    def __init__(self, text: str, depth: int) -> None:
        self._text = text.replace("\\\n", "")
        self._at = 0
        self._depth = depth
        self.found: list[Command] = []
        self._words: list[str] = []
        self._word: list[str] | None = None
        self._inner: list[str] = []
        self._feeding: list[str] = []

    def read(self) -> list[Command]:
        """Cut the whole line."""
        while self._at < len(self._text) and len(self.found) < MOST_COMMANDS:
            self._step(self._text[self._at])
        self._end(pipe=False)
        return self.found

    def _step(self, char: str) -> None:
        self._at += 1
        if char in _BLANK:
            self._end_word()
        elif char == "#" and self._word is None:
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        elif char == "|":
            doubled = self._text.startswith("|", self._at)
            self._at += doubled or self._text.startswith("&", self._at)
            self._end(pipe=not doubled)
        elif char in _ENDS and not (char == "&" and self._is_redirected()):
            self._end(pipe=False)
        elif char in "<>":
            self._redirect(char)
        else:
            self._add(self._piece(char))

    def _is_redirected(self) -> bool:
        """Whether an ampersand is part of ``2>&1`` or ``&>file``."""
        return self._text[self._at - 2 : self._at - 1] in {">", "<"} or self._text.startswith(
            ">", self._at
        )

    def _redirect(self, char: str) -> None:
        if self._text.startswith("(", self._at):
            self._at += 1
            self._add(self._substituted(")"))
            return
        self._end_word()
        while self._text.startswith((">", "<", "&", "|"), self._at):
            char += self._text[self._at]
            self._at += 1
        self._words.append(char)

    def _piece(self, char: str) -> str:
        if char == "'":
            return self._until("'")
        if char == '"':
            return self._double()
        if char == "`":
            return self._substituted("`")
        if char == "\\":
            self._at += 1
            return self._text[self._at - 1 : self._at]
        if char == "$" and self._text.startswith("(", self._at):
            self._at += 1
            return self._substituted(")")
        return char

    def _until(self, end: str) -> str:
        found = self._text.find(end, self._at)
        stop = len(self._text) if found < 0 else found
        start, self._at = self._at, stop + 1
        return self._text[start:stop]

    def _double(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == '"':
                break
            plain = char not in {"\\", "`", "$"}
            parts.append(char if plain else self._piece(char))
        return "".join(parts)

    def _substituted(self, end: str) -> str:
        """Read a line in a line: its commands, and its text as a part of the word."""
        start, depth = self._at, 1
        while self._at < len(self._text) and depth:
            char = self._text[self._at]
            self._at += 1
            if char == end:
                depth -= 1
            elif char == "(" and end == ")":
                depth += 1
        inside = self._text[start : self._at - (not depth)]
        for each in commands_of(inside, self._depth + 1):
            self._inner.append(each.program)
            self.found.append(each)
        return f"$({inside})"

    def _add(self, text: str) -> None:
        if self._word is None:
            self._word = []
        self._word.append(text)

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append("".join(self._word))
            self._word = None

    def _end(self, *, pipe: bool) -> None:
        self._end_word()
        command = _command(self._words)
        if command is not None:
            command.takes, command.inner = self._feeding, self._inner
            self.found.append(command)
            self.found += _inside(command, self._depth)
        if pipe and command is not None:
            self._feeding = [*self._feeding, command.program][-MOST_FEEDING:]
        elif not pipe:
            self._feeding = []
        self._words, self._inner = [], []


def _command(words: list[str]) -> Command | None:
    """Find the program behind assignments, keywords and those that run others."""
    by: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        name = word.rpartition("/")[2]
        if name in _BEFORE:
            by.append(name)
        elif by and word.startswith("-"):
            at += word in _TAKES_VALUE
        elif not (_ASSIGNED.fullmatch(word) or word in _KEYWORDS):
            return Command(name, words[at + 1 :], by)
        at += 1
    return Command(by[-1], [], by[:-1]) if by else None


def _inside(command: Command, depth: int) -> Iterator[Command]:
    """The commands of ``sh -c LINE``."""
    if command.program not in SHELLS:
        return
    for number, word in enumerate(command.arguments[:-1]):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c"):
            yield from commands_of(command.arguments[number + 1], depth + 1)
            return


def commands_of(text: str, depth: int = 0) -> list[Command]:
    """Cut a shell line, or a script, into its commands; nothing of what is nested too deeply."""
    return _Line(text, depth).read() if depth <= MOST_DEPTH else []


def command_of(words: list[str]) -> list[Command]:
    """Take a command that is written as a list, which no shell reads."""
    found = _command(words)
    return [] if found is None else [found, *_inside(found, 0)]
