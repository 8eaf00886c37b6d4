"""Docker hosts that a server of our own plays, on a socket of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.evidence.blocks import BlockReader
from auditor.evidence.layout import BODIES
from auditor.evidence.writing import FolderSink
from auditor.model.resource import Gap, Resource
from collectors.docker.live.address import parse_address
from collectors.docker.live.answers import AnswersCollector
from collectors.docker.live.collector import DockerCollector
from collectors.docker.live.contexts import Surroundings
from collectors.http.patience import Patience
from tests.faults.clusters import QUICK, Waits
from tests.faults.server import Asked, Handler, Reply, json_reply

KINDS = frozenset({"docker/Container", "docker/Info"})
LIST = "/v1.41/containers/json"
INFO = {"ID": "AAAA:BBBB", "Name": "host-1", "ServerVersion": "20.10.24", "Containers": 2}


def one(name: str) -> str:
    """The path of a container."""
    return f"/v1.41/containers/{name}/json"


def container(name: str, **host: object) -> dict[str, Any]:
    """A container, as far as it is read."""
    return {
        "Id": name * 8,
        "Name": f"/{name}",
        "State": {"Running": True},
        "HostConfig": host,
        "Config": {"Image": "a"},
    }


def healthy(asked: Asked) -> Reply:
    """An engine with two containers."""
    version = {"ApiVersion": "1.41", "Version": "20.10.24"}
    answers: Mapping[str, object] = {
        "/version": version,
        "/v1.41/version": version,
        "/v1.41/info": INFO,
        LIST: [{"Id": "aa"}, {"Id": "bb"}],
        one("aa"): container("aa", Privileged=True),
        one("bb"): container("bb"),
        **{f"/v1.41/{name}": [] for name in ("images/json", "networks", "plugins")},
        "/v1.41/volumes": {"Volumes": None},
    }
    found = answers.get(asked.path)
    if found is None:
        return json_reply({"message": "page not found"}, 404)
    return json_reply(found)


def on(path: str, *replies: Reply) -> Handler:
    """Answer a path with these, the last for ever; the rest as a healthy engine does."""
    left = list(replies)

    def handler(asked: Asked) -> Reply:
        if asked.path != path:
            return healthy(asked)
        return left.pop(0) if len(left) > 1 else left[0]

    return handler


def collector(
    target: str, path: str = "", patience: Patience = QUICK, **around: Any
) -> DockerCollector:
    """What reads a host, with a clock that does not wait."""
    clock = Waits().clock()
    return DockerCollector(parse_address(target), Surroundings(**around), path, clock, patience)


def read(live: DockerCollector, folder: Path, kinds: frozenset[str] = KINDS) -> AnswersCollector:
    """Read a host into a folder, and what judges it from there."""
    sink = FolderSink(folder, 0, folder)
    entry = live.collect(kinds, sink, lambda *_: None)
    return AnswersCollector(entry, BlockReader(folder / BODIES), sink.close())


def told(answers: AnswersCollector) -> tuple[list[Resource], tuple[Gap, ...]]:
    """The resources of a host that was read, and its gaps."""
    gaps = list(answers.entry.gaps)
    resources: list[Resource] = []
    for shard in answers.plan(lambda _: 1).shards:
        for reading in answers.read(shard):
            assert not isinstance(reading, Gap)
            resources += reading.resources()
            gaps += reading.gaps()
    return resources, tuple(gaps)


def names(resources: list[Resource]) -> list[str]:
    """The names of the containers."""
    return sorted(each.name for each in resources if each.kind == "docker/Container")
