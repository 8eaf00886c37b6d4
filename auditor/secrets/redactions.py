"""Where secrets were left out: a list of places, each with the shape of what stood there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from auditor.late import late
from auditor.model.evidence import Redaction
from auditor.model.pointers import token

_MARK: Final = "«redacted:"
MARK: Final = _MARK.encode()
"""What a body with a secret left out has in it."""
_SHAPES: Final = late("«redacted:([a-z-]+)»")

Commit = Callable[[str], str]
"""The commitment to a value, "" when there is no key."""


def redactions(kept: Any, original: Any, commit: Commit, start: str = "") -> Iterator[Redaction]:
    """What was left out of a value; ``original`` is the value as it was read, None if unknown.

    What is as it was read has nothing left out, also where it spells the marker.
    """
    stack: list[tuple[str, Any, Any]] = [(start, kept, original)]
    while stack:
        place, found, before = stack.pop()
        if found == before:
            continue
        if isinstance(found, dict):
            known = before if isinstance(before, dict) else {}
            named = [(f"{place}/{token(key)}", item, known.get(key)) for key, item in found.items()]
            stack.extend(reversed(named))
        elif isinstance(found, list):
            rest = before if isinstance(before, list) and len(before) == len(found) else None
            numbered = [
                (f"{place}/{number}", item, rest[number] if rest is not None else None)
                for number, item in enumerate(found)
            ]
            stack.extend(reversed(numbered))
        elif isinstance(found, str) and _MARK in found:
            commitment = commit(before) if isinstance(before, str) else ""
            yield Redaction(place, tuple(_SHAPES.findall(found)), commitment)
