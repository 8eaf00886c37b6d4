"""Rows of joining analyses: cut into any parts, they are the same groups."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.analyses import Analyses
from auditor.analysis.protocol import Feeds, Groups, Held, Row, Site, Stage
from auditor.model.fact import Fact, Origin
from auditor.model.resource import Resource
from auditor.runner.rows import Rows, decoded, encoded, joined
from auditor.secrets.redact import clean

NAMES = st.sampled_from(["", "a", "a\tb", "\x1f", "b\n", "\u00fc", "!", "[", "a\x00", "zz"])


def origin(source: str = "a.yaml", document: int = 0, pointer: str = "") -> Origin:
    return Origin(
        target="t",
        target_uid="files",
        kind="k8s/Pod",
        namespace="ml",
        name="x",
        uid="u",
        source=source,
        document=document,
        line=3,
        digest="e" * 64,
        pointer=pointer,
        lines=(("/a", 4),),
    )


class Counting:
    """Counts what is tagged so, and lists the rest."""

    id = "counting"
    stage = Stage.TARGET
    reads: frozenset[str] = frozenset()
    feeds: Feeds = MappingProxyType({})
    combined = frozenset({"count"})

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        raise NotImplementedError

    def combine(self, one: Row, other: Row) -> Row:
        return Row(one.key, one.tag, None, b"%d" % (int(one.body) + int(other.body)))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        raise NotImplementedError


COUNTING = Counting()
ROWS = st.one_of(
    st.builds(lambda key: Row(key, "count", None, b"1"), st.tuples() | st.tuples(NAMES)),
    st.builds(
        lambda key, source, document: Row(key, "item", origin(source, document), b'{"a":1}'),
        st.tuples() | st.tuples(NAMES) | st.tuples(NAMES, NAMES),
        NAMES,
        st.integers(0, 12),
    ),
)


def lines_of(rows: list[Row]) -> list[bytes]:
    held = Rows(Analyses((), (COUNTING,)))
    held.add_lines(encoded(COUNTING.id, row) for row in rows)
    assert len(held) <= len(rows)
    return held.lines()


def groups(lines: list[bytes]) -> list[tuple[tuple[str, ...], list[Row]]]:
    return [
        (key, list(rows)) for _, found in joined((COUNTING,), sorted(lines)) for key, rows in found
    ]


@given(st.lists(ROWS, max_size=20), st.integers(0, 20))
def test_any_parts_are_the_same_groups(rows: list[Row], cut: int) -> None:
    found = groups(lines_of(rows[:cut]) + lines_of(rows[cut:]))
    assert found == groups(lines_of(rows))
    keys = [key for key, _ in found]
    assert len(keys) == len(set(keys))
    assert set(keys) == {row.key for row in rows}
    assert () not in keys[1:], "what is for all keys comes first"
    for key, inside in found:
        own = [row for row in rows if row.key == key]
        counted = sum(row.tag == "count" for row in own)
        assert [int(row.body) for row in inside if row.tag == "count"] == [counted] * bool(counted)
        items = [row for row in inside if row.tag == "item"]
        assert len(items) == len(own) - counted
        assert inside[len(inside) - len(items) :] == items, "in the order of tags"


@given(ROWS)
def test_a_row_comes_back_whole(row: Row) -> None:
    line = encoded("counting", row)
    assert line.count(b"\n") == 1
    assert decoded(line) == ("counting", row)


def test_what_a_row_holds_is_no_text_to_be_cleaned() -> None:
    """Lines of findings were written without secrets, and must come back byte for byte."""
    held = Held((b'00\x1fr\t{"path": "/password"}\n', b"\xff\t\n"), b"\x01\x00\xff", 3)
    row = Row(("k",), "waiting", origin(), b"{}", held)
    assert decoded(encoded("counting", row)) == ("counting", row)


def test_a_name_of_a_file_that_is_no_text() -> None:
    odd = Row(("\udcff",), "item", origin("a\udcff.yaml"), b"{}")
    _, row = decoded(encoded("counting", odd))
    assert row.origin is not None
    assert (row.key, row.origin.source) == (("\\udcff",), "a\\udcff.yaml")


def test_rows_are_in_the_order_of_their_places() -> None:
    rows = [
        Row(("k",), "item", origin(source, document, pointer), b"{}")
        for source in ("b", "a")
        for document in (10, 9)
        for pointer in ("/z", "/y")
    ]
    ((_, found),) = groups(lines_of(rows))
    places = [each.origin for each in found if each.origin is not None]
    assert len(places) == len(rows)
    assert places == sorted(places, key=lambda at: (at.source, at.document, at.pointer))


@pytest.mark.parametrize("body", [b'{"password":"hunter2hunter2"}', b'["ghp_%s"]' % (b"a1B2" * 9)])
def test_no_secret_is_in_a_line(body: bytes) -> None:
    line = encoded("counting", Row(("k",), "item", origin(), body))
    assert b"hunter2" not in line
    assert b"ghp_" not in line


BODIES = st.sampled_from(
    (
        b"{}",
        b'{"a":null,"b":1}',
        b'{"spots":[["/a",null],["/b",{"of":0}]]}',
        b'{"spots":[["/a",null]],"b": null,"c":"is :null"}',
        b'{\n  "a": [1,\n 2]\n}',
        b'{"password":"hunter2hunter2"}',
        b'{"name":"DB_PASSWORD","value":"hunter2hunter2"}',
        b'["--token","hunter2hunter2"]',
        b'{"a":"\\u0067hp_%s"}' % (b"a1B2" * 9),
        b'{"images":["r.io/a:1"],"given":[["nvidia.com/gpu","GPU-1::0"]]}',
        b'{"deep":%b1%b}' % (b"[" * 80, b"]" * 80),
    )
)


@given(st.lists(BODIES, max_size=200), st.lists(st.booleans(), max_size=200))
def test_many_rows_are_as_each_by_itself(bodies: list[bytes], settled: list[bool]) -> None:
    rows = [Row((f"k{at}",), "item", origin(), body) for at, body in enumerate(bodies)]
    held = Rows(Analyses((), (COUNTING,)))
    for row, settle in zip_longest(rows, settled[: len(rows)], fillvalue=False):
        held.add(COUNTING, row)
        if settle:
            held.settle()
    assert len(held) == len(rows)
    wanted = sorted(encoded(COUNTING.id, row) for row in rows)
    assert held.lines() == wanted
    assert not any(b"hunter2" in line or b"ghp_a1" in line for line in wanted)
    found = [decoded(line)[1].body for line in wanted]
    assert sorted(found) == sorted(map(clean, bodies))


def test_a_row_that_is_nested_too_deeply_fails_where_it_is_made() -> None:
    held = Rows(Analyses((), (COUNTING,)))
    deep = b"[" * 900 + b"]" * 900
    with pytest.raises(RecursionError):
        held.add(COUNTING, Row(("k",), "item", origin(), b'{"password":%b}' % deep))
    assert held.lines() == []


def test_rows_that_nothing_combines_stay_as_they_were_written() -> None:
    """Those of a file that did not change are neither decoded nor looked at for secrets."""
    odd = b'counting\t["a"]\tseen by nobody\t[null,{"b":  1}]\n'
    held = Rows(Analyses((), (COUNTING,)))
    held.add_lines([odd])
    assert held.lines() == [odd]
    assert len(held) == 1


def test_another_analysis_has_no_part_in_it() -> None:
    line = encoded("other", Row((), "item", origin(), b"{}"))
    assert list(joined((COUNTING,), [line])) == []
