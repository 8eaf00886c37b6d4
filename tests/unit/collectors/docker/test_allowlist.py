"""What may be sent to an engine, and what the list for a proxy says of it."""

from __future__ import annotations

import re

import pytest

from auditor.errors import UsageError
from auditor.platforms.docker import (
    CONTAINER,
    HOST,
    HOST_SERVICE_UNIT,
    IMAGE,
    IMAGE_HISTORY,
    SERVICE,
)
from auditor.ports import RolePlan
from collectors.docker.live.allowlist import READ_ONLY
from collectors.docker.permissions import role
from collectors.http.guard import WriteRefusedError

ID = "0" * 64
PASSES = (
    *("/version", "/info", "/v1.41/info", "/v1.56/containers/json?all=1"),
    *(f"/v1.41/containers/{ID}/json", f"/v1.41/images/sha256:{ID}/json", "/v1.41/networks/x_y"),
    f"/v1.56/images/sha256:{ID}/history",
)
REFUSED = (
    ("POST", "/v1.41/containers/create"),
    ("DELETE", f"/v1.41/containers/{ID}"),
    ("POST", "/info"),
    ("HEAD", "/_ping"),
    *(
        ("GET", path)
        for path in (
            f"/v1.41/containers/{ID}/attach/ws",
            f"/v1.41/containers/{ID}/archive?path=/etc/shadow",
            f"/v1.41/containers/{ID}/export",
            f"/v1.41/containers/{ID}/logs?stdout=1",
            f"/v1.41/images/{ID}/get",
            f"/v1.41/images/{ID}/history?platform=x",
            "/v1.41/images/a/b/history",
            "/v1.41/secrets",
            "/v1.41/configs",
            "/v1.41/events",
            "/v1.41/containers/json?all=1&size=1",
            f"/v1.41/containers/../containers/{ID}/json",
            "/v2/info",
        )
    ),
)


@pytest.mark.parametrize("url", PASSES)
def test_reads_pass(url: str) -> None:
    READ_ONLY.check("GET", url, "")


@pytest.mark.parametrize(("method", "url"), REFUSED)
def test_all_else_is_refused(method: str, url: str) -> None:
    with pytest.raises(WriteRefusedError):
        READ_ONLY.check(method, url, "")


def plan(*kinds: str, namespaces: tuple[str, ...] = ()) -> RolePlan:
    return RolePlan("p", dict.fromkeys(kinds, ("rule-a",)), namespaces, ("a", "b"))


def expressions(*kinds: str) -> list[re.Pattern[str]]:
    """What the list has for rules about some kinds."""
    lines = [line for line in role(plan(*kinds)) if line and not line.startswith("#")]
    assert all(line.startswith("GET ^") for line in lines)
    return [re.compile(line.removeprefix("GET ")) for line in lines]


def test_the_list_has_what_is_asked_and_no_more() -> None:
    found = expressions(CONTAINER)
    passing = ["/version", "/v1.41/info", "/v1.41/containers/json?all=1"]
    passing += [f"/v1.41/containers/{ID}/json"]
    for url in passing:
        assert any(each.search(url) for each in found), url
    for _, url in REFUSED:
        assert url == "/info" or not any(each.search(url) for each in found), url
    assert not any(each.search("/v1.41/images/json") for each in found)


def test_histories_need_the_list_of_images_and_no_image() -> None:
    found = expressions(IMAGE_HISTORY)
    for url in ("/v1.41/images/json", f"/v1.41/images/sha256:{ID}/history"):
        assert any(each.search(url) for each in found), url
    assert not any(each.search(f"/v1.41/images/sha256:{ID}/json") for each in found)


def test_each_path_has_its_reason() -> None:
    lines = list(role(plan(IMAGE, SERVICE)))
    assert "# docker/Image: rule-a" in lines
    assert "# docker/Service: only asked of a manager of a swarm" in lines
    assert any("is root on the host" in line for line in lines)


def test_an_engine_has_no_namespaces() -> None:
    with pytest.raises(UsageError, match="no namespaces"):
        list(role(plan(CONTAINER, namespaces=("a",))))


def test_what_is_looked_at_on_the_host_is_printed() -> None:
    lines = list(role(RolePlan("p", {HOST_SERVICE_UNIT: ("rule-h",)}, (), ("a", "b"))))
    start = lines.index(f"# {HOST_SERVICE_UNIT}: rule-h")
    assert lines[start + 1] == "#   /etc/systemd/system/docker.service"
    assert "#   /lib/systemd/system/docker.service.d/**" in lines[start:]
    assert not [line for line in lines if line.startswith("GET") and "systemd" in line]


def test_of_the_host_only_what_rules_need_is_printed() -> None:
    lines = list(role(RolePlan("p", {IMAGE: ("rule-a",)}, (), ("a", "b"))))
    assert not [line for line in lines if any(kind in line for kind in HOST)]
