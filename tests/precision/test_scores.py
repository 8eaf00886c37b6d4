"""How what was found is compared with what reviewers say."""

from __future__ import annotations

import pytest

from tests.precision.labels import Label, Subject
from tests.precision.scores import Score, scores, table

RULE = "k8s-container-privileged"


def label(name: str, *, right: bool) -> Label:
    return Label(Subject("area/case", RULE, f"Pod {name}"), right, "a reason in words")


def test_each_label_counts_once() -> None:
    labels = [
        label("found", right=True),
        label("missed", right=True),
        label("false", right=False),
        label("resisted", right=False),
    ]
    found = frozenset(each.subject for each in (labels[0], labels[2]))
    (score,) = scores(labels, found).values()
    assert score == Score(found=1, missed=1, false=1, resisted=1)
    assert (score.precision, score.recall) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("score", "reached"),
    [
        (Score(), True),
        (Score(found=19, missed=1, false=1), True),
        (Score(found=18, missed=1), False),
        (Score(found=18, false=1), False),
        (Score(missed=1), False),
        (Score(false=1), False),
    ],
)
def test_one_fallen_of_nineteen_is_too_many(score: Score, *, reached: bool) -> None:
    assert score.reached is reached


def test_the_table_begins_with_the_worst() -> None:
    by_rule = {"a-low": Score(found=1), "b-critical": Score(found=1, false=1)}
    lines = table(by_rule, {"a-low": "low", "b-critical": "critical"})
    assert [line.split()[0] for line in lines] == ["rule", "b-critical", "a-low"]
    assert lines[1].split()[-2:] == ["50.0%", "100.0%"]
