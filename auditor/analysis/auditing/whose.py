"""Which audit policy is that of which API server: no server shows its policy, only where it lies.

::

    k8s://prod   --audit-policy-file=/etc/kubernetes/audit.yaml     prod.audit.yaml    by its name
    k8s://edge   --audit-policy-file=/etc/k8s/edge-policy.yaml      edge-policy.yaml   by that name
    k8s://test   --audit-policy-file=/etc/kubernetes/audit.yaml     (none of them)

A server has the policy that its own cluster holds (what OpenShift makes of an ``APIServer``, a key
of a ConfigMap that is called as the file is); or the file beside its manifest; or a file that is
named after its cluster, as :mod:`auditor.analysis.controlplane.pairing` says; or one that is called
as its file is, where no other cluster has such a file; or the only one, where one cluster alone is
left. Of a server whose policy is none of those that were read, nothing that they log is known: that
is a gap. Where no policy at all was read, rules on policies say nothing, and no gap is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from auditor.analysis.controlplane import pairing
from auditor.analysis.controlplane.flags import API_SERVER
from auditor.analysis.controlplane.pairing import Place, Saved
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.resource import Gap

_HINT: Final = (
    "scan that file as well, named after the cluster's context (NAME.yaml) if there are several"
)


class Written(msgspec.Struct, frozen=True):
    """A policy that was read: where, and what its file is called, or its key in a ConfigMap."""

    target: str
    source: str
    file: str
    live: bool

    @property
    def name(self) -> str:
        """The name up to its first dot."""
        return self.file.partition(".")[0]


class Server(msgspec.Struct, frozen=True):
    """An API server that has a policy: who says so, and how the file is called that it is in."""

    target: str
    source: str
    name: str
    path: str

    @property
    def file(self) -> str:
        """The name of the file on its node."""
        return base(self.path)


def base(path: str) -> str:
    """Return what a path ends in."""
    return path.rpartition("/")[2]


def of_origin(origin: Origin, key: str, *, live: bool) -> Written:
    """Say where a policy was read."""
    return Written(origin.target, origin.source, key or base(origin.source), live)


def servers_in(facts: Sequence[Fact]) -> Iterator[Server]:
    """Find the API servers of which it is known that they have a policy of their own."""
    for fact in facts:
        body: Mapping[str, Any] = msgspec.json.decode(fact.body)
        policy = body.get("policy")
        if body["known"] and not body["provider"] and isinstance(policy, str) and policy:
            yield Server(fact.subject.target, fact.subject.source, fact.subject.name, policy)


def gaps(
    servers: Sequence[Server], written: Sequence[Written], places: Sequence[Place], kind: str
) -> Iterator[Gap]:
    """Yield a gap of a ``kind`` for each target with a server whose policy was not read."""
    if not written:
        return
    lost: dict[str, list[str]] = {}
    for server in unshown(servers, written, places):
        lost.setdefault(server.target, []).append(f"{server.name} ({server.path})")
    for target, names in lost.items():
        which = "which of the audit policies that were read is that of"
        detail = f"{which} {', '.join(sorted(names))} is not known"
        yield Gap(target, kind, GapCause.UNSUPPORTED, detail, _HINT)


def unshown(
    servers: Sequence[Server], written: Sequence[Written], places: Sequence[Place]
) -> list[Server]:
    """Find the servers whose policy is none that was read, or one of several."""
    owners = [
        pairing.owner(Saved(API_SERVER, each.name), places) if not each.live else None
        for each in written
    ]
    taken = {
        each: places[at].target for each, at in zip(written, owners, strict=True) if at is not None
    }
    left = [each for each in servers if not _has_own(each, written, taken)]
    spare = [each for each in written if not each.live and each not in taken]
    left = [each for each in left if not _by_file(each, spare, left)]
    if len(written) == 1 and spare and len({each.target for each in servers}) == 1:
        return []
    return left


def _has_own(server: Server, written: Sequence[Written], taken: Mapping[Written, str]) -> bool:
    """Say whether one policy is that of a server, by where it stands or by what it is called."""
    folder = server.source.rpartition("/")[0]
    own = [each for each in written if each.live and each.target == server.target]
    beside = [
        each
        for each in written
        if not each.live
        and each.target == server.target
        and each.source.rpartition("/")[0] == folder
    ]
    named = [each for each in written if taken.get(each) == server.target]
    return any(_one(each, server.file) for each in (own, beside, named))


def _one(found: Sequence[Written], file: str) -> bool:
    """Say whether it is one of some, or of several one that is called as the file is."""
    return len(found) == 1 or sum(each.file == file for each in found) == 1


def _by_file(server: Server, spare: Sequence[Written], left: Sequence[Server]) -> bool:
    """Say whether one file is called as that of a server, and as that of no other cluster's."""
    others = {each.target for each in left if each.file == server.file}
    return len(others) == 1 and sum(each.file == server.file for each in spare) == 1
