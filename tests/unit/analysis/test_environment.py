"""What ConfigMaps put into the environment of a container."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.environment import Settings, pointers, set_in, settings_of
from auditor.model.fact import Spot

A = Settings("a", {"X": "1", "Y": "2", "HIDDEN": None})
B = Settings("b", {"X": "3"})
OF_A = {"configMapRef": {"name": "a"}}
OF_B = {"configMapRef": {"name": "b"}}
UNREAD = {"configMapRef": {"name": "lost"}}


def find(name: str) -> tuple[Settings, int] | None:
    return {"a": (A, 1), "b": (B, 2)}.get(name)


def key(name: str, key: str, settings: str = "a") -> dict[str, Any]:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": settings, "key": key}}}


def environment(container: dict[str, Any], field: str = "containers") -> Any:
    spec, _ = set_in({field: [container]}, find)
    return spec[field][0]  # type: ignore[index]


def values(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in environment(container).get("env", ())}


def test_a_config_map_as_it_is_read() -> None:
    data = {"A": "x", "N": 3, "LONG": "x" * 513, "S": "a «redacted:by-name»", "a=b": "c", "": "d"}
    found = settings_of("a", {"data": data, "binaryData": {"B": "eA=="}})
    assert found == Settings("a", {"A": "x", "N": None, "LONG": None, "S": None})
    assert pointers(found) == ["/data/A"]
    assert settings_of("a", {"data": [1]}) == settings_of("a", None) == Settings("a", {})


@pytest.mark.parametrize(
    ("container", "made"),
    [
        pytest.param({"env": [key("V", "X")]}, {"V": "1"}, id="a key"),
        pytest.param({"env": [key("V", "Z")]}, {"V": None}, id="no such key"),
        pytest.param({"env": [key("V", "X", "lost")]}, {"V": None}, id="not read"),
        pytest.param({"env": [key("V", "HIDDEN")]}, {"V": None}, id="not told"),
        pytest.param({"envFrom": [OF_A]}, {"X": "1", "Y": "2", "HIDDEN": None}, id="all"),
        pytest.param({"envFrom": [{"prefix": "P_", **OF_B}]}, {"P_X": "3"}, id="a prefix"),
        pytest.param(
            {"envFrom": [OF_A, OF_B]}, {"X": "3", "Y": "2", "HIDDEN": None}, id="later wins"
        ),
        pytest.param(
            {"env": [{"name": "X", "value": "9"}], "envFrom": [OF_B]}, {"X": "9"}, id="env wins"
        ),
        pytest.param({"envFrom": [OF_A, UNREAD]}, {}, id="before what was not read"),
        pytest.param({"envFrom": [UNREAD, OF_B]}, {"X": "3"}, id="after what was not read"),
    ],
)
def test_what_a_container_gets(container: dict[str, Any], made: dict[str, Any]) -> None:
    assert values(container) == made


def test_what_was_taken_over_is_no_source_any_more() -> None:
    assert environment({"envFrom": [UNREAD, OF_B]})["envFrom"] == [UNREAD]
    assert "envFrom" not in environment({"envFrom": [OF_A, OF_B]})
    assert environment({"tty": False, "env": [], "envFrom": [OF_B]})["tty"] is False


def test_where_it_was_read() -> None:
    container = {"env": [{"name": "N"}, key("V", "X")], "envFrom": [OF_A, OF_B]}
    _, spots = set_in({"initContainers": [container]}, find)
    known = dict(spots)
    start = "/spec/initContainers/0/env"
    assert known[f"{start}/1/value"] == Spot(1, "/data/X")
    assert known[f"{start}/2/value"] == Spot(2, "/data/X")
    assert known[f"{start}/3"] == Spot(1, "/data/Y")
    assert f"{start}/0" not in known


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({"env": {}, "envFrom": 3}, id="no lists"),
        pytest.param({"env": [None, 3, {"name": [1]}]}, id="no variables"),
        pytest.param({"envFrom": [None, {"configMapRef": {"name": {}}}]}, id="no sources"),
        pytest.param({"env": [key("V", "X", [])]}, id="no name"),  # type: ignore[arg-type]
        pytest.param(3, id="no container"),
    ],
)
def test_odd_containers_stay(container: Any) -> None:
    assert environment(container, "ephemeralContainers") == container
