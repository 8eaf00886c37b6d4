"""How a program written in Go takes fields of its own out of JSON.

A field is found whatever its case (``timeslicing`` for ``timeSlicing``), and null is as if it were
not there. Where a program takes a value apart by itself, neither holds; see :mod:`plugin_config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

_FOLDED: Final = str.maketrans({"\u017f": "s", "\u212a": "k"})
"""The two letters outside of ASCII that Go folds to letters in it."""


class Refused(Exception):  # noqa: N818 - the plugin's answer, not an error of ours
    """The plugin does not start with this; ``stage`` is how far it came.

    The stages: "command line" (it has not looked at the file), "parse", "start".
    """

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason)
        self.stage = stage
        self.reason = reason


class Refusal(msgspec.Struct, frozen=True):
    """Why the plugin does not start, and how far it came."""

    stage: str
    reason: str


def unreadable(reason: str) -> Refused:
    """Make the answer to a file that can't be parsed."""
    return Refused("parse", reason)


def mapping(value: object, what: str) -> Mapping[str, object]:
    """Take a value as an object; null is an empty one.

    Raises:
        Refused: it is of another type.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise unreadable(f"{what} is not an object")
    return value


def items(value: object, what: str) -> list[object]:
    """Take a value as a list; null is an empty one.

    Raises:
        Refused: it is of another type.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise unreadable(f"{what} is not a list")
    return value


def boolean(value: object, what: str) -> bool | None:
    """Take a value as a boolean; null says nothing.

    Raises:
        Refused: it is of another type.
    """
    if value is None or isinstance(value, bool):
        return value
    raise unreadable(f"{what} is not a boolean")


def integer(value: object, what: str) -> int:
    """Take a value as an integer; null is 0.

    Raises:
        Refused: it is of another type.
    """
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise unreadable(f"{what} is not an integer")
    return value


def text(value: object, what: str) -> str:
    """Take a value as a text; null is an empty one.

    Raises:
        Refused: it is of another type.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise unreadable(f"{what} is not a text")
    return value


def written(value: object, what: str) -> str:
    """Take a value as a text where numbers and booleans of YAML become texts: ``version: 1``.

    Raises:
        Refused: it is of another type.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else text(value, what)


def folded(found: Mapping[str, object], name: str) -> list[object]:
    """Return what stands under a name in any case, in the order in which Go takes it.

    The last one that is not null counts, and each has to be of the right type.
    """
    wanted = _fold(name)
    return [found[key] for key in sorted(found) if _fold(key) == wanted]


def _fold(name: str) -> str:
    return name.translate(_FOLDED).lower()
