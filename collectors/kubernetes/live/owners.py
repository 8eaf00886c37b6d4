"""Who made an object, up to the top: by uid, among the objects that were read.

What an object says of its controller is only believed where that controller is there: anybody who
may make a pod may write any owner into it, and would hide it among the owner's findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern

import msgspec

from auditor.model.resource import Owner
from collectors.kubernetes.objects import Meta, kind_name

_DEEPEST = 8
_TEMPLATED = frozenset(
    f"k8s/{kind}"
    for kind in (
        *("CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet"),
        *("ReplicationController", "StatefulSet"),
    )
)


_CONTROLLERS = _TEMPLATED | {"k8s/Node"}
"""The kinds of Kubernetes itself that control others; a Node does its static pods' mirrors."""


class _Page(msgspec.Struct, gc=False):
    items: list[msgspec.Raw] = []


class _Object(msgspec.Struct, gc=False):
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""
    metadata: Meta | None = None


class Known(msgspec.Struct, frozen=True):
    """An object that was read, and what it says of its controller."""

    itself: Owner
    controller: Owner | None


class Owners:
    """Answers whose an object is; ``read`` are the kinds of which everything was read."""

    def __init__(self, known: Mapping[str, Known], read: frozenset[str]) -> None:
        self._known = known
        self._read = read

    def top(self, controller: Owner) -> Owner | None:
        """The object at the top above a claimed controller; None where the claim is not true.

        Where nothing is known of the controller's kind, the claim is taken as it is; but a kind of
        Kubernetes itself that controls nothing, such as a ConfigMap, is not a controller.
        """
        known = self._known.get(controller.uid)
        if known is None:
            return controller if self._may_be(controller) else None
        if known.itself.namespace not in {controller.namespace, ""}:
            return None
        for _ in range(_DEEPEST):
            above = known.controller
            if above is None:
                break
            higher = self._known.get(above.uid)
            if higher is None:
                return above if self._may_be(above) else known.itself
            known = higher
        return known.itself

    def speaks_for(self, owner: Owner) -> bool:
        """Whether an owner was read and has a template, which what it controls only repeats."""
        kind = kind_name(owner.api_version, owner.kind)
        return owner.uid in self._known and (kind in _TEMPLATED or _is_custom(kind))

    def _may_be(self, owner: Owner) -> bool:
        """Whether an object that was not read may be there, and control others."""
        kind = kind_name(owner.api_version, owner.kind)
        return kind not in self._read and (kind in _CONTROLLERS or _is_custom(kind))


def _is_custom(kind: str) -> bool:
    return "." in kind


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_object = msgspec.json.Decoder(_Object).decode


def known_objects(bodies: Iterable[bytes]) -> dict[str, Known]:
    """The objects of pages by uid; what can't be understood is nobody's owner."""
    known: dict[str, Known] = {}
    for body in bodies:
        try:
            items = _decode_page(body).items
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        for item in items:
            try:
                found = _decode_object(item)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            meta = found.metadata
            if meta is not None and meta.uid:
                known[meta.uid] = _known(found, meta)
    return known


def _known(found: _Object, meta: Meta) -> Known:
    """Of many objects few texts differ but names and uids: the others are kept once."""
    namespace = intern(meta.namespace or "")
    itself = Owner(
        intern(found.apiVersion),
        intern(found.kind),
        namespace,
        meta.name or "",
        meta.uid or "",
        templated=kind_name(found.apiVersion, found.kind) in _TEMPLATED,
    )
    controller = None
    for owner in meta.ownerReferences or ():
        if owner.controller and owner.uid:
            version, kind = intern(owner.apiVersion), intern(owner.kind)
            controller = Owner(version, kind, namespace, owner.name, owner.uid)
            break
    return Known(itself, controller)
