"""Collectors of somebody who has never heard of secrets: a canary wherever they can put a text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.errors import CollectionError
from auditor.model.enums import Answered, GapCause
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.resource import (
    Evidence,
    Excluded,
    Gap,
    LeftOut,
    Owner,
    PassedOver,
    Resource,
    Some,
    Target,
)
from auditor.ports import Examination, Plan, Read, Reading, Shard, Sink, WithoutLines

_MOMENT = "2026-01-02T03:04:05.000000Z"


class Canaries:
    """Makes a canary for each place; all that were made are known."""

    def __init__(self) -> None:
        self.at: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        return self.at.setdefault(place, f"canary-{len(self.at):02}-x7Qz9")

    def said(self, place: str) -> str:
        """A setting, as in an environment or a Dockerfile."""
        return f"DB_PASSWORD={self(place)}"

    def shape(self, place: str) -> str:
        """A token that is known by its shape, where no name says what it is."""
        return self.at.setdefault(place, f"ghp_a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5x{len(self.at):05}")


def pod(canary: Canaries, where: str) -> dict[str, Any]:
    """A privileged pod, so that there is something to fail."""
    annotations = {"note": canary.said(f"{where}: annotation")}
    main = {
        "name": "main",
        "image": "r.io/x:1",
        "env": [
            {"name": "DB_PASSWORD", "value": canary(f"{where}: env")},
            {"name": "SETTINGS", "value": json.dumps({"password": canary(f"{where}: env JSON")})},
        ],
        "args": ["--token", canary(f"{where}: argument"), "--plain"],
        "securityContext": {"privileged": True},
    }
    labels = {"note": canary.said(f"{where}: label"), "password": canary(f"{where}: label name")}
    meta = {"name": "p", "namespace": "ml", "annotations": annotations, "labels": labels}
    spec = {
        "hostNetwork": True,
        "serviceAccountName": canary.shape(f"{where}: account"),
        "containers": [main],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


@dataclass(frozen=True)
class File(WithoutLines):
    """A file as it was read; ``claims`` says that its bodies are clean, which they are not."""

    canary: Canaries
    name: str
    claims: bool = False
    breaks: bool = False

    @property
    def source(self) -> str:
        return f"{self.name}?password={self.canary(f'{self.name}: source')}"

    @property
    def scope(self) -> str:
        return self.source

    @property
    def evidence(self) -> Evidence:
        target = f"estate?token={self.canary('files: uri')}"
        return Evidence(target, self.source, self.name.encode().hex().zfill(64), 1)

    def resources(self) -> Iterator[Resource]:
        canary, where = self.canary, self.name
        body = pod(canary, where)
        meta = body["metadata"]
        owner = Owner("x/v1", "Box", "ml", canary.said(f"{where}: controller"))
        more = {"clean": True} if self.claims else {}
        yield Resource(
            kind="k8s/Pod",
            api_version="v1",
            name=canary.shape(f"{where}: name"),
            namespace="ml",
            uid=canary.said(f"{where}: uid"),
            source=self.source,
            document=0,
            line=1,
            body=json.dumps(body, indent=1).encode(),
            labels=tuple(meta["labels"].items()),
            # what is grouped by a controller is in no cache
            controller=owner if where == "owned" else None,
            **more,
        )
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s", "namespace": "ml"},
            "stringData": {"x": canary(f"{where}: stringData")},
        }
        raw = json.dumps(secret).encode()
        yield Resource("k8s/Secret", "v1", "s", "ml", "u", self.source, 1, 2, raw, **more)
        if self.breaks:
            raise LookupError(f"no {canary.said('exception')}")

    def gaps(self) -> Sequence[Gap]:
        detail = f"could not parse {self.canary.said(f'{self.name}: gap')}"
        hint = f"curl -H 'Authorization: Bearer {self.canary(f'{self.name}: hint')}'"
        return [Gap("t", self.source, GapCause.MALFORMED, detail, hint)]

    def skipped(self) -> int:
        return 0

    def line(self, document: int, pointer: str) -> int:
        del document, pointer
        return 1

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        del document, pointer, value
        return [1]


@dataclass(frozen=True, slots=True)
class Files:
    """A target of files; one that ``fails`` can't be read at all."""

    canary: Canaries
    claims: bool = False
    fails: bool = False
    independent: bool = True
    asked: frozenset[str] | None = None

    @property
    def target(self) -> Target:
        """Every text that a target has."""
        canary = self.canary
        return Target(
            uri=f"{'none' if self.fails else 'estate'}?token={canary('files: uri')}",
            uid="files",
            version=canary.said("files: version"),
            principal=canary.said("files: principal"),
            excluded=(Excluded("k8s/Node", canary.said("files: excluded")),),
            notes=(canary.said("files: note"),),
        )

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """One shard of four files, of which one can't be read."""
        del shards
        canary = self.canary
        if self.fails:
            hint = canary.said("files: error hint")
            raise CollectionError(canary.said("files: error"), hint=hint)
        lost = Gap("t", "k8s/Job", GapCause.DENIED, canary.said("plan"), canary.said("plan hint"))
        name = canary.said("files: hidden")
        left = canary.said("files: left out"), canary.said("files: entry left out")
        excluded = (LeftOut(left[0], 1, Some(1, (left[1],))),)
        linked = Some(1, (canary.said("files: linked"),))
        passed = PassedOver(Some(1, (name,)), linked, excluded=excluded)
        return Plan((Shard(0, ("free", "owned", "gone", "breaks"), 1),), (lost,), passed)

    def scope(self, item: str) -> str:
        return f"{item} {self.canary.said('files: scope')}"

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        canary = self.canary
        for item in shard.items:
            if item == "gone":
                detail, hint = canary.said("files: gap"), canary.said("files: gap hint")
                scope = f"gone?password={canary('files: gap scope')}"
                yield Gap("t", scope, GapCause.DENIED, detail, hint)
            else:
                yield File(canary, item, claims=self.claims, breaks=item == "breaks")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A live target; ``fails`` is what it raises in the end."""

    canary: Canaries
    name: str
    fails: type[Exception] | None = None
    kinds: set[str] = field(default_factory=set, compare=False)

    @property
    def uri(self) -> str:
        return f"k8s://{self.name}?token={self.canary('cluster: uri')}"

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Hand over every answer as it came."""
        canary = self.canary
        progress(0, 1)
        for number, (kind, body) in enumerate(self._answers()):
            sink.add(self._record(number, kind), body)
        if self.fails is CollectionError:
            hint = canary.said("cluster: error hint")
            raise CollectionError(canary.said("cluster: error"), hint=hint)
        if self.fails is not None:
            raise self.fails(canary.said("cluster: exception"))
        progress(1, 1)
        detail, hint = canary.said("cluster: gap"), canary.said("cluster: gap hint")
        return TargetEntry(
            uri=self.uri,
            uid=canary.said("cluster: uid"),
            version=canary.said("cluster: version"),
            authority=canary.said("cluster: authority"),
            principal=Principal(
                canary.said("cluster: principal"),
                canary.said("cluster: principal uid"),
                (canary.said("cluster: group"),),
                canary.said("cluster: via"),
            ),
            started=_MOMENT,
            ended=_MOMENT,
            kinds=tuple(sorted(kinds)),
            gaps=(Gap(self.uri, "k8s/Job", GapCause.DENIED, detail, hint),),
            excluded=(Excluded("k8s/Secret", canary.said("cluster: excluded")),),
            notes=(canary.said("cluster: note"),),
        )

    def examine(self, kinds: frozenset[str], scratch: Path) -> Examination:
        """Say that nothing may be read."""
        del scratch
        canary = self.canary
        detail, hint = canary.said("doctor: detail"), canary.said("doctor: hint")
        return Examination(
            uri=self.uri,
            server=f"https://u:{canary('doctor: server')}@host",
            uid=canary.said("doctor: uid"),
            version=canary.said("doctor: version"),
            principal=Principal(canary.said("doctor: principal"), "", (canary.said("group"),)),
            skew=None,
            reads=tuple(Read(kind, True, False, detail, hint=hint) for kind in kinds),
            excluded=(Excluded("k8s/Secret", canary.said("doctor: excluded")),),
        )

    def _record(self, number: int, kind: str) -> Record:
        canary, path = self.canary, "/api/v1/pods" if kind else f"/x/{number}"
        return Record(
            number=number,
            kind=kind,
            namespace="",
            request=f"GET {path}?limit=5&access_token={canary('cluster: query')}",
            started=_MOMENT,
            ended=_MOMENT,
            answered=Answered.OK,
            detail=f"X-Api-Key: {canary('cluster: header')}\r\nCookie: id={canary('cookie')}",
            count=1 if kind else 0,
            resource_version=canary.said("cluster: version of a list"),
        )

    def _answers(self) -> Iterator[tuple[str, bytes]]:
        """A list of pods, then what a collector to come may keep: texts, lines, no text at all."""
        canary = self.canary
        listed = {"kind": "PodList", "apiVersion": "v1", "items": [pod(canary, "cluster")]}
        yield "k8s/Pod", json.dumps(listed, indent=2).encode()
        yield "", f"FROM x\nENV {canary.said('Dockerfile')}\nRUN y\n".encode()
        lines = [{"name": "DB_PASSWORD", "value": canary(f"line {number}")} for number in (1, 2)]
        yield "", "\n".join(map(json.dumps, lines)).encode()
        yield "", canary.said("UTF-16").encode("utf-16")
        yield "", b"\xff\xfe\xfa" + canary.said("no text").encode()
        yield "", b"\0" + canary.said("NUL").encode()
        yield "", b"\xef\xbb\xbf" + json.dumps({"password": canary("BOM")}).encode()
        deep = b"[" * 5000 + json.dumps(canary.said("deep")).encode() + b"]" * 5000
        yield "", deep
