"""Our own credentials, in what somebody else says: replaced when it arrives.

A server that refuses us may repeat the header that it refuses, a proxy may print its own password,
an annotation may hold the token that we read it with. None of that is news to anybody, so it is
taken out of every text before it is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from auditor.late import late
from auditor.secrets.forms import forms
from auditor.secrets.marks import marker
from auditor.secrets.text_hints import find

_MARKER: Final = marker("own-credential").encode()
_STRONG: Final = late(r"(?=.*[0-9])(?=.*[A-Za-z]).{12,}|.{20,}", re.DOTALL)
"""What no field and no value of an API is by chance; ``privileged`` may be a password, too."""


class Own:
    """What identifies us, and what did before: none of it may stand in an output."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[bytes, ...] = ()
        self._strong: tuple[bytes, ...] = ()
        self._known: dict[str, None] = {}
        for secret in secrets:
            self.add(secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that was added, in its order."""
        return tuple(self._known)

    def add(self, secret: str) -> None:
        """Remember one more; one that is very short is found everywhere, and has no form."""
        if secret and secret not in self._known:
            self._known[secret] = None
            found = forms(secret)
            self._forms = _longest_first(self._forms, found)
            if _STRONG.fullmatch(secret):
                self._strong = _longest_first(self._strong, found)

    def without(self, said: bytes, *, evidence: bool = False) -> bytes:
        """Replace our credentials in what somebody said, however they are written there.

        In ``evidence``, by which rules judge, what may as well be one of its words stays.
        """
        for form in self._strong if evidence else self._forms:
            if find(said, form) >= 0:
                said = said.replace(form, _MARKER)
        return said

    def without_in(self, said: str) -> str:
        """Replace our credentials in a text, as :meth:`without`."""
        raw = said.encode("utf-8", "surrogatepass")
        made = self.without(raw)
        return said if made is raw else made.decode("utf-8", "surrogatepass")


def _longest_first(known: Iterable[bytes], more: Iterable[bytes]) -> tuple[bytes, ...]:
    """Forms in an order in which none is replaced within another."""
    return tuple(sorted({*known, *more}, key=lambda form: (-len(form), form)))
