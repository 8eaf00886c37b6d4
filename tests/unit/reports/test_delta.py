"""What is other than in the baseline is told first, wherever a person reads of a change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.model.results import Baseline
from auditor.model.results_finding import Finding, Waiver
from reports import delta, github, gitlab, markdown, terminal
from reports.html import change
from reports.html.findings import Groups
from reports.style import Style
from tests.contract.reports import Many, finding, report

RUN = "1a2b3c4d5e6f7081"
EARLIER = Baseline(RUN, "sha256:" + "b" * 64, 2, 3, 4)
FOUND = (
    finding(1, severity="critical", message="known of old"),
    finding(2, severity="high", message="come with the change", new=True),
    finding(3, severity="low", message="and a small one", rule="rule-two", new=True),
    finding(4, verdict="unknown", message="not decided: no answer", new=True),
    finding(5, verdict="unknown", message="not decided: as ever"),
    finding(6, verdict="manual", message="look at it"),
)
LINE = f"since the baseline (run {RUN[:12]}): 3 new (1 high, 1 low, 1 undecided); 2 known; 4 gone"


def made(*found: Finding, **more: Any) -> Any:
    more.setdefault("baseline", EARLIER)
    return report(Many(found or FOUND), **more)


def screen(style: Style, *found: Finding, **more: Any) -> list[str]:
    data = b"".join(terminal.renderer(style)(made(*found, **more)))
    return data.decode().splitlines()


def at(lines: list[str], text: str) -> int:
    (first, *_) = [number for number, line in enumerate(lines) if text in line] or [-1]
    assert first >= 0, f"{text!r} is in none of {lines}"
    return first


SAID = {
    "with gaps": (EARLIER, {}, f"{LINE}, or not read this time"),
    "without": (EARLIER, {"gaps": ()}, LINE),
    "not counted then": (
        Baseline(RUN, EARLIER.manifest, 2, 3),
        {},
        LINE.removesuffix("; 4 gone"),
    ),
    "none gone": (
        Baseline(RUN, EARLIER.manifest, 2, 3, 0),
        {},
        LINE.replace("4 gone", "0 gone"),
    ),
}


@pytest.mark.parametrize(("earlier", "more", "line"), SAID.values(), ids=SAID.keys())
def test_the_line(earlier: Baseline, more: dict[str, Any], line: str) -> None:
    assert list(delta.told(made(baseline=earlier, **more))) == [line]


def test_nothing_without_a_baseline() -> None:
    what = made(baseline=None)
    assert list(delta.told(what)) == list(delta.new(what)) == []
    assert list(delta.new_first(what)) == [*FOUND]
    assert [heading for heading, _ in delta.parts(what)] == [""]
    assert not any(delta.known(what, each) for each in FOUND)


def test_what_is_known_fails_or_is_undecided() -> None:
    """What a person has to look at is nothing that a baseline takes out of the gate."""
    what = made()
    assert [each.message for each in FOUND if delta.known(what, each)] == [
        "known of old",
        "not decided: as ever",
    ]


@pytest.mark.parametrize("lines", [None, 60])
def test_the_screen(lines: int | None) -> None:
    shown = screen(Style(width=100, plain=True, lines=lines))
    assert at(shown, LINE) < at(shown, "profile ")
    known = at(shown, delta.KNOWN)
    assert at(shown, "come with the change") < known
    assert not any("known of old" in line for line in shown), "a line a rule, no more"
    assert at(shown, "auditor explain rule-one")


def test_what_is_known_is_a_line_a_rule() -> None:
    old = [finding(n, rule=f"rule-{n // 2}", message="old") for n in range(24)]
    shown = screen(Style(width=100, plain=True), *old)
    start = at(shown, delta.KNOWN)
    listed = shown[start + 1 : start + 9]
    assert [line.split() for line in listed] == [["HIGH", "2", f"rule-{n}"] for n in range(8)]
    assert shown[start + 9] == "  and 4 more lines, 8 findings: --all lists them"


def test_all_of_a_screen_in_two_parts() -> None:
    shown = screen(Style(width=None, plain=True, everything=True, passes=True))
    new, old = at(shown, delta.NEW), at(shown, delta.OLD)
    for each in FOUND:
        assert (new < at(shown, each.message) < old) == each.new, each.message


def test_a_part_without_findings_has_no_heading() -> None:
    shown = "\n".join(screen(Style(width=None, plain=True, everything=True), FOUND[0]))
    assert delta.NEW not in shown
    assert delta.OLD in shown


def test_objects_with_something_new_come_first() -> None:
    shown = screen(Style(width=100, plain=True, by_object=True), *FOUND[:3])
    heads = [line for line in shown if line.startswith("Pod ml/pod-")]
    assert [line.split()[1] for line in heads] == ["ml/pod-2", "ml/pod-3", "ml/pod-1"]
    assert [line.rsplit(";", 1)[-1] for line in heads[:2]] == [" 1 new"] * 2
    assert "new" not in heads[2]


def test_annotations() -> None:
    """Ten of a level are shown, so what is known takes no place of an error or a warning."""
    lines = b"".join(github.render(made(gaps=()))).decode().splitlines()
    said = [(line.split(" ", 1)[0], line) for line in lines]
    levels = [level for level, _ in said if level.startswith("::")]
    assert levels == ["::error", "::notice", "::warning", "::notice", "::notice", "::warning"]
    assert "come with the change" in said[0][1]
    assert f"auditor: {LINE}" in lines
    accepted = finding(7, new=True, waiver=Waiver("W-1", "ml", "moves", "ciso", "2027-01-01"))
    (line, *_) = b"".join(github.render(made(accepted, gaps=()))).decode().splitlines()
    assert line.startswith("::notice"), "what is accepted asks nobody to act, new or not"


def test_issues_of_gitlab() -> None:
    issues = json.loads(b"".join(gitlab.render(made(gaps=()))))
    messages = [issue["description"] for issue in issues]
    assert [message.split(" (")[0] for message in messages[:3]] == [
        each.message for each in FOUND if each.new
    ]
    assert LINE in issues[-1]["content"]["body"]


def test_the_page() -> None:
    """It has a part of its own for what is new, with the number of what is gone."""
    what = made()
    groups = Groups(what)
    for each in what.findings:
        groups.add(each)
    part = change.made(what, groups)
    assert part is not None
    assert part["summary"].startswith("3 new findings (")
    assert part["summary"].endswith(" 4 gone, or not read this time.")
    told = [each["message"] for group in part["groups"] for each in group["findings"]]
    assert told == [each.message for each in FOUND if each.new]


def test_markdown_has_a_part_for_what_is_new() -> None:
    text = b"".join(markdown.render(made())).decode()
    order = ["# Audit: ", "`since the baseline", "\n# New since", "come with", "\n# Targets"]
    order += ["\n# Not read: 2", "\n# Not new since", "known of old", "look at it"]
    places = [text.find(each) for each in order]
    assert places == sorted(places)
    assert -1 not in places


def test_a_summary_keeps_room_for_what_is_new() -> None:
    """A million bytes of what is known come after it, and are what is cut."""
    old = [finding(n, message="x" * 1000) for n in range(1500)]
    new = [finding(n, message="y" * 1000, new=True) for n in range(200)]
    data = b"".join(markdown.render_summary(made(*old, *new)))
    assert len(data) <= markdown.MOST_SUMMARY
    assert data.count(b"y" * 1000) == 200
    assert data.count(b"x" * 1000) > 500
    new = [finding(n, message="y" * 1000, new=True) for n in range(1500)]
    data = b"".join(markdown.render_summary(made(*old, *new)))
    assert 300 < data.count(b"y" * 1000) < 1500
    assert data.count(b"x" * 1000) > 300, "and some of what is not"
