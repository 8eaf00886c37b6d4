"""Names that were probably meant."""

from __future__ import annotations

from collections.abc import Iterable

_FEW = 40
_SOME = 8


def suggestion(name: str, known: Iterable[str]) -> str:
    """``did you mean X?`` for the nearest known name, or all of them when few.

    A name that some begin with is short for any of them, and near to none.
    """
    import difflib  # noqa: PLC0415 - only who is wrong waits for it

    names = sorted(known)
    longer = [each for each in names if name and each.startswith(f"{name}-")]
    if 1 < len(longer) <= _SOME:
        *first, last = map(repr, longer)
        return f"did you mean {', '.join(first)} or {last}?"
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"one of: {', '.join(names)}" if 0 < len(names) <= _FEW else ""
