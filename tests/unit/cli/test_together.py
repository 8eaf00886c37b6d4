"""Findings that several formats read at about the same time."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.cli.output import Output, write_files
from auditor.cli.together import BATCH, MOST_AHEAD, SharedFindings
from auditor.cli.wiring import SHIPPED
from auditor.errors import RenderError
from auditor.model.results_finding import Finding
from reports.once import Kept, once, once_in
from tests.contract.reports import SCREENS, VERDICTS, finding, report


class Told:
    """Findings that are made anew whenever somebody reads them, and how often that was begun."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.passes = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Finding]:
        self.passes += 1
        for number in range(self._count):
            verdict = VERDICTS[number * len(VERDICTS) // self._count]
            yield finding(number, verdict=verdict)

    def encoded(self) -> Iterator[bytes]:
        for each in self:
            yield msgspec.json.encode(each) + b"\n"


READERS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, BATCH * (MOST_AHEAD + 3))))


@given(st.integers(0, BATCH * (MOST_AHEAD + 3)), READERS)
@settings(max_examples=20, deadline=None)
def test_everybody_reads_all_in_order(count: int, turns: list[tuple[int, int]]) -> None:
    """Whoever begins when, reads how much, and is how far ahead of others."""
    shared = SharedFindings(Told(count))
    readers = {number: iter(shared) for number in range(4)}
    read: dict[int, list[str]] = {number: [] for number in readers}
    for number, most in [*turns, *((number, count + 1) for number in readers)]:
        for _, found in zip(range(most), readers[number], strict=False):
            read[number].append(found.fingerprint)
    expected = [f"{number:064x}" for number in range(count)]
    assert all(found == expected for found in read.values())


def test_those_who_go_along_have_one_pass() -> None:
    findings = Told(5 * BATCH)
    shared = SharedFindings(findings)
    assert all(a is b is c for a, b, c in zip(shared, shared, shared, strict=True))
    assert findings.passes == 1


def test_who_is_far_ahead_reads_alone() -> None:
    """So that what lies between the first and the last need not be held."""
    made = 0

    class Counted(Told):
        def __iter__(self) -> Iterator[Finding]:
            nonlocal made
            for each in super().__iter__():
                made += 1
                yield each

    count, near = 10 * MOST_AHEAD * BATCH, (MOST_AHEAD + 1) * BATCH
    shared = SharedFindings(Counted(count))
    slow, fast = iter(shared), iter(shared)
    next(slow)
    for _ in range(near):
        next(fast)
    assert made == near, "both read the same"
    next(fast)
    assert made == 2 * near + 1, "from the first, to where it was"
    assert sum(1 for _ in fast) == count - near - 1
    assert sum(1 for _ in slow) == count - 1
    assert made == 2 * count


def test_the_first_who_leaves_takes_nothing_away() -> None:
    shared = SharedFindings(Told(3 * BATCH))
    first, second = iter(shared), iter(shared)
    next(first)
    next(second)
    first.close()  # type: ignore[attr-defined] - it is a generator
    assert sum(1 for _ in second) == 3 * BATCH - 1
    assert sum(1 for _ in shared) == 3 * BATCH


def output(folder: Path, name: str) -> Output:
    return Output(f"{name}={folder / name}", name, folder / name)


def test_together_every_format_has_the_bytes_that_it_has_alone(tmp_path: Path) -> None:
    findings = Told(4 * BATCH)
    shared = SharedFindings(findings)
    told = report(shared)  # type: ignore[arg-type] - other findings than its own
    makers = {name: SHIPPED.formats[name](SCREENS[0]) for name in SHIPPED.formats}
    write_files(
        [(output(tmp_path, name), partial(make, told)) for name, make in makers.items()],
        lambda: shared.taken,
    )
    assert findings.passes < len(makers)
    alone = report(Told(4 * BATCH))  # type: ignore[arg-type] - as above
    for name, make in makers.items():
        assert (tmp_path / name).read_bytes() == b"".join(make(alone)), name


@pytest.mark.parametrize("when", [0, 2, 5])
def test_when_one_can_not_be_written_none_is(tmp_path: Path, when: int) -> None:
    """Even when the others are half written, or whole."""
    taken = 0

    def chunks(*, breaks: bool) -> Iterator[bytes]:
        nonlocal taken
        for number in range(6):
            if breaks and number == when:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken += 1
            yield b"x" * 10_000

    (tmp_path / "sarif").write_text("old")
    made = [
        (output(tmp_path, name), partial(chunks, breaks=name == "csv")) for name in ("sarif", "csv")
    ]
    with pytest.raises(RenderError, match=r"-o csv=.*No space left"):
        write_files(made, lambda: taken)
    assert [each.name for each in tmp_path.iterdir()] == ["sarif"]
    assert (tmp_path / "sarif").read_text() == "old"


def test_what_is_made_once_is_no_part_of_a_finding() -> None:
    calls: list[str] = []

    @once
    def name(found: Finding) -> str:
        calls.append(found.fingerprint)
        return found.resource.name

    first, same = Kept.of(finding(7)), Kept.of(finding(7))
    assert [name(first), name(first), name(same)] == ["pod-7"] * 3
    assert calls == [first.fingerprint, same.fingerprint]
    assert first == same
    assert msgspec.json.encode(first) == msgspec.json.encode(finding(7))
    elsewhere = msgspec.structs.replace(first.resource, name="x")
    other = msgspec.structs.replace(first, resource=elsewhere)
    assert name(other) == "x", "what was made of one is not handed on to another"
    assert name(finding(8)) == "pod-8", "what nobody shares has no room beside it"


def test_what_is_made_of_a_report_is_made_again_of_another() -> None:
    found, calls = Kept.of(finding()), 0

    def make(_: Finding) -> int:
        nonlocal calls
        calls += 1
        return calls

    one, two = report(Told(0)), report(Told(0))  # type: ignore[arg-type] - as above
    assert [once_in(each, found, "n", make) for each in (one, one, two, one)] == [1, 1, 2, 3]
    assert once_in(one, finding(), "n", make) == 4
