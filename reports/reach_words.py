"""Words for what can reach what: ports, policies and rules, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from auditor.model.reach import EnforcementFact, PolicyStep

SHOWN_PORTS: Final = 6
_ALL: Final = ("TCP", "UDP", "SCTP")
_SAYS: Final = {
    "accepts": "accepts it",
    "denies": "denies it",
    "passes": "passes it on",
    "isolates": "isolates it, and accepts nothing of that",
    "anything": "may do anything",
}


class ReachRow(msgspec.Struct, frozen=True):
    """What is on the other side: a zone or a place, as it is shown, and what is let through."""

    name: str
    ports: tuple[str, ...]
    perhaps: tuple[str, ...]
    steps: tuple[PolicyStep, ...]
    more: str = ""

    def has(self, port: str) -> bool:
        """Whether a port, as it was asked for, is let through, or may be."""
        return any(has_port(each, port) for each in (*self.ports, *self.perhaps))


def step_in_words(step: PolicyStep) -> str:
    """Say what a policy, or a rule of it, comes to."""
    if not step.policy:
        return "no policy is about it: everything is accepted"
    perhaps = "" if step.sure else "perhaps: "
    why = f" ({step.why})" if step.why else ""
    return f"{perhaps}{' '.join(filter(None, (step.policy, step.rule)))} {_SAYS[step.says]}{why}"


def accepting(steps: Sequence[PolicyStep]) -> str:
    """Name the rules that accept."""
    found = dict.fromkeys(
        f"{step.policy} {step.rule}".strip()
        for step in steps
        if step.says in {"accepts", "anything"}
    )
    return "; ".join(found)


def ports_in_words(ports: Sequence[str]) -> str:
    """List some ports, or say that they are all."""
    if tuple(ports) == _ALL:
        return "all ports"
    more = len(ports) - SHOWN_PORTS
    return ", ".join(ports[:SHOWN_PORTS]) + (f" and {more} more" if more > 0 else "")


def has_port(ports: str, wanted: str) -> bool:
    """Whether ports, as ``TCP 80-90``, have one that is written as ``80/tcp``."""
    number, _, protocol = wanted.partition("/")
    known, _, numbers = ports.partition(" ")
    if known != (protocol or "tcp").upper():
        return False
    first, _, last = numbers.partition("-")
    least = int(number.partition("-")[0])
    return not numbers or int(first) <= least <= int(last or first)


def enforcement_in_words(fact: EnforcementFact) -> str:
    """Say how many policies there are, and whether something keeps to them."""
    many = counted(fact.policies, "network policy", "network policies")
    by = ", ".join(fact.by)
    if fact.state == "enforced":
        return f"{many}, enforced by {by}"
    if fact.state == "declared":
        return f"{many}, declared only: {by} enforces none, so everything reaches everything"
    if fact.live:
        return f"{many}; nothing was found that is known to enforce them"
    return f"{many}, as if something enforced them: files do not tell"


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
