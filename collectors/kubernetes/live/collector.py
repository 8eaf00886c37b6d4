"""Reads a cluster: which kinds it serves, every page of those that rules need, and who asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import CollectionError
from auditor.model.enums import Answered, GapCause
from auditor.model.evidence import Record, Redaction, TargetEntry
from auditor.model.resource import Excluded, Gap
from auditor.ports import Examination, Read, Sink
from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.client import Client, Clock, Patience, Unanswered
from collectors.kubernetes.live.discovery import Discovered, Served, discover
from collectors.kubernetes.live.identity import Ask, Identity, identify, may
from collectors.kubernetes.live.listing import LIMIT, Got, Lister
from collectors.kubernetes.live.normalize import Keeper, below
from collectors.kubernetes.live.session import ACCOUNT, UNVERIFIED, Session, open_session
from collectors.kubernetes.live.unread import UNREAD

_CAUSES: Final = {
    Answered.DENIED: GapCause.DENIED,
    Answered.NOT_FOUND: GapCause.UNSUPPORTED,
    Answered.UNREACHABLE: GapCause.UNREACHABLE,
    Answered.TIMEOUT: GapCause.TIMEOUT,
    Answered.TRUNCATED: GapCause.TRUNCATED,
    Answered.MALFORMED: GapCause.MALFORMED,
}


@dataclass(frozen=True, slots=True)
class LiveCollector:
    """One cluster, by its address; ``kubeconfig`` and ``account`` as for a session."""

    address: Address
    kubeconfig: str
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    limit: int = LIMIT
    account: Path = ACCOUNT

    @property
    def uri(self) -> str:
        """What was typed, in its canonical form."""
        return self.address.uri(self.address.context)

    def open(self, scratch: Path) -> tuple[Session, Client]:
        """Make a connection.

        Raises:
            CollectionError: the configuration does not allow for one.
        """
        session = open_session(self.address, self.kubeconfig, scratch, self.account)
        return session, Client(session, self.clock, self.patience)

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Read all of ``kinds`` into ``sink``; what can't be read becomes a gap.

        Raises:
            CollectionError: the cluster can't be reached, or does not say what it serves.
        """
        started = self._now()
        session, client = self.open(sink.scratch)
        _keep_out(session, sink)
        uri = self.address.uri(session.context)
        try:
            before = identify(client)
            discovered = discover(client)
        except (Unanswered, msgspec.DecodeError) as error:
            hint = getattr(error, "hint", "") or "auditor doctor says more"
            raise CollectionError(f"{uri}: {error}", hint=hint) from error
        run = _Run(self, uri, client, discovered, sink)
        wanted = sorted(kinds - UNREAD.keys())
        for number, kind in enumerate(wanted):
            progress(number, len(wanted))
            run.read(kind)
        progress(len(wanted), len(wanted))
        run.compare(before)
        _keep_out(session, sink)
        return TargetEntry(
            uri=uri,
            uid=before.uid or f"ca:{session.authority}",
            version=before.version,
            authority=session.authority,
            principal=before.principal,
            started=started,
            ended=self._now(),
            kinds=tuple(wanted),
            gaps=tuple(sorted(run.gaps)),
            excluded=_excluded(kinds, session),
        )

    def examine(self, kinds: frozenset[str], scratch: Path) -> Examination:
        """Ask what may be read, without reading it.

        Raises:
            CollectionError: the cluster can't be reached.
        """
        session, client = self.open(scratch)
        uri = self.address.uri(session.context)
        try:
            before = self.clock.now()
            date = client.get("/version").date
            identity = identify(client)
            discovered = discover(client)
            reads = tuple(
                _may_read(client, discovered, kind, self.address.namespaces)
                for kind in sorted(kinds - UNREAD.keys())
            )
        except (Unanswered, msgspec.DecodeError) as error:
            raise CollectionError(f"{uri}: {error}", hint=getattr(error, "hint", "")) from error
        return Examination(
            uri=uri,
            server=str(session.configuration.host),
            uid=identity.uid,
            version=identity.version,
            principal=identity.principal,
            skew=(date - before).total_seconds() if date is not None else None,
            reads=reads,
            excluded=_excluded(kinds, session),
        )

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def system_clock() -> Clock:
    """The clock of this machine."""
    return Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)


def _may_read(
    client: Client, discovered: Discovered, kind: str, namespaces: tuple[str, ...]
) -> Read:
    served = discovered.served.get(kind)
    if served is None or "list" not in served.verbs:
        return Read(kind, served=False, allowed=True)
    by_name = kind == "k8s/Namespace" and bool(namespaces)
    verb = "get" if by_name else "list"
    where = namespaces if served.namespaced or by_name else ()
    refused = [
        name
        for name in where or ("",)
        if not may(client, Ask(verb, served.group, served.resource, name))
    ]
    if not refused:
        return Read(kind, served=True, allowed=True)
    inside = f" in {', '.join(refused)}" if refused != [""] else ""
    group = f".{served.group}" if served.group else ""
    return Read(kind, served=True, allowed=False, detail=f"{verb} {served.resource}{group}{inside}")


def _keep_out(session: Session, sink: Sink) -> None:
    """Tell our credentials; a token may be another one at the end."""
    for value in session.headers().values():
        sink.keep_out(value.partition(" ")[2] or value)
    sink.keep_out(str(session.configuration.password or ""))


def _excluded(kinds: frozenset[str], session: Session) -> tuple[Excluded, ...]:
    """What is never read, and what was not checked."""
    found = [Excluded(kind, UNREAD[kind]) for kind in sorted(kinds & UNREAD.keys())]
    if session.authority == UNVERIFIED:
        found.append(Excluded("the server's certificate", "insecure-skip-tls-verify is set"))
    return tuple(found)


class _Run:
    """What one collection has come to so far."""

    def __init__(
        self,
        collector: LiveCollector,
        uri: str,
        client: Client,
        discovered: Discovered,
        sink: Sink,
    ) -> None:
        self.gaps: set[Gap] = set()
        self._collector = collector
        self._uri = uri
        self._client = client
        self._discovered = discovered
        self._sink = sink
        self._lister = Lister(client, collector.limit, collector.patience.pages)
        self._keeper = Keeper(sink.commit)
        self._number = 0

    def read(self, kind: str) -> None:
        """Read one kind, in the namespaces that were asked for."""
        served = self._discovered.served.get(kind)
        if served is None:
            for group in self._discovered.stale:
                if _may_serve(group, kind):
                    detail = f"the server can't tell what {group} has"
                    self._gap(kind, "", Unanswered(Answered.UNREACHABLE, detail))
            return
        if "list" not in served.verbs:
            return
        namespaces = self._collector.address.namespaces
        if kind == "k8s/Namespace" and namespaces:
            for name in namespaces:
                self._read_one(served, name)
        elif served.namespaced and namespaces:
            for name in namespaces:
                self._read_list(served, name)
        else:
            self._read_list(served, "")

    def _read_list(self, served: Served, namespace: str) -> None:
        started = self._now()
        for got in self._lister.pages(served, namespace):
            self._keep(served, namespace, got, started)
            if got.error is not None:
                self._gap(served.kind, namespace, got.error)
            started = self._now()

    def _keep(self, served: Served, namespace: str, got: Got, started: str) -> None:
        query = "&".join(f"{name}={value}" for name, value in got.asked.query().items())
        page = got.page.kept(self._keeper) if got.page is not None else None
        error = got.error
        record = Record(
            number=self._next(),
            kind=served.kind,
            namespace=namespace,
            request=f"GET {got.asked.path}?{query}",
            started=started,
            ended=self._now(),
            answered=error.answered if error is not None else Answered.OK,
            code=error.code if error is not None else 200,
            detail=error.detail if error is not None else got.note,
            count=page.count if page is not None else 0,
            complete=error is None,
            resource_version=page.resource_version if page is not None else "",
        )
        kept = page if page is not None and page.count else None
        left_out = kept.redactions if kept is not None else ()
        self._sink.add(record, kept.body if kept is not None else None, left_out)

    def _read_one(self, served: Served, name: str) -> None:
        """One object by its name, kept as a list of one."""
        path, started = f"{served.path()}/{name}", self._now()
        body, error = None, None
        left_out: tuple[Redaction, ...] = ()
        try:
            raw = self._client.get(path).body
            object_, found = self._keeper.keep(raw)
            left_out = tuple(below("/items/0", found))
            kind = served.kind.removeprefix("k8s/")
            head = msgspec.json.encode({"kind": f"{kind}List", "apiVersion": served.api_version})
            body = head[:-1] + b',"items":[' + object_ + b"]}"
        except Unanswered as failed:
            error = failed
            self._gap(served.kind, name, failed)
        record = Record(
            number=self._next(),
            kind=served.kind,
            namespace="",
            request=f"GET {served.path()}?name={name}",
            started=started,
            ended=self._now(),
            answered=error.answered if error is not None else Answered.OK,
            code=error.code if error is not None else 200,
            detail=error.detail if error is not None else "",
            count=0 if body is None else 1,
            complete=error is None,
        )
        self._sink.add(record, body, left_out)

    def _gap(self, kind: str, namespace: str, error: Unanswered) -> None:
        hint = error.hint
        if error.answered is Answered.DENIED:
            hint = "auditor permissions k8s prints the role that a scan needs"
        where = f"namespace {namespace}: " if namespace else ""
        cause = _CAUSES[error.answered]
        detail = f"{where}{error.detail}"
        self.gaps.add(Gap(self._uri, kind, cause, detail, hint, namespace=namespace))

    def compare(self, before: Identity) -> None:
        """Ask again who and where we are: a change in between is a gap over everything."""
        try:
            after: Identity | None = identify(self._client)
        except (Unanswered, msgspec.DecodeError):
            after = None
        if after != before:
            what = "did not say who it is at the end" if after is None else "changed meanwhile"
            detail = f"the cluster {what}: {_said(before)} at the start, {_said(after)} at the end"
            self.gaps.add(Gap(self._uri, self._uri, GapCause.TRUNCATED, detail, "scan again"))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _now(self) -> str:
        return self._collector.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _said(identity: Identity | None) -> str:
    if identity is None:
        return "nothing"
    return f"{identity.uid or '(no uid)'} {identity.version} {identity.principal.name}".strip()


def _may_serve(api_version: str, kind: str) -> bool:
    """Whether a group could have a kind: custom kinds carry their group in their name."""
    group = api_version.rpartition("/")[0]
    _, dot, own = kind.partition(".")
    return group == own if dot else not group or "." not in group or group.endswith(".k8s.io")
