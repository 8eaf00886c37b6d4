"""Base64, as cel-go's ``ext/encoders.go`` has it; in no API server."""

from __future__ import annotations

import base64
from functools import partial
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import NEVER, Function
from auditor.cel.library.define import LINEAR, check_length, function, plain
from auditor.cel.types import BYTES, STRING

_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_GROUP: Final = 4


def decode(text: object) -> bytes:
    """``base64.decode(text)``: RFC 4648 section 4, with padding or without; line ends are skipped.

    Raises:
        CelEvalError: ``text`` is not base64.
    """
    if text.__class__ is not str:
        return no_overload("base64.decode", text)
    digits = text.encode("utf-8", "surrogatepass").translate(None, b"\r\n")
    content = digits.rstrip(b"=")
    padding = len(digits) - len(content)
    rest = len(content) % _GROUP
    if rest == 1 or padding not in {0, -rest % _GROUP} or not _ALPHABET.issuperset(content):
        raise CelEvalError("base64.decode: not base64")
    return base64.b64decode(content + b"=" * (-rest % _GROUP))


def encode(data: object) -> str:
    """``base64.encode(data)``: RFC 4648 section 4, with padding."""
    if data.__class__ is not bytes:
        return no_overload("base64.encode", data)
    check_length(len(data) * _GROUP // 3)
    return base64.b64encode(data).decode("ascii")


_define = partial(function, "encoders")

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("base64.decode", decode, plain(STRING, result=BYTES, since=NEVER), cost=LINEAR),
    _define("base64.encode", encode, plain(BYTES, result=STRING, since=NEVER), cost=LINEAR),
)
"""The functions of this module."""
