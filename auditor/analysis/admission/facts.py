"""What all facts about admission have in common."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from auditor.analysis.completing import Spots
from auditor.model.fact import Fact, Origin


def fact_of(
    kind: str, origin: Origin, body: Mapping[str, object], elsewhere: Spots, *, live: bool
) -> Fact:
    """Make the fact of an object; ``elsewhere`` says of fields of the body where they were read.

    It is heuristic where it is of files, which may not be all that is installed.
    """
    return Fact(
        kind=kind,
        key=(origin.kind, origin.name, origin.source, str(origin.document)),
        body=msgspec.json.encode(body),
        subject=origin,
        elsewhere=elsewhere,
        draws_on=((origin.target, ""),),
        heuristic=not live,
    )
