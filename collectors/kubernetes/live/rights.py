"""What may be read of a cluster: doctor asks by it beforehand, and a scan goes by the same."""

from __future__ import annotations

from typing import Final

from auditor.model.enums import CAUSES, Answered, GapCause
from auditor.platforms.kubernetes import PRINTED, groups_of
from auditor.ports import Read
from collectors.http.client import Client
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.discovery import ALWAYS, Discovered, Served
from collectors.kubernetes.live.identity import Ask, Identity, may, may_ask_kubelets, may_get
from collectors.kubernetes.live.kubelets import ROLE as KUBELET_ROLE

ROLE: Final = "auditor permissions k8s prints the role that a scan needs"
NAMESPACE: Final = "k8s/Namespace"
_NO_NAMESPACE: Final = "kubectl get namespaces lists those that are there"
_MISSED: Final = "the server does not say that it has any, as all do"
_DOWN: Final = "kubectl get apiservices names the server that does not answer for it"
_NO_LIST: Final = "ask who runs this API; kubectl api-resources -o wide shows what it can do"


def unlisted(discovered: Discovered, kind: str) -> Unanswered | None:
    """Why a kind that may be there can't be listed, whoever asks; None where it can, or is not.

    A group that the server can't tell of hides the kinds that belong to it, and no others: a
    cluster whose metrics are down (``metrics.k8s.io``) has lost nothing that rules need.
    """
    served = discovered.served.get(kind)
    if served is None:
        groups = groups_of(kind)
        stale = [each for each in discovered.stale if each.rpartition("/")[0] in groups]
        if not stale:
            return Unanswered(Answered.NOT_FOUND, _MISSED, _NO_LIST) if kind in ALWAYS else None
        detail = f"the server can't tell what {', '.join(stale)} has"
        return Unanswered(Answered.UNREACHABLE, detail, _DOWN)
    if served.listable:
        return None
    detail = f"{_shown(served)} can't be listed: the server has no such verb for it"
    return Unanswered(Answered.NOT_FOUND, detail, _NO_LIST)


def may_read(
    client: Client, discovered: Discovered, kind: str, namespaces: tuple[str, ...]
) -> Read:
    """Ask whether a kind may be read, in the namespaces that a scan is limited to.

    Raises:
        Unanswered: the server does not say.
    """
    if kind in PRINTED:
        path = PRINTED[kind]
        if may_get(client, path):
            return Read(kind, served=True, allowed=True)
        return Read(kind, served=True, allowed=False, detail=f"get {path}", hint=ROLE)
    served, lost = discovered.served.get(kind), unlisted(discovered, kind)
    if lost is not None:
        cause = CAUSES[lost.answered]
        return Read(
            kind, served is not None, allowed=False, detail=lost.detail, cause=cause, hint=lost.hint
        )
    if served is None:
        return Read(kind, served=False, allowed=True)
    asked = _asked(served, namespaces)
    refused = [ask.name or ask.namespace for ask in asked if not may(client, ask)]
    if not refused:
        return Read(kind, served=True, allowed=True)
    inside = f" in {', '.join(refused)}" if refused != [""] else ""
    detail = f"{asked[0].verb} {_shown(served)}{inside}"
    return Read(kind, served=True, allowed=False, detail=detail, hint=ROLE)


def may_ask(client: Client, kind: str) -> Read:
    """Ask whether kubelets may be asked for their configuration.

    Raises:
        Unanswered: the server does not say.
    """
    if may_ask_kubelets(client):
        return Read(kind, served=True, allowed=True)
    return Read(kind, served=True, allowed=False, detail="get nodes/configz", hint=KUBELET_ROLE)


def missing(client: Client, namespaces: tuple[str, ...]) -> tuple[Read, ...]:
    """The chosen namespaces that are not there: a scan would take each for one it can't see.

    Raises:
        Unanswered: the server does not say; whether we may ask is another question.
    """
    found = []
    for name in namespaces:
        try:
            client.get(f"/api/v1/namespaces/{name}")
        except Unanswered as error:
            if error.answered is Answered.DENIED:
                continue
            if error.answered is not Answered.NOT_FOUND:
                raise
            detail = f"there is no namespace {name}"
            cause = GapCause.UNSUPPORTED
            found.append(
                Read(
                    NAMESPACE,
                    served=True,
                    allowed=False,
                    detail=detail,
                    cause=cause,
                    hint=_NO_NAMESPACE,
                )
            )
    return tuple(found)


def _asked(served: Served, namespaces: tuple[str, ...]) -> list[Ask]:
    """What a scan asks for: chosen namespaces one by one and by name, as it reads them."""
    if served.kind == NAMESPACE and namespaces:
        return [Ask("get", served.group, served.resource, name, name) for name in namespaces]
    where = namespaces if served.namespaced and namespaces else ("",)
    return [Ask("list", served.group, served.resource, name) for name in where]


def _shown(served: Served) -> str:
    return f"{served.resource}.{served.group}" if served.group else served.resource


def unidentified(client: Client, identity: Identity) -> Read | None:
    """Why it is not known which cluster this is: that is the uid of kube-system.

    Raises:
        Unanswered: the server does not say.
    """
    if identity.uid:
        return None
    kind, name = NAMESPACE, "kube-system"
    if may(client, Ask("get", "", "namespaces", name, name)):
        return Read(kind, served=True, allowed=True, detail=f"there is no namespace {name}")
    detail = f"get namespaces in {name} is refused"
    return Read(kind, served=True, allowed=False, detail=detail, hint=ROLE)
