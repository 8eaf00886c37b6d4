"""What changed is new, what did not change is known, wherever in its list it stands now.

Elements of every kind are inserted, removed, swapped, renamed and changed, in any order. The oracle
says of a state which element has which faults, from how it was made; a finding is new when its
element was not there before, or had not this fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given

from auditor.analysis.parts import named
from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.engine.kinds import Plans
from auditor.engine.lines import LineWriter
from auditor.engine.lines_about import LinesAbout
from auditor.evidence.compare import changes
from auditor.model.resource import Resource, Target
from auditor.model.results_finding import FindingSummary
from auditor.platforms import PLATFORMS
from collectors.kubernetes.objects import Maker
from tests.unit.runner.faulty_kinds import KINDS, Item, Kind, faults_of, object_of
from tests.unit.runner.faulty_steps import CHANGES, briefs, merged, new_in

ROOT = Path(__file__).parents[3]
TABLE = yaml.load((ROOT / "policies/tables/pod-templates.yaml").read_text(), yaml.CSafeLoader)
WORKLOADS = Workloads(rows_from_table(TABLE))
TARGET = Target("estate", "files")


def _findings(kind: Kind, items: Sequence[Item]) -> list[bytes]:
    """The findings of one object, as a run has them."""
    plans = Plans([kind.rule], list_all=False, memo=True)
    writer = LineWriter([kind.rule], PLATFORMS.counting())
    body = object_of(kind, items)
    resource = Maker("a.yaml").make(body, msgspec.json.encode(body), 0, 1, clean=True)
    lines: list[bytes] = []
    for subject in (resource, *named(resource, WORKLOADS.derive(resource))):
        assert isinstance(subject, Resource)
        plan = plans.get(subject.kind)
        if plan is not None:
            about = LinesAbout(writer, subject, TARGET, lambda _: 0, "0" * 64)
            for judgement in plan.judge(subject.body, clean=subject.clean):
                lines += about.lines(judgement.outcomes)
    return merged(lines)


def _quiet(lines: Sequence[bytes]) -> dict[str, FindingSummary]:
    found = briefs(lines)
    return {name: msgspec.structs.replace(each, message="") for name, each in found.items()}


def _agrees(kind: Kind, before: Sequence[Item], after: Sequence[Item]) -> None:
    first, second = _findings(kind, before), _findings(kind, after)
    then, now = faults_of(kind, before), faults_of(kind, after)
    assert len(second) == len(now), (before, after)
    fresh = [each for each, faults in now.items() if not faults <= then.get(each, frozenset())]
    told = new_in(first, second)
    assert len(told) == len(fresh), (before, after, told)
    # what is new to a baseline is new or changed to diff
    changed = {
        each.after.fingerprint
        for each in changes(briefs(first), briefs(second))
        if each.after is not None
    }
    assert set(briefs(told)) <= changed
    if then == now:  # a message may still name another version of an image
        told_of = changes(_quiet(first), _quiet(second))
        assert not list(told_of), (before, after)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@given(change=CHANGES)
def test_what_changed_isnew_in(kind: Kind, change: tuple[list[Item], list[Item]]) -> None:
    before, after = change
    _agrees(kind, before, after)
    _agrees(kind, after, before)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_each_step_alone(kind: Kind) -> None:
    """For every kind: each of them passed for known, or told all others as new."""
    a, b, fine = Item("alpha", ("A",)), Item("beta", ("B",)), Item("gamma", ())
    _agrees(kind, [a, b], [Item("delta", ("C",)), a, b])  # one before the others
    _agrees(kind, [a, b], [b])
    _agrees(kind, [a, b], [b, a])
    _agrees(kind, [a], [Item("delta", ("A",))])  # another in its place
    _agrees(kind, [a], [Item("alpha", ("A", "B"))])  # one fault more
    _agrees(kind, [fine, a], [Item("gamma", ("A",)), a])


def test_true_twins_are_counted() -> None:
    kind = KINDS["rules of a role"]
    twin = Item("alpha", ("A",))
    _agrees(kind, [twin], [twin, twin])
    _agrees(kind, [twin, twin], [twin])
    _agrees(KINDS["found by shape, without names"], [twin, twin], [twin, twin, twin])


def test_order_and_version_say_nothing() -> None:
    kind = KINDS["found by shape, without names"]
    assert not new_in(
        _findings(kind, [Item("alpha", ("A", "B"), 1)]),
        _findings(kind, [Item("alpha", ("B", "A"), 2)]),
    )
