"""What a server serves: each kind once, under the version that the server prefers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from auditor.model.enums import Answered
from collectors.kubernetes.live.client import JSON, Client, Unanswered
from collectors.kubernetes.objects import kind_name

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList," + JSON
)
"""KEP-3352: all groups in two answers; a server older than 1.26 sends the list of groups."""


class Served(msgspec.Struct, frozen=True):
    """A kind that can be listed: ``path`` is that of its group and version."""

    kind: str
    api_version: str
    resource: str
    namespaced: bool
    verbs: frozenset[str]

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
    kind: str = ""
    items: list[_Group] = []


class _OldVersion(msgspec.Struct, frozen=True, gc=False):
    groupVersion: str = ""  # noqa: N815 - the field's name in the API


class _OldGroup(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    versions: list[_OldVersion] = []
    preferredVersion: _OldVersion | None = None  # noqa: N815 - the field's name in the API


class _OldGroups(msgspec.Struct, frozen=True, gc=False):
    groups: list[_OldGroup] = []


class _OldResource(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    kind: str = ""
    namespaced: bool = False
    verbs: list[str] = []


class _OldResources(msgspec.Struct, frozen=True, gc=False):
    resources: list[_OldResource] = []


def discover(client: Client) -> Discovered:
    """Ask the server what it serves.

    Raises:
        Unanswered: it does not say.
    """
    found: dict[str, Served] = {}
    stale: list[str] = []
    for root in ("/api", "/apis"):
        answer = client.get(root, accept=AGGREGATED)
        groups = _decode(answer.body, _Groups)
        if groups.kind != "APIGroupDiscoveryList":
            entries = _old_groups(client, root, answer.body, stale)
        else:
            entries = _new_groups(groups, stale)
        for served in entries:
            _add(found, served)
    return Discovered(found, tuple(sorted(stale)))


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


def _old_groups(client: Client, root: str, body: bytes, stale: list[str]) -> Iterator[Served]:
    """One request a group and version, the preferred first."""
    if root == "/api":
        versions = ["v1"]
    else:
        versions = []
        for group in _decode(body, _OldGroups).groups:
            names = [version.groupVersion for version in group.versions]
            if group.preferredVersion is not None:
                names.sort(key=group.preferredVersion.groupVersion.__ne__)
            versions += names
    for api_version in versions:
        try:
            answer = client.get(f"{root}/{api_version}")
            resources = _decode(answer.body, _OldResources).resources
        except Unanswered as error:
            if error.answered is Answered.DENIED:
                raise
            stale.append(api_version)
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


def _add(found: dict[str, Served], served: Served) -> None:
    """Keep the first of a kind: versions come in the server's order, the preferred first.

    Kinds that moved from one built-in group to another are listed in the newer: the old group is
    the core, or ``extensions``, with fewer fields.
    """
    known = found.get(served.kind)
    if known is None or (known.group == "extensions" and served.group != "extensions"):
        found[served.kind] = served


_Answer = TypeVar("_Answer")


def _decode(body: bytes, kind: type[_Answer]) -> _Answer:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = f"what the server serves can't be understood: {error}"
        raise Unanswered(Answered.MALFORMED, detail) from error
