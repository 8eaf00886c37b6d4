"""Reads a Docker host: which engine it is, and every thing of the kinds that rules need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import CollectionError
from auditor.late import late
from auditor.model.enums import CAUSES, Answered, GapCause
from auditor.model.evidence import Principal, TargetEntry
from auditor.model.resource import Gap
from auditor.platforms.docker import HOST
from auditor.ports import Examination, Read, Sink
from collectors.docker.host.channel import HostReads, Looked, examined
from collectors.docker.live.address import Address
from collectors.docker.live.allowlist import LISTS, THINGS
from collectors.docker.live.beneath import Beneath
from collectors.docker.live.contexts import Surroundings
from collectors.docker.live.dialect import dialect_of
from collectors.docker.live.notes import Notes
from collectors.docker.live.reads import OF_MANAGERS, Identity, Reads, identify
from collectors.docker.live.session import Session, open_session
from collectors.http.client import Client
from collectors.http.clock import Clock
from collectors.http.failures import Unanswered
from collectors.http.patience import Patience

_VERSION: Final = late(r"1\.[0-9]{1,3}")
_ANYBODY: Final = Principal("whoever reaches the API", via="the Engine API knows no users")


class _Version(msgspec.Struct, frozen=True, rename="pascal"):
    api_version: str
    version: str = ""


_version = msgspec.json.Decoder(_Version).decode


class DockerCollector(msgspec.Struct, frozen=True):
    """One host, by its address; ``around`` is Docker's own configuration, ``path`` PATH."""

    address: Address
    around: Surroundings
    path: str
    clock: Clock
    patience: Patience = msgspec.field(default_factory=Patience)
    beneath: Beneath = Beneath()

    @property
    def uri(self) -> str:
        """What was typed, in its canonical form."""
        return self.address.uri

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Read all of ``kinds`` into ``sink``; what can't be read becomes a gap.

        Raises:
            CollectionError: the engine can't be reached, or does not say which one it is.
        """
        started = self._now()
        session, client = self._open()
        for secret in client.secrets():
            sink.keep_out(secret)
        notes = Notes(sink, self._now)
        try:
            prefix, before = self._first(client)
            asked = kinds - HOST
            wanted = sorted(asked if before.manages else asked - OF_MANAGERS)
            run = Reads(self.uri, client, prefix, notes)
            for number, kind in enumerate(wanted):
                progress(number, len(wanted))
                run.read(kind)
            progress(len(wanted), len(wanted))
            host, how = HostReads(self.uri, notes), ""
            if kinds & HOST:
                looked, how = self.beneath.look(session.address, before.machine, self.path)
                host.read(kinds & HOST, looked, before.machine)
            gaps = {*run.gaps, *host.gaps, *self._changed(client, prefix, before)}
        finally:
            session.pools.clear()
        return TargetEntry(
            uri=self.uri,
            uid=before.id or f"host:{before.name}",
            version=before.server_version,
            authority=session.authority,
            principal=_ANYBODY,
            started=started,
            ended=self._now(),
            kinds=tuple(sorted(kinds - {item.kind for item in host.excluded})),
            gaps=tuple(sorted(gaps)),
            excluded=host.excluded,
            notes=tuple(filter(None, (session.note, how))),
        )

    def examine(self, kinds: frozenset[str], scratch: Path) -> Examination:
        """Ask what may be read, and of things no more than the list of them.

        Raises:
            CollectionError: the engine can't be reached.
        """
        del scratch
        session, client = self._open()
        try:
            prefix, identity = self._first(client)
            asked = sorted(kinds - HOST)
            reads = tuple(_may_read(client, prefix, kind, identity) for kind in asked)
            machine = identity.machine
            looked: Looked = ""
            if kinds & HOST:
                looked, _ = self.beneath.look(session.address, machine, self.path)
            host = examined(kinds & HOST, looked, machine)
        finally:
            session.pools.clear()
        return Examination(
            uri=self.uri,
            server=session.reached,
            uid=identity.id or identity.name,
            version=identity.server_version,
            principal=_ANYBODY,
            skew=None,
            reads=(*reads, *host[0]),
            excluded=host[1],
        )

    def _open(self) -> tuple[Session, Client]:
        session = open_session(self.address, self.around, self.path)
        dialect = dialect_of(session.address.way)
        return session, Client(session, dialect, self.clock, self.patience)

    def _first(self, client: Client) -> tuple[str, Identity]:
        """Ask which version the engine speaks, and which one it is."""
        try:
            version = _version(client.get("/version").body).api_version
            if not _VERSION.fullmatch(version):
                raise CollectionError(
                    f"{self.uri}: {version[:20]!r} is not a version of the Engine API",
                    hint="is it a Docker Engine?",
                )
            return f"/v{version}", identify(client, f"/v{version}")
        except (Unanswered, msgspec.DecodeError) as error:
            hint = getattr(error, "hint", "") or "is it a Docker Engine?"
            raise CollectionError(f"{self.uri}: {error}", hint=hint) from error

    def _changed(self, client: Client, prefix: str, before: Identity) -> tuple[Gap, ...]:
        """A gap over everything where it was another engine at the end."""
        try:
            after: Identity | None = identify(client, prefix)
        except (Unanswered, msgspec.DecodeError):
            after = None
        if after == before:
            return ()
        what = "did not say which one it is at the end" if after is None else "changed meanwhile"
        detail = f"the engine {what}: {before.id} {before.server_version} at the start"
        return (Gap(self.uri, self.uri, GapCause.TRUNCATED, detail, "scan again"),)

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _may_read(client: Client, prefix: str, kind: str, identity: Identity) -> Read:
    """Whether a kind may be read: asked for whole, or for the list of it."""
    if kind in OF_MANAGERS and not identity.manages:
        return Read(kind, served=False, allowed=True)
    path = LISTS.get(kind, THINGS[kind])
    try:
        client.get(f"{prefix}{path.template}", path.query)
    except Unanswered as error:
        served = error.answered is not Answered.NOT_FOUND
        cause = CAUSES[error.answered]
        return Read(kind, served, allowed=False, detail=error.detail, cause=cause, hint=error.hint)
    return Read(kind, served=True, allowed=True)
