"""JSON that somebody else may have made: read in one way or not at all.

Duplicate keys, numbers that are none, broken UTF-8 and bottomless nesting are refused: two readers
would make two things of them.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from auditor.errors import IntegrityError

MOST_BYTES: Final = 1 << 27
_HINT: Final = "it was changed, or auditor did not write it"
_EXACT: Final = 1 << 53
"""Beyond it not every whole number has a double of its own."""

Value = TypeVar("Value")


def parse(name: str, data: bytes) -> Any:
    """The value of a JSON text; ``name`` is for the error.

    Raises:
        IntegrityError: it can be read in more than one way, or in none.
    """
    if len(data) > MOST_BYTES:
        raise IntegrityError(f"{name}: larger than {MOST_BYTES >> 20} MiB", hint=_HINT)
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_int=_whole,
        )
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{name}: not UTF-8", hint=_HINT) from error
    except RecursionError as error:
        raise IntegrityError(f"{name}: nested too deeply", hint=_HINT) from error
    except ValueError as error:
        raise IntegrityError(f"{name}: {error}", hint=_HINT) from error


def convert(name: str, value: object, shape: type[Value]) -> Value:
    """A parsed value in its shape; fields that the shape does not have are refused.

    Raises:
        IntegrityError: it has another.
    """
    try:
        return msgspec.convert(value, shape, strict=True)
    except msgspec.ValidationError as error:
        raise IntegrityError(f"{name}: {error}", hint=_HINT) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:80]!r} is there twice")
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _EXACT:
        raise ValueError(f"{text[:40]} is too large a number")
    return int(text)
