"""Which cluster this is, and who we are to it: asked at the start and again at the end."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from auditor.model.enums import Answered
from auditor.model.evidence import Principal
from collectors.http.client import Client
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.allowlist import WHO_AM_I
from collectors.kubernetes.live.credentials import token_claims

_MAY: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_SYSTEM = "/api/v1/namespaces/kube-system"


class Identity(msgspec.Struct, frozen=True):
    """What must not change while a cluster is read; ``uid`` is "" when it may not be known."""

    uid: str
    version: str
    principal: Principal


class _Version(msgspec.Struct, frozen=True, gc=False):
    gitVersion: str = ""  # noqa: N815 - the field's name in the API


class _Meta(msgspec.Struct, frozen=True, gc=False):
    uid: str = ""


class _Namespace(msgspec.Struct, frozen=True, gc=False):
    metadata: _Meta = _Meta()


class _User(msgspec.Struct, frozen=True, gc=False):
    username: str = ""
    uid: str = ""
    groups: list[str] = []


class _ReviewStatus(msgspec.Struct, frozen=True, gc=False):
    userInfo: _User = _User()  # noqa: N815 - the field's name in the API
    allowed: bool = False
    reason: str = ""


class _Review(msgspec.Struct, frozen=True, gc=False):
    status: _ReviewStatus = _ReviewStatus()


def identify(client: Client) -> Identity:
    """Ask for version, cluster and user.

    Raises:
        Unanswered: the server does not even tell its version.
    """
    version = client.shown(_decode(client.get("/version").body, _VERSION).gitVersion)
    return Identity(_cluster(client), version, who_am_i(client))


def _cluster(client: Client) -> str:
    try:
        return _decode(client.get(_SYSTEM).body, _NAMESPACE).metadata.uid
    except Unanswered:
        return ""


def who_am_i(client: Client) -> Principal:
    """Our user, as the server sees us; on a server that does not tell, as our token says.

    A server has SelfSubjectReview since 1.28, before that in versions that were to be switched on.
    A token's own claim is no more than that, so ``via`` says where the name is from.
    """
    told = ""
    for path in WHO_AM_I:
        version = "/".join(path.split("/")[2:4])
        try:
            answer = client.post(path, {"apiVersion": version, "kind": "SelfSubjectReview"})
            user = _decode(answer.body, _REVIEW).status.userInfo
        except Unanswered as error:
            told = told or str(error)
            if error.code != HTTPStatus.NOT_FOUND:
                break
        else:
            groups = tuple(sorted(user.groups))
            return Principal(user.username, user.uid, groups, f"SelfSubjectReview {version}")
    claimed = token_claims(client.credentials().get("authorization", "").partition(" ")[2]).sub
    if claimed:
        return Principal(claimed, via=f"our token's own claim; the server did not say: {told}")
    return Principal("", via=f"not told: {told}")


class Ask(msgspec.Struct, frozen=True):
    """Whether something may be done; ``namespace`` "" means in all, ``name`` "" to any.

    A namespace is in itself: it is asked about with its name in both.
    """

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


def may(client: Client, ask: Ask) -> bool:
    """Whether we may do something (SelfSubjectAccessReview).

    Raises:
        Unanswered: the server does not say.
    """
    attributes = {
        "verb": ask.verb,
        "group": ask.group,
        "resource": ask.resource,
        "namespace": ask.namespace,
        "name": ask.name,
    }
    return _reviewed(client, {"resourceAttributes": attributes})


def may_get(client: Client, path: str) -> bool:
    """Whether we may get a path that is no resource (SelfSubjectAccessReview).

    Raises:
        Unanswered: the server does not say.
    """
    return _reviewed(client, {"nonResourceAttributes": {"verb": "get", "path": path}})


def may_ask_kubelets(client: Client) -> bool:
    """Whether kubelets would tell us their configuration (SelfSubjectAccessReview).

    Raises:
        Unanswered: the server does not say.
    """
    attributes = {"verb": "get", "resource": "nodes", "subresource": "configz"}
    return _reviewed(client, {"resourceAttributes": attributes})


def _reviewed(client: Client, spec: Mapping[str, object]) -> bool:
    version = "authorization.k8s.io/v1"
    body = {"apiVersion": version, "kind": "SelfSubjectAccessReview", "spec": spec}
    return _decode(client.post(_MAY, body).body, _REVIEW).status.allowed


_VERSION = msgspec.json.Decoder(_Version)
_NAMESPACE = msgspec.json.Decoder(_Namespace)
_REVIEW = msgspec.json.Decoder(_Review)
_Answer = TypeVar("_Answer")


def _decode(body: bytes, shape: msgspec.json.Decoder[_Answer]) -> _Answer:
    try:
        return shape.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = f"the answer can't be understood: {error}"
        hint = "is this the address of an API server?"
        raise Unanswered(Answered.MALFORMED, detail, hint) from error
