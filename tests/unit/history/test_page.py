"""The page of a history: its numbers are the history's, its picture stays inside, nothing acts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from msgspec.structs import replace

from auditor.history.course import trend_of
from auditor.model.history import RunSeen, Trend
from reports.html.trend import LISTED, render
from reports.trend import GROUPS, counted
from tests.sweeps import examples
from tests.unit.history.made import finding, run, runs, target

HOSTILE = "</table><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x1b[2J"
_OURS = """html head meta title style body a header h1 h2 p main section div svg polygon line text g
rect b table thead tbody tr th td footer"""
OURS = frozenset(re.findall(r"\w+", _OURS))
NUMBERS = ("targets", "open", "unseen", "new", "reopened", "mended", "undecided")


class Page(HTMLParser):
    """The cells of each table, and the elements and attributes that there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.shapes: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._text: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        match tag:
            case "table":
                self.tables.append([])
            case "tr":
                self.tables[-1].append([])
            case "td":
                self._text = []
            case "polygon":
                self.shapes.append(dict(attrs)["points"] or "")

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "td" and self._text is not None:
            self.tables[-1][-1].append("".join(self._text))
            self._text = None


def page_of(trend: Trend, by: str = "rule") -> Page:
    return Page(b"".join(render(trend, by)).decode())


def rows(table: list[list[str]]) -> list[list[str]]:
    """The rows of a table without that of its heads."""
    return [row for row in table if row]


@examples(60)
@given(runs())
def test_its_numbers_are_those_of_the_history(made: list[RunSeen]) -> None:
    trend = trend_of(made)
    found = page_of(trend)
    assert [row[2:] for row in rows(found.tables[0])] == [
        [str(getattr(each, name)) for name in NUMBERS] for each in reversed(trend.points)
    ]
    assert rows(found.tables[1]) == [
        [name, *(str(counts[key]) for key in ("open", "unseen", "mended", "reopened"))]
        for name, counts in counted(trend, "rule")
    ]
    listed = [row for table in found.tables[2:] for row in rows(table)]
    assert len(listed) == len(trend.findings)
    last = trend.points[-1]
    for shape, known in zip(found.shapes, (last.open + last.unseen, last.open), strict=True):
        corners = [tuple(map(float, pair.split(","))) for pair in shape.split()]
        assert all(48 <= x <= 908 and 24 <= y <= 224 for x, y in corners)
        assert (corners[-2][1] < 224) == bool(known), "where it ends is what is known now"


def test_runs_at_one_moment_have_a_picture() -> None:
    same = [replace(run(1, finding(0, "r1", "x")), manifest=str(number)) for number in range(3)]
    assert "nan" not in "".join(page_of(trend_of(same)).shapes)


@pytest.mark.parametrize("by", GROUPS)
def test_what_others_wrote_does_nothing(by: str) -> None:
    bad = replace(finding(0, HOSTILE, HOSTILE, HOSTILE), namespace=HOSTILE, owner=HOSTILE)
    place = replace(target(), uri=HOSTILE, uid=HOSTILE)
    seen = run(1, bad, targets=(place,), rules=(HOSTILE,))
    seen = replace(seen, judging=replace(seen.judging, profile=HOSTILE))
    text = b"".join(render(trend_of([seen, run(2)]), by)).decode()
    found = Page(text)
    assert found.tags == OURS
    assert not [name for name in found.attributes if name.startswith("on")]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'; base-uri", text)


def test_a_long_list_says_how_much_it_leaves_out() -> None:
    many = run(1, *(finding(0, "r1", f"n-{number}") for number in range(LISTED + 3)))
    text = b"".join(render(trend_of([many]), "severity")).decode()
    assert "and 3 findings more, in CSV and JSON" in text
