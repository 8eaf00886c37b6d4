"""The line of a field, from the places that a block reader noted."""

from __future__ import annotations

from typing import Any

Places = dict[int, dict[str, int] | list[int]]
"""Line numbers (from 0) of the keys and items of a collection, by its ``id``."""


def steps(pointer: str) -> list[str]:
    """The reference tokens of an RFC 6901 pointer."""
    if "~" not in pointer:
        return pointer.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def in_block(value: Any, places: Places, line: int, pointer: str) -> int:
    """The line of a field, from 0, or of its nearest existing ancestor."""
    for step in steps(pointer):
        place = places.get(id(value))
        if isinstance(place, dict):
            if step not in place:
                break
            line = place[step]
            value = value.get(step)
        elif place is not None and step.isdecimal() and int(step) < len(place):
            line = place[int(step)]
            value = value[int(step)]
        else:
            break
    return line
