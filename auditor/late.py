"""Regular expressions that are compiled when they are first asked something.

Python takes tenths of a millisecond to compile one, and there are some five hundred: nearly all of
what it takes to load the modules that know secrets. A run asks a few of them.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Make what behaves as ``re.compile(pattern, flags)`` does, once something of it is used.

    A pattern that is wrong raises ``re.error`` only then: a test asks all that modules have.
    """
    return cast("re.Pattern[AnyStr]", Late(pattern, flags))


class Late:
    """A pattern; each method that was asked for is an attribute, as fast to find as any."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._made_of = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copying and the like look for
            raise AttributeError(name, name=name, obj=self)
        found = getattr(re.compile(*self._made_of), name)
        setattr(self, name, found)
        return found

    def __repr__(self) -> str:
        return f"late{self._made_of!r}"
