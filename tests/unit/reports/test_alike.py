"""Findings that say the same, and gaps that do."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model.enums import GapCause
from auditor.model.finding import GapReport
from auditor.model.resource import Gap
from auditor.model.results_finding import Finding, Observed
from reports.alike import joined, reasons
from reports.folders import by_folder, told_folders
from reports.gaps import causes, in_a_line, told
from tests.unit.reports.test_subjects import finding, reference


def at(file: str, **more: Any) -> Finding:
    fields = {name: more.pop(name) for name in ("name", "namespace", "kind") if name in more}
    return finding(resource=reference(fields.pop("name", "one"), file=file, **fields), **more)


def test_one_object_in_several_files_is_told_once() -> None:
    found = list(joined([at(f"{name}.yaml") for name in "dcabfe"] + [at("x.yaml", name="two")]))
    assert [each.number for each in found] == [6, 1]
    assert found[0].finding.resource.file == "a.yaml"
    assert [each.resource.file for each in found[0].others] == ["b.yaml", "c.yaml", "d.yaml"]


def test_another_one_in_between_parts_nothing() -> None:
    found = list(joined([at("a"), at("b", message="other"), at("c")]))
    assert [(each.finding.resource.file, each.number) for each in found] == [("a", 2), ("b", 1)]


OTHERS: dict[str, dict[str, Any]] = {
    "another name": {"name": "other"},
    "another namespace": {"namespace": "b"},
    "another kind": {"kind": "k8s/Other"},
    "another element": {"element": "b"},
    "another message": {"message": "b"},
    "another value": {"observed": (Observed("/a", value=2),)},
    "new": {"new": True},
}


@pytest.mark.parametrize("more", OTHERS.values(), ids=OTHERS.keys())
def test_what_says_something_else_is_told_by_itself(more: dict[str, Any]) -> None:
    seen: dict[str, Any] = {"observed": (Observed("/a", value=1, line=3),)}
    same = {"observed": (Observed("/a", value=1, line=9),)}
    other = {**seen, **more}
    assert [each.number for each in joined([at("a", **seen), at("b", **same)])] == [2]
    assert [each.number for each in joined([at("a", **seen), at("b", **other)])] == [
        1,
        1,
    ]


def test_undecided_findings_by_their_reason() -> None:
    titles = {"r": "Rule", "q": "Other rule"}
    first = at("a", message="not decided: x is a number (Rule)")
    second = at("a", rule="q", message="not decided: x is a number (Other rule)", severity="low")
    third = at("b", message="not decided: y (Rule)")
    one, two = reasons([first, third, second], titles)
    assert (one.text, one.severity, one.number, list(one.rules)) == (
        "x is a number",
        "high",
        2,
        ["r", "q"],
    )
    assert (two.text, two.first, two.number) == ("y", third, 1)


def test_too_many_reasons_are_one() -> None:
    found = reasons((at("a", message=f"not decided: {number}") for number in range(300)), {})
    assert (len(found), found[-1].text, found[-1].number) == (201, "other reasons", 100)


def gap(scope: str, detail: str = "d", line: int = 0, hint: str = "") -> GapReport:
    return GapReport(Gap("t", scope, GapCause.MALFORMED, detail, hint, line), ("a", "b"))


def test_gaps_by_what_they_say() -> None:
    gaps = [gap(f"{number}.yaml", line=number, hint=f"h{number}") for number in range(5)]
    first, second = causes([*gaps, gap("k8s/Pod", "k8s/Pod: e")], many_targets=False)
    assert list(told(first)) == [
        ("0.yaml, 1.yaml:1, 2.yaml:2 and 2 more  malformed: d", "    "),
        ("try: h0", "      "),
        ("no verdict: a, b", "      "),
    ]
    assert next(iter(told(second))) == ("k8s/Pod  malformed: e", "    ")
    assert in_a_line(first) == "       5  malformed: d (0.yaml)"
    (many,) = causes(gaps[:1], many_targets=True)
    assert many.places == ["t 0.yaml"]


FOLDERS = {
    "at the top": (["a.yaml", "x/b.yaml"], {"the top": 1, "x": 1}),
    "in one": (["x/y/a.yaml", "x/y/b.yaml"], {"x": 2}),
    "as high as they part": (["x/y/a.yaml", "x/z/q/b.yaml", "x/z/c.yaml"], {"x/y": 1, "x/z": 2}),
    "one above the other": (["x/a.yaml", "x/y/b.yaml"], {"x": 1, "x/y": 1}),
}


@pytest.mark.parametrize(("files", "expected"), FOLDERS.values(), ids=FOLDERS.keys())
def test_in_which_folders_they_are(files: list[str], expected: dict[str, int]) -> None:
    found = by_folder([*map(at, files), at("z/z.yaml", verdict="unknown")])
    assert {name or "the top": number for name, number in found.items()} == expected


def test_most_folders_are_counted_together() -> None:
    found = {"a": 1, "b": 3, "": 2, "c": 1, "d": 1, "e": 1}
    assert told_folders(found) == "b 3, the top 2, a 1, c 1, others 2"
