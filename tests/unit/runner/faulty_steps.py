"""Changes of a list of elements, step by step, and what a baseline says is new after them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st

from auditor.engine.merge import Merger
from auditor.model.results_finding import FindingState, FindingSummary
from auditor.runner.baseline import BaselineComparison
from auditor.runner.settings import Known, State
from tests.unit.runner.faulty_kinds import Item

_NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])
_FAULTS = st.sampled_from([(), ("A",), ("B",), ("A", "B"), ("A", "B", "C")])
_STARTS = st.lists(st.tuples(_NAMES, _FAULTS), max_size=3, unique_by=lambda pair: pair[0])
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "remove", "swap", "rename", "change", "release"]),
        st.integers(0, 5),
        _NAMES,
        _FAULTS,
    ),
    max_size=6,
)


_Step = tuple[str, int, str, tuple[str, ...]]


def _after(
    start: Sequence[tuple[str, tuple[str, ...]]], steps: Sequence[_Step]
) -> tuple[list[Item], list[Item]]:
    """The elements before any step, and after all."""
    before = [Item(name, faults) for name, faults in start]
    after = before
    for step in steps:
        after = _stepped(after, step)
    return before, after


CHANGES = st.builds(_after, _STARTS, _STEPS)
"""The elements of a list before some steps, and after them."""


def _stepped(items: Sequence[Item], step: _Step) -> list[Item]:
    what, number, name, faults = step
    changed = list(items)
    index = number % len(changed) if changed else 0
    free = name not in {item.name for item in changed}
    match what:
        case "insert" if free:
            changed.insert(index, Item(name, faults))
        case "remove" if changed:
            del changed[index]
        case "swap" if changed:
            changed[index], changed[-1] = changed[-1], changed[index]
        case "rename" if changed and free:
            changed[index] = msgspec.structs.replace(changed[index], name=name)
        case "change" if changed:
            changed[index] = msgspec.structs.replace(changed[index], faults=faults)
        case "release" if changed:
            changed[index] = msgspec.structs.replace(changed[index], version=number)
        case _:
            pass
    return changed


def merged(lines: list[bytes]) -> list[bytes]:
    """Lines of findings as a report has them."""
    merger = Merger(needy=frozenset(), list_all=False)
    return [line for block in merger.merge([sorted(lines)]) for line in block]


def briefs(lines: Sequence[bytes]) -> dict[str, FindingSummary]:
    found = [msgspec.json.decode(line, type=FindingSummary) for line in lines]
    assert {each.verdict for each in found} <= {"fail"}, found
    by_print = {each.fingerprint: each for each in found}
    assert len(by_print) == len(found)
    return by_print


def new_in(before: Sequence[bytes], after: Sequence[bytes]) -> list[bytes]:
    """What a baseline of one state says is new in another."""
    known = {
        name: State(each.verdict, each.severity, each.causes)
        for name, each in briefs(before).items()
    }
    comparison = BaselineComparison(Known("run", "sha256:0", known))
    amended = [comparison.amend(line, _state(line)) for line in after]
    new = [line for line, _ in amended if b'"new":true' in line]
    assert new == [line for line, counted in amended if counted], "the gate counts what is new"
    return new


_state = msgspec.json.Decoder(FindingState).decode
