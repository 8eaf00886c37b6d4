"""A command in one text, cut into words as Compose cuts it: no shell reads it."""

from __future__ import annotations

from typing import Final

from auditor.late import late

_OPEN: Final = late(r"\{\{ [^{}]* \}\}")
_SPACES: Final = " \t\r\n"
_END: Final = ";&|<>"


def words_of(text: str) -> list[str]:
    """Cut a command into words; one that can't be cut is a word as a whole.

    What stands behind ``;``, ``&``, ``|``, ``<`` or ``>`` outside of quotes is lost, since it is
    to Compose. A value that nobody gave is not cut.
    """
    words: list[str] = []
    word: list[str] = []
    quote, started, at = "", False, 0
    while at < len(text):
        char = text[at]
        hole = _OPEN.match(text, at) if char == "{" else None
        if hole is not None:
            word.append(hole[0])
            started = True
            at = hole.end()
            continue
        at += 1
        if char == "\\" and quote != "'":
            if at == len(text):
                return [text]
            word.append(text[at])
            started = True
            at += 1
        elif char in _SPACES and not quote:
            if started:
                words.append("".join(word))
            word, started = [], False
        elif char in "\"'" and quote in ("", char):
            started = started or bool(quote)
            quote = "" if quote else char
        elif char in _END and not quote:
            break
        else:
            word.append(char)
            started = True
    if quote:
        return [text]
    return [*words, "".join(word)] if started else words
