"""Reads the kinds that are wanted, list by list, and what is named; what can't be read is a gap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from auditor.model.enums import CAUSES, Answered, GapCause
from auditor.model.resource import Gap
from auditor.platforms.kubernetes import KUBELET_CONFIGURATION, PRINTED
from collectors.http.client import Client
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.discovery import Discovered, Served
from collectors.kubernetes.live.identity import Identity, identify
from collectors.kubernetes.live.kubelets import ROLE as KUBELET_ROLE
from collectors.kubernetes.live.kubelets import Kubelets, Seat, request_of, seats_in
from collectors.kubernetes.live.listing import Lister
from collectors.kubernetes.live.named import Names, explained, unasked
from collectors.kubernetes.live.normalize import take_one
from collectors.kubernetes.live.notes import Notes
from collectors.kubernetes.live.printed import printed
from collectors.kubernetes.live.rights import NAMESPACE, ROLE, unlisted
from collectors.kubernetes.live.sanitize import Sanitizer

_NODE: Final = "k8s/Node"
_MOST: Final = 5


class Reads:
    """One cluster's lists; ``limit`` objects a page.

    ``gaps`` is what could not be read of it, ``notes`` what is to be said of what was.
    """

    def __init__(
        self, limit: int, uri: str, client: Client, discovered: Discovered, notes: Notes
    ) -> None:
        self.gaps: set[Gap] = set()
        self.notes: set[str] = set()
        self._uri = uri
        self._client = client
        self._discovered = discovered
        self._taken = notes
        self._lister = Lister(client, limit)
        self._sanitizer = Sanitizer(notes.commit)
        self._named: tuple[str, ...] = ()
        self._there: list[str] = []
        self._seats: list[Seat] = []

    def look_for(self, namespaces: tuple[str, ...], kinds: Iterable[str]) -> None:
        """Look for the namespaces to read, all when there are none; one that is not there is a gap.

        A list of the objects in a namespace that does not exist is empty, and no error.
        """
        self._named = namespaces
        served = self._discovered.served.get(NAMESPACE)
        if not namespaces or served is None:
            return
        for name in namespaces:
            error = self._read_one(served, served.path(), name, name)
            if error is None or error.answered is Answered.DENIED:
                self._there.append(name)
            if error is not None:
                missing = error.answered is not Answered.DENIED
                for kind in {*kinds, NAMESPACE} if missing else (NAMESPACE,):
                    self._gap(kind, name, error)

    def read(self, kind: str, names: Names) -> None:
        """Read one kind, in the namespaces that were asked for; ``names`` learns what it names."""
        if kind in PRINTED:
            self._read_printed(kind)
            return
        served, lost = self._discovered.served.get(kind), unlisted(self._discovered, kind)
        if lost is not None:
            self._gap(kind, "", lost)
        if served is None or lost is not None or (kind == NAMESPACE and self._named):
            return
        for namespace in self._there if served.namespaced and self._named else ("",):
            self._read_list(served, namespace, names)

    def read_named(self, kind: str, names: Names) -> None:
        """Read the objects of a kind that others name, each by its name alone."""
        served = self._discovered.served.get(kind)
        every = list(names.of(kind))
        for each in every if served is not None else ():
            error = unasked(each, self._named)
            if error is None and served is not None:
                error = self._read_one(
                    served, served.path(each.namespace), each.name, each.namespace
                )
            if error is not None:
                self._gap(kind, each.namespace, explained(each, error, every))

    def _read_list(self, served: Served, namespace: str, names: Names) -> None:
        for got in self._lister.pages(served, namespace):
            page = got.page.kept(self._sanitizer) if got.page is not None else None
            self._taken.page(served, namespace, got, page)
            if got.page is not None:
                names.learn(served.kind, got.page.items)
                self._seats += seats_in(got.page.items) if served.kind == _NODE else ()
            if got.note:
                inside = f" in {namespace}" if namespace else ""
                self.notes.add(f"{served.kind}{inside}: {got.note}")
            if got.error is not None:
                self._gap(served.kind, namespace, got.error)

    def _read_one(self, served: Served, root: str, name: str, namespace: str) -> Unanswered | None:
        """One object by its name, kept as a list of one; why there is none."""
        error, page = None, None
        try:
            answer = self._client.get(f"{root}/{name}")
            page = take_one(answer.body, served, name).kept(self._sanitizer)
        except Unanswered as failed:
            error = failed
        self._taken.one(served.kind, namespace, f"{root}/{name}", page, error)
        return error

    def read_kubelets(self, kubelets: Kubelets) -> None:
        """Ask the kubelets of all nodes that were read; alike failures are one gap."""
        failed: dict[tuple[GapCause, str, str], list[str]] = {}
        for seat, said in kubelets.ask(self._seats):
            error = said if isinstance(said, Unanswered) else None
            body = said if isinstance(said, bytes) else None
            self._taken.kubelet(KUBELET_CONFIGURATION, request_of(seat), body, error)
            if error is not None:
                denied = error.answered is Answered.DENIED
                hint = KUBELET_ROLE if denied else error.hint
                key = (CAUSES[error.answered], error.detail, hint)
                failed.setdefault(key, []).append(seat.node)
        for (cause, detail, hint), nodes in failed.items():
            more = f" and {len(nodes) - _MOST} more" if len(nodes) > _MOST else ""
            told = f"kubelet of {', '.join(nodes[:_MOST])}{more}: {detail}"
            self.gaps.add(Gap(self._uri, KUBELET_CONFIGURATION, cause, told, hint))

    def _read_printed(self, kind: str) -> None:
        """What the server prints of itself; one that has no such path tells nothing, and no gap."""
        path, body, error = PRINTED[kind], None, None
        try:
            body = printed(self._client, path)
        except Unanswered as failed:
            error = failed
        self._taken.printed(kind, path, body, error)
        if error is not None and error.answered is Answered.NOT_FOUND:
            self.notes.add(f"{kind}: the API server has no {path}")
        elif error is not None:
            self._gap(kind, "", error)

    def _gap(self, kind: str, namespace: str, error: Unanswered) -> None:
        hint = error.hint
        if error.answered is Answered.DENIED and not hint:
            hint = ROLE
        where = f"namespace {namespace}: " if namespace else ""
        cause = CAUSES[error.answered]
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


def _said(identity: Identity | None) -> str:
    if identity is None:
        return "nothing"
    return f"{identity.uid or '(no uid)'} {identity.version} {identity.principal.name}".strip()
