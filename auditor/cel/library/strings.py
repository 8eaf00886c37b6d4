"""Strings: search, case, splitting and joining, all by code points.

As the API server has them: cel-go ``ext/strings.go``, version 0 until Kubernetes 1.28 and version 2
from 1.29 on (kubernetes/apiserver ``pkg/cel/environment/base.go``). ``reverse`` came with version 3
and is in no API server. ``format`` is in :mod:`auditor.cel.library.formatting`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from auditor.cel.arithmetic import no_overload, type_name
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import NEVER, Function
from auditor.cel.library.define import (
    LINEAR,
    check_elements,
    check_length,
    function,
    member,
    out_of_range,
    plain,
)
from auditor.cel.types import INT, STRING, list_of

_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TO_LOWER: Final = str.maketrans(_UPPER, _UPPER.lower())
_TO_UPPER: Final = str.maketrans(_UPPER.lower(), _UPPER)
_ESCAPES: Final = str.maketrans(
    {
        "\a": r"\a",
        "\b": r"\b",
        "\f": r"\f",
        "\n": r"\n",
        "\r": r"\r",
        "\t": r"\t",
        "\v": r"\v",
        "\\": r"\\",
        '"': r"\"",
    },
)


def join(parts: object, separator: object = "") -> str:
    """``list.join(separator)``: the strings of a list in one."""
    if parts.__class__ is not list or separator.__class__ is not str:
        return no_overload("join", parts, separator)
    for part in parts:
        if part.__class__ is not str:
            raise CelEvalError(f"join: expected strings, got {type_name(part)}")
    check_length(sum(map(len, parts)) + len(separator) * (len(parts) - 1))
    return separator.join(parts)


def char_at(text: object, index: object) -> str:
    """``text.charAt(index)``: empty just behind the last character."""
    if text.__class__ is not str or index.__class__ is not int:
        return no_overload("charAt", text, index)
    if not 0 <= index <= len(text):
        raise out_of_range(index)
    return text[index : index + 1]


def index_of(text: object, part: object, start: object = 0) -> int:
    """``text.indexOf(part, start)``: -1 if not found; ``start``, whatever it is, for no text."""
    if text.__class__ is not str or part.__class__ is not str or start.__class__ is not int:
        return no_overload("indexOf", text, part, start)
    if not part:
        return start
    if start < 0:
        raise out_of_range(start)
    return text.find(part, start)


def last_index_of(text: object, part: object, last: object = ...) -> int:
    """``text.lastIndexOf(part, last)``: the last occurrence that starts at ``last`` or before.

    -1 if there is none, and also if ``last`` is not within the text.
    """
    if text.__class__ is not str or part.__class__ is not str:
        return no_overload("lastIndexOf", text, part)
    if last is ...:
        return text.rfind(part)
    if last.__class__ is not int:
        return no_overload("lastIndexOf", text, part, last)
    if not part:
        return last
    if last < 0:
        raise out_of_range(last)
    return text.rfind(part, 0, last + len(part)) if last < len(text) else -1


def lower_ascii(text: object) -> str:
    """``text.lowerAscii()``: other letters than A to Z stay."""
    if text.__class__ is not str:
        return no_overload("lowerAscii", text)
    return text.lower() if text.isascii() else text.translate(_TO_LOWER)


def upper_ascii(text: object) -> str:
    """``text.upperAscii()``: other letters than a to z stay."""
    if text.__class__ is not str:
        return no_overload("upperAscii", text)
    return text.upper() if text.isascii() else text.translate(_TO_UPPER)


def replace(text: object, old: object, new: object, limit: object = -1) -> str:
    """``text.replace(old, new, limit)``: a negative limit is none."""
    if not text.__class__ is old.__class__ is new.__class__ is str or limit.__class__ is not int:
        return no_overload("replace", text, old, new, limit)
    if len(new) > len(old):
        count = text.count(old)
        count = count if limit < 0 else min(count, limit)
        check_length(len(text) + count * (len(new) - len(old)))
    return text.replace(old, new, max(limit, -1))


def split(text: object, separator: object, limit: object = -1) -> list[str]:
    """``text.split(separator, limit)``: at most ``limit`` parts, all if it is negative.

    An empty separator splits into characters; an empty text has none.

    Raises:
        CelLimitError: too many parts.
    """
    if not text.__class__ is separator.__class__ is str or limit.__class__ is not int:
        return no_overload("split", text, separator, limit)
    if limit == 0:
        return []
    parts = text.count(separator) + 1 if separator else len(text)
    check_elements(parts if limit < 0 else min(parts, limit))
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    if limit < 0 or limit >= len(text):
        return list(text)
    return [*text[: limit - 1], text[limit - 1 :]]


def substring(text: object, start: object, end: object = ...) -> str:
    """``text.substring(start, end)``: without ``end`` the whole rest; ``end`` is excluded."""
    if text.__class__ is not str or start.__class__ is not int:
        return no_overload("substring", text, start)
    if end is ...:
        end = max(len(text), start)
    if end.__class__ is not int:
        return no_overload("substring", text, start, end)
    if start > end:
        raise CelEvalError(f"invalid substring range. start: {start}, end: {end}")
    if not 0 <= start <= len(text):
        raise out_of_range(start)
    if end > len(text):
        raise out_of_range(end)
    return text[start:end]


def trim(text: object) -> str:
    """``text.trim()``: without the white space of Unicode at both ends."""
    return text.strip(_SPACE) if text.__class__ is str else no_overload("trim", text)


def reverse(text: object) -> str:
    """``text.reverse()``: the code points in reverse order."""
    return text[::-1] if text.__class__ is str else no_overload("reverse", text)


def quote(text: object) -> str:
    """``strings.quote(text)``: as a literal of the language in double quotes."""
    if text.__class__ is not str:
        return no_overload("strings.quote", text)
    return f'"{text.translate(_ESCAPES)}"'


_define = partial(function, "strings")
_STRINGS: Final = list_of(STRING)

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("charAt", char_at, member(STRING, INT, result=STRING)),
    _define(
        "indexOf",
        index_of,
        member(STRING, STRING, result=INT),
        member(STRING, STRING, INT, result=INT),
        cost=LINEAR,
    ),
    _define(
        "join",
        join,
        member(_STRINGS, result=STRING),
        member(_STRINGS, STRING, result=STRING),
        cost=LINEAR,
    ),
    _define(
        "lastIndexOf",
        last_index_of,
        member(STRING, STRING, result=INT),
        member(STRING, STRING, INT, result=INT),
        cost=LINEAR,
    ),
    _define("lowerAscii", lower_ascii, member(STRING, result=STRING), cost=LINEAR),
    _define(
        "replace",
        replace,
        member(STRING, STRING, STRING, result=STRING),
        member(STRING, STRING, STRING, INT, result=STRING),
        cost=LINEAR,
    ),
    _define(
        "split",
        split,
        member(STRING, STRING, result=_STRINGS),
        member(STRING, STRING, INT, result=_STRINGS),
        cost=LINEAR,
    ),
    _define(
        "substring",
        substring,
        member(STRING, INT, result=STRING),
        member(STRING, INT, INT, result=STRING),
    ),
    _define("trim", trim, member(STRING, result=STRING), cost=LINEAR),
    _define("upperAscii", upper_ascii, member(STRING, result=STRING), cost=LINEAR),
    _define("strings.quote", quote, plain(STRING, result=STRING, since="1.29"), cost=LINEAR),
    _define("reverse", reverse, member(STRING, result=STRING, since=NEVER), cost=LINEAR),
)
"""The functions of this module."""
