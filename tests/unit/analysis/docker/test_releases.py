"""Versions of the parts of an engine against the table of releases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.docker.releases import TABLE, Releases
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from tests.policies.shipped import POLICY

REFERENCE = "https://example.com/releases"
ROWS = [
    {"component": "runc", "before": "1.3", "fixes": False, "as-of": "2026-01-01"},
    {
        "component": "runc",
        "from": "1.3",
        "before": "1.10",
        "fixes": True,
        "until": "2027-01-31",
        "as-of": "2026-01-01",
        "reference": REFERENCE,
    },
    {"component": "Engine", "from": "29.0", "fixes": True, "as-of": "2026-01-01"},
]


def version(body: object) -> Resource:
    return Resource(
        kind="docker/Version",
        api_version="",
        name="version",
        namespace="",
        uid="",
        source="/version",
        document=0,
        line=0,
        body=json.dumps(body).encode(),
    )


def components(*parts: tuple[str, str], rows: Any = ROWS) -> dict[str, dict[str, Any]]:
    body = {"Components": [{"Name": name, "Version": number} for name, number in parts]}
    found = {}
    for each in Releases({TABLE: rows}).derive(version(body)):
        assert isinstance(each, Resource)
        found[each.name] = json.loads(each.body)
    return found


@pytest.mark.parametrize(
    ("number", "fixes"),
    [
        ("1.2.9", False),
        ("0.1.1", False),
        ("1", None),
        ("1.3.0", True),
        ("v1.3.0", True),
        ("1.9.99", True),
        ("1.10.0", None),
        ("1.10", None),
        ("2.0.0", None),
        ("1.3.0-rc.1", None),
        ("1.1.5+ds1", None),
        ("1.6.20~ds1", None),
        ("library-import", None),
        ("", None),
        ("1.\u0663", None),
    ],
)
def test_a_version_is_in_the_range_that_has_it(number: str, fixes: bool | None) -> None:  # noqa: FBT001 - a table
    found = components(("runc", number))["runc"]
    assert found.get("fixes") is fixes
    assert ("unknown" in found) is (fixes is None)


def test_what_the_row_says_is_in_the_fact() -> None:
    assert components(("runc", "v1.3.1"))["runc"] == {
        "name": "runc",
        "version": "v1.3.1",
        "fixes": True,
        "until": "2027-01-31",
        "asOf": "2026-01-01",
        "reference": REFERENCE,
    }


def test_a_range_without_an_end_has_all_that_come() -> None:
    assert components(("Engine", "99.1.0"))["Engine"]["fixes"] is True


def test_rows_of_ones_own_count_in_place_of_those_before() -> None:
    own = {
        "component": "runc",
        "from": "1.2",
        "before": "1.3",
        "fixes": True,
        "as-of": "2026-02-01",
    }
    assert components(("runc", "1.2.4"), rows=[*ROWS, own])["runc"]["fixes"] is True


def test_what_the_table_does_not_speak_of_is_no_component() -> None:
    assert components(("docker-init", "0.19.0"), ("runc", "1.3.0")).keys() == {"runc"}
    assert list(Releases({TABLE: ROWS}).derive(version({}))) == []
    assert list(Releases({}).derive(version({"Components": [{"Name": "runc"}]}))) == []


def test_where_a_component_was_read() -> None:
    body = {"Components": [{"Name": "x"}, {"Name": "runc", "Version": "1.3.0"}]}
    (found,) = Releases({TABLE: ROWS}).derive(version(body))
    assert isinstance(found, Resource)
    assert (found.kind, found.part) == ("docker/Component", "runc")
    assert found.in_source("/version") == "/Components/1/Version"
    assert found.in_source("/fixes") is None


def test_an_answer_that_is_none_is_a_gap() -> None:
    (found,) = Releases({TABLE: ROWS}).derive(version({"Components": "many"}))
    assert isinstance(found, Gap)
    assert found.cause is GapCause.MALFORMED


def test_the_table_says_of_no_version_two_things() -> None:
    """Its ranges do not overlap, and what ended before the day it was looked up gets no fixes."""
    rows = POLICY.tables[TABLE]
    by_name: dict[str, list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
    for row in rows:
        start, end = (_numbers(str(row.get(key, "0"))) for key in ("from", "before"))
        by_name.setdefault(str(row["component"]), []).append((start, end))
        assert start < end
        if "until" in row:
            assert row["fixes"] is (str(row["until"]) >= str(row["as-of"]))
    assert by_name.keys() == {"Engine", "containerd", "runc"}
    for ranges in by_name.values():
        assert ranges[0][0] == (0,)
        ends = [end for _, end in sorted(ranges)]
        starts = [start for start, _ in sorted(ranges)][1:]
        assert all(end <= start for end, start in zip(ends, starts, strict=False))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split("."))
