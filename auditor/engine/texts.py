"""Of a long text, such as a script in ``args``, the line that decided.

Which part of a text an expression found is not said by its trace. So the text is cut: the shortest
beginning of whole lines that comes to the same result ends in the line that decided. Where the
empty text comes to the same, no line of it did.
"""

from __future__ import annotations

from typing import Any, Final

from auditor.cel import CelEvalError, Program
from auditor.engine.outcome import BodyPath

LONG: Final = 200
"""Characters of a text of several lines that is not repeated as a whole."""
_MOST_LINES: Final = 2000
_MOST_SHOWN: Final = 200

_Arguments = tuple[object, object, object]


def deciding_line(
    program: Program, place: tuple[bool, BodyPath], text: str, arguments: _Arguments
) -> str:
    """Tell the line of a long text that decided, with its number; "" where it is not known.

    ``place`` is (below the element?, path); ``arguments`` are body, element and parameters.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(text) <= LONG or not 1 < len(lines) <= _MOST_LINES:
        return ""
    whole = _result(program, place, text, arguments)
    if whole is None or _result(program, place, "", arguments) == whole:
        return ""
    low, high = 0, len(lines) - 1
    while low < high:
        middle = (low + high) // 2
        if _result(program, place, "\n".join(lines[: middle + 1]), arguments) == whole:
            high = middle
        else:
            low = middle + 1
    found = lines[low].strip()
    more = "..." if len(found) > _MOST_SHOWN else ""
    return f"(line {low + 1} of {len(lines)}: {found[:_MOST_SHOWN]}{more})"


def _result(
    program: Program, place: tuple[bool, BodyPath], text: str, arguments: _Arguments
) -> object:
    """Evaluate with another text in its place; None where that is an error."""
    body, item, params = arguments
    below_item, path = place
    try:
        if below_item:
            return program.exact(body, _with(item, path, text), params)
        return program.exact(_with(body, path, text), item, params)
    except CelEvalError:
        return None


def _with(value: object, path: BodyPath, text: str) -> object:
    if not path:
        return text
    copied: Any = value.copy() if isinstance(value, dict | list) else value
    copied[path[0]] = _with(copied[path[0]], path[1:], text)
    return copied
