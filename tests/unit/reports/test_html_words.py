"""Small words of the page: what is drawn short, and in which order names stand."""

from __future__ import annotations

import msgspec
import pytest

from auditor.model.enums import TargetState
from auditor.model.finding import TargetReport
from reports.html.words import drawn_targets, short
from tests.contract.reports import Many, report


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
