"""Whatever a server does instead of answering: a gap with its own cause, and never a pass."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collectors.http.patience import Patience
from collectors.kubernetes.live.collector import LiveCollector
from tests.faults import server as fake
from tests.faults.clusters import KINDS, PODS, Waits, collector, on, scanned
from tests.faults.server import Asked, Handler, Reply, page, pod, serving, status
from tests.live.cluster import read


def endless(asked: Asked) -> Reply:
    number = int(asked.query.get("continue", "0")) + 1
    return page([pod(f"p{number}")], **{"continue": str(number)})


GOOD = page([pod("good"), pod("bad", privileged=True)])
FIRST = page([pod("bad", privileged=True)], **{"continue": "more"})
AGAIN = page([pod("good")], **{"continue": "more"})
BOMB = gzip.compress(b" " * (64 << 20))
GZIP = {"content-encoding": "gzip"}
TORN = json.dumps({"kind": "PodList", "items": [pod("x")]}).encode()[:-9]


@dataclass(frozen=True, slots=True)
class Fault:
    """What the server does to a list of pods; ``kept`` says whether the first page was fine."""

    handler: Handler
    cause: str
    says: str
    kept: bool = False


FAULTS = {
    "html of a proxy": Fault(
        on(PODS, Reply(b"<html>log in", media="text/html")), "malformed", "text/html, not JSON"
    ),
    "nothing that says what it is": Fault(
        on(PODS, Reply(b"{}", media="")), "malformed", "not JSON"
    ),
    "half a page": Fault(
        on(PODS, Reply(GOOD.body[:40], length=len(GOOD.body), then="close")),
        "truncated",
        "before its announced length",
    ),
    "a length too short": Fault(
        on(PODS, Reply(GOOD.body, length=30, then="close")), "malformed", "the answer is not a list"
    ),
    "torn JSON": Fault(on(PODS, Reply(TORN)), "malformed", "the answer is not a list"),
    "hangs before the head": Fault(
        on(PODS, Reply(raw=b"", then="hang")), "timeout", "stopped answering"
    ),
    "hangs after the head": Fault(
        on(PODS, Reply(b"{", length=99, then="hang")), "timeout", "stopped answering"
    ),
    "reset in the middle": Fault(
        on(PODS, Reply(GOOD.body[:40], length=99_999, then="reset")), "truncated", "ended in the"
    ),
    "no HTTP": Fault(on(PODS, Reply(raw=b"SSH-2.0-x\r\n", then="close")), "malformed", "not HTTP"),
    "no answer at all": Fault(on(PODS, Reply(raw=b"", then="close")), "truncated", "ended in"),
    "the same token again": Fault(
        on(PODS, FIRST, AGAIN), "truncated", "the same page again and again", kept=True
    ),
    "pages without end": Fault(on(PODS, endless), "truncated", "more than 40 pages"),
    "too large a page": Fault(
        on(PODS, Reply(b" " * (2 << 20))), "truncated", "more than 1,048,576 bytes"
    ),
    "a bomb in gzip": Fault(
        on(PODS, Reply(BOMB, headers=GZIP)), "truncated", "more than 1,048,576 bytes"
    ),
    "gzip that is none": Fault(
        on(PODS, Reply(b"plain", headers=GZIP)), "malformed", "can't be decompressed"
    ),
    "busy for ever": Fault(on(PODS, status(429, "slow down")), "unreachable", "HTTP 429 4 times"),
    "broken for ever": Fault(
        on(PODS, status(500, "etcd")), "unreachable", "HTTP 500 4 times: etcd"
    ),
    "refused": Fault(on(PODS, status(403, "pods is forbidden")), "denied", "pods is forbidden"),
    "gone": Fault(on(PODS, status(404, "no such")), "unsupported", "HTTP 404"),
    "unauthorised in the middle": Fault(
        on(PODS, FIRST, status(401, "Unauthorized")), "denied", "HTTP 401", kept=True
    ),
    "expired, without a way on": Fault(
        on(PODS, FIRST, status(410, "too old")), "truncated", "HTTP 410: too old", kept=True
    ),
    "a redirect": Fault(
        on(PODS, Reply(code=302, headers={"location": "http://127.0.0.1:1/"})), "malformed", "302"
    ),
    "a list of something else": Fault(
        on(PODS, page([], kind="Secret")), "malformed", "asked for a PodList"
    ),
    "a status as if it were fine": Fault(
        on(PODS, Reply(status(500, "x").body)), "malformed", "the answer is Status"
    ),
    "items that are none": Fault(
        on(PODS, fake.json_reply({"kind": "PodList", "apiVersion": "v1", "items": 7})),
        "malformed",
        "the answer is not a list",
    ),
    "items that are null": Fault(
        on(PODS, fake.json_reply({"kind": "PodList", "apiVersion": "v1", "items": None})),
        "malformed",
        "the answer is not a list",
    ),
    "fewer than there are": Fault(
        on(PODS, page([pod("bad", privileged=True)], remainingItemCount=500)),
        "truncated",
        "500 more are left",
    ),
    "pods of another version": Fault(
        on(PODS, fake.page_of("x.io/v1", [pod("bad")], "Pod")), "malformed", "is PodList x.io/v1"
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_a_gap_with_its_cause(tmp_path: Path, fault: Fault) -> None:
    document = scanned(tmp_path, fault.handler)
    (gap,) = document["gaps"]
    assert (gap["scope"], gap["cause"]) == ("k8s/Pod", fault.cause), gap
    assert fault.says in gap["detail"]
    assert "k8s-container-privileged" in gap["rules"]
    count = document["counts"]["k8s-container-privileged"]
    assert (count["fail"], count["unknown"]) == (int(fault.kept), 1)
    assert document["gate"]["decision"] == ("fail" if fault.kept else "incomplete")
    (target,) = document["targets"]
    assert target["state"] == "partial"
    assert document["coverage"]["resources"]["k8s/Namespace"]["seen"] == 1, "others were read"


def test_an_empty_list_is_no_gap(tmp_path: Path) -> None:
    document = scanned(tmp_path, on(PODS, page([])))
    assert document["gaps"] == []
    assert "k8s/Pod" not in document["coverage"]["resources"]


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    """As it says: by seconds, by a date, and by our own measure when it does not say."""
    later = {"retry-after": "Mon, 23 Nov 2026 00:00:10 GMT"}
    replies = (
        Reply(code=429, headers={"retry-after": "3"}),
        Reply(code=503, headers=later),
        Reply(code=502),
        GOOD,
    )
    waits = Waits()
    patience = Patience(attempts=5)
    with serving(on(PODS, *replies)) as server:
        live = collector(tmp_path, server, waits=waits)
        patient = LiveCollector(live.address, live.kubeconfig, live.clock, patience)
        pages = read(patient, KINDS, tmp_path)
    assert pages.entry.gaps == ()
    assert waits.slept[:2] == [3.0, 7.0]
    assert len(waits.slept) == 3
    assert [record.count for record in pages.records if record.kind == "k8s/Pod"] == [2]


def test_a_server_that_asks_for_too_long_a_wait(tmp_path: Path) -> None:
    document = scanned(tmp_path, on(PODS, Reply(code=429, headers={"retry-after": "86400"})))
    (gap,) = document["gaps"]
    assert (gap["cause"], gap["detail"][:17]) == ("unreachable", "HTTP 429 1 times:")


def test_an_expired_list_goes_on_as_the_server_offers(tmp_path: Path) -> None:
    expired = status(410, "too old", **{"continue": "on"})
    document = scanned(tmp_path, on(PODS, FIRST, expired, page([pod("last", privileged=True)])))
    assert document["gaps"] == []
    assert document["counts"]["k8s-container-privileged"]["fail"] == 2
    told = [record.detail for record in document["records"] if record.kind == "k8s/Pod"]
    assert told[0] == ""
    assert "what follows is of a later moment" in told[1]
    assert document["targets"][0]["notes"] == [f"k8s/Pod: {told[1]}"]


def test_a_page_that_is_too_large_is_asked_for_in_parts(tmp_path: Path) -> None:
    def handle(asked: Asked) -> Reply:
        start, limit = int(asked.query.get("continue", "0")), int(asked.query["limit"])
        more = {"continue": str(start + limit)} if start + limit < 30 else {}
        pods = [pod(f"p{number}") for number in range(start, min(30, start + limit))]
        padded = [{**each, "status": {"x": "y" * 100_000}} for each in pods]
        return page(padded, **more)

    document = scanned(tmp_path, on(PODS, handle))
    assert document["gaps"] == []
    assert document["coverage"]["resources"]["k8s/Pod"]["seen"] == 30


ODD = {
    "no metadata": {"spec": {"containers": []}},
    "metadata of another type": {"metadata": "x"},
    "name of another type": {"metadata": {"name": 7}},
    "labels of another type": {"metadata": {"name": "x", "labels": [1]}},
    "spec of another type": {"metadata": {"name": "x"}, "spec": "x"},
    "containers of another type": {"metadata": {"name": "x"}, "spec": {"containers": {"a": 1}}},
    "no object": 7,
    "a list": [[]],
    "null": None,
    "deep": json.loads('{"metadata":{"name":"x"},"spec":' + '{"a":' * 200 + "1" + "}" * 201),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_object_takes_nothing_from_others(tmp_path: Path, odd: Any) -> None:
    document = scanned(tmp_path, on(PODS, page([pod("bad", privileged=True), odd, pod("good")])))
    failing = {item["resource"]["name"] for item in document["findings"]}
    assert "bad" in failing
    count = document["counts"]["k8s-container-privileged"]
    assert count["fail"] == 1
    assert count["pass"] == 1, "the odd one is not a pass"
    assert {gap["scope"] for gap in document["gaps"]} <= {"k8s/Pod"}
