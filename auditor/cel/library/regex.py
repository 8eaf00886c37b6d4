"""Regular expressions: what a pattern finds in a text.

As the API server has them from the start (kubernetes/apiserver ``pkg/cel/library/regex.go``): the
leftmost match, of several the one that the pattern prefers, and none empty right after another.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.functions import Function
from auditor.cel.library.define import check_elements, function, member
from auditor.cel.regex import compile_pattern
from auditor.cel.types import INT, STRING, list_of

_COST: Final = 10
"""That of ``matches``."""


def find(text: object, pattern: object) -> str:
    """``text.find(pattern)``: the first match, empty if there is none.

    Raises:
        CelEvalError: the pattern is none of RE2's; :class:`CelLimitError` if it takes too long.
    """
    if not text.__class__ is pattern.__class__ is str:
        return no_overload("find", text, pattern)
    found = compile_pattern(pattern).find(text)
    return "" if found is None else text[found[0] : found[1]]


def find_all(text: object, pattern: object, limit: object = -1) -> list[str]:
    """``text.findAll(pattern, limit)``: the first ``limit`` matches, all if it is negative.

    Raises:
        CelEvalError: the pattern is none of RE2's; :class:`CelLimitError` if it takes too long, or
            finds too much.
    """
    if not text.__class__ is pattern.__class__ is str or limit.__class__ is not int:
        return no_overload("findAll", text, pattern, limit)
    matches = compile_pattern(pattern).find_all(text)
    kept = matches if limit < 0 else islice(matches, limit)
    found: list[str] = []
    for start, end, *_ in kept:
        found.append(text[start:end])
        check_elements(len(found))
    return found


FUNCTIONS: Final[tuple[Function, ...]] = (
    function("regex", "find", find, member(STRING, STRING, result=STRING), cost=_COST),
    function(
        "regex",
        "findAll",
        find_all,
        member(STRING, STRING, result=list_of(STRING)),
        member(STRING, STRING, INT, result=list_of(STRING)),
        cost=_COST,
    ),
)
"""The functions of this module."""
