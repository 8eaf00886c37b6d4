"""A server that keeps us waiting: every request has an end, and so has the whole cluster."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from collectors.http.clock import system_clock
from collectors.http.patience import Patience
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.collector import LiveCollector
from tests.faults import server as fake
from tests.faults.clusters import Waits, on
from tests.faults.server import Asked, Handler, Reply, serving, status
from tests.live.cluster import read

SHORT = Patience(connect=1.0, read=1.0, total=1.0, attempts=3, size=1 << 20)
PODS = "/api/v1/pods"
KINDS = frozenset({"k8s/Pod"})


def collector(
    folder: Path, url: str, patience: Patience, waits: Waits | None = None
) -> LiveCollector:
    config = {
        "current-context": "slow",
        "clusters": [{"name": "c", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
        "contexts": [{"name": "slow", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    clock = waits.clock() if waits is not None else system_clock()
    return LiveCollector(parse_address("k8s://"), str(path), clock, patience)


GOOD = fake.page([fake.pod(f"p{number}") for number in range(50)])
UNTIL_CLOSED = b"HTTP/1.1 200 ok\r\ncontent-type: application/json\r\n\r\n" + GOOD.body
DRIPS = {
    "nothing": Reply(raw=b"", then="hang"),
    "the head": replace(GOOD, headers={"x": "y" * 1000}, pace=0.05),
    "the body": replace(GOOD, pace=0.005),
    "a body without a length": Reply(raw=UNTIL_CLOSED, pace=0.005, then="close"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("reply", DRIPS.values(), ids=DRIPS.keys())
def test_what_drips_ends_with_the_request(tmp_path: Path, reply: Reply) -> None:
    with serving(on(PODS, reply)) as server:
        pages = read(collector(tmp_path, server.url, SHORT), KINDS, tmp_path)
    (gap,) = pages.entry.gaps
    assert (gap.scope, gap.cause) == ("k8s/Pod", GapCause.TIMEOUT)
    assert "no end of the answer within 1 s" in gap.detail


@contextmanager
def silent() -> Iterator[str]:
    """Takes connections, and says nothing: no handshake, no answer of a proxy."""
    held = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                held.append(listener.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for each in held:
            each.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_says_nothing(tmp_path: Path, scheme: str) -> None:
    """Not even a handshake of TLS."""
    expected = pytest.raises(CollectionError, match=r"stopped answering|in time|no end of")
    with silent() as place, expected:
        read(collector(tmp_path, f"{scheme}://{place}", SHORT), KINDS, tmp_path)


NAMES = tuple(f"Kind{number:02}" for number in range(12))
MANY = frozenset(f"k8s/{name}.a{index:02}.example" for index, name in enumerate(NAMES))


def many(answer: Callable[[Asked], Reply]) -> Handler:
    """A server of many kinds, each in a group of its own."""
    groups = [
        (f"a{index:02}.example", "v1", ((name, name.lower(), True),))
        for index, name in enumerate(NAMES)
    ]

    def handle(asked: Asked) -> Reply | None:
        if asked.path == "/apis":
            return fake.discovery(*groups)
        return answer(asked) if asked.path.startswith("/apis/a") and asked.query else None

    return handle


@dataclass(frozen=True, slots=True)
class Ends:
    """What a server does to each list; how many it is asked for, and what the others say."""

    reply: Reply
    asked: int
    says: str


ENDS = {
    "hangs": Ends(Reply(raw=b"", then="hang"), 3, "not asked: 3 requests in a row had no answer"),
    "is busy for ever": Ends(
        status(429, "slow down"), 9, "not asked: 3 requests in a row had no answer"
    ),
    "fails by itself": Ends(status(500, "etcd"), 36, "HTTP 500 3 times: etcd"),
    "refuses": Ends(status(403, "no"), 12, "HTTP 403: no"),
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS.keys())
def test_a_server_that_never_answers_is_not_asked_for_ever(tmp_path: Path, ends: Ends) -> None:
    patience = msgspec.structs.replace(SHORT, read=0.3, total=60.0)
    with serving(many(lambda _: ends.reply)) as server:
        live = collector(tmp_path, server.url, patience, Waits())
        gaps = read(live, MANY, tmp_path).entry.gaps
        asked = [each for each in server.asked if each.path.startswith("/apis/a") and each.query]
    told: dict[str, Any] = {gap.scope: gap for gap in gaps}
    assert told.keys() >= MANY
    assert ends.says in told[max(MANY)].detail
    assert len(asked) == ends.asked


def test_a_cluster_has_an_end_as_well(tmp_path: Path) -> None:
    """Kinds that come after it are gaps, and are not asked for."""
    waits = Waits()

    def handle(asked: Asked) -> Reply:
        waits.slept.append(40.0)
        _, _, group, version, resource = asked.path.split("/")
        return fake.page_of(f"{group}/{version}", [], resource.title())

    with serving(many(handle)) as server:
        live = collector(tmp_path, server.url, Patience(target=100.0), waits)
        gaps = read(live, MANY, tmp_path).entry.gaps
    late = [gap for gap in gaps if gap.scope in MANY]
    assert len(late) == 9
    assert {gap.cause for gap in late} == {GapCause.TIMEOUT}
    assert all("we have waited 100 s for this cluster" in gap.detail for gap in late)
    assert all("--timeout" in gap.hint for gap in late)
