"""The words of lines that a script prints on another machine, read strictly.

A text is one word: a dot, then base64, so that no name of a file can end a word or a line.
"""

from __future__ import annotations

import base64
import os
from typing import Final

from auditor.late import late

_NUMBER: Final = late(r"[0-9]{1,20}")


def number_of(word: str) -> int:
    """Read a number.

    Raises:
        ValueError: it is none.
    """
    if not _NUMBER.fullmatch(word):
        raise ValueError(word)
    return int(word)


def decoded(word: str) -> bytes:
    """Read a text.

    Raises:
        ValueError: it is none (``binascii.Error`` is one).
    """
    if not word.startswith("."):
        raise ValueError(word)
    return base64.b64decode(word[1:], validate=True)


def path_of(word: str) -> str:
    """Read a path, whose bytes need not be text.

    Raises:
        ValueError: it is none.
    """
    return os.fsdecode(decoded(word))
