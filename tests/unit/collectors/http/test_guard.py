"""What a guard lets pass is what its value says, on any kind of connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.enums import Answered
from collectors.http.failures import Unanswered
from collectors.http.guard import WriteRefusedError
from tests.faults.server import json_reply, serving
from tests.unit.collectors.http.two_platforms import ENGINE, VCENTER, engine, engine_at

ID = "0123456789ab"
PASSES = (
    ("GET", "/v1.43/info"),
    ("GET", "/v1.43/containers/json"),
    ("GET", "/v1.43/containers/json?all=1&limit=5"),
    ("GET", f"/v1.43/containers/{ID}/json"),
    ("GET", "/v1.43/images/nvcr.io/nvidia/pytorch:24.05/json"),
    ("GET", f"/v1.43/images/docker.io/redis@sha256:{'a' * 64}/json"),
    ("GET", "http://docker/v1.43/info"),
)
REFUSED = (
    ("POST", "/v1.43/containers/json"),
    ("get", "/v1.43/info"),
    ("GET", "/v1.43/containers/json?size=1"),
    ("GET", "/v1.43/containers/json?all=1&size"),
    ("GET", "/v1.43/containers/json?all=1;size=1"),
    ("GET", "/v1.43/info?all=1"),
    ("GET", f"/v1.43/containers/{ID}/archive"),
    ("GET", f"/v1.43/containers/{ID}/json/"),
    ("GET", f"/v1.43/containers/{ID}/../{ID}/json"),
    ("GET", "/v1.43/images/../containers/x/json"),
    ("GET", "/v1.43/images/./json"),
    ("GET", "/v1.43/images/a//json"),
    ("GET", "/v1.43/images/%2e%2e/json"),
    ("GET", "/v1.43/info#x"),
    ("GET", "/v1.43/info\n"),
    ("GET", "//v1.43/info"),
    ("GET", ""),
    ("GET", "v1.43/info"),
    ("GET", "/events"),
)


@pytest.mark.parametrize(("method", "url"), PASSES)
def test_what_is_allowed_passes(method: str, url: str) -> None:
    ENGINE.check(method, url, "")


@pytest.mark.parametrize(("method", "url"), REFUSED)
def test_all_else_is_refused(method: str, url: str) -> None:
    with pytest.raises(WriteRefusedError, match=f"before it was sent: {method} /"):
        ENGINE.check(method, url, "")


def test_paths_are_below_that_of_the_server() -> None:
    ENGINE.check("GET", "/hosts/a/v1.43/info", "/hosts/a")
    for url in ("/v1.43/info", "/hosts/ab/v1.43/info", "/hosts/a", "/hosts/a/"):
        with pytest.raises(WriteRefusedError):
            ENGINE.check("GET", url, "/hosts/a")


def test_a_segment_is_what_the_guard_says_it_is() -> None:
    VCENTER.check("GET", "/api/vcenter/vm/vm-12", "")
    for url in ("/api/vcenter/vm/vm-12@x", "/api/vcenter/vm/vm-12/tools", "/api/vcenter/folder"):
        with pytest.raises(WriteRefusedError):
            VCENTER.check("GET", url, "")


def test_a_connection_over_a_unix_socket_is_guarded(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with serving(lambda _asked: json_reply({"Name": "gpu-host"}), path=path) as server:
        client = engine_at(path)
        assert client.get("/v1.43/info").body == b'{"Name": "gpu-host"}'
        with pytest.raises(Unanswered, match=r"before it was sent: POST /v1\.43/info"):
            client.post("/v1.43/info", {})
        with pytest.raises(Unanswered, match="refused before it was sent: GET /events"):
            client.get("/events")
        client.hang_up()
        assert [(each.method, each.path) for each in server.asked] == [("GET", "/v1.43/info")]


def test_a_refusal_is_a_gap_and_no_crash() -> None:
    with serving(lambda _asked: json_reply({})) as server:
        with pytest.raises(Unanswered) as caught:
            engine(server.url).get(f"/v1.43/containers/{ID}/logs")
        assert caught.value.answered is Answered.MALFORMED
        assert server.asked == []
