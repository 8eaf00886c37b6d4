"""How often the product is right: precision and recall by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.precision.labels import Label, Subject

FLOOR = 0.95
"""What precision and recall must reach, for each rule that counts and for all of them together."""


@dataclass(frozen=True, slots=True)
class Score:
    """What came of the labels of one rule."""

    found: int = 0
    missed: int = 0
    false: int = 0
    resisted: int = 0

    @property
    def precision(self) -> float:
        """The part of what was found that is right."""
        return self.found / (self.found + self.false) if self.found + self.false else 1.0

    @property
    def recall(self) -> float:
        """The part of what is wrong that was found."""
        return self.found / (self.found + self.missed) if self.found + self.missed else 1.0

    @property
    def reached(self) -> bool:
        """Whether both are as good as they must be."""
        return min(self.precision, self.recall) >= FLOOR

    def __add__(self, other: Score) -> Score:
        """Count both."""
        return Score(
            self.found + other.found,
            self.missed + other.missed,
            self.false + other.false,
            self.resisted + other.resisted,
        )


def scores(labels: Iterable[Label], found: frozenset[Subject]) -> dict[str, Score]:
    """Compare what reviewers say with what was found, by rule."""
    counts: Counter[tuple[str, bool, bool]] = Counter(
        (label.subject.rule, label.right, label.subject in found) for label in labels
    )
    return {
        rule: Score(
            found=counts[rule, True, True],
            missed=counts[rule, True, False],
            false=counts[rule, False, True],
            resisted=counts[rule, False, False],
        )
        for rule in sorted({rule for rule, _, _ in counts})
    }


def table(by_rule: dict[str, Score], severities: dict[str, str]) -> list[str]:
    """Lay the scores out, the worst severity first."""
    order = ("critical", "high", "medium", "low", "info")
    rows = sorted(by_rule, key=lambda rule: (order.index(severities[rule]), rule))
    head = f"{'rule':<46}{'severity':<10}{'right':>6}{'missed':>8}{'false':>7}{'resisted':>10}"
    return [
        head + f"{'precision':>11}{'recall':>8}",
        *(
            f"{rule:<46}{severities[rule]:<10}{score.found:>6}{score.missed:>8}{score.false:>7}"
            f"{score.resisted:>10}{score.precision:>11.1%}{score.recall:>8.1%}"
            for rule in rows
            for score in (by_rule[rule],)
        ),
    ]
