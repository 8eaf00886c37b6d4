"""How the rules went over one target, held in as little as there is to say.

A run can have ten thousand targets, each with a count of each of some hundred rules: as values that
is 40 KiB a target, of which most are zeros. As MessagePack it is 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from auditor.model.finding import RuleCount
from auditor.policy.compiled import ActiveRule

_Numbers = tuple[int, int, int, int, int]
_decode = msgspec.msgpack.Decoder(tuple[_Numbers, ...]).decode


class Counted(msgspec.Struct, frozen=True):
    """The counts of all rules, which all targets of a run share."""

    rules: Sequence[ActiveRule] = ()
    packed: bytes = b"\x90"

    @classmethod
    def of(cls, counts: Sequence[RuleCount], rules: Sequence[ActiveRule]) -> Counted:
        """Keep counts, which are in the order of the rules."""
        numbers = [
            (each.passed, each.failed, each.unknown, each.not_applicable, each.manual)
            for each in counts
        ]
        return cls(rules, msgspec.msgpack.encode(numbers))

    def counts(self) -> tuple[RuleCount, ...]:
        """The counts again."""
        return tuple(
            RuleCount(active.rule.id, *numbers)
            for active, numbers in zip(self.rules, _decode(self.packed), strict=True)
        )
