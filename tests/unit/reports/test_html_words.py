"""Small words of the page: what is drawn short, and in which order names stand."""

from __future__ import annotations

import msgspec
import pytest

from auditor.model.enums import TargetState
from auditor.model.finding import TargetReport
from reports.html.words import drawn_targets, natural, short
from tests.contract.test_formats import Many, report


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["5.2.10", "5.2.2", "5.10", "5.2", "AC-6(10)", "AC-6(9)", "AC-10", "", "K01"]
    assert sorted(names, key=natural) == [
        *("", "5.2", "5.2.2", "5.2.10", "5.10"),
        *("AC-6(9)", "AC-6(10)", "AC-10", "K01"),
    ]


def test_a_number_may_be_longer_than_a_number_can_be() -> None:
    assert sorted(["a" + "9" * 9_000, "a" + "1" * 9_000, "a\u00b2"], key=natural)


def test_what_is_drawn_is_cut_in_its_midst() -> None:
    name = "l4-1 GPU-1b6e0a34-0000-4000-8000-000000000001"
    assert len(short(name, 30)) == 30
    assert short(name, 30) == "l4-1 GPU-1b6e0a34-0…0000000001"
    assert short(name, 45) == name


@pytest.mark.parametrize(
    ("uris", "drawn"),
    [
        (["/a/b"], [""]),
        (["/a/prod", "k8s://test"], ["prod", "test"]),
        (["/a/prod/", "/b/prod", "k8s://c"], ["/a/prod/", "/b/prod", "c"]),
        (["/", "b"], ["/", "b"]),
    ],
)
def test_targets_are_told_apart(uris: list[str], drawn: list[str]) -> None:
    targets = tuple(TargetReport(each, "files", "", TargetState.COMPLETE, 1, 1) for each in uris)
    what = msgspec.structs.replace(report(Many(())), targets=targets)
    assert [*drawn_targets(what).values()] == drawn
