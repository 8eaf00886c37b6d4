"""Waivers as a state machine: what is accepted is what a plain reading of the file says."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from auditor.model.enums import Severity, Verdict
from auditor.model.results_finding import FindingState
from auditor.model.waivers import Selector, WaiverEntry, WaiverResult, WaiverState
from auditor.runner.waiving import Waiving

START = dt.date(2026, 11, 30)
RULES = ("a-rule", "b-rule")
SPACES = ("ml", "web")
NAMES = ("one", "two")
GLOBS = ("", "*", "ml", "w*", "one", "t?o", "zzz")
HEAD = '{"fingerprint":"%s","evidence":[],"covers":1,"causes":[],"rule":"%s",'


def finding(
    rule: str, namespace: str, name: str, element: str = "container c", verdict: str = "fail"
) -> bytes:
    """A finding as a run writes it; its message looks like the end of one."""
    fingerprint = f"{hash((rule, namespace, name, element)) & (16**63 - 1):064x}"
    resource = {"target": "t", "kind": "k8s/Pod", "namespace": namespace, "name": name}
    rest = {
        "verdict": verdict,
        "severity": "high",
        "confidence": "high",
        "resource": {**resource, "uid": "u", "file": "pods/a.yaml", "line": 3},
        "element": element,
        "message": 'x "waiver":null}',
        "observed": [],
        "controls": [],
        "waiver": None,
    }
    return (HEAD % (fingerprint, rule)).encode() + msgspec.json.encode(rest)[1:] + b"\n"


ALL = [finding(each, space, name) for each in RULES for space in SPACES for name in NAMES]


def state_of(line: bytes) -> FindingState:
    return msgspec.json.decode(line, type=FindingState)


def entry(number: int, **given: Any) -> WaiverEntry:
    fields = {
        "id": f"W-{number}",
        "rule": RULES[0],
        "select": Selector(),
        "reason": 'so it is "waiver":null}',
        "owner": "ml",
        "approved_by": "ciso",
        "created": START.isoformat(),
        "expires": (START + dt.timedelta(days=90)).isoformat(),
    }
    return WaiverEntry(**{**fields, **given})


def passed(entries: tuple[WaiverEntry, ...], day: dt.date, lines: list[bytes]) -> Passed:
    amendment = Waiving(entries, day.isoformat())
    found = [amendment.amend(line, state_of(line)) for line in lines]
    results = {each.id: amendment._result(each) for each in entries}
    return Passed(amendment, found, results)


class Passed(msgspec.Struct):
    """What came of findings that passed by."""

    amendment: Waiving
    found: list[tuple[bytes, bool]]
    results: dict[str, WaiverResult]

    def waivers(self) -> list[str | None]:
        """The id of the waiver of each finding."""
        read = [msgspec.json.decode(line) for line, _ in self.found]
        return [each["waiver"] and each["waiver"]["id"] for each in read]


def test_a_waived_finding_changes_in_nothing_else() -> None:
    (line,) = [finding("a-rule", "ml", "one")]
    done = passed((entry(1),), START, [line])
    ((marked, counts),) = done.found
    assert not counts
    before, after = msgspec.json.decode(line), msgspec.json.decode(marked)
    waiver = after["waiver"]
    assert {**after, "waiver": None} == before
    assert waiver == {
        "id": "W-1",
        "owner": "ml",
        "reason": 'so it is "waiver":null}',
        "approved_by": "ciso",
        "expires": "2027-02-28",
    }
    assert done.amendment.counts == "unwaived"


@pytest.mark.parametrize(
    ("days", "state", "counted"),
    [
        (-1, WaiverState.PENDING, True),
        (0, WaiverState.ACTIVE, False),
        (59, WaiverState.ACTIVE, False),
        (60, WaiverState.EXPIRING, False),
        (89, WaiverState.EXPIRING, False),
        (90, WaiverState.EXPIRED, True),
        (400, WaiverState.EXPIRED, True),
    ],
)
def test_it_counts_from_its_first_day_to_the_eve_of_its_last(
    days: int, state: WaiverState, *, counted: bool
) -> None:
    done = passed((entry(1),), START + dt.timedelta(days=days), [ALL[0]])
    assert [counts for _, counts in done.found] == [counted]
    assert (done.results["W-1"].state, done.results["W-1"].findings) == (state, 1)


@pytest.mark.parametrize("verdict", ["unknown", "pass", "not-applicable"])
def test_what_does_not_fail_is_not_accepted(verdict: str) -> None:
    line = finding("a-rule", "ml", "one", verdict=verdict)
    done = passed((entry(1),), START, [line])
    assert done.found == [(line, True)]
    assert done.results["W-1"].findings == 0


@pytest.mark.parametrize(
    ("select", "fits"),
    [
        (Selector(kind="Pod"), True),
        (Selector(kind="k8s/Pod"), True),
        (Selector(kind="Pods"), False),
        (Selector(element="container c"), True),
        (Selector(element="container *"), True),
        (Selector(element="container d"), False),
        (Selector(file="pods/*"), True),
        (Selector(file="*.yaml"), True),
        (Selector(file="a.yaml"), False),
        (Selector(target="t"), True),
        (Selector(target="u"), False),
        (Selector(namespace="ML"), False),
        (Selector(fingerprint="f" * 64), False),
        (Selector(fingerprint=state_of(ALL[0]).fingerprint), True),
        (Selector(namespace="ml", name="two"), False),
    ],
)
def test_all_that_a_selector_names_has_to_fit(select: Selector, *, fits: bool) -> None:
    done = passed((entry(1, select=select),), START, [ALL[0]])
    assert done.waivers() == ["W-1" if fits else None]


@pytest.mark.parametrize(
    ("select", "number", "broad"),
    [
        (Selector(), 1, True),
        (Selector(target="t", kind="Pod"), 1, True),
        (Selector(namespace="*"), 1, True),
        (Selector(namespace="m*"), 1, False),
        (Selector(namespace="m*"), 49, False),
        (Selector(namespace="m*"), 50, True),
    ],
)
def test_one_that_covers_much_is_broad(select: Selector, number: int, *, broad: bool) -> None:
    lines = [finding("a-rule", "ml", f"pod-{each}") for each in range(number)]
    assert passed((entry(1, select=select),), START, lines).results["W-1"].broad is broad


def naive(entries: tuple[WaiverEntry, ...], day: dt.date, line: bytes) -> str | None:
    """The id of the waiver of a finding, by a plain reading."""
    read = msgspec.json.decode(line)
    for each in entries:
        begun = dt.date.fromisoformat(each.created) <= day
        ended = dt.date.fromisoformat(each.expires) <= day
        names = {
            "namespace": read["resource"]["namespace"],
            "name": read["resource"]["name"],
            "element": read["element"],
        }
        globs = {name: getattr(each.select, name) for name in names}
        fits = all(fnmatchcase(names[name], glob or "*") for name, glob in globs.items())
        if begun and not ended and fits and each.rule == read["rule"]:
            return each.id
    return None


class Waivers(RuleBasedStateMachine):
    """Waivers come, end and go; rules and resources change their names; days pass."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[WaiverEntry, ...] = ()
        self.day = START
        self.lines = list(ALL)
        self.number = 0

    @rule(
        of=st.sampled_from(RULES),
        namespace=st.sampled_from(GLOBS),
        name=st.sampled_from(GLOBS),
        begins=st.integers(-3, 3),
        lasts=st.integers(1, 40),
    )
    def add(self, of: str, namespace: str, name: str, begins: int, lasts: int) -> None:
        self.number += 1
        created = self.day + dt.timedelta(days=begins)
        made = entry(
            self.number,
            rule=of,
            select=Selector(namespace=namespace, name=name),
            created=created.isoformat(),
            expires=(created + dt.timedelta(days=lasts)).isoformat(),
        )
        self.entries = (*self.entries, made)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.day += dt.timedelta(days=days)

    @rule(place=st.integers(0, 9))
    def take_away(self, place: int) -> None:
        self.entries = self.entries[:place] + self.entries[place + 1 :]

    @rule(place=st.integers(0, 7), name=st.sampled_from(NAMES), space=st.sampled_from(SPACES))
    def move(self, place: int, name: str, space: str) -> None:
        self.lines[place] = finding(RULES[place % 2], space, name)

    @rule()
    def rename_a_rule(self) -> None:
        """As the reader does with a former id: waivers follow."""
        self.entries = tuple(
            msgspec.structs.replace(each, rule=RULES[1 - RULES.index(each.rule)])
            for each in self.entries
        )

    @invariant()
    def what_is_accepted_is_what_the_file_says(self) -> None:
        done = passed(self.entries, self.day, self.lines)
        expected = [naive(self.entries, self.day, line) for line in self.lines]
        assert done.waivers() == expected
        assert [counts for _, counts in done.found] == [each is None for each in expected]

    @invariant()
    def nothing_is_hidden_that_the_list_does_not_show(self) -> None:
        done = passed(self.entries, self.day, self.lines)
        for each in done.waivers():
            if each is not None:
                result = done.results[each]
                assert result.findings
                assert result.state in {WaiverState.ACTIVE, WaiverState.EXPIRING}


TestWaivers = Waivers.TestCase
TestWaivers.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)


@given(st.sampled_from([each.value for each in Verdict]), st.sampled_from(list(Severity)))
def test_verdicts_are_never_changed(verdict: str, severity: Severity) -> None:
    line = finding("a-rule", "ml", "one", verdict=verdict)
    done = passed((entry(1),), START, [line])
    assert msgspec.json.decode(done.found[0][0])["verdict"] == verdict
    assert severity in Severity
