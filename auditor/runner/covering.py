"""What a worse finding covers: one mount of a node's folder is one fault, whatever rules say of it.

A pod that mounts ``/run/containerd`` to write fails four rules: it reaches a runtime's socket, it
mounts a folder of the node, it may write there, and the folder is a sensitive one. A control that
maps any of them needs its verdict, but a person has one line to mend. So a rule names those that
say more of the same element (``covered-by`` in its file), and a finding that comes after one of
theirs is marked with it, and is not counted by the gate::

    k8s-runtime-socket-mounted   critical   volume run                       counted
    k8s-host-path-sensitive      high       volume run   covered by it       not counted
    k8s-host-path-writable       medium     volume run   covered by it       not counted
    k8s-host-path-writable       medium     volume data                      counted

Findings come worst first, so whatever covers one has passed already, and what is worse than all
that could cover it never is. What is remembered are the elements of rules that cover others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from auditor.model.enums import Verdict
from auditor.model.finding import Report
from auditor.model.results_finding import FindingState
from auditor.model.results_layout import covered, rule_of
from auditor.policy.compiled import ActiveRule


class _Resource(msgspec.Struct, frozen=True, gc=False):
    target: str
    kind: str
    namespace: str
    name: str
    uid: str
    file: str


class _About(msgspec.Struct, frozen=True, gc=False):
    """What a finding is about: equal for findings on one element of one resource."""

    resource: _Resource
    element: str


_decode = msgspec.json.Decoder(_About).decode


class Covering:
    """Marks findings that a worse one on the same element covers: an amendment."""

    counts: Final = ""

    def __init__(self, covered_by: dict[str, tuple[str, ...]]) -> None:
        """``covered_by`` are the rules that cover others, by the id of the other."""
        self._covered_by = covered_by
        self._covering = {rule for rules in covered_by.values() for rule in rules}
        self._failed: dict[_About, list[str]] = {}

    def amend(self, finding: bytes, state: FindingState) -> tuple[bytes, bool]:
        """Mark a finding with the first of those that cover it."""
        rule = rule_of(finding)
        may_be = self._covered_by.get(rule, ())
        if state.verdict != Verdict.FAIL or not (may_be or rule in self._covering):
            return finding, True
        about = _decode(finding)
        failed = self._failed.get(about, [])
        cover = next((other for other in failed if other in may_be), None)
        if rule in self._covering:
            self._failed[about] = [*failed, rule]
        return (finding, True) if cover is None else (covered(finding, cover), False)

    def conclude(self, report: Report) -> Report:
        """Leave the report as it is: each finding says what there is to say."""
        return report


def covering(rules: Iterable[ActiveRule]) -> tuple[Covering, ...]:
    """Make the amendment for the rules of a profile, none where no rule covers another."""
    by_id = {active.rule.id: active.rule.covered_by for active in rules}
    covered_by = {
        rule: others
        for rule, named in by_id.items()
        if (others := tuple(other for other in named if other in by_id))
    }
    return (Covering(covered_by),) if covered_by else ()
