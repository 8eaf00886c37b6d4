"""When a bundle was signed: by the tokens on its statements that a trusted authority made.

A token is not part of what is signed. Whoever passes a bundle on can take it away, which can't be
seen unless the verifier requires one, or put another one in its place: so one that is broken, or of
another signature, is an error, and only one of an authority that nobody trusts does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from auditor.errors import IntegrityError
from auditor.evidence.envelope import Signed
from auditor.evidence.timestamps import check_form, time_of

if TYPE_CHECKING:
    from cryptography import x509


class Attested(msgspec.Struct, frozen=True):
    """The latest time that is attested for all statements, or why there is none."""

    moment: datetime | None
    problem: str = ""


def attested(signed: Mapping[str, Signed], authorities: Iterable[x509.Certificate]) -> Attested:
    """When statements were signed; the keys of ``signed`` name their files.

    Raises:
        IntegrityError: a token can't be read, is of another signature, or one statement has none.
    """
    stamped = {name: each for name, each in signed.items() if each.timestamps}
    if not stamped:
        return Attested(None)
    if len(stamped) < len(signed):
        without = min(signed.keys() - stamped.keys())
        raise IntegrityError(f"{without}: it has no time stamp, the other one has")
    trusted = tuple(authorities)
    moments: list[datetime] = []
    problem = ""
    for name, each in stamped.items():
        (token,) = each.timestamps
        try:
            check_form(token, each.signature)
        except ImportError:
            return Attested(None, "to read it needs an extra: pip install 'auditor[timestamp]'")
        except ValueError as error:
            raise IntegrityError(f"{name}: its time stamp: {error}") from error
        try:
            moments.append(time_of(token, each.signature, trusted))
        except ValueError as error:
            problem = problem or str(error)
    return Attested(None, problem) if problem else Attested(max(moments))
