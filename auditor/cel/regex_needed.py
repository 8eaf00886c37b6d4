r"""Texts without which a pattern matches nothing: most texts have none, and are not searched.

Of ``(^|\s)VLLM_(SERVER_DEV_MODE|ALLOW)=[1-9]`` every match has ``VLLM_`` in it, of
``a+bcd|fghi+j`` either ``bcd`` or ``fgh``. To look for a text takes a fraction of a search, and
a pattern whose texts never turn up is not even made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from auditor.cel.regex_syntax import (
    Alternate,
    Anchor,
    Chars,
    Concat,
    Group,
    Regex,
    Repeat,
    fold_tree,
)

_LEAST: Final = 3
"""Characters of a text that is worth looking for: shorter ones are everywhere."""
_MOST: Final = 4
"""Texts to look for; to look for more takes as long as a search."""

_Texts = tuple[str, ...]


class _Part(NamedTuple):
    """What a part of a pattern matches.

    ``exact`` is the only text that it matches, None where there are several. One of ``needed`` is
    in each of them; with nothing in it, nothing is known.
    """

    exact: str | None
    needed: _Texts


_UNKNOWN: Final = _Part(None, ())


def needed_texts(tree: Regex) -> _Texts:
    """Texts of which at least one is in whatever the pattern matches; none when none are known."""
    part = fold_tree(tree, _combine)
    found = _needed(part)
    return found if found and min(map(len, found)) >= _LEAST else ()


def _needed(part: _Part) -> _Texts:
    return (part.exact,) if part.exact else part.needed


def _combine(node: Regex, below: list[_Part]) -> _Part:
    match node:
        case Anchor():
            return _Part("", ())
        case Chars(((low, high),)) if low == high:
            return _Part(chr(low), ())
        case Chars():
            return _UNKNOWN
        case Group():
            return below[0]
        case Concat():
            return _sequence(below)
        case Alternate():
            return _Part(None, _either(below))
        case Repeat(low=low):
            return _Part(None, _needed(below[0])) if low else _UNKNOWN


def _sequence(below: list[_Part]) -> _Part:
    """One part after the other: the best of what each needs, and of texts that follow another."""
    runs = list(_runs(below))
    if all(part.exact is not None for part in below):
        return _Part("".join(runs), ())
    choices = [*((run,) for run in runs), *(part.needed for part in below if part.needed)]
    return _Part(None, max(choices, key=_worth, default=()))


def _runs(below: Iterable[_Part]) -> Iterator[str]:
    run = ""
    for part in below:
        if part.exact is not None:
            run += part.exact
        elif run:
            yield run
            run = ""
    if run:
        yield run


def _worth(texts: _Texts) -> tuple[int, int]:
    """Longer texts are rarer, and fewer are looked for faster."""
    return min(map(len, texts)), -len(texts)


def _either(below: list[_Part]) -> _Texts:
    found = [_needed(part) for part in below]
    if not all(found):
        return ()
    texts = dict.fromkeys(text for some in found for text in some)
    shortest = [text for text in texts if not any(each in text for each in texts if each != text)]
    return tuple(shortest) if len(shortest) <= _MOST else ()
