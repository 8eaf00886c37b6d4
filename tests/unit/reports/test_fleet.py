"""Several targets beside each other: the worst first, on every screen and in every file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.enums import ControlState, TargetState
from auditor.model.finding import Report, TargetReport
from auditor.model.policy import Framework
from auditor.model.results import ControlResult, TargetControl
from auditor.model.results_finding import Waiver
from reports import fleet
from reports.controls import NOT_LOOKED_AT
from reports.style import Style
from tests.contract.pages import Page
from tests.contract.reading import printed
from tests.contract.reports import Many, finding, reference, rendered, report

FAILS, OPEN, HOLDS = (
    ControlState.NOT_SATISFIED,
    ControlState.UNDETERMINED,
    ControlState.SATISFIED,
)
CIS = Framework("cis", "CIS Something", "https://example.org", "1.0")
NAMES = ("clean", "k8s://dead", "k8s://worst", "tree", "partial")
LABELS = {"k8s://worst": {"env": "prod", "team": "ml"}}
STATES = {"k8s://dead": TargetState.UNREACHABLE, "partial": TargetState.PARTIAL}
TARGETS = tuple(
    TargetReport(
        name,
        f"uid of {name}",
        "",
        STATES.get(name, TargetState.COMPLETE),
        1,
        0,
        labels=LABELS.get(name, {}),
    )
    for name in NAMES
)
FOUND = tuple(
    finding(number, resource=reference(f"p{number}", target=target), severity=severity)
    for number, (target, severity) in enumerate(
        [("k8s://worst", "critical"), ("k8s://worst", "low"), ("tree", "high"), ("tree", "high")]
    )
)
ACCEPTED = finding(
    9,
    resource=reference("p9", target="clean"),
    severity="critical",
    waiver=Waiver("W-1", "ml", "so", "ciso", "2027-01-01"),
)
ORDER = ["k8s://worst", "tree", "k8s://dead", "partial", "clean"]


def control(name: str, *states: ControlState) -> ControlResult:
    on = tuple(TargetControl(uri, state) for uri, state in zip(NAMES, states, strict=True))
    return ControlResult("cis", name, f"Title of {name}", min(states), (), on)


CONTROLS = (
    control("1", HOLDS, OPEN, HOLDS, HOLDS, HOLDS),
    control("2", HOLDS, OPEN, FAILS, FAILS, HOLDS),
    control("3", *(ControlState.NOT_ASSESSED,) * 5),
    control("4", HOLDS, HOLDS, HOLDS, HOLDS, ControlState.SUPPORTED),
    control("5", HOLDS, OPEN, FAILS, FAILS, OPEN),
)


def made(**more: Any) -> Report:
    values = {"targets": TARGETS, "controls": CONTROLS, "frameworks": (CIS,), "profile": "cis"}
    return report(Many((*FOUND, ACCEPTED)), gaps=(), **{**values, **more})


def test_the_worst_target_is_the_first() -> None:
    """What is accepted does not count; what was not read is worse than what is clean."""
    found = fleet.standings(made())
    assert [each.target.uri for each in found] == ORDER
    assert [each.head for each in found] == [f"[{number}]" for number in range(1, 6)]
    assert [each.told for each in found[:3]] == ["1 critical, 1 low", "2 high", ""]
    assert found[0].labels == "env=prod, team=ml"


class Unread(Many):
    """Findings that nobody may pass by."""

    def __iter__(self) -> Any:
        raise AssertionError("one target has them all: the tallies say how many")


def test_one_target_is_counted_without_its_findings() -> None:
    tallies = {("fail", "high"): 3, ("fail", "low"): 1, ("unknown", "low"): 2, ("pass", "high"): 9}
    what = made(targets=TARGETS[3:4], tallies=tallies, waived={("fail", "high"): 1})
    (only,) = fleet.standings(msgspec.structs.replace(what, findings=Unread(())))
    assert only.told == "2 high, 1 low, 2 unknown"


def test_the_worst_control_is_the_first() -> None:
    found = fleet.matrix(made(), CIS)
    assert [each.id for each in found.controls] == ["5", "2", "1", "4"], "3 was not looked at"
    assert [each.id for each in found.controls if found.is_open(each)] == ["5", "2", "1"]


SCREEN = """\
cis by target, worst first
  x not satisfied, ? undetermined, w by a person's word, m for a person, +
  satisfied or supported, . not assessed
     [1]  [2]  [3]  [4]  [5]
  5   x    x    ?    ?    +
  2   x    x    ?    +    +
  1   +    +    ?    +    +
"""
TABLE = """\
Findings
                all     [1]     [2]     [3]     [4]     [5]
  critical        0       1       0       0       0       0
"""
NUMBERED = """\
  targets, worst first:
  [1] k8s://worst: env=prod, team=ml
  [2] tree
  [3] k8s://dead: unreachable
  [4] partial: partial
  [5] clean
"""


def screen(what: Report, **style: Any) -> str:
    return rendered("terminal", what, Style(plain=True, **style)).decode()


@pytest.mark.parametrize("lines", [None, 80])
def test_a_screen(lines: int | None) -> None:
    shown = screen(made(), width=80, lines=lines)
    for part in (SCREEN, TABLE, NUMBERED):
        assert part in shown


def test_a_screen_with_all_has_what_holds_too() -> None:
    assert "\n  4   +    +    +    +    +\n" in screen(made(), width=80, everything=True)


def test_a_narrow_screen_says_in_words_what_has_no_column() -> None:
    shown = screen(made(), width=50)
    assert "all     [1]" not in shown
    assert "  [1] k8s://worst: 1 critical, 1 low; env=prod,\n  team=ml\n" in shown
    lines = [line for line in shown.splitlines() if not line.startswith(("RESULT ", "  auditor "))]
    assert max(map(len, lines)) <= 50


def many(number: int) -> Report:
    targets = tuple(
        TargetReport(f"k8s://c{each}", f"u{each}", "", TargetState.COMPLETE, 1, 0)
        for each in range(number)
    )
    on = tuple(TargetControl(each.uri, FAILS) for each in targets)
    controls = tuple(
        ControlResult("cis", f"{each}", "Title", FAILS, (), on) for each in range(number)
    )
    found = Many(
        tuple(
            finding(n, resource=reference("p", target=each.uri)) for n, each in enumerate(targets)
        )
    )
    return report(
        found, gaps=(), targets=targets, controls=controls, frameworks=(CIS,), profile="cis"
    )


def test_a_large_fleet_is_cut_on_the_first_screen_alone() -> None:
    shown = screen(many(40), width=80, lines=60)
    assert "\n  [10] k8s://c9: 1 high\n  and 30 more targets: --all lists them\n" in shown
    assert "and 25 more targets, which hold better: -o csv=FILE has all" in shown
    assert "\n  and 32 more: --all lists them\n" in shown
    assert "\n  [40] k8s://c39: 1 high\n" in screen(many(40), width=80, everything=True)
    assert len(shown.splitlines()) < 110


def test_one_target_is_no_fleet() -> None:
    what = made(targets=TARGETS[:1])
    assert "by target" not in screen(what, width=80)
    page = Page(rendered("html", what).decode())
    assert "targets" not in page.cells
    assert [row["target"] for row in rows(what) if row["record"] == "control"] == [""] * 5


def rows(what: Report) -> list[dict[str, str]]:
    text = rendered("csv", what).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_spreadsheet() -> None:
    found = rows(made())
    targets = [row for row in found if row["record"] == "target"]
    assert [row["target"] for row in targets] == ORDER
    assert targets[0]["message"] == "1 critical, 1 low; env=prod, team=ml"
    cells = [row for row in found if row["record"] == "control" and row["target"]]
    assert [row["target"] for row in cells] == ORDER * 4
    assert [row["controls"] for row in cells[::5]] == ["cis:5", "cis:2", "cis:1", "cis:4"]
    assert Counter(row["verdict"] for row in cells[:5]) == {
        "not-satisfied": 2,
        "undetermined": 2,
        "satisfied": 1,
    }


def test_the_page() -> None:
    cells = Page(rendered("html", made()).decode()).cells["targets"]
    assert cells[1:30:6] == ORDER
    assert cells[2] == "env=prod, team=ml"
    assert cells[4:30:6] == [
        "1 critical, 1 low",
        "2 high",
        "nothing was read",
        "nothing fails of what was read",
        "nothing fails",
    ]
    assert "".join(cells[30:]) == "xx??+" + "xx?++" + "++?++" + "+++++"
    large = rendered("html", many(300)).decode()
    assert "and 100 targets more, in results.json" in large
    assert "and 260 controls and 276 targets more, which hold better" in large


def test_on_paper() -> None:
    text = " ".join(printed(rendered("pdf", made())).split())
    assert "5 targets, the worst first" in text
    assert "CIS Something 1.0, by target" in text


@given(
    st.lists(
        st.lists(st.sampled_from(ControlState), min_size=5, max_size=5), min_size=1, max_size=6
    )
)
@settings(max_examples=60)
def test_every_cell_is_that_of_the_results(states: list[list[ControlState]]) -> None:
    """JSON has the cells control by control: the matrix has the same, none more and none less."""
    controls = tuple(control(f"c{number}", *each) for number, each in enumerate(states))
    found = fleet.matrix(made(controls=controls), CIS)
    shown = {
        (each.id, target.uri): found.state(each, target)
        for each in found.controls
        for target in TARGETS
    }
    wanted = {
        (each.id, on.target): on.state
        for each in controls
        for on in each.targets
        if any(other.state not in NOT_LOOKED_AT for other in each.targets)
    }
    assert shown == wanted
    fails = [sum(shown[each.id, uri] is FAILS for uri in NAMES) for each in found.controls]
    assert fails == sorted(fails, reverse=True)
