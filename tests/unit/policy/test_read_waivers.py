"""Files of waivers, and all that can be wrong with one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.errors import PolicyErrors
from auditor.model.waivers import Selector
from auditor.policy.read_waivers import SELECTORS, read_waivers
from tests.policies.shipped import RULES

TEXT = """\
- id: W-1
  rule: k8s-container-privileged
  for: {namespace: gpu-operator, name: "nvidia-*"}
  reason: It loads the driver.
  owner: ml
  approved-by: ciso
  created: "2026-11-30"
  expires: "2027-02-28"
  ticket: SEC-4
"""


def complaints(text: str, longest: int = 366) -> list[str]:
    with pytest.raises(PolicyErrors) as raised:
        read_waivers(text.encode(), "w.yaml", RULES, longest)
    return [str(each) for each in raised.value.errors]


def test_a_file_is_read() -> None:
    (found,) = read_waivers(TEXT.encode(), "w.yaml", RULES)
    assert found.select == Selector(namespace="gpu-operator", name="nvidia-*")
    assert (found.id, found.rule, found.ticket) == ("W-1", "k8s-container-privileged", "SEC-4")
    assert (found.created, found.expires) == ("2026-11-30", "2027-02-28")


def test_none_is_a_file_as_well() -> None:
    assert read_waivers(b"[]", "w.yaml", RULES) == ()


def test_a_former_id_is_the_rule() -> None:
    name = "k8s-container-privileged"
    rules = {name: replace(RULES[name], aliases=("old-name",))}
    text = TEXT.replace(name, "old-name")
    assert read_waivers(text.encode(), "w.yaml", rules)[0].rule == name


WRONG = {
    "no rule": ("k8s-container-privileged", "k8s-container-privilegd", "2:9: no rule is called"),
    "no owner": ("  owner: ml\n", "", "1:3: missing key 'owner'"),
    "no end": ('  expires: "2027-02-28"\n', "", "1:3: missing key 'expires'"),
    "no reason": ("It loads the driver.", '" "', "4:11: must not be empty"),
    "no day": ("2027-02-28", "2027-02-30", "8:12: '2027-02-30' is not a day"),
    "no day either": ("2027-02-28", "soon", "8:12: 'soon' is not a day"),
    "a date": ('"2027-02-28"', "2027-02-28", "8:12: must be text, not a date"),
    "turned": ("2027-02-28", "2026-11-30", "8:12: it expires before it begins"),
    "long": ("2027-02-28", "2027-12-02", "8:12: it lasts 367 days, and may last 366"),
    "unknown key": ("ticket", "tickets", "9:3: unknown key 'tickets'"),
    "unknown selector": ("name: ", "pod: ", "3:34: unknown key 'pod'"),
    "empty selector": (
        '{namespace: gpu-operator, name: "nvidia-*"}',
        "{}",
        "3:8: must name something",
    ),
    "no fingerprint": ("namespace: gpu-operator", "fingerprint: abc", "is not the fingerprint"),
    "no id": ("W-1", "W 1", "1:7: 'W 1' is not an id"),
    "a number": ("owner: ml", "owner: 7", "5:10: must be text, not a number"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_what_is_wrong_is_told_with_its_line(name: str) -> None:
    old, new, message = WRONG[name]
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    assert any(message in each for each in complaints(text)), complaints(text)


@pytest.mark.parametrize("text", ["id: W-1", "text", "7", ""])
def test_what_is_no_list_is_told(text: str) -> None:
    assert len(complaints(text)) == 1


def test_all_of_it_is_told_at_once() -> None:
    text = TEXT.replace("k8s-container-privileged", "nope").replace("  owner: ml\n", "")
    found = complaints(text + TEXT)
    assert [each.partition(": ")[2] for each in found] == [
        "missing key 'owner'",
        "no rule is called 'nope'",
        "waiver W-1 is there twice, the first time in w.yaml:1:3",
    ]


def test_a_profile_may_allow_fewer_days() -> None:
    assert complaints(TEXT, 89) == ["w.yaml:8:12: it lasts 90 days, and may last 89"]
    assert read_waivers(TEXT.encode(), "w.yaml", RULES, 90)


def test_selectors_are_those_of_a_finding() -> None:
    assert set(SELECTORS) == set(Selector.__struct_fields__)


@given(st.text(max_size=200))
def test_whatever_stands_there_is_read_or_told(text: str) -> None:
    with contextlib.suppress(PolicyErrors):
        assert read_waivers(text.encode(), "w.yaml", RULES) == ()
