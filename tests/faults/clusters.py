"""Clusters that a server of our own plays, read and judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.analysis.gpu.naming import REFERENCES
from collectors.http.clock import Clock
from collectors.http.patience import Patience
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.collector import LiveCollector
from tests.e2e.runs import Run
from tests.faults.server import Asked, Handler, Reply, Server, serving
from tests.live.cluster import read

KINDS = frozenset({"k8s/Pod", "k8s/Namespace"})
PODS = "/api/v1/pods"
QUICK = Patience(connect=2.0, read=2.0, total=6.0, attempts=4, size=1 << 20, pages=40)


@dataclass(frozen=True, slots=True)
class Waits:
    """A clock that does not wait: it goes on by what was asked, and remembers it."""

    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        start = datetime(2026, 11, 23, tzinfo=UTC)

        def passed() -> float:
            return sum(self.slept)

        return Clock(lambda: start + timedelta(seconds=passed()), passed, self.slept.append)


def collector(
    folder: Path, server: Server, *, waits: Waits | None = None, **cluster: object
) -> LiveCollector:
    config = {
        "current-context": "fake",
        "clusters": [{"name": "c", "cluster": {"server": server.url, **cluster}}],
        "contexts": [{"name": "fake", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "canary-token"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    clock = (waits or Waits()).clock()
    address = parse_address("k8s://")
    return LiveCollector(address, str(path), clock, QUICK, references=REFERENCES)


def scanned(folder: Path, handler: Handler, kinds: frozenset[str] | None = None) -> dict[str, Any]:
    """The results of a scan of a server, with what the records say under ``records``.

    It is asked for ``kinds``, by default for all that the profile wants.
    """
    asked = Run().wanted("k8s://fake") if kinds is None else kinds
    with serving(handler) as server:
        pages = read(collector(folder, server), asked, folder)
        document: dict[str, Any] = json.loads(Run().results(pages))
    return {**document, "records": pages.records}


def on(path: str, *replies: Reply | Callable[[Asked], Reply]) -> Handler:
    """Answer the requests for a path one after the other, the last one for ever."""
    seen: list[Asked] = []

    def handle(asked: Asked) -> Reply | None:
        if asked.path != path:
            return None
        seen.append(asked)
        reply = replies[min(len(seen), len(replies)) - 1]
        return reply(asked) if callable(reply) else reply

    return handle


REVIEW = "/apis/authentication.k8s.io/{}/selfsubjectreviews"
