"""What a server serves: each kind once, under the version that the server prefers.

An answer that does not say what it is says nothing: a cluster without kinds looks the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec

from auditor.model.enums import Answered
from collectors.http.client import JSON, Answer, Client
from collectors.http.failures import Unanswered
from collectors.kubernetes.objects import kind_name

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList," + JSON
)
"""KEP-3352: all groups in two answers; a server older than 1.26 sends the list of groups."""

ALWAYS: Final = frozenset(
    f"k8s/{kind}"
    for kind in (
        *("Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Service"),
        *("LimitRange", "ReplicationController", "ResourceQuota", "ServiceAccount"),
        *("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
        *("CronJob", "Job", "Ingress", "NetworkPolicy"),
        *("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    )
)
"""Every API server has these, from Kubernetes 1.8 on (CronJob from 1.8, in one version or other).

One that does not list them was not asked, or somebody in between answered.
"""

Heard = Callable[[str, Answer], None]
"""Told each answer, with the path that was asked for."""


class Served(msgspec.Struct, frozen=True):
    """A kind that can be listed: ``path`` is that of its group and version."""

    kind: str
    api_version: str
    resource: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def plain_kind(self) -> str:
        """The kind as the server writes it."""
        return self.kind.removeprefix("k8s/").partition(".")[0]

    @property
    def listable(self) -> bool:
        """Whether the server can list it."""
        return "list" in self.verbs

    @property
    def group(self) -> str:
        """The API group, "" for the core."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str = "") -> str:
        """The path of its list, in one namespace or in all."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        inside = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{inside}/{self.resource}"


class Discovered(msgspec.Struct, frozen=True):
    """``served`` by the name that rules use; ``stale`` are groups that the server can't tell of."""

    served: dict[str, Served]
    stale: tuple[str, ...]


class _Kind(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""


class _Resource(msgspec.Struct, frozen=True, gc=False):
    resource: str = ""
    responseKind: _Kind | None = None  # noqa: N815 - the field's name in the API
    scope: str = ""
    verbs: list[str] = []


class _Version(msgspec.Struct, frozen=True, gc=False):
    version: str = ""
    resources: list[_Resource] = []
    freshness: str = "Current"


class _Meta(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _Group(msgspec.Struct, frozen=True, gc=False):
    metadata: _Meta = _Meta()
    versions: list[_Version] = []


class _Groups(msgspec.Struct, frozen=True, gc=False):
    items: list[_Group]


class _OldVersion(msgspec.Struct, frozen=True, gc=False):
    groupVersion: str = ""  # noqa: N815 - the field's name in the API


class _OldGroup(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    versions: list[_OldVersion] = []
    preferredVersion: _OldVersion | None = None  # noqa: N815 - the field's name in the API


class _OldGroups(msgspec.Struct, frozen=True, gc=False):
    groups: list[_OldGroup]


class _OldVersions(msgspec.Struct, frozen=True, gc=False):
    versions: list[str]


class _OldResource(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    kind: str = ""
    namespaced: bool = False
    verbs: list[str] = []


class _OldResources(msgspec.Struct, frozen=True, gc=False):
    resources: list[_OldResource]


def _ignore(path: str, answer: Answer) -> None:
    del path, answer


def discover(client: Client, heard: Heard = _ignore) -> Discovered:
    """Ask a server what it serves; ``heard`` is told every answer.

    Raises:
        Unanswered: it does not say.
    """
    return _Discovery(client, heard).run()


class _Discovery:
    """Asks one server."""

    def __init__(self, client: Client, heard: Heard) -> None:
        self._client = client
        self._heard = heard
        self._found: dict[str, Served] = {}
        self._stale: list[str] = []

    def run(self) -> Discovered:
        for root in ("/api", "/apis"):
            body = self._get(root, AGGREGATED)
            if _kind(body) == "APIGroupDiscoveryList":
                entries = _new_groups(_decode(body, _GROUPS), self._stale)
            else:
                entries = self._old_groups(root, body)
            for served in entries:
                _add(self._found, served)
        return Discovered(self._found, tuple(sorted(set(self._stale))))

    def _get(self, path: str, accept: str = JSON) -> bytes:
        answer = self._client.get(path, accept=accept)
        self._heard(path, answer)
        return answer.body

    def _old_groups(self, root: str, body: bytes) -> Iterator[Served]:
        """One request a group and version; one that can't be had is missing by itself."""
        for api_version in _old_versions(root, body):
            try:
                answer = self._get(f"{root}/{api_version}")
                resources = _decode(answer, _OLD_RESOURCES, "APIResourceList").resources
            except Unanswered:
                self._stale.append(api_version)
                continue
            for resource in resources:
                if "/" not in resource.name:
                    yield Served(
                        kind_name(api_version, resource.kind),
                        api_version,
                        resource.name,
                        resource.namespaced,
                        frozenset(resource.verbs),
                    )


def _old_versions(root: str, body: bytes) -> list[str]:
    """Groups with their versions, the preferred version of a group first."""
    if root == "/api":
        return _decode(body, _OLD_VERSIONS, "APIVersions").versions
    versions: list[str] = []
    for group in _decode(body, _OLD_GROUPS, "APIGroupList").groups:
        names = [version.groupVersion for version in group.versions]
        if group.preferredVersion is not None:
            names.sort(key=group.preferredVersion.groupVersion.__ne__)
        versions += names
    return versions


def _new_groups(groups: _Groups, stale: list[str]) -> Iterator[Served]:
    for group in groups.items:
        for version in group.versions:
            name = group.metadata.name
            api_version = f"{name}/{version.version}" if name else version.version
            if version.freshness == "Stale":
                stale.append(api_version)
            for resource in version.resources:
                if resource.responseKind is not None:
                    yield Served(
                        kind_name(api_version, resource.responseKind.kind),
                        api_version,
                        resource.resource,
                        resource.scope == "Namespaced",
                        frozenset(resource.verbs),
                    )


def _add(found: dict[str, Served], served: Served) -> None:
    """Keep the first of a kind: versions come in the server's order, the preferred first.

    One that can be listed goes before one that can't. Kinds that moved from one built-in group to
    another are listed in the newer: the old group is ``extensions``, with fewer fields.
    """
    known = found.get(served.kind)
    if known is None or _rank(served) > _rank(known):
        found[served.kind] = served


def _rank(served: Served) -> tuple[bool, bool]:
    return served.listable, served.group != "extensions"


_KIND = msgspec.json.Decoder(_Kind)
_GROUPS = msgspec.json.Decoder(_Groups)
_OLD_RESOURCES = msgspec.json.Decoder(_OldResources)
_OLD_VERSIONS = msgspec.json.Decoder(_OldVersions)
_OLD_GROUPS = msgspec.json.Decoder(_OldGroups)
_Answer = TypeVar("_Answer")


def _kind(body: bytes) -> str:
    return _decode(body, _KIND).kind


def _decode(body: bytes, shape: msgspec.json.Decoder[_Answer], kind: str = "") -> _Answer:
    """An answer of a ``kind``; any, when it is known already."""
    try:
        found = _KIND.decode(body).kind if kind else ""
        if found != kind:
            what = found[:80] or "nothing that says what it is"
            raise Unanswered(Answered.MALFORMED, f"asked what it serves, the answer is {what}")
        return shape.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = f"what the server serves can't be understood: {error}"
        raise Unanswered(Answered.MALFORMED, detail) from error
