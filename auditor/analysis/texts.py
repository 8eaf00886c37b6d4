"""Texts of objects that are documents themselves, and who reads them.

What derives facts has no parser of YAML of its own: the reader is an argument, and a function of a
module, so that a worker of its own process can have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec


class ReadFailure(msgspec.Struct, frozen=True):
    """Why a text is not valid YAML."""

    reason: str


ReadText: TypeAlias = Callable[[str], object]
"""Reads the first YAML document of a text, nulls kept, or says by a ReadFailure why it can't."""


def read_json(text: str) -> object:
    """Read a text that is JSON, where there is no reader of YAML."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return ReadFailure(str(error))
