"""What a program finds of the labelled faults of ``tests/precision``, and what of it is wrong.

Compared by object: one that reports a topic of an object that has a labelled fault of it has found
that, in whichever container.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.peer_checks import TOPICS, Topic
from benchmarks.peer_reports import Reports, Thing, thing_of
from tests.precision.labels import Label


@dataclass(slots=True)
class Tally:
    """What came of one program: by topic what it found, and what its reports are."""

    found: dict[str, frozenset[Thing]] = field(default_factory=dict)
    right: int = 0
    wrong: int = 0
    unlabelled: int = 0
    topics: int = 0
    unmapped: int = 0
    unmapped_checks: int = 0

    @property
    def precision(self) -> float:
        """The part of the labelled reports that is right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0


def labelled(labels: Iterable[Label], topic: Topic, *, right: bool) -> frozenset[Thing]:
    """Find the objects that have labels of a topic."""
    rules = {f"k8s-{name}" for name in topic.rules}
    return frozenset(
        thing_of(each.subject.case, each.subject.of)
        for each in labels
        if each.right is right and each.subject.rule in rules
    )


def tally(labels: Sequence[Label], reports: Reports, checks: Mapping[str, frozenset[str]]) -> Tally:
    """Compare the reports of a program with labels; ``checks`` are those of each topic by name."""
    made = Tally()
    known = frozenset[str]().union(*checks.values())
    right = {topic.name: labelled(labels, topic, right=True) for topic in TOPICS}
    wrong = {topic.name: labelled(labels, topic, right=False) for topic in TOPICS}
    for name, mine in checks.items():
        reported = frozenset[Thing]().union(*(reports.get(check, frozenset()) for check in mine))
        made.found[name] = reported & right[name]
        made.topics += bool(mine)
    for check in known:
        topics = [name for name, mine in checks.items() if check in mine]
        is_right = frozenset[Thing]().union(*(right[name] for name in topics))
        is_wrong = frozenset[Thing].intersection(*(wrong[name] for name in topics)) - is_right
        things = reports.get(check, frozenset())
        made.right += len(things & is_right)
        made.wrong += len(things & is_wrong)
        made.unlabelled += len(things - is_right - is_wrong)
    others = {check: things for check, things in reports.items() if check not in known}
    made.unmapped_checks = len(others)
    made.unmapped = sum(map(len, others.values()))
    return made
