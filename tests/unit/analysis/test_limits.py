"""What LimitRanges fill in; in tests/live/test_limit_ranges.py the API server judges."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.limits import Defaults, defaults_of, filled, unread


def ranged(*items: object) -> Defaults:
    return defaults_of({"spec": {"limits": list(items)}})


def plain(found: dict[str, tuple[object, str]]) -> dict[str, object]:
    return {name: value for name, (value, _) in found.items()}


@pytest.mark.parametrize(
    ("item", "limits", "requests"),
    [
        pytest.param({"default": {"cpu": "1"}}, {"cpu": "1"}, {"cpu": "1"}, id="default"),
        pytest.param({"defaultRequest": {"cpu": "1"}}, {}, {"cpu": "1"}, id="a request"),
        pytest.param({"max": {"cpu": "4"}}, {"cpu": "4"}, {"cpu": "4"}, id="max"),
        pytest.param({"min": {"cpu": "1m"}}, {}, {"cpu": "1m"}, id="min"),
        pytest.param(
            {"default": {"cpu": 1}, "max": {"cpu": 4, "memory": "1Gi"}},
            {"cpu": 1, "memory": "1Gi"},
            {"cpu": 1, "memory": "1Gi"},
            id="default before max",
        ),
        pytest.param(
            {"defaultRequest": {"cpu": 2}, "default": {"cpu": 3}, "min": {"cpu": 1}},
            {"cpu": 3},
            {"cpu": 2},
            id="a request before default",
        ),
        pytest.param(
            {"min": {"cpu": 1}, "max": {"cpu": 4}}, {"cpu": 4}, {"cpu": 4}, id="max before min"
        ),
        pytest.param({"type": "Pod", "max": {"cpu": 4}}, {}, {}, id="another type"),
        pytest.param({"type": None, "max": {"cpu": 4}}, {}, {}, id="no type"),
        pytest.param({"default": [1]}, {}, {}, id="no map"),
        pytest.param("max", {}, {}, id="no item"),
    ],
)
def test_an_item(item: object, limits: dict[str, object], requests: dict[str, object]) -> None:
    found = ranged({"type": "Container", **item} if isinstance(item, dict) else item)
    assert (plain(found.limits), plain(found.requests)) == (limits, requests)


def test_later_items_win_and_say_where() -> None:
    found = ranged(
        {"type": "Container", "default": {"cpu": 1, "memory": 1}},
        {"type": "Container", "max": {"cpu": 4}},
    )
    assert found.limits == {
        "cpu": (4, "/spec/limits/1/max/cpu"),
        "memory": (1, "/spec/limits/0/default/memory"),
    }
    assert found.pointers == ["/spec/limits/0/default/memory", "/spec/limits/1/max/cpu"]


@pytest.mark.parametrize(
    "body", [None, [], {"spec": 1}, {"spec": {"limits": {}}}, {"spec": {"limits": [None, 1]}}]
)
def test_no_limits(body: object) -> None:
    assert defaults_of(body) == Defaults({}, {})


BOTH = ranged({"type": "Container", "default": {"memory": "2Gi"}, "defaultRequest": {"memory": 1}})


@pytest.mark.parametrize(
    ("resources", "made"),
    [
        pytest.param(None, {"limits": {"memory": "2Gi"}, "requests": {"memory": 1}}, id="nothing"),
        pytest.param({}, {"limits": {"memory": "2Gi"}, "requests": {"memory": 1}}, id="empty"),
        pytest.param(
            {"limits": {"memory": "4Gi"}}, {"limits": {"memory": "4Gi"}}, id="a limit is a request"
        ),
        pytest.param(
            {"requests": {"memory": "1Gi"}},
            {"limits": {"memory": "2Gi"}, "requests": {"memory": "1Gi"}},
            id="a request is no limit",
        ),
        pytest.param({"limits": {"memory": 0}}, {"limits": {"memory": 0}}, id="zero is something"),
        pytest.param(
            {"limits": {"cpu": 1}, "claims": []},
            {"limits": {"cpu": 1, "memory": "2Gi"}, "requests": {"memory": 1}, "claims": []},
            id="the rest stays",
        ),
        pytest.param({"limits": [1]}, {"limits": [1]}, id="another type"),
    ],
)
def test_a_container(resources: object, made: object) -> None:
    container = {"name": "a"} if resources is None else {"name": "a", "resources": resources}
    spec, spots = filled({"containers": [container]}, [BOTH])
    assert spec == {"containers": [{"name": "a", "resources": made}]}
    for start, spot in spots:
        assert spot is not None
        assert spot.of == 1
        assert start.startswith("/spec/containers/0/resources/")
        assert spot.pointer.startswith("/spec/limits/0/default")


def test_init_containers_but_no_ephemeral_ones() -> None:
    kinds: dict[str, Any] = {
        field: [{"name": field}]
        for field in ("initContainers", "containers", "ephemeralContainers")
    }
    spec, _ = filled(kinds, [BOTH])
    assert "resources" in spec["initContainers"][0]  # type: ignore[index]
    assert "resources" not in spec["ephemeralContainers"][0]  # type: ignore[index]
    assert kinds["containers"] == [{"name": "containers"}], "what was read stays as it is"


def test_the_first_of_several_ranges_wins() -> None:
    cpu = ranged({"type": "Container", "default": {"cpu": 1, "memory": 7}})
    spec, spots = filled({"containers": [{"name": "a"}]}, [BOTH, cpu])
    (container,) = spec["containers"]  # type: ignore[misc]
    assert container["resources"] == {
        "limits": {"memory": "2Gi", "cpu": 1},
        "requests": {"memory": 1, "cpu": 1},
    }
    assert {start: spot.of for start, spot in spots if spot} == {
        "/spec/containers/0/resources/limits/memory": 1,
        "/spec/containers/0/resources/requests/memory": 1,
        "/spec/containers/0/resources/limits/cpu": 2,
        "/spec/containers/0/resources/requests/cpu": 2,
    }


@pytest.mark.parametrize("containers", [None, {}, "x", [None], ["x"], [{"resources": 3}]])
def test_odd_containers_stay(containers: object) -> None:
    spec = {"containers": containers}
    assert filled(spec, [BOTH]) == (spec, ())


def test_what_nobody_read_may_fill_in_anything() -> None:
    spec = unread({"containers": [{"name": "a", "resources": {"limits": {"cpu": 3}}}]})
    assert spec["containers"] == [
        {
            "name": "a",
            "resources": {"limits": {"cpu": 3, "memory": "1"}, "requests": {"memory": "1"}},
        }
    ]
