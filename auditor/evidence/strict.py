"""JSON that somebody else may have made: read in one way or not at all.

Duplicate keys, numbers that are none, broken UTF-8, halves of surrogate pairs and bottomless
nesting are refused: two readers would make two things of them (RFC 8259, 4 and 8.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Generic, NoReturn, TypeVar

import msgspec

from auditor.errors import IntegrityError
from auditor.late import late

MOST_BYTES: Final = 1 << 26
_MOST_VALUES: Final = 2_000_000
"""Lists and objects: each takes far more memory than text."""
_SURROGATE: Final = late(rb"\\u[dD][89a-fA-F]")
_EXACT: Final = 1 << 53
"""Beyond it not every whole number has a double of its own."""
_LONG: Final = late(rb"[:\[,][ \n]*-?[0-9]{16}")
"""What may be a number beyond it; a text may look so as well."""

Value = TypeVar("Value")


class Reader(Generic[Value]):
    """Reads JSON texts of one shape, which a program of ours has most probably written.

    A text that ``encode`` makes of its own value, byte for byte, can be read in one way: no key is
    there twice, no number has another form, nothing is left over. That is found out in C, a tenth
    of the time of :func:`parse`, which decides of every other text.
    """

    def __init__(
        self, shape: type[Value], encode: Callable[[Value], bytes] = msgspec.json.encode
    ) -> None:
        self._shape = shape
        self._encode = encode
        self._decode = msgspec.json.Decoder(shape).decode

    def read(self, name: str, data: bytes) -> Value:
        """The value of a text, as :func:`parse` and :func:`convert` have it.

        Raises:
            IntegrityError: as those.
        """
        found = self.canonical(name, data)
        return convert(name, parse(name, data), self._shape) if found is None else found

    def canonical(self, name: str, data: bytes) -> Value | None:
        """The value of a text that is as we write it; None of any other, which may be right, too.

        Raises:
            IntegrityError: it is too large.
        """
        _refuse_large(name, data)
        try:
            value = self._decode(data)
            same = self._encode(value) == data
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return value if same and not _LONG.search(data) else None


def parse(name: str, data: bytes) -> Any:
    """The value of a JSON text; ``name`` is for the error.

    Raises:
        IntegrityError: it can be read in more than one way, or in none.
    """
    import json  # noqa: PLC0415 - most runs read no evidence

    _refuse_large(name, data)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_int=_whole,
            parse_float=_finite,
        )
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{name}: not UTF-8") from error
    except UnicodeEncodeError as error:
        raise IntegrityError(f"{name}: half of a surrogate pair") from error
    except RecursionError as error:
        raise IntegrityError(f"{name}: nested too deeply") from error
    except ValueError as error:
        raise IntegrityError(f"{name}: {error}") from error
    return value


def _refuse_large(name: str, data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise IntegrityError(f"{name}: larger than {MOST_BYTES >> 20} MiB")
    if data.count(b"[") + data.count(b"{") > _MOST_VALUES:
        raise IntegrityError(f"{name}: more than {_MOST_VALUES:,} lists and objects")


def convert(name: str, value: object, shape: type[Value]) -> Value:
    """A parsed value in its shape; fields that the shape does not have are refused.

    Raises:
        IntegrityError: it has another.
    """
    try:
        return msgspec.convert(value, shape, strict=True)
    except msgspec.ValidationError as error:
        raise IntegrityError(f"{name}: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"{name[:80]!r} is there twice")
            seen.add(name)
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number of JSON")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _EXACT:
        raise ValueError(f"{text[:40]} is too large a number")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number
