"""Parts put together, against what a plain reading of a division comes to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.errors import UsageError
from auditor.evidence.layout import MOST_PARTS, Evaluation, FileEntry, PartEntry, is_part
from auditor.model.answers import Answer, AnswerEntry
from auditor.model.evidence import Principal, TargetEntry
from auditor.model.waivers import Selector, WaiverEntry
from auditor.runner.settings import Known
from auditor.runner.uniting import Expected, PartRead, answers_of, united, waivers_of
from tests.sweeps import examples

EVALUATION = Evaluation("p", (), "", False, ("policy/00",), 0)


def entry(uri: str) -> TargetEntry:
    return TargetEntry(uri, uri, "", "", Principal(""), "t", "t")


def part(number: int, uris: list[str], of: int = 0, first: int = 0, **more: object) -> PartRead:
    return PartRead(
        place=f"part {number}",
        entry=PartEntry(
            manifest=f"{number}",
            run="",
            finished=f"end {number}",
            key="",
            targets=tuple(uris),
            part=(number, of) if of else None,
        ),
        version="1",
        started=f"start {number}",
        evaluation=EVALUATION,
        policy=(),
        targets=tuple(map(entry, uris)),
        read=tuple(((uri, uri),) for uri in uris),
        first=first,
        **more,  # type: ignore[arg-type]  # what a test says of a part
    )


def numbers(name: str, of: int) -> range:
    """The parts that a target which is missing stands for."""
    found = re.fullmatch(rf"part (?P<one>\d+)/{of}|parts (?P<first>\d+)-(?P<last>\d+)/{of}", name)
    assert found, name
    first, last = (found["one"],) * 2 if found["one"] else (found["first"], found["last"])
    assert first != last or found["one"]
    return range(int(first), int(last) + 1)


@examples(200)
@given(st.data())
def test_any_parts_in_any_order(data: st.DataObject) -> None:
    """Targets are as in the list that was divided, and each that is there is where it was put."""
    uris = data.draw(st.lists(st.text("abc", min_size=1), min_size=1, max_size=9, unique=True))
    of = data.draw(st.integers(1, len(uris)))
    some = data.draw(st.sets(st.integers(0, of - 1), min_size=1))
    there = data.draw(st.permutations(sorted(some)))
    parts, put = [], dict[str, int]()
    for number in there:
        mine = uris[number::of]
        parts.append(part(number, mine, of, len(put)))
        put |= {uri: len(put) + place for place, uri in enumerate(mine)}
    known = [Expected(uri, uri) for uri in uris]
    found = united(parts, known, None, "1")
    assert [(taken, each.uri) for taken, each in found.targets] == [
        (put.get(uri, -1), uri) for uri in uris
    ]
    assert found.missing == tuple(uri for uri in uris if uri not in put)
    alone = united(parts, None, None, "1")
    assert [each.uri for each in alone.entries if each.uri in put] == [
        uri for uri in uris if uri in put
    ]
    assert [number for name in alone.missing for number in numbers(name, of)] == [
        number for number in range(of) if number not in there
    ]
    assert len(alone.missing) <= len(there) + 1
    assert (found.started, found.finished) == (f"start {max(there)}", f"end {max(there)}")


def waiver(name: str, target: str) -> WaiverEntry:
    return WaiverEntry(name, "r", Selector(target), "", "", "", "", "")


def answer(name: str, target: str) -> AnswerEntry:
    return AnswerEntry(name, Answer.MET, "", "", "", "", target)


_GLOBS = st.sampled_from(["", "*", "a", "b", "[ab]", "x[0]"])
_GIVEN = st.lists(_GLOBS, max_size=2, unique=True)


@examples(300)
@given(st.data())
def test_an_entry_is_about_what_it_was_given_for(data: st.DataObject) -> None:
    """Never about a target of a part that had it not; or it is refused."""
    names = data.draw(st.permutations(["a", "b", "c", "x[0]"]))
    cut = data.draw(st.integers(1, 3))
    groups = [names[:cut], names[cut:]]
    texts = [data.draw(_GIVEN) for _ in groups]
    parts = [
        part(
            number,
            group,
            waivers=tuple(waiver(f"{number}-{text}", text) for text in mine),
            answers=tuple(answer(f"{number}-{text}", text) for text in mine),
        )
        for number, (group, mine) in enumerate(zip(groups, texts, strict=True))
    ]
    try:
        accepted, answered = waivers_of(parts), answers_of(parts)
    except UsageError:
        assert any(_refused(each, group, names) for each, group in _given(groups, parts))
        return
    assert accepted is not None
    assert answered is not None
    for number, group in enumerate(groups):
        for uri in group:
            then = {each.id for each in parts[number].waivers or () if each.select.is_about(uri)}
            assert {each.id for each in accepted if each.select.is_about(uri)} == then
            assert {each.control for each in answered if each.fits(uri)} == then


def _given(
    groups: list[list[str]], parts: list[PartRead]
) -> Iterator[tuple[WaiverEntry, list[str]]]:
    for group, each in zip(groups, parts, strict=True):
        yield from ((entry, group) for entry in each.waivers or ())


def _refused(entry: WaiverEntry, group: list[str], names: list[str]) -> bool:
    """It is about what is not of its part, and of that there is not just one that it is about."""
    others = [uri for uri in names if uri not in group and entry.select.is_about(uri)]
    return bool(others) and not (len(group) == 1 and entry.select.is_about(group[0]))


def test_what_all_have_is_of_all_and_none_is_none() -> None:
    mine = (waiver("w", "*"),)
    both = [part(0, ["a", "c"], waivers=mine), part(1, ["b", "d"], waivers=mine)]
    assert waivers_of(both) == mine
    assert answers_of(both) is None


def test_one_id_has_one_meaning() -> None:
    parts = [
        part(0, ["a"], waivers=(waiver("w", "a"),)),
        part(1, ["b"], waivers=(waiver("w", "b"),)),
    ]
    with pytest.raises(UsageError, match="waiver w: parts mean different things by it"):
        waivers_of(parts)


def test_parts_of_two_divisions_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="part 1 is one of 3 parts, part 0 one of 2"):
        united([part(0, ["a"], 2), part(1, ["b"], 3)], None, None, "1")


def test_it_is_said_what_another_version_read() -> None:
    (found,) = united([part(0, ["a"])], None, None, "2").entries
    assert found.notes == ("read by auditor 1",)


WAYS = {
    "profiles": {"profile": "q"},
    "parameters": {"parameters": (("a", "b"),)},
    "gates": {"gate": "never"},
    "lists of findings": {"list_all": True},
}


@pytest.mark.parametrize(("what", "how"), WAYS.items(), ids=WAYS)
def test_all_are_judged_in_one_way(what: str, how: dict[str, Any]) -> None:
    parts = [part(0, ["a"]), part(1, ["b"])]
    parts[1] = replace(parts[1], evaluation=replace(EVALUATION, **how))
    with pytest.raises(UsageError, match=f"part 1 and part 0 were judged by different {what}"):
        united(parts, None, None, "1")


def test_policies_and_baselines_are_the_same() -> None:
    parts = [part(0, ["a"]), part(1, ["b"])]
    rule = FileEntry("policy/00/rules/a.yaml", "0" * 64, 1, "policy")
    others: dict[str, dict[str, Any]] = {
        "policies": {"policy": (rule,)},
        "baselines": {"known": Known("", "", {})},
    }
    for what, other in others.items():
        with pytest.raises(UsageError, match=f"different {what}"):
            united([parts[0], replace(parts[1], **other)], None, None, "1")


NONE = [(-1, 2), (2, 2), (0, 0), (0, MOST_PARTS + 1)]


@pytest.mark.parametrize("share", NONE)
def test_what_is_no_part(share: tuple[int, int]) -> None:
    assert not is_part(share)
    assert is_part((0, MOST_PARTS))
