"""What was judged of a run or of one target: what the states of controls follow from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from auditor.model.finding import RuleCount


class Judged(msgspec.Struct, frozen=True):
    """What was judged of a run or of one target.

    ``counts`` are the verdicts of each rule of the profile, by its id; ``short`` are the rules that
    a gap may have kept from a resource, ``absent`` those about platforms that were
    not there at all.
    """

    counts: Mapping[str, RuleCount]
    short: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        counts: Iterable[RuleCount],
        short: frozenset[str] = frozenset(),
        absent: frozenset[str] = frozenset(),
    ) -> Judged:
        """Make it of counts in any order."""
        return cls({count.rule: count for count in counts}, short, absent)
