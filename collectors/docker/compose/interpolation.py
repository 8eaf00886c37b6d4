"""Variables in texts, with all operators of Compose, and with what nobody gave them left open.

::

    $A ${A}        the value          ${A:-x} ${A-x}    x where it is unset (or empty, with :)
    $$             a dollar           ${A:+x} ${A+x}    x where it is set (and not empty, with :)
    ${A:-${B}}     may be nested      ${A:?x} ${A?x}    Compose stops with x where it is unset

Compose takes the environment of whoever calls it into account, and we never do: what ``.env`` does
not give, and no operator stands in for, is *open*. Compose would make an empty text of it where
nobody sets it either, so that ``${PRIVILEGED}`` could be anything. It becomes ``{{ PRIVILEGED }}``,
which rules take for what it is: a value that is not known (:mod:`auditor.engine.templates`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from auditor.late import late
from collectors.docker.compose.nodes import NotResolved

MOST_DEPTH: Final = 32
"""Defaults within defaults."""
MOST_TEXT: Final = 1 << 20
"""Characters that one text may come to, as one that repeats itself does."""
MOST_IN_ALL: Final = 16 << 20
"""Characters that all texts of a project may come to."""

_BEGIN: Final = late(
    r"\$(?:(?P<escaped>\$)|(?P<named>[_a-z][_a-z0-9]*)"
    r"|\{(?:(?P<braced>[_a-z][_a-z0-9]*)(?:(?P<end>\})|(?P<operator>:?[-+?]))|(?P<invalid>)))",
    re.IGNORECASE,
)
_OPEN: Final = late(r"\{\{ ([^{}]*) \}\}")

Lookup = Callable[[str], str | None]
"""The value of a variable, None where it is not set."""


def open_value(name: str) -> str:
    """Write a value that nobody gave."""
    return f"{{{{ {name} }}}}"


def is_open(text: object) -> bool:
    """Return whether there is something in a text that nobody gave."""
    return isinstance(text, str) and "{{" in text and _OPEN.search(text) is not None


def _as_it_is(name: str, value: str) -> str:
    del name
    return value


class Interpolation:
    """Puts the variables of one project into its texts.

    ``unset`` says what stands for one that nobody gave, ``hide`` what of a value is put in, by its
    name; ``missing`` are those that Compose asks for, each with what it says then.
    """

    def __init__(
        self,
        unset: Callable[[str], str] = open_value,
        hide: Callable[[str, str], str] = _as_it_is,
    ) -> None:
        self._unset = unset
        self._hide = hide
        self._left = MOST_IN_ALL
        self.missing: dict[str, str] = {}

    def text(self, template: str, lookup: Lookup) -> str:
        """Put variables into a text.

        Raises:
            NotResolved: it is not as Compose writes them, or comes to too much.
        """
        return self._text(template, lookup, 0) if "$" in template else template

    def _text(self, template: str, lookup: Lookup, depth: int) -> str:
        if depth > MOST_DEPTH:
            raise NotResolved(f"variables are nested deeper than {MOST_DEPTH} levels")
        parts: list[str] = []
        at, size = 0, 0
        while True:
            start = template.find("$", at)
            if start < 0:
                parts.append(template[at:])
                break
            value, after = self._variable(template, start, lookup, depth)
            parts += (template[at:start], value)
            size += len(value)
            if size > MOST_TEXT:
                raise NotResolved(f"variables make a text of more than {MOST_TEXT:,} characters")
            at = after
        made = "".join(parts)
        self._left -= len(made)
        if self._left < 0:
            raise NotResolved(f"variables make more than {MOST_IN_ALL:,} characters in all")
        return made

    def _variable(self, template: str, start: int, lookup: Lookup, depth: int) -> tuple[str, int]:
        """The value of the variable at a dollar, and where it ends."""
        match = _BEGIN.match(template, start)
        if match is None:
            return "$", start + 1
        if match["escaped"]:
            return "$", match.end()
        name = match["named"] or (match["braced"] if match["end"] else "")
        if name:
            found = lookup(name)
            value = self._unset(name) if found is None else self._hide(name, found)
            return value, match.end()
        last = _last_brace(template, match.end()) if match["operator"] else -1
        if last < 0:
            text = template if len(template) < _SHOWN else f"{template[:_SHOWN]}…"
            raise NotResolved(f"not a valid variable: {text}", hint="write $$ for a dollar sign")
        end = _closing(template, start, last)
        word = template[match.end() : end]
        return self._operated(match["braced"], match["operator"], word, lookup, depth), end + 1

    def _operated(self, name: str, operator: str, word: str, lookup: Lookup, depth: int) -> str:
        """The value of a variable with an operator and its word."""
        found = lookup(name)
        is_given = found is not None and (found != "" or not operator.startswith(":"))
        value = self._unset(name) if found is None else self._hide(name, found)
        match operator[-1]:
            case "-":
                return value if is_given else self._text(word, lookup, depth + 1)
            case "+":
                return self._text(word, lookup, depth + 1) if is_given else value
            case _:
                if is_given:
                    return value
                self.missing.setdefault(name, self._text(word, lookup, depth + 1))
                return self._unset(name)


_SHOWN: Final = 80


def _last_brace(template: str, start: int) -> int:
    """Where the last closing brace of a line is, -1 where there is none."""
    line_end = template.find("\n", start)
    return template.rfind("}", start, len(template) if line_end < 0 else line_end)


def _closing(template: str, start: int, last: int) -> int:
    """Where the brace is that closes the one behind a dollar, as Compose counts them.

    What stands right behind an opening brace is not looked at. ``last`` where none closes it.
    """
    depth, at = 0, start
    while at <= last:
        if template[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        elif template[at] == "{":
            depth += 1
            at += 1
        at += 1
    return last
