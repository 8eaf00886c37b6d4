"""The shipped pack, row by row, and what a version of each branch comes to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from auditor.analysis.advisories.images import TABLE as IMAGES
from auditor.analysis.advisories.pack import (
    CONDITIONS,
    TABLE,
    Advisory,
    Judged,
    Version,
    advisories_from_table,
    judged,
    numbers_of,
)
from auditor.policy.read_advisories import CONDITIONS as ALLOWED
from tests.policies.shipped import POLICY

TABLES = POLICY.tables
ROWS: list[dict[str, Any]] = [dict(row) for row in TABLES[TABLE]]
PACK = advisories_from_table(ROWS)
HOSTS = {"containerd", "docker-engine", "runc", "esxi", "nvidia-driver", "nvidia-vgpu-manager"}
HOSTS |= {"amd-rocm", "containerd-cri"}
"""What is told by nodes and hosts and not by images."""
MENDED = [
    pytest.param(row, text, id=f"{row.id}-{row.component}-{text}")
    for row in PACK
    for text in (
        *(each.end.text for each in row.ranges),
        *(each.text for _, each in row.branches),
    )
]


def holding(row: Advisory) -> dict[str, bool]:
    """Conditions under which a row holds."""
    known = dict.fromkeys(CONDITIONS, False)
    return {**known, **({row.when: True} if row.when else {})}


def of(row: Advisory, numbers: tuple[int, ...], **more: Any) -> Judged:
    return judged(Version(numbers, **more), (row,), holding(row))


def below(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """The version just before: its last number that is not 0, less one."""
    last = max(place for place, number in enumerate(numbers) if number)
    return (*numbers[:last], numbers[last] - 1, *(99 for _ in numbers[last + 1 :]))


@pytest.mark.parametrize(("row", "text"), MENDED)
def test_the_version_before_has_the_fault_and_the_next_has_not(row: Advisory, text: str) -> None:
    mended = numbers_of(text)
    before = of(row, below(mended))
    assert [(each.id, each.fixed_in) for each in before.affected] == [(row.id, text)]
    assert not of(row, mended).affected
    assert not of(row, (*mended[:-1], mended[-1] + 1)).affected
    assert of(row, mended, earlier=True).affected, "a candidate of a release is before it"


@pytest.mark.parametrize("row", [row for row in PACK if row.branches], ids=lambda row: row.id)
def test_of_a_branch_that_is_not_named_nobody_can_tell(row: Advisory) -> None:
    named = [branch for branch, _ in row.branches]
    other = next(number for number in range(500, max(named)) if number not in named)
    assert of(row, (max(named) + 1, 1)) == Judged((), ()), "it came after"
    found = of(row, (other, 1))
    assert found == Judged((), (f"{row.id} says nothing of branch {other}",))
    (branch, mended), *_ = row.branches
    assert of(row, (branch,)) == Judged((), (f"{row.id} was mended in {mended.text}",))


@pytest.mark.parametrize("row", [row for row in PACK if row.when or row.unless])
def test_a_condition_decides_and_one_that_was_not_read_leaves_it_open(row: Advisory) -> None:
    old = below(row.ranges[0].end.numbers)
    name = row.when or row.unless
    holds, holds_not = (True, False) if row.when else (False, True)
    assert judged(Version(old), (row,), {name: holds}).affected
    assert judged(Version(old), (row,), {name: holds_not}) == Judged((), ())
    (said,) = judged(Version(old), (row,), {}).unknown
    assert said == f"{row.id} depends on {CONDITIONS[name]}, which was not read"
    assert judged(Version(row.ranges[-1].end.numbers), (row,), {}) == Judged((), ())


def test_conditions_are_those_that_the_reader_allows() -> None:
    assert set(CONDITIONS) == set(ALLOWED)


def test_every_component_can_be_seen() -> None:
    """By an image of the table, or by a node or a host."""
    by_image = {row["component"] for row in TABLES[IMAGES]}
    assert {row["component"] for row in ROWS} <= by_image | HOSTS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['id']}-{row['component']}")
def test_each_row_says_when_and_where(row: dict[str, Any]) -> None:
    published = dt.date.fromisoformat(row.get("published", "2026-01-01"))
    assert published <= dt.date.fromisoformat(row["as-of"])
    assert row["reference"].startswith("https://")
    assert row["what"].endswith(".")


def test_rows_of_one_fault_do_not_overlap() -> None:
    """A version has one row of a fault at most, so that no finding names it twice."""
    ends = {text for param in MENDED for text in (param.values[1],)}
    for row in PACK:
        others = [each for each in PACK if each.id == row.id and each.component == row.component]
        for text in ends:
            version = Version(below(numbers_of(text)))
            known = dict.fromkeys(CONDITIONS, True) | {row.unless: False}
            assert len(judged(version, others, known).affected) <= 1
