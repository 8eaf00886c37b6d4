"""Precision and recall on manifests that were labelled by hand: see README.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import reduce
from operator import add

import pytest

from auditor.policy import load, policies_folder
from tests.e2e.runs import Run, collector_of
from tests.precision.labels import Label, Subject, cases, labels_of, name_of, subject_of
from tests.precision.plugin import TABLE
from tests.precision.scores import FLOOR, Score, scores, table

MANY = 1_000
"""How many findings must be labelled."""
COUNTS = ("critical", "high")
KNOWN: dict[str, tuple[str, int, int, int, str]] = {}
"""Rules below the floor: since when, how many right, missed and false, and why.

A rule that gets better is taken out, or its numbers are mended; one that gets worse is mended.
"""


@pytest.fixture(scope="module")
def labels() -> list[Label]:
    return [label for case in cases() for label in labels_of(case)]


@pytest.fixture(scope="module")
def found() -> frozenset[Subject]:
    """What the product finds in each case, a target of its own; not what a worse finding covers."""
    collectors = [collector_of(case, name_of(case)) for case in cases()]
    findings = json.loads(Run().results(*collectors))["findings"]
    return frozenset(
        subject_of(each)
        for each in findings
        if each["verdict"] == "fail" and "covered_by" not in each
    )


@pytest.fixture(scope="module")
def severities() -> dict[str, str]:
    return {rule.id: rule.severity.value for rule in load([policies_folder()]).rules.values()}


def test_labels_are_whole(labels: list[Label], severities: dict[str, str]) -> None:
    """Each says one thing of one finding, with a reason, about a rule that there is."""
    assert len(labels) >= MANY
    twice = [
        subject for subject, count in Counter(each.subject for each in labels).items() if count > 1
    ]
    assert twice == []
    assert {each.subject.rule for each in labels} - severities.keys() == set()
    assert [each.subject for each in labels if len(each.because.split()) < 3] == []


def test_every_finding_is_labelled(labels: list[Label], found: frozenset[Subject]) -> None:
    assert sorted(found - {each.subject for each in labels}) == []


def test_precision_and_recall(
    labels: list[Label],
    found: frozenset[Subject],
    severities: dict[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    by_rule = scores(labels, found)
    record_property(TABLE, table(by_rule, severities))
    serious = {rule: by_rule[rule] for rule in by_rule if severities[rule] in COUNTS}
    wrong = [
        f"{label.subject.case}: {label.subject.rule} on {label.subject.of}: "
        + ("missed" if label.right else "false alarm")
        + f"; {label.because}"
        for label in labels
        if label.right != (label.subject in found)
    ]
    together = reduce(add, serious.values(), Score())
    short = {
        rule: (score.found, score.missed, score.false)
        for rule, score in serious.items()
        if not score.reached
    }
    known = {rule: counts for rule, (_, *counts, _) in KNOWN.items()}
    assert {rule: [*counts] for rule, counts in short.items()} == known, "\n".join(wrong)
    assert together.reached, f"below {FLOOR:.0%}\n" + "\n".join(wrong)
