"""Reads a cluster: which kinds it serves, every page of those that rules need, and who asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from auditor.errors import CollectionError
from auditor.model.evidence import TargetEntry
from auditor.model.resource import Excluded
from auditor.platforms.kubernetes import KUBELET_CONFIGURATION
from auditor.ports import Examination, References, Sink
from collectors.http.client import Client
from collectors.http.clock import Clock
from collectors.http.failures import Unanswered
from collectors.http.patience import Patience
from collectors.http.trust import UNVERIFIED
from collectors.kubernetes.live.address import Address
from collectors.kubernetes.live.dialect import KUBERNETES
from collectors.kubernetes.live.discovery import discover
from collectors.kubernetes.live.identity import identify
from collectors.kubernetes.live.kubelets import Kubelets
from collectors.kubernetes.live.listing import LIMIT
from collectors.kubernetes.live.named import Names
from collectors.kubernetes.live.notes import Notes
from collectors.kubernetes.live.reads import Reads
from collectors.kubernetes.live.rights import (
    NAMESPACE,
    may_ask,
    may_read,
    missing,
    unidentified,
)
from collectors.kubernetes.live.session import ACCOUNT, Session, open_session
from collectors.kubernetes.live.unread import BY_NAME, UNREAD


class LiveCollector(msgspec.Struct, frozen=True):
    """One cluster, by its address; ``kubeconfig`` and ``account`` as for a session.

    ``references`` say which objects of kinds that are not read others name: those are read.
    """

    address: Address
    kubeconfig: str
    clock: Clock
    patience: Patience = msgspec.field(default_factory=Patience)
    limit: int = LIMIT
    account: Path = ACCOUNT
    references: References = msgspec.field(default_factory=dict)

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
        return session, Client(session, KUBERNETES, self.clock, self.patience)

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Read all of ``kinds`` into ``sink``; what can't be read becomes a gap.

        Raises:
            CollectionError: the cluster can't be reached, or does not say what it serves.
        """
        started = self._now()
        session, client = self.open(sink.scratch)
        _keep_out(client, sink)
        uri = self.address.uri(session.context)
        notes = Notes(sink, self._now)
        try:
            before = identify(client)
            discovered = discover(client, notes.heard)
        except (Unanswered, msgspec.DecodeError) as error:
            hint = getattr(error, "hint", "") or "auditor doctor says more"
            raise CollectionError(f"{uri}: {error}", hint=hint) from error
        wanted = sorted(kinds - UNREAD.keys())
        asked = self._asked(kinds)
        run = Reads(self.limit, uri, client, discovered, notes)
        run.look_for(self.address.namespaces, wanted)
        names = Names(self.references, kinds)
        for number, kind in enumerate(wanted):
            progress(number, len(wanted))
            run.read(kind, names)
        for kind in sorted(kinds & BY_NAME):
            run.read_named(kind, names)
        if asked:
            run.read_kubelets(Kubelets(session, self.clock, self.patience))
        progress(len(wanted), len(wanted))
        run.compare(before)
        _keep_out(client, sink)
        return TargetEntry(
            uri=uri,
            uid=before.uid or _stand_in(session),
            version=before.version,
            authority=session.authority,
            principal=before.principal,
            started=started,
            ended=self._now(),
            kinds=tuple(sorted({*wanted, *asked})),
            gaps=tuple(sorted(run.gaps)),
            excluded=_excluded(kinds - asked, session),
            notes=tuple(sorted(run.notes)),
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
            chosen = self.address.namespaces
            asked = {*(kinds - UNREAD.keys()), *((NAMESPACE,) if chosen else ())}
            reads = tuple(may_read(client, discovered, kind, chosen) for kind in sorted(asked))
            reads += tuple(may_ask(client, kind) for kind in self._asked(kinds))
            reads += missing(client, chosen)
            lost = unidentified(client, identity)
        except (Unanswered, msgspec.DecodeError) as error:
            raise CollectionError(f"{uri}: {error}", hint=getattr(error, "hint", "")) from error
        return Examination(
            uri=uri,
            server=session.server,
            uid=identity.uid,
            version=identity.version,
            principal=identity.principal,
            skew=(date - before).total_seconds() if date is not None else None,
            reads=reads,
            excluded=_excluded(kinds - self._asked(kinds), session),
            unidentified=lost,
        )

    def _asked(self, kinds: frozenset[str]) -> frozenset[str]:
        """What kubelets are asked for: nothing, unless a person says so."""
        return kinds & {KUBELET_CONFIGURATION} if self.address.kubelets else frozenset()

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _keep_out(client: Client, sink: Sink) -> None:
    """Tell our credentials; a token may be another one at the end."""
    for secret in client.secrets():
        sink.keep_out(secret)


def _excluded(kinds: frozenset[str], session: Session) -> tuple[Excluded, ...]:
    """What is never read, and what was not checked."""
    found = [Excluded(kind, UNREAD[kind]) for kind in sorted(kinds & UNREAD.keys())]
    if session.authority == UNVERIFIED:
        found.append(Excluded("the server's certificate", "insecure-skip-tls-verify is set"))
    return tuple(found)


def _stand_in(session: Session) -> str:
    """What tells clusters apart where kube-system may not be read: the CA, else the address."""
    if session.authority and session.authority != UNVERIFIED:
        return f"ca:{session.authority}"
    return f"server:{hashlib.sha256(session.server.encode()).hexdigest()}"
