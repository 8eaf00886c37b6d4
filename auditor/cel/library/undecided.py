"""The verdict that an expression has none, with the reason in words.

``object.closed || (size(object.others) > 0 && undecided("others decide that"))`` is true, false, or
the error that others decide that: what a rule says then is ``unknown``, with that sentence. ``||``
and ``&&`` do not look at an error whose other side decides.
"""

from __future__ import annotations

from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import NEVER, Function
from auditor.cel.library.define import function, plain
from auditor.cel.types import BOOL, STRING


def undecided(reason: object) -> bool:
    """``undecided(reason)``: never a value.

    Raises:
        CelEvalError: always, with the reason.
    """
    if reason.__class__ is not str:
        return no_overload("undecided", reason)
    raise CelEvalError(str(reason))


FUNCTIONS: Final[tuple[Function, ...]] = (
    function("undecided", "undecided", undecided, plain(STRING, result=BOOL, since=NEVER)),
)
"""The functions of this module."""
