"""Reads a vCenter or an ESXi host: which one it is, and every object that rules need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import CollectionError
from auditor.model.evidence import TargetEntry
from auditor.ports import Examination, Sink
from collectors.http.clock import Clock
from collectors.http.failures import Unanswered
from collectors.http.patience import Patience
from collectors.vsphere.live.address import Address
from collectors.vsphere.live.notes import Notes
from collectors.vsphere.live.objects import Tree
from collectors.vsphere.live.pages import Start
from collectors.vsphere.live.preflight import may_read
from collectors.vsphere.live.reads import Reads
from collectors.vsphere.live.session import Access, Session

_CLUSTER: Final = "ClusterComputeResource"
_DATACENTER: Final = "Datacenter"


class VsphereCollector(msgspec.Struct, frozen=True):
    """One server, by its address; ``access`` is how it is reached and entered."""

    address: Address
    access: Access
    clock: Clock
    patience: Patience = msgspec.field(default_factory=Patience)

    @property
    def uri(self) -> str:
        """What was typed, in its canonical form."""
        return self.address.uri

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Read all of ``kinds`` into ``sink``; what can't be read becomes a gap.

        Raises:
            CollectionError: the server can't be reached, does not let us in, or has no such
                datacenter or cluster.
        """
        started = self._now()
        session = Session(self.address, self.access, self.clock, self.patience)
        for secret in session.secrets():
            sink.keep_out(secret)
        try:
            principal = session.open()
            for secret in session.secrets():
                sink.keep_out(secret)
            run = Reads(self.uri, session, Notes(sink, self._now))
            self._find(run)
            wanted = sorted(kinds)
            for number, kind in enumerate(wanted):
                progress(number, len(wanted))
                run.read(kind)
            progress(len(wanted), len(wanted))
            run.finish()
        finally:
            session.close()
        for secret in session.secrets():
            sink.keep_out(secret)
        return TargetEntry(
            uri=self.uri,
            uid=self._uid(session),
            version=session.about.name,
            authority=session.authority,
            principal=principal,
            started=started,
            ended=self._now(),
            kinds=tuple(wanted),
            gaps=tuple(sorted(run.gaps)),
            notes=session.notes,
        )

    def examine(self, kinds: frozenset[str], scratch: Path) -> Examination:
        """Ask what may be read, and of objects no more than the first of each kind.

        Raises:
            CollectionError: the server can't be reached, or does not let us in.
        """
        del scratch
        session = Session(self.address, self.access, self.clock, self.patience)
        try:
            principal = session.open()
            reads = tuple(may_read(session, kind) for kind in sorted(kinds))
        finally:
            session.close()
        return Examination(
            uri=self.uri,
            server=self.address.server,
            uid=self._uid(session),
            version=session.about.name,
            principal=principal,
            skew=None,
            reads=reads,
            excluded=(),
        )

    def _find(self, run: Reads) -> None:
        try:
            run.find(self._place)
        except Unanswered as error:
            raise CollectionError(f"{self.uri}: {error}", hint=error.hint) from error

    def _place(self, tree: Tree) -> Start | None:
        """Choose where to begin: a datacenter or a cluster that was named, None for the root."""
        asked = self.address
        if not (asked.datacenter or asked.cluster):
            return None
        outer = self._one(tree, _DATACENTER, asked.datacenter, None) if asked.datacenter else None
        if not asked.cluster:
            return outer
        return self._one(tree, _CLUSTER, asked.cluster, outer)

    def _one(self, tree: Tree, kind: str, name: str, outer: Start | None) -> Start:
        found = [
            each
            for each in tree.named(kind, name)
            if outer is None or tree.is_within(each, outer.identity)
        ]
        if len(found) == 1:
            return Start(kind, found[0])
        word = "cluster" if kind == _CLUSTER else "datacenter"
        if not found:
            raise CollectionError(
                f"{self.uri}: no {word} is called {name!r}", hint="or the user may not see it"
            )
        raise CollectionError(
            f"{self.uri}: {len(found)} {word}s are called {name!r}",
            hint="name the datacenter as well: ?datacenter=NAME&cluster=NAME",
        )

    def _uid(self, session: Session) -> str:
        return session.about.instance or f"host:{self.address.where}"

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
