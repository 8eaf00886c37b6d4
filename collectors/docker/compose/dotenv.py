r"""Files of variables, ``.env`` and ``env_file``, as Compose reads them.

::

    A=1                 export B=2            C: also with a colon
    D=$A                E='$A as it is'       F="two\nlines, with $A"
    G=x #comment        H=x#none              I              (the caller's, so it is open)
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from auditor.late import late
from collectors.docker.compose.interpolation import Interpolation, Lookup, open_value
from collectors.docker.compose.nodes import NotResolved

_EXPORT: Final = late(r"export\s+")
_SPACES: Final = "\t\v\f\r \x85\xa0"
_KEY: Final = late(r"[^=:\n]*")
_ALLOWED: Final = late(rf"[\w.\-\[\]{re.escape(_SPACES)}]*")
_ESCAPES: Final = late(r"\\(?:[abcfnrtv$\"\\]|0\d{0,3})")
_MEANING: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"',
    "\\": "\\", "$": "$$",
}  # fmt: skip


class Entry(msgspec.Struct, frozen=True):
    """The value of one variable, and its line."""

    value: str
    line: int


class _File:
    """Reads one file from its beginning to its end."""

    def __init__(self, text: str, interpolation: Interpolation) -> None:
        self._text = text
        self._at = 0
        self._interpolation = interpolation

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def read(self, before: dict[str, Entry], outer: Lookup) -> None:
        """Add its variables to those that were read before, which it may name."""

        def lookup(name: str) -> str | None:
            found = outer(name)
            if found is not None or name not in before:
                return found
            return before[name].value

        while self._next():
            line = self._line()
            key, is_alone = self._key()
            if " " in key:
                raise NotResolved("a variable's name has no space", ("", line))
            if is_alone:
                found = outer(key)
                before[key] = Entry(open_value(key) if found is None else found, line)
            else:
                before[key] = Entry(self._value(lookup), line)

    def _next(self) -> bool:
        """Go to the next entry; whether there is one."""
        text = self._text
        while self._at < len(text):
            if text[self._at].isspace():
                self._at += 1
            elif text[self._at] == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            else:
                return True
        return False

    def _key(self) -> tuple[str, bool]:
        """The name at hand, and whether it has no value; what follows is its value then."""
        export = _EXPORT.match(self._text, self._at)
        if export is not None:
            self._at = export.end()
        match = _KEY.match(self._text, self._at)
        key = match[0] if match is not None else ""
        if _ALLOWED.fullmatch(key) is None:
            raise NotResolved("not a valid name of a variable", ("", self._line()))
        end = self._at + len(key)
        if end == len(self._text):
            # no line end, and no value: Compose takes it for a name without one
            self._at = end
            return key.rstrip(), True
        is_alone = self._text[end] == "\n"
        self._at = end + 1
        if not is_alone:
            rest = self._text[self._at :]
            self._at += len(rest) - len(rest.lstrip(_SPACES))
        return key.rstrip(), is_alone

    def _value(self, lookup: Lookup) -> str:
        text = self._text
        quote = text[self._at : self._at + 1]
        if quote in ("'", '"') and quote:
            return self._quoted(quote, lookup)
        end = text.find("\n", self._at)
        end = len(text) if end < 0 else end
        raw = text[self._at : end]
        self._at = end
        return self._interpolation.text(raw.partition(" #")[0].rstrip(), lookup)

    def _quoted(self, quote: str, lookup: Lookup) -> str:
        line = self._line()
        made: list[str] = []
        at = self._at + 1
        while at < len(self._text):
            char = self._text[at]
            if char == quote:
                self._at = at + 1
                value = "".join(made)
                if quote == "'":
                    return value
                return self._interpolation.text(_ESCAPES.sub(_escaped, value), lookup)
            if char == "\\" and at + 1 < len(self._text):
                following = self._text[at + 1]
                made.append(following if following == quote else f"\\{following}")
                at += 2
            else:
                made.append(char)
                at += 1
        raise NotResolved("a quoted value does not end", ("", line))


def _escaped(match: re.Match[str]) -> str:
    text = match[0][1:]
    if text[0] == "0":
        digits = text[1:]
        is_octal = len(digits) == 3 and set(digits) <= set("01234567") and int(digits, 8) < 256
        return chr(int(digits, 8)) if is_octal else match[0].replace("\\0", "\\", 1)
    return _MEANING.get(text, match[0])


def read_variables(
    text: str, before: dict[str, Entry], outer: Lookup, interpolation: Interpolation
) -> None:
    """Read a file of variables into those of the files before it; ``outer`` ones count first.

    Raises:
        NotResolved: it is not as Compose reads such files; its line is that of the file.
    """
    _File(text.removeprefix("\ufeff"), interpolation).read(before, outer)
